//! `image-freeze solve`: the floating specs to a lock, without building anything.

mod conflict;
mod table;

use std::path::{Path, PathBuf};

use common::console::Console;
use common::fault::Status;
use common::frozen::{BASE, CONDA_FILE, FrozenEnvironment, PIP_FILE};
use common::report::{Outcome, SolveOutcome, SolvedEnvironment, Verdict};
use common::requirement::{CondaFile, PipFile};
use common::session::{Finding, Session};
use common::settings::Settings;
use common::state_file;

use crate::args::SolveArgs;
use crate::conda_solver::{self, Question, Solver};
use crate::error::Error;
use crate::header::{self, Header};
use crate::index::Origins;
use crate::lock::python_of as frozen_python;
use crate::overlay::{Content, Files, Standing};
use crate::rot;
use crate::specs::{self, Specs};
use crate::target::{Glibc, Target};
use crate::uv::{self, Found, Uv, UvError};
use crate::workplace::Workplace;

/// How what is said of conda's half begins if it has no solution.
const NO_SOLUTION: &str = "no solution";

/// Solves every environment that is asked for.
///
/// # Errors
/// There is nothing to solve, uv is not there, or it failed otherwise than by a conflict.
pub(crate) fn run(args: &SolveArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("image-freeze solve", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let settings = session.document.settings.clone();
    let solving = Solving { args, settings: &settings, workplace: &workplace, console };
    let (solver, environments) = solving.all()?;
    let all = environments
        .iter()
        .all(|environment| environment.conflict.is_none() && !environment.conda.starts_with(NO_SOLUTION));
    let outcome = SolveOutcome { solver, cutoff: solving.cutoff(), environments };
    let table = table::SolveTable(outcome.clone());
    let verdict = if all { Verdict::Yes } else { Verdict::No };
    Ok(session.finish(Finding { verdict, image: None, outcome: Outcome::Solve(outcome) }, &table)?)
}

struct Solving<'a> {
    args: &'a SolveArgs,
    settings: &'a Settings,
    workplace: &'a Workplace,
    console: &'a Console,
}

impl Solving<'_> {
    /// Nothing that is published later is taken.
    fn cutoff(&self) -> Option<String> {
        let variable = || std::env::var("UV_EXCLUDE_NEWER").ok();
        let exported = || self.settings.exports.get("UV_EXCLUDE_NEWER").cloned();
        self.args.exclude_newer.clone().or_else(exported).or_else(variable).filter(|text| !text.is_empty())
    }

    fn all(&self) -> Result<(String, Vec<SolvedEnvironment>), Error> {
        let deployment = &self.workplace.deployment;
        let mut names = deployment.environments()?;
        names.retain(|name| name != BASE && self.args.environment.as_ref().is_none_or(|only| only == name));
        if names.is_empty() {
            return Err(Error::NothingToSolve { dir: deployment.environments_dir() });
        }
        let programs = self.workplace.programs();
        let asked_for = self.args.conda_solver.as_deref();
        let (version, solver, texts) = std::thread::scope(|scope| {
            // Asked beside the search: a process more would be the larger part of what we cost.
            let version = scope.spawn(|| uv::version(&programs, self.console));
            let solver = scope.spawn(|| Solver::find(asked_for, &programs, self.console));
            let texts: Vec<_> = names.iter().map(|name| self.search(name)).collect();
            (version.join(), solver.join(), texts)
        });
        let version = version.map_err(|_| Error::Uv(UvError::Missing))??;
        let solver = solver.unwrap_or(Ok(None))?;
        if solver.is_none() {
            self.console.notice(format_args!("conda's half is {}", conda_solver::NONE));
        }
        let mut environments = Vec::new();
        for (name, searched) in names.iter().zip(texts) {
            let searched = searched?;
            let conda = self.conda(name, (solver.as_ref(), &searched.target))?;
            environments.push(self.environment(name, searched, (&version, &conda))?);
        }
        Ok((version, environments))
    }

    fn search(&self, name: &str) -> Result<Searched, Error> {
        let deployment = &self.workplace.deployment;
        let specs = Specs::read(deployment, name, &self.extra()?)?;
        let frozen = FrozenEnvironment::read(name, &deployment.frozen_dir().join(name)).unwrap_or_default();
        let target = self.target(name, &frozen)?;
        let origins = Origins::new(self.args.index.as_deref(), &self.settings.pip_switches);
        let mut call = Uv::new(&target, &origins)?.within(self.settings.root.as_path());
        call = call.args(["--no-header", "--no-strip-extras"]);
        if let Some(cutoff) = self.cutoff() {
            call = call.args(["--exclude-newer", &cutoff]);
        }
        if self.args.with_hashes {
            call = call.args(["--generate-hashes"]);
        }
        let files: Vec<&str> = specs.files.iter().map(|file| file.shown.as_str()).collect();
        let found = call.args(["--"]).args(files).search(self.console)?;
        Ok(Searched { specs, frozen, target, found })
    }

    fn extra(&self) -> Result<Vec<PathBuf>, Error> {
        let absolute = |path: &PathBuf| {
            std::path::absolute(path).map_err(|source| Error::Read { path: path.clone(), source })
        };
        self.args.extra.iter().map(absolute).collect()
    }

    /// The frozen interpreter, where it is one that the floating spec asks for.
    fn target(&self, name: &str, frozen: &FrozenEnvironment) -> Result<Target, Error> {
        let deployment = &self.workplace.deployment;
        let asked = specs::python_of(deployment, name)?;
        let kept = frozen_python(frozen, "")
            .filter(|kept| asked.as_ref().is_none_or(|asked| kept.starts_with(asked)));
        let python = self.args.python.clone().or(kept).or(asked);
        let glibc = self.args.glibc.unwrap_or_else(|| Glibc::of_ubuntu(&self.settings.ubuntu_tag));
        let target = python.and_then(|python| Target::new(&python, self.settings.platform, glibc));
        target.ok_or_else(|| Error::NoPython { path: deployment.environment_dir(name) })
    }

    fn environment(
        &self,
        name: &str,
        searched: Searched,
        (version, conda): (&str, &str),
    ) -> Result<SolvedEnvironment, Error> {
        let Searched { specs, frozen, target, found } = searched;
        let mut solved = SolvedEnvironment {
            name: name.to_owned(),
            inputs: specs.files.iter().map(|file| file.shown.clone()).collect(),
            lock: None,
            pins: 0,
            changed: None,
            conflict: None,
            conda: conda.to_owned(),
        };
        let text = match found {
            Found::Solution(text) => text,
            Found::Conflict(words) => {
                solved.conflict = Some(conflict::explained(words, &specs));
                return Ok(solved);
            }
        };
        let file = PipFile::parse(text.as_bytes(), "what uv printed")?;
        solved.pins = count(file.requirements().count());
        solved.changed = frozen.pip.as_ref().map(|frozen| changed(frozen, &file));
        let short: Vec<&str> = target.python.split('.').take(2).collect();
        let inputs = Some(header::digest_of(&specs));
        let made = Some((short.join("."), version.to_owned()));
        let text = Header { made, cutoff: self.cutoff(), inputs }.put(&text);
        let path = self.keep(name, (PIP_FILE, text))?;
        solved.lock = Some(path.strip_prefix(&self.settings.root).unwrap_or(&path).display().to_string());
        Ok(solved)
    }

    /// Solves conda's half, and says in plain words what came of it.
    fn conda(&self, name: &str, (solver, target): (Option<&Solver>, &Target)) -> Result<String, Error> {
        let Some(solver) = solver else { return Ok(conda_solver::NONE.to_owned()) };
        let path = self.workplace.deployment.environment_dir(name).join(format!("{name}.yml"));
        let Some(bytes) = state_file::read(&path)? else {
            return Ok("nothing to solve: there is no yml".to_owned());
        };
        let text = String::from_utf8(bytes).map_err(|_| Error::NotText { path: path.clone() })?;
        let file = CondaFile::parse(text.as_bytes(), &path.display().to_string())?;
        let question = Question {
            channels: rot::places(&file.channels, self.settings),
            specs: conda_solver::all_as_written(&file, &text),
            platform: self.settings.platform,
            glibc: target.glibc,
            lowest: false,
            offline: false,
        };
        Ok(match solver.solve(&question, self.console)? {
            conda_solver::Found::Conflict(why) => format!("{NO_SOLUTION} ({solver}): {why}"),
            // What the tree holds also says what pip added, which is no solver's to know.
            conda_solver::Found::Solution(packages) if self.args.write => {
                format!("{} packages ({solver}); env-frozen keeps its own until a build", packages.len())
            }
            conda_solver::Found::Solution(packages) => {
                let text = conda_solver::exported(name, &file, &packages);
                self.keep(name, (CONDA_FILE, text))?;
                format!("{} packages ({solver})", packages.len())
            }
        })
    }

    /// Puts a file of the lock where it is wanted.
    fn keep(&self, name: &str, (file, text): (&str, String)) -> Result<PathBuf, Error> {
        let relative = Path::new(name).join(file);
        if self.args.write {
            let (_lock, stage) = self.workplace.begin(self.console)?;
            let target = self.workplace.deployment.frozen_dir();
            let files = Files::from([(relative.clone(), Content::plain(text))]);
            Standing::read(&target)?.replace(&files, &target, &stage)?;
            return Ok(target.join(relative));
        }
        let dir = match &self.args.output {
            Some(dir) => {
                std::path::absolute(dir).map_err(|source| Error::Read { path: dir.clone(), source })?
            }
            None => self.settings.state_dir().join("solved").join(self.settings.deployment.as_str()),
        };
        let path = dir.join(relative);
        state_file::make_dir(path.parent().unwrap_or(&dir))?;
        state_file::replace(&path, text.as_bytes(), 0o644)?;
        Ok(path)
    }
}

/// What came of the search for one environment.
struct Searched {
    specs: Specs,
    frozen: FrozenEnvironment,
    target: Target,
    found: Found,
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// How many packages are new, gone, or of another version.
fn changed(frozen: &PipFile, solved: &PipFile) -> u32 {
    let pins = |file: &PipFile| {
        let pins = file.requirements().map(|r| (r.name.clone(), r.pin().map(ToString::to_string)));
        pins.collect::<std::collections::BTreeMap<_, _>>()
    };
    let (old, new) = (pins(frozen), pins(solved));
    let differ = new.iter().filter(|(name, version)| old.get(name) != Some(version)).count();
    count(differ + old.keys().filter(|name| !new.contains_key(name)).count())
}

//! `image-freeze thaw`: the least that must change so that what is frozen can be had again.

mod conda;
mod conda_edits;
mod conda_room;
mod half;
mod least;
mod pip;
mod pip_edits;
mod table;

use std::path::PathBuf;

use common::console::Console;
use common::fault::Status;
use common::frozen::{CONDA_FILE, EXPLICIT_FILE, PIP_FILE};
use common::report::{
    EnvironmentRot, EnvironmentThaw, Outcome, PackageKind, RotClass, ThawOutcome, Verdict, Written,
};
use common::requirement::CondaFile;
use common::session::{Finding, Session};
use common::settings::Platform;
use common::state_file;

use crate::args::ThawArgs;
use crate::conda_solver::{self, Solver};
use crate::error::Error;
use crate::hunks::{self, Edit};
use crate::lock::Lock;
use crate::overlay::{Content, Files, Standing};
use crate::rot::{Surveyor, findings};
use crate::specs::Specs;
use crate::uv;
use crate::workplace::Workplace;

use half::Half;
pub(crate) use pip::named_in;

/// The files of a lock that can change.
const FILES: [&str; 3] = [CONDA_FILE, EXPLICIT_FILE, PIP_FILE];

/// With what all environments are thawed.
struct Means<'a> {
    /// conda's, if one is in reach.
    solver: Option<Solver>,
    platform: Platform,
    console: &'a Console,
}

impl Means<'_> {
    fn searching(&self, lock: &Lock, (whose, count): (&str, usize)) {
        let name = &lock.name;
        self.console
            .status(format_args!("searching for the least to change in {whose} {count} pins of {name}"));
    }
}

/// What is found out about all environments.
#[derive(Default)]
struct Thawed {
    environments: Vec<EnvironmentThaw>,
    files: Files,
    patch: String,
    calls: u32,
    /// What cannot be mended here.
    left: Vec<String>,
    /// What is worth knowing.
    notices: Vec<String>,
}

/// Relaxes as few pins as possible, and writes what changes.
///
/// # Errors
/// Nothing is frozen, no index or no solver is there, or the tree cannot be written.
pub(crate) fn run(args: &ThawArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-freeze thaw", &args.shared, console)?;
    let settings = session.document.settings.clone();
    let workplace = Workplace::of(&session)?;
    let (_lock, stage) = workplace.begin(console)?;
    let solver = uv::version(&workplace.programs(), console)?;
    let conda = Solver::find(args.conda_solver.as_deref(), &workplace.programs(), console)?;
    let means = Means { solver: conda, platform: settings.platform, console };
    let mut surveyor = Surveyor::new(&args.asking, &settings, console)?;
    let mut thawed = Thawed::default();
    for lock in Lock::all(&workplace.deployment, &settings, &args.asking.overrides())? {
        thawed.environment(&lock, &mut surveyor, &means)?;
    }
    for notice in &thawed.notices {
        console.notice(notice);
    }
    for notice in &thawed.left {
        console.warn(notice);
    }
    for notice in thawed.left.iter().chain(&thawed.notices) {
        session.note(notice.as_str());
    }
    if let Some(path) = &args.patch {
        state_file::replace(path, thawed.patch.as_bytes(), 0o644)?;
    }
    let mut tree = Written::Unchanged;
    if args.apply {
        let target = workplace.deployment.frozen_dir();
        tree = Standing::read(&target)?.replace(&thawed.files, &target, &stage)?;
    }
    let verdict = if thawed.left.is_empty() { Verdict::Yes } else { Verdict::No };
    let outcome = ThawOutcome {
        tree,
        solver,
        conda_solver: means.solver.map(|solver| solver.to_string()),
        solver_calls: thawed.calls,
        environments: thawed.environments,
        patch: thawed.patch,
    };
    let table = table::ThawTable(outcome.clone());
    Ok(session.finish(Finding { verdict, image: None, outcome: Outcome::Thaw(outcome) }, &table)?)
}

impl Thawed {
    fn environment(
        &mut self,
        lock: &Lock,
        surveyor: &mut Surveyor<'_>,
        means: &Means<'_>,
    ) -> Result<(), Error> {
        let rot = surveyor.survey(lock)?;
        self.leave(lock, &rot);
        let pip = self.pip(lock, &rot, (surveyor, means))?;
        let conda = self.conda(lock, &rot, (surveyor, means))?;
        if pip.is_some() || conda.is_some() {
            self.take(lock, [pip, conda].into_iter().flatten().collect());
        }
        Ok(())
    }

    /// Says what is lost that no version can stand in for.
    fn leave(&mut self, lock: &Lock, rot: &EnvironmentRot) {
        let pip_file = lock.shown(PIP_FILE);
        let pins = pip::pins(lock);
        for finding in findings(rot).filter(|finding| finding.kind == PackageKind::Pip) {
            let is_pin = pins.iter().any(|pin| pin.line == finding.line as usize);
            if finding.file != pip_file || !is_pin {
                let (name, class) = (&finding.name, finding.class.word());
                self.left.push(format!(
                    "{}:{}: {name} is {class}, and only you can say what replaces it",
                    finding.file, finding.line
                ));
            }
        }
    }

    /// What becomes of pip's half; `None` if nothing can.
    fn pip(
        &mut self,
        lock: &Lock,
        rot: &EnvironmentRot,
        (surveyor, means): (&mut Surveyor<'_>, &Means<'_>),
    ) -> Result<Option<Half>, Error> {
        if lock.specs.pip.is_none() {
            return Ok(None);
        }
        let pins = pip::pins(lock);
        let known = pip::known(lock, &pins, rot);
        let specs = Specs::read(&lock.deployment, &lock.name, &[])?;
        let origins = surveyor.origins(lock);
        let index = surveyor.index(lock)?;
        let asked = (index, &origins, means.console);
        let mut searcher = pip::LockSearcher::new(lock, (&pins, &known), &specs, asked)?;
        means.searching(lock, ("pip's", pins.len()));
        let found = least::least(pins.len(), &known.gone(), &mut searcher)?;
        self.calls += searcher.calls;
        let Some(found) = found else {
            self.without_solution(&lock.shown(PIP_FILE), &searcher.last_words);
            return Ok(None);
        };
        pip_edits::of(lock, &pins, &found, (&known, &specs, index)).map(Some)
    }

    /// What becomes of conda's half; `None` if nothing can, or nobody can be asked.
    fn conda(
        &mut self,
        lock: &Lock,
        rot: &EnvironmentRot,
        (surveyor, means): (&mut Surveyor<'_>, &Means<'_>),
    ) -> Result<Option<Half>, Error> {
        let pins = conda::pins(lock);
        let known = conda::known(lock, &pins, rot);
        let unknown = rot
            .findings
            .iter()
            .find(|finding| finding.kind == PackageKind::Conda && finding.class == RotClass::Unknown);
        let unknown = unknown.and_then(|finding| finding.reason.as_deref());
        let Some(solver) = means.solver.as_ref().filter(|_| !pins.is_empty()) else {
            let lost = known.lost.values().map(|finding| {
                let (place, class) = (format!("{}:{}", finding.file, finding.line), finding.class.word());
                format!("{place}: {} is {class}, and conda's half is {}", finding.name, conda_solver::NONE)
            });
            self.left.extend(lost);
            self.notices.extend(unknown.map(|reason| left_alone(lock, reason)));
            return Ok(None);
        };
        let floating = floating(lock)?;
        let bounds = conda_room::Bounds {
            channels: &surveyor.channels(lock)?,
            floating: floating.as_ref(),
            lowest: solver.takes_lowest(),
            platform: means.platform,
        };
        let (rooms, channels) = (bounds.rooms(&pins, &known), (surveyor.places(lock), surveyor.is_offline()));
        let mut searcher = conda::CondaSearcher::new(lock, (&pins, rooms), channels, (solver, means.console));
        means.searching(lock, ("conda's", pins.len()));
        let found = match (least::least(pins.len(), &known.gone(), &mut searcher), unknown) {
            // Whom we could not ask, the solver may have been able to; here neither was.
            (Err(Error::Conda(error)), Some(reason)) => {
                self.notices.push(left_alone(lock, &format!("{reason}; {error}")));
                return Ok(None);
            }
            (found, _) => found?,
        };
        self.calls += searcher.calls;
        let Some(found) = found else {
            self.without_solution(&lock.shown(CONDA_FILE), &searcher.last_words);
            return Ok(None);
        };
        let (half, placeless) = conda_edits::of(lock, &pins, &found, &known);
        self.left.extend(placeless.iter().map(|name| {
            let list = lock.shown(EXPLICIT_FILE);
            format!(
                "{list}: {solver} does not say where the new {name} is; image-freeze --with-hashes lists it"
            )
        }));
        Ok(Some(half))
    }

    fn without_solution(&mut self, file: &str, words: &str) {
        self.left.push(format!("{file}: there is no solution, whatever is relaxed: {words}"));
    }

    fn take(&mut self, lock: &Lock, halves: Vec<Half>) {
        for file in FILES {
            let edits = halves.iter().filter_map(|half| half.edits.get(file));
            let mut edits: Vec<Edit> = edits.flatten().cloned().collect();
            if edits.is_empty() {
                continue;
            }
            edits.sort_by_key(|edit| (edit.at, edit.count));
            let old = lock.text(file);
            self.patch.push_str(&hunks::unified(&lock.shown(file), old, &edits));
            let path = PathBuf::from(&lock.name).join(file);
            self.files.insert(path, Content::plain(hunks::applied(old, &edits)));
        }
        let changes = halves.into_iter().flat_map(|half| half.changes).collect();
        self.environments.push(EnvironmentThaw { name: lock.name.clone(), changes });
    }
}

fn left_alone(lock: &Lock, reason: &str) -> String {
    format!("conda's half of {} is left alone: {reason}", lock.name)
}

/// What is asked of conda in the floating specs.
fn floating(lock: &Lock) -> Result<Option<CondaFile>, Error> {
    let path = lock.deployment.environment_dir(&lock.name).join(format!("{}.yml", lock.name));
    let Some(content) = state_file::read(&path)? else { return Ok(None) };
    Ok(Some(CondaFile::parse(&content, &path.display().to_string())?))
}

//! `image-freeze thaw`: the least that must change so that what is frozen can be had again.

mod edits;
mod least;
mod search;
mod table;

use std::path::PathBuf;

use common::console::Console;
use common::fault::Status;
use common::frozen::{CONDA_FILE, PIP_FILE};
use common::report::{EnvironmentThaw, Outcome, PackageKind, ThawOutcome, Verdict, Written};
use common::session::{Finding, Session};
use common::state_file;

use crate::args::ThawArgs;
use crate::error::Error;
use crate::lock::Lock;
use crate::overlay::{Content, Files, Standing};
use crate::rot::{Surveyor, findings};
use crate::specs::Specs;
use crate::uv;
use crate::workplace::Workplace;

pub(crate) use search::named_in;

/// What is found out about all environments.
#[derive(Default)]
struct Thawed {
    environments: Vec<EnvironmentThaw>,
    files: Files,
    patch: String,
    calls: u32,
    /// What cannot be mended here.
    left: Vec<String>,
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
    let solver = uv::version(console)?;
    let mut surveyor = Surveyor::new(&args.asking, &settings, console)?;
    let mut thawed = Thawed::default();
    for lock in Lock::all(&workplace.deployment, &settings, &args.asking.overrides())? {
        thawed.environment(&lock, &mut surveyor, console)?;
    }
    for notice in &thawed.left {
        console.warn(notice);
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
    let Thawed { environments, patch, calls: solver_calls, left, .. } = thawed;
    let outcome = ThawOutcome { tree, solver, solver_calls, environments, patch };
    let verdict = if left.is_empty() { Verdict::Yes } else { Verdict::No };
    let table = table::ThawTable(outcome.clone());
    Ok(session.finish(Finding { verdict, image: None, outcome: Outcome::Thaw(outcome) }, &table)?)
}

impl Thawed {
    fn environment(
        &mut self,
        lock: &Lock,
        surveyor: &mut Surveyor<'_>,
        console: &Console,
    ) -> Result<(), Error> {
        let rot = surveyor.survey(lock)?;
        let pip_file = lock.shown(PIP_FILE);
        let pins = search::pins(lock);
        for finding in findings(&rot) {
            let ours = finding.kind == PackageKind::Pip && finding.file == pip_file;
            let is_pin = ours && pins.iter().any(|pin| pin.line == finding.line as usize);
            if !is_pin {
                let place = format!("{}:{}", finding.file, finding.line);
                let (name, class) = (&finding.name, finding.class.word());
                self.left.push(match finding.kind {
                    PackageKind::Conda => {
                        format!(
                            "{place}: {name} is {class}; image-freeze solve tells what conda's half can be"
                        )
                    }
                    _ => {
                        format!("{place}: {name} is {class}, and only you can say what replaces it")
                    }
                });
            }
        }
        let specs = Specs::read(&lock.deployment, &lock.name, &[])?;
        let origins = surveyor.origins(lock);
        let index = surveyor.index(lock)?;
        let mut searcher =
            search::LockSearcher::new(lock, (&pins, &rot), &specs, (index, &origins, console))?;
        console.status(format_args!(
            "searching for the least to change in {} of {} pins",
            lock.name,
            pins.len()
        ));
        let gone = searcher.gone();
        let found = least::least(pins.len(), &gone, &mut searcher)?;
        self.calls += searcher.calls;
        let Some(found) = found else {
            let words = searcher.last_words;
            self.left.push(format!("{pip_file}: there is no solution, whatever is relaxed: {words}"));
            return Ok(());
        };
        let thaw = edits::of(lock, &pins, &found, (&rot, &specs, index))?;
        self.take(lock, thaw);
        Ok(())
    }

    fn take(&mut self, lock: &Lock, thaw: edits::Edits) {
        for (file, old, edits) in thaw.files {
            if edits.is_empty() {
                continue;
            }
            self.patch.push_str(&crate::hunks::unified(&lock.shown(file), &old, &edits));
            let path = PathBuf::from(&lock.name).join(file);
            self.files.insert(path, Content::plain(crate::hunks::applied(&old, &edits)));
        }
        self.environments.push(EnvironmentThaw { name: lock.name.clone(), changes: thaw.changes });
    }
}

/// The two files of a lock that can change.
const FILES: [&str; 2] = [CONDA_FILE, PIP_FILE];

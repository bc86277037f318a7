//! What a run that was killed left: gone through with, or put back.

use std::fs;
use std::path::Path;

use common::console::Console;
use common::git::Repo;
use common::state_dir::StateDir;
use common::state_file;

use super::journal::{Journal, Kind};
use super::{PLACE, Stage, back, go, repository, script};
use crate::error::Error;

/// Ends what earlier runs in the clone at `root` began; call it with the lock held.
///
/// # Errors
/// It cannot be ended; the next start tries again.
pub fn recover(root: &Path, own: &StateDir, console: &Console) -> Result<(), Error> {
    let place = own.dir(PLACE)?;
    let entries = fs::read_dir(&place).map_err(|source| Error::Read { path: place.clone(), source })?;
    for entry in entries {
        let path = entry.map_err(|source| Error::Read { path: place.clone(), source })?.path();
        let stage = Stage { path };
        let Some(journal) = Journal::read(&stage.path)? else {
            // Nothing of it was in place yet; dropped, it is removed.
            continue;
        };
        let dir = root.join(&journal.dir);
        keep_edits(&journal, &dir, own, console)?;
        if journal.kind == Kind::Script {
            script::keep_differences(&dir, &stage, own)?;
        }
        let repo = repository(root, console)?;
        let what = finish(&journal, &dir, &stage, repo.as_ref())?;
        state_file::sweep(&dir);
        stage.end()?;
        console.notice(format_args!("an update of {} had been interrupted; it was {what}", dir.display()));
    }
    Ok(())
}

fn finish(
    journal: &Journal,
    dir: &Path,
    stage: &Stage,
    repo: Option<&Repo<'_>>,
) -> Result<&'static str, Error> {
    match journal.kind {
        Kind::Script => script::put_back(journal, dir, stage, repo).map(|()| "put back as it was"),
        Kind::Swap => match go(journal, dir, stage, repo) {
            Ok(()) => Ok("gone through with"),
            Err(_) => back(journal, dir, stage, repo).map(|()| "put back as it was"),
        },
    }
}

/// Somebody may have edited since: what is neither the old nor the new content is kept.
fn keep_edits(journal: &Journal, dir: &Path, own: &StateDir, console: &Console) -> Result<(), Error> {
    for step in &journal.files {
        if !step.is_undisturbed(dir)?
            && let Some(content) = state_file::read(&dir.join(step.name()))?
        {
            let kept = own.keep(step.name(), &content)?;
            console.notice(format_args!(
                "{} was edited meanwhile; it is kept as {}",
                step.name(),
                kept.display()
            ));
        }
    }
    Ok(())
}

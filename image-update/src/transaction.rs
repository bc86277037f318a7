//! All changes of one environment at once: its files and the index, or nothing.
//!
//! What is to come and what is there are laid side by side below `.image/update/`, synced, and written
//! down in a journal; only then is anything moved into place. Killed before the journal stands, nothing
//! happened; killed after, the next start finds the journal and goes through with it. What fails on the
//! way is put back from what was laid aside. The journal goes last but for what was laid aside, so that
//! a start either finds all of it or none.

mod files;
mod index;
mod journal;
mod recovery;
mod script;

use std::fs;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::git::{GitError, IndexEntry, Repo};
use common::process::ProcessError;
use common::state_dir::StateDir;
use common::state_file;

use crate::desired::{IndexRule, New, Standing};
use crate::error::Error;
use files::Step;
use journal::{Journal, Kind};

pub use index::below_root;
pub use recovery::recover;
pub use script::Script;

/// The directory below `.image/`.
const PLACE: &str = "update";

/// Where one environment's change is prepared. Dropped, it is removed, unless a journal stands in it.
#[derive(Debug)]
pub struct Stage {
    path: PathBuf,
}

/// The environment that changes.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The root of the repository.
    pub root: &'a Path,
    /// Its directory.
    pub dir: &'a Path,
    /// A name for it that no other environment of the clone has.
    pub key: &'a str,
}

impl Stage {
    fn new(own: &StateDir, key: &str) -> Result<Self, Error> {
        let path = own.dir(PLACE)?.join(key);
        if path.exists() {
            remove(&path)?;
        }
        let stage = Self { path };
        state_file::make_dir(&stage.new_dir())?;
        state_file::make_dir(&stage.old_dir())?;
        Ok(stage)
    }

    fn new_dir(&self) -> PathBuf {
        self.path.join("new")
    }

    fn old_dir(&self) -> PathBuf {
        self.path.join("old")
    }

    /// The change is through, or taken back: nothing is left to do at the next start.
    fn end(self) -> Result<(), Error> {
        // Without a journal the rest means nothing; dropped, it is removed.
        Journal::remove(&self.path)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !Journal::is_in(&self.path) {
            // What cannot be removed now is removed at the next start.
            _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The repository around `root`; none where there is none, or no git: the files alone are then changed.
///
/// # Errors
/// There may be one, and git cannot tell.
pub fn repository<'c>(root: &Path, console: &'c Console) -> Result<Option<Repo<'c>>, Error> {
    match Repo::open(root, console) {
        Ok(repo) => Ok(Some(repo)),
        Err(GitError::NoRepository { said, .. }) if said.contains("not a git repository") => Ok(None),
        Err(GitError::NoRepository { said, .. }) => {
            console.warn(format_args!(
                "nothing is staged, since git does not take this for its repository: {said}"
            ));
            Ok(None)
        }
        Err(GitError::Call(ProcessError::NotFound { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_dir_all(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Makes the environment's directory hold `files`, and the index follow `rules`.
///
/// # Errors
/// Something failed; the directory and the index are as they were, or the error says that the next
/// start sees to it.
pub fn swap(
    place: Place<'_>,
    standing: &Standing,
    (files, rules): (&std::collections::BTreeMap<String, New<'_>>, &[IndexRule]),
    own: &StateDir,
    repo: Option<&Repo<'_>>,
) -> Result<(), Error> {
    let stage = Stage::new(own, place.key)?;
    let steps: Vec<Step> = files
        .iter()
        .map(|(name, new)| files::prepare(&stage, place.dir, (name, new), standing))
        .collect::<Result<_, _>>()?;
    let index = match repo {
        Some(repo) => index::plan(repo, place, rules, &stage)?,
        None => Vec::new(),
    };
    if steps.is_empty() && index.is_empty() {
        return Ok(());
    }
    files::sync(&stage)?;
    let journal = Journal::new(Kind::Swap, place, steps, index);
    journal.write(&stage.path)?;
    match go(&journal, place.dir, &stage, repo) {
        Ok(()) => stage.end(),
        Err(cause) => match back(&journal, place.dir, &stage, repo) {
            Ok(()) => stage.end().and(Err(cause)),
            // The journal stands.
            Err(second) => Err(Error::Unfinished {
                dir: place.dir.to_owned(),
                cause: Box::new(cause),
                second: Box::new(second),
            }),
        },
    }
}

/// Goes through with what the journal says; what is done already is passed over.
fn go(journal: &Journal, dir: &Path, stage: &Stage, repo: Option<&Repo<'_>>) -> Result<(), Error> {
    for step in &journal.files {
        step.go(dir, stage)?;
    }
    files::sync_dir(dir)?;
    set_index(journal, repo, |entry| &entry.new)
}

/// Takes back what the journal says.
fn back(journal: &Journal, dir: &Path, stage: &Stage, repo: Option<&Repo<'_>>) -> Result<(), Error> {
    for step in &journal.files {
        step.back(dir, stage)?;
    }
    files::sync_dir(dir)?;
    set_index(journal, repo, |entry| &entry.old)
}

fn set_index(
    journal: &Journal,
    repo: Option<&Repo<'_>>,
    side: impl Fn(&journal::IndexStep) -> &Option<journal::StoredBlob>,
) -> Result<(), Error> {
    let Some(repo) = repo else { return Ok(()) };
    let entries: Vec<IndexEntry> = journal
        .index
        .iter()
        .map(|step| IndexEntry { path: step.path.clone(), blob: side(step).clone().map(Into::into) })
        .collect();
    Ok(repo.set_index(&entries)?)
}

//! What a commit holds of what is built.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::context;
use common::digest::{self, Digest, Entry};
use common::git::{GitError, Repo};
use common::lock::Lock;
use common::state_dir::StateDir;
use common::tree;

/// Every file that a build takes of the context `dir`, as seen from the repository's root, where `commit`
/// is checked out.
///
/// # Errors
/// git failed; or, inside, what it gave cannot be read.
pub fn entries(repo: &Repo<'_>, commit: &str, dir: &Path) -> Result<io::Result<Vec<Entry>>, GitError> {
    let into = match Room::new(repo) {
        Ok(into) => into,
        Err(error) => return Ok(Err(error)),
    };
    let there = repo.check_out(commit, dir, into.dir.path())?;
    Ok(context::entries(&there))
}

/// How long the removal of what others left may keep us waiting.
const PATIENCE: Duration = Duration::from_mins(1);

/// An empty directory, in the end gone. Where the clone can be written to it is below `.image/stage`: there the
/// next run that is alone finds what one that was killed has left.
struct Room {
    dir: tempfile::TempDir,
    /// Keeps others from taking it for something left behind.
    _in_use: Option<Lock>,
}

impl Room {
    fn new(repo: &Repo<'_>) -> io::Result<Self> {
        let own = StateDir::open(repo.root());
        let Ok((stage, locks)) = own.and_then(|own| Ok((own.dir("stage/checkout")?, own.dir("locks")?)))
        else {
            return Ok(Self { dir: tempfile::tempdir()?, _in_use: None });
        };
        let lock = locks.join("checkout");
        if let Ok(_alone) = Lock::take(&lock, Duration::ZERO, repo.console()) {
            tree::sweep(&stage);
        }
        let in_use = Lock::share(&lock, PATIENCE, repo.console()).map_err(io::Error::other)?;
        let dir = tempfile::Builder::new().prefix("tree.").tempdir_in(stage)?;
        Ok(Self { dir, _in_use: Some(in_use) })
    }
}

/// The digest that the build context `dir` has in `commit`: the same as the work tree's where both hold
/// the same.
///
/// # Errors
/// As [`entries`].
pub fn context_digest(repo: &Repo<'_>, commit: &str, dir: &Path) -> Result<io::Result<Digest>, GitError> {
    Ok(entries(repo, commit, dir)?.map(digest::of_entries))
}

/// The mission whose record in `commit` has the digest `digest`, and the record's bytes.
///
/// # Errors
/// git failed.
pub fn record(repo: &Repo<'_>, commit: &str, digest: &str) -> Result<Option<(String, Vec<u8>)>, GitError> {
    let top = Path::new("deployments");
    for mission in repo.names_in(commit, top)? {
        let path = top.join(&mission).join(context::RECORD);
        if let Some(bytes) = repo.file_at(commit, &path)?
            && Digest::of(&bytes).as_str() == digest
        {
            return Ok(Some((mission, bytes)));
        }
    }
    Ok(None)
}

/// The files that are not the same in `ours` and `theirs`, sorted.
#[must_use]
pub fn differing(ours: &[Entry], theirs: &[Entry]) -> Vec<PathBuf> {
    let by_path = |entries: &[Entry]| -> BTreeMap<PathBuf, Entry> {
        entries.iter().map(|entry| (entry.path.clone(), entry.clone())).collect()
    };
    let (ours, theirs) = (by_path(ours), by_path(theirs));
    let paths = ours.keys().chain(theirs.keys().filter(|path| !ours.contains_key(*path)));
    let mut other: Vec<PathBuf> =
        paths.filter(|path| ours.get(*path) != theirs.get(*path)).cloned().collect();
    other.sort();
    other
}

/// Whether a build takes the file `path`, as seen from the top of its context: it, and each directory
/// that it is in.
#[must_use]
pub fn is_input(path: &Path) -> bool {
    path.ancestors().filter(|part| !part.as_os_str().is_empty()).all(context::is_input)
}

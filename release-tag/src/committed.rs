//! What a commit holds of what is built.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use common::context;
use common::digest::{self, Digest, Entry};
use common::git::{GitError, Repo};

/// Every file that a build takes of the context `dir`, as seen from the repository's root, where `commit`
/// is checked out.
///
/// # Errors
/// git failed; or, inside, what it gave cannot be read.
pub fn entries(repo: &Repo<'_>, commit: &str, dir: &Path) -> Result<io::Result<Vec<Entry>>, GitError> {
    let into = match tempfile::tempdir() {
        Ok(into) => into,
        Err(error) => return Ok(Err(error)),
    };
    let there = repo.check_out(commit, dir, into.path())?;
    Ok(context::entries(&there))
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

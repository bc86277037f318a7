//! What a commit holds of what is built.

use std::path::Path;

use common::context;
use common::digest::{self, Digest};
use common::git::{GitError, Repo};

/// The digest that the build context `dir`, as seen from the repository's root, has in `commit`: the
/// same as the work tree's where both hold the same.
///
/// # Errors
/// git failed; or, inside, it gave no such directory.
pub fn context_digest(
    repo: &Repo<'_>,
    commit: &str,
    dir: &Path,
) -> Result<std::io::Result<Digest>, GitError> {
    let digested = repo.files_in(commit, dir)?.map(|mut files| {
        files.retain(|file| is_input(&file.path));
        digest::of_entries(files)
    });
    Ok(digested)
}

/// Whether a build takes the file `path`, as seen from the top of its context: it, and each directory
/// that it is in.
#[must_use]
pub fn is_input(path: &Path) -> bool {
    path.ancestors().filter(|part| !part.as_os_str().is_empty()).all(context::is_input)
}

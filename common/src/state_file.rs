//! Files that hold state: replaced whole or not at all, and left alone when nothing changed, so
//! that make's stamps and the engines' caches hold.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::fault::{Fault, Status, io_status};

/// How the name of a file ends while it is being written. One that a killed run left is no input of
/// anything.
pub const UNFINISHED: &str = ".image-tools-unfinished";

/// Whether a file had to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It already held exactly this.
    Unchanged,
    /// It holds this now.
    Written,
}

/// A file could not be read or written; the old content, if any, is still there.
#[derive(Debug, Error)]
#[error("cannot {verb} {}", path.display())]
pub struct StateFileError {
    /// What was tried.
    verb: &'static str,
    /// On which file.
    path: PathBuf,
    /// Why it failed.
    source: io::Error,
}

impl StateFileError {
    /// `verb` on `path` failed.
    #[must_use]
    pub fn new(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self { verb, path: path.to_owned(), source }
    }

    /// The kind of the underlying error.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

impl Fault for StateFileError {
    fn status(&self) -> Status {
        io_status(&self.source)
    }
}

/// Makes `path` hold `content`: a sibling is written and synced, takes over mode bits from the file
/// it replaces (`mode` for a new one), and is renamed over it; then the directory is synced.
///
/// A symbolic link is followed, so that it keeps pointing where somebody wanted it to.
///
/// # Errors
/// Any step failed; the old file is as it was.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> Result<Change, StateFileError> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |source| StateFileError::new("write", path, source);
    match fs::read(path) {
        Ok(old) if old == content => return Ok(Change::Unchanged),
        _ => {}
    }
    let dir = parent(path);
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{}.", name_of(path)))
        .suffix(UNFINISHED)
        .tempfile_in(dir)
        .map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.as_file().set_permissions(permissions(path, mode)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    sync_dir(dir).map_err(failed)?;
    Ok(Change::Written)
}

/// Removes what a killed run left half-written in `dir`: call it with the lock held.
pub fn sweep(dir: &Path) {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries.filter(|e| e.file_name().to_string_lossy().ends_with(UNFINISHED)) {
        // What cannot be removed now is tried again the next time.
        _ = fs::remove_file(entry.path());
    }
}

/// Reads `path`; a missing file is `None`.
///
/// # Errors
/// Reading failed for another reason.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StateFileError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StateFileError::new("read", path, e)),
    }
}

/// Creates `path` and its parents.
///
/// # Errors
/// It cannot be created.
pub fn make_dir(path: &Path) -> Result<(), StateFileError> {
    fs::create_dir_all(path).map_err(|e| StateFileError::new("create", path, e))
}

/// Syncs a directory, so that a rename in it survives a power cut.
///
/// # Errors
/// The directory cannot be opened or synced.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn permissions(path: &Path, mode: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().map_or_else(|_| fs::Permissions::from_mode(mode), |m| m.permissions())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    #[test]
    fn unchanged_content_leaves_the_very_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert_eq!(replace(&path, b"one", 0o644).unwrap(), Change::Written);
        let inode = path.metadata().unwrap().ino();
        assert_eq!(replace(&path, b"one", 0o644).unwrap(), Change::Unchanged);
        assert_eq!(path.metadata().unwrap().ino(), inode);
    }

    #[test]
    fn mode_bits_and_links_survive_a_replacement() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("a"), dir.path().join("l"));
        replace(&path, b"one", 0o755).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        replace(&link, b"two", 0o644).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no litter");
    }

    #[test]
    fn a_failed_replacement_names_the_file() {
        let error = replace(Path::new("/no/such/dir/file"), b"x", 0o644).unwrap_err();
        assert!(error.to_string().contains("/no/such/dir/file"));
    }
}

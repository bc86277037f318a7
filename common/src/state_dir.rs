//! `.image/` at the root of a repository: what belongs to this clone and to nobody else. It ignores
//! itself, so that git never sees it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::clock;
use crate::digest::Digest;
use crate::state_file::{self, StateFileError};

/// The clone's own directory, made on first use.
#[derive(Clone, Debug)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// The state directory of the repository at `root`, made if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(root: &Path) -> Result<Self, StateFileError> {
        let dir = root.join(".image");
        state_file::make_dir(&dir)?;
        state_file::replace(&dir.join(".gitignore"), b"*\n", 0o644)?;
        Ok(Self(dir))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The directory `name` in it, made if need be: `logs`, `locks`, `stage` …
    ///
    /// # Errors
    /// It cannot be made.
    pub fn dir(&self, name: &str) -> Result<PathBuf, StateFileError> {
        let dir = self.0.join(name);
        state_file::make_dir(&dir)?;
        Ok(dir)
    }

    /// Keeps `content`, which is about to be replaced although a person may have written it, under
    /// `backup/<label>.<time>.<digest>`, and gives the path: that of an earlier time, if it is kept already.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, label: &str, content: &[u8]) -> Result<PathBuf, StateFileError> {
        let dir = self.dir("backup")?;
        // The digest keeps two of the same second apart.
        let (time, digest) = (clock::compact(clock::wall()), Digest::of(content));
        let digest = digest.short();
        let earlier = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let parts = name.strip_prefix(label).and_then(|rest| rest.strip_suffix(&*digest));
            parts.is_some_and(|time| time.starts_with('.'))
                && fs::read(path).is_ok_and(|kept| kept == content)
        };
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        if let Some(path) = entries.map(|entry| entry.path()).find(earlier) {
            return Ok(path);
        }
        let path = dir.join(format!("{label}.{time}.{digest}"));
        state_file::replace(&path, content, 0o644)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ignores_itself_and_keeps_what_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let state = StateDir::open(root.path()).unwrap();
        assert_eq!(std::fs::read(root.path().join(".image/.gitignore")).unwrap(), b"*\n");
        let kept = state.keep("setup-env", b"mine").unwrap();
        assert_eq!(std::fs::read(&kept).unwrap(), b"mine");
        assert_eq!(state.keep("setup-env", b"mine").unwrap(), kept, "once is enough");
        assert_ne!(state.keep("setup", b"mine").unwrap(), kept);
    }
}

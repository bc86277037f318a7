//! `.image/` at the root of a repository: what belongs to this clone and to nobody else. It ignores
//! itself, so that git never sees it.

use std::path::{Path, PathBuf};

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
}

//! Frozen specs: for each environment what conda solved (`requirements.yml`) and what pip was told
//! to install (`requirements.txt`).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::base_lock::{self, BaseLock, BaseLockError};
use crate::fault::{Fault, Status, io_status};
use crate::requirement::{CondaFile, ExplicitFile, PipFile, SpecError};
use crate::state_file::{self, StateFileError};

/// The file with what conda solved, as `conda env export --no-build` prints it.
pub const CONDA_FILE: &str = "requirements.yml";

/// The file with what pip is told to install, as `pip-compile` or `uv pip compile` prints it.
pub const PIP_FILE: &str = "requirements.txt";

/// conda's packages by address and digest, beside [`CONDA_FILE`].
pub const EXPLICIT_FILE: &str = "requirements.explicit";

/// The environment that brings conda itself. It has no pip file: its export holds what pip added.
pub const BASE: &str = "base";

/// What belongs to the image as a whole is told under this name, which no environment can have.
pub const IMAGE: &str = "(image)";

/// Where the specs stand inside an image.
pub const IN_IMAGE: &str = "/opt/env-frozen";

/// The frozen specs make no sense, or are not there.
#[derive(Debug, Error)]
pub enum FrozenError {
    /// A file makes no sense.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A file holds nothing.
    #[error("{origin}: it is empty")]
    Empty {
        /// The file.
        origin: String,
    },
    /// A file that must be there is not.
    #[error("{origin}: it is missing")]
    Missing {
        /// The file.
        origin: String,
    },
    /// The base's lock makes no sense.
    #[error(transparent)]
    BaseLock(#[from] BaseLockError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// The directory cannot be read.
    #[error("cannot read {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Fault for FrozenError {
    fn status(&self) -> Status {
        match self {
            Self::Spec(_) | Self::Empty { .. } | Self::Missing { .. } => Status::Data,
            Self::BaseLock(error) => error.status(),
            Self::File(error) => error.status(),
            Self::Directory { source, .. } => io_status(source),
        }
    }
}

/// One environment's frozen specs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrozenEnvironment {
    /// What conda solved.
    pub conda: Option<CondaFile>,
    /// What pip was told to install.
    pub pip: Option<PipFile>,
    /// What conda solved, by address and digest, if that is kept.
    pub explicit: Option<ExplicitFile>,
}

impl FrozenEnvironment {
    /// Reads the two files from their content, where there is one; `origin` is what messages call
    /// the directory. An empty pip file of the base environment counts as none: some trees have one.
    ///
    /// # Errors
    /// A file is empty or makes no sense.
    pub fn parse(
        name: &str,
        conda: Option<&[u8]>,
        pip: Option<&[u8]>,
        origin: &str,
    ) -> Result<Self, FrozenError> {
        let pip = pip.filter(|content| name != BASE || !is_blank(content));
        let file = |name: &str| format!("{origin}/{name}");
        let filled = |content, name: &str| match content {
            Some(content) if is_blank(content) => Err(FrozenError::Empty { origin: file(name) }),
            content => Ok(content),
        };
        let (conda, pip) = (filled(conda, CONDA_FILE)?, filled(pip, PIP_FILE)?);
        Ok(Self {
            conda: conda.map(|content| CondaFile::parse(content, &file(CONDA_FILE))).transpose()?,
            pip: pip.map(|content| PipFile::parse(content, &file(PIP_FILE))).transpose()?,
            explicit: None,
        })
    }

    /// The same with what `content`, that of an explicit list, names, where there is one.
    ///
    /// # Errors
    /// It makes no sense; `origin` is what messages call the directory.
    pub fn and_explicit(mut self, content: Option<&[u8]>, origin: &str) -> Result<Self, FrozenError> {
        let parse = |content| ExplicitFile::parse(content, &format!("{origin}/{EXPLICIT_FILE}"));
        self.explicit = content.map(parse).transpose()?;
        Ok(self)
    }

    /// Reads the specs in `dir`, an environment's directory below `env-frozen`.
    ///
    /// # Errors
    /// A file cannot be read, is empty, or makes no sense.
    pub fn read(name: &str, dir: &Path) -> Result<Self, FrozenError> {
        let content = |file: &str| state_file::read(&dir.join(file));
        let (conda, pip, explicit) = (content(CONDA_FILE)?, content(PIP_FILE)?, content(EXPLICIT_FILE)?);
        let origin = dir.display().to_string();
        Self::parse(name, conda.as_deref(), pip.as_deref(), &origin)?
            .and_explicit(explicit.as_deref(), &origin)
    }

    /// Whether it holds neither file, as the directory of a new environment does.
    #[must_use]
    pub const fn is_placeholder(&self) -> bool {
        self.conda.is_none() && self.pip.is_none()
    }

    /// Refuses an environment that lacks a file: the base needs conda's, every other one both.
    ///
    /// # Errors
    /// One is missing; `origin` is what messages call the directory.
    pub fn complete(&self, name: &str, origin: &str) -> Result<(), FrozenError> {
        let lacks = match (&self.conda, &self.pip) {
            (None, _) => CONDA_FILE,
            (_, None) if name != BASE => PIP_FILE,
            _ => return Ok(()),
        };
        Err(FrozenError::Missing { origin: format!("{origin}/{lacks}") })
    }
}

fn is_blank(content: &[u8]) -> bool {
    content.trim_ascii().is_empty()
}

/// The frozen specs of a mission, by environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrozenTree {
    /// The environments, `base` included, without placeholders.
    pub environments: BTreeMap<String, FrozenEnvironment>,
    /// The base image that they were solved upon, if that is kept.
    pub base: Option<BaseLock>,
}

impl FrozenTree {
    /// Reads the tree at `dir`; if there is none, it holds nothing.
    ///
    /// # Errors
    /// A file cannot be read, is empty, or makes no sense.
    pub fn read(dir: &Path) -> Result<Self, FrozenError> {
        let failed = |source| FrozenError::Directory { path: dir.to_owned(), source };
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        let mut environments = BTreeMap::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || !entry.path().is_dir() {
                continue;
            }
            let environment = FrozenEnvironment::read(&name, &entry.path())?;
            if !environment.is_placeholder() {
                environments.insert(name, environment);
            }
        }
        Ok(Self { environments, base: BaseLock::read(&dir.join(base_lock::FILE_NAME))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YML: &[u8] = b"name: x\ndependencies:\n  - python=3.11.9\n";

    fn refused(name: &str, conda: Option<&[u8]>, pip: Option<&[u8]>) -> String {
        let read = FrozenEnvironment::parse(name, conda, pip, "f");
        read.and_then(|e| e.complete(name, "f")).unwrap_err().to_string()
    }

    /// D17a, D39: an export that failed left 0 bytes, and nothing looked.
    #[test]
    fn d17a_d39_both_files_must_be_there_and_hold_something() {
        assert_eq!(refused("x", Some(YML), None), "f/requirements.txt: it is missing");
        assert_eq!(refused("x", None, Some(b"a==1\n")), "f/requirements.yml: it is missing");
        assert_eq!(refused("x", Some(b""), Some(b"a==1\n")), "f/requirements.yml: it is empty");
        assert_eq!(refused("x", Some(YML), Some(b" \n")), "f/requirements.txt: it is empty");
        assert!(refused("x", Some(b"<html>"), Some(b"a==1\n")).starts_with("f/requirements.yml:1: "));
    }

    #[test]
    fn the_base_environment_needs_no_pip_file_and_may_have_a_stale_empty_one() {
        for pip in [None, Some(b"".as_slice())] {
            let base = FrozenEnvironment::parse(BASE, Some(YML), pip, "f").unwrap();
            assert!(base.complete(BASE, "f").is_ok() && base.pip.is_none());
        }
    }

    #[test]
    fn a_tree_is_read_without_its_placeholders() {
        let root = tempfile::tempdir().unwrap();
        for dir in ["roman-cal", "new", ".cache"] {
            std::fs::create_dir(root.path().join(dir)).unwrap();
        }
        std::fs::write(root.path().join("roman-cal").join(CONDA_FILE), YML).unwrap();
        std::fs::write(root.path().join("new/.keep"), "").unwrap();
        std::fs::write(root.path().join("docker-stacks.hash"), "x\n").unwrap();
        let tree = FrozenTree::read(root.path()).unwrap();
        assert_eq!(tree.environments.keys().collect::<Vec<_>>(), ["roman-cal"]);
        assert_eq!(FrozenTree::read(&root.path().join("none")).unwrap(), FrozenTree::default());
    }
}

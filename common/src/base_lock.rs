//! `env-frozen/base.lock.json`: the very base image that frozen specs were built upon, whose name may
//! mean another one tomorrow.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::deployment::Deployment;
use crate::digest::Digest;
use crate::fault::{Fault, Status};
use crate::state_file::{self, StateFileError};

/// The name of the file in `env-frozen`.
pub const FILE_NAME: &str = "base.lock.json";

/// The base image of frozen specs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseLock {
    /// Its name, as the settings have it.
    pub reference: String,
    /// The digest under which its registry has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The commit of docker-stacks that it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docker_stacks: Option<String>,
}

/// The lock makes no sense.
#[derive(Debug, Error)]
pub enum BaseLockError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// It is none.
    #[error("{}:{}: {reason}", path.display(), reason.line())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: serde_json::Error,
    },
}

impl Fault for BaseLockError {
    fn status(&self) -> Status {
        match self {
            Self::File(error) => error.status(),
            Self::Json { .. } => Status::Data,
        }
    }
}

impl BaseLock {
    /// Where the lock of `deployment` is.
    #[must_use]
    pub fn path(deployment: &Deployment) -> PathBuf {
        deployment.frozen_dir().join(FILE_NAME)
    }

    /// The lock at `path`; none if there is no such file.
    ///
    /// # Errors
    /// It cannot be read, or makes no sense.
    pub fn read(path: &Path) -> Result<Option<Self>, BaseLockError> {
        let Some(content) = state_file::read(path)? else { return Ok(None) };
        Self::parse(&content, path).map(Some)
    }

    /// The lock that `content` is; messages call it `path`.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn parse(content: &[u8], path: &Path) -> Result<Self, BaseLockError> {
        let parsed = serde_json::from_slice(content);
        parsed.map_err(|reason| BaseLockError::Json { path: path.to_owned(), reason })
    }

    /// The name of the very image, `NAME@sha256:…`, if this is the lock of `reference` and its digest
    /// is known.
    #[must_use]
    pub fn pinned(&self, reference: &str) -> Option<String> {
        let digest = self.digest.as_ref().filter(|_| self.reference == reference)?;
        Some(format!("{}@{digest}", repository(reference)))
    }

    /// The lock of `reference` as its file holds it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The name of an image without its tag and digest.
#[must_use]
pub fn repository(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    // A colon before the last slash belongs to the port of a registry.
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_pins_the_name_that_it_is_for() {
        let digest = Digest::of(b"x");
        let lock = |reference: &str| BaseLock {
            reference: reference.to_owned(),
            digest: Some(digest.clone()),
            docker_stacks: None,
        };
        let pinned = |reference: &str| lock(reference).pinned(reference).unwrap();
        assert_eq!(pinned("q.io/j/scipy:2024"), format!("q.io/j/scipy@{digest}"));
        assert_eq!(pinned("h:5000/scipy"), format!("h:5000/scipy@{digest}"));
        assert_eq!(lock("a").pinned("b"), None);
    }

    #[test]
    fn what_is_written_is_read_back_and_nonsense_is_told_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        assert_eq!(BaseLock::read(&path).unwrap(), None);
        let lock = BaseLock { reference: "a".to_owned(), digest: None, docker_stacks: Some("0".repeat(40)) };
        std::fs::write(&path, lock.to_json()).unwrap();
        assert_eq!(BaseLock::read(&path).unwrap(), Some(lock));
        std::fs::write(&path, "{\n\"oops\": 1}").unwrap();
        assert!(BaseLock::read(&path).unwrap_err().to_string().contains("base.lock.json:2: unknown field"));
    }
}

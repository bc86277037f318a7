//! Where the locks are: a file, a directory of environments, or a revision of `env-frozen`.

use std::fs;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::deployment::Deployment;
use common::git::{GitError, Repo};

use super::change::Lock;
use super::error::BisectError;

/// What `uv pip compile` and `pip-compile` write for each environment.
const NAME: &str = "requirements.txt";

/// Where the locks of all environments are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// One lock, of one environment.
    File(PathBuf),
    /// A directory with one for each environment, or of one.
    Directory(PathBuf),
    /// A commit, whose `env-frozen` is meant.
    Commit(String),
}

impl Source {
    /// What `typed` means: what is there by that name, else a revision.
    pub(crate) fn find(typed: &str, deployment: &Deployment, console: &Console) -> Result<Self, BisectError> {
        let path = PathBuf::from(typed);
        if path.is_file() {
            return Ok(Self::File(path));
        }
        if path.is_dir() {
            return Ok(Self::Directory(path));
        }
        let no_lock = || BisectError::NoLock { typed: typed.to_owned() };
        let repo = match Repo::open(deployment.root(), console) {
            // Without a history nothing can be a revision.
            Err(GitError::NoRepository { .. }) => return Err(no_lock()),
            opened => opened?,
        };
        repo.commit_of(typed)?.map(Self::Commit).ok_or_else(no_lock)
    }

    /// The lock that must be the one of a single environment.
    pub(crate) fn single(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Directory(dir) if dir.join(NAME).is_file() => Some(dir),
            Self::Directory(_) | Self::Commit(_) => None,
        }
    }

    /// The lock of `environment`, if there is one.
    pub(crate) fn lock(
        &self,
        environment: &str,
        deployment: &Deployment,
        console: &Console,
    ) -> Result<Option<Lock>, BisectError> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::Directory(dir) if dir.join(NAME).is_file() => dir.join(NAME),
            Self::Directory(dir) => dir.join(environment).join(NAME),
            Self::Commit(commit) => return of_commit(commit, environment, deployment, console),
        };
        match fs::read(&path) {
            Ok(content) => Ok(Some(Lock::parse(&content, &path.to_string_lossy())?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BisectError::Read { path, source }),
        }
    }
}

fn of_commit(
    commit: &str,
    environment: &str,
    deployment: &Deployment,
    console: &Console,
) -> Result<Option<Lock>, BisectError> {
    let path = deployment.frozen_dir().join(environment).join(NAME);
    let inside = path.strip_prefix(deployment.root()).unwrap_or(&path);
    let content = Repo::open(deployment.root(), console)?.file_at(commit, inside)?;
    let origin = format!("{commit}:{}", inside.display());
    Ok(content.map(|content| Lock::parse(&content, &origin)).transpose()?)
}

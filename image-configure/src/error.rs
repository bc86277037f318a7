//! How `image-configure` fails.

use std::io;
use std::path::PathBuf;

use common::deployment::DeploymentError;
use common::fault::{Fault, Status};
use common::git::GitError;
use common::lock::LockError;
use common::session::SessionError;
use common::settings::{BadValue, Generation};
use common::setup_env::SetupEnvError;
use common::state_file::StateFileError;
use thiserror::Error;

/// Nothing was configured; the old files are as they were.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such repository or mission.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// The clone cannot be asked.
    #[error(transparent)]
    Git(#[from] GitError),
    /// There is nothing to compare with.
    #[error("{base} is no branch and no commit that HEAD shares a history with here")]
    NoBase {
        /// What was asked for.
        base: String,
    },
    /// The root has no absolute path in UTF-8.
    #[error("cannot use {} as the root of a deployments repository", path.display())]
    Root {
        /// What was given.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The template is not text.
    #[error("{} is not UTF-8 text", path.display())]
    Template {
        /// The file.
        path: PathBuf,
    },
    /// The template cannot be sourced, or makes no settings.
    #[error(transparent)]
    SetupEnv(#[from] SetupEnvError),
    /// No engine takes a value.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// The repository's generation does not have it.
    #[error("{what} is not for a repository of generation {generation}")]
    Generation {
        /// What was asked for.
        what: &'static str,
        /// The generation.
        generation: Generation,
    },
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// Another run is at it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The document cannot be printed.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Deployment(error) => error.status(),
            Self::Git(error) => error.status(),
            Self::Root { .. } | Self::Generation { .. } | Self::NoBase { .. } => Status::Usage,
            Self::Template { .. } => Status::Data,
            Self::SetupEnv(error) => error.status(),
            Self::Value(error) => error.status(),
            Self::File(error) => error.status(),
            Self::Lock(error) => error.status(),
            Self::Session(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Deployment(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::NoBase { base } => Some(format!("git fetch --unshallow origin {base}")),
            Self::Root { .. } => Some("image-configure --root DIR, where DIR holds deployments/".to_owned()),
            Self::Lock(error) => error.hint(),
            Self::Value(error) => error.hint(),
            Self::SetupEnv(_) => Some("mend setup-env.template, or the file that it sources".to_owned()),
            Self::Generation { .. } => Some("image-configure MISSION --explain".to_owned()),
            Self::Template { path } => Some(format!("save {} as UTF-8", path.display())),
            Self::File(_) => None,
            Self::Session(error) => error.hint(),
        }
    }
}

//! How `image-configure` fails.

use std::io;
use std::path::PathBuf;

use common::deployment::DeploymentError;
use common::fault::{Fault, Status};
use common::session::SessionError;
use common::state_file::StateFileError;
use thiserror::Error;

/// Nothing was configured; the old files are as they were.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such repository or mission.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// The root has no absolute path in UTF-8.
    #[error("cannot use {} as the root of a deployments repository", path.display())]
    Root {
        /// What was given.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// The document cannot be printed.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Deployment(error) => error.status(),
            Self::Root { .. } => Status::Usage,
            Self::File(error) => error.status(),
            Self::Session(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Deployment(error) => error.hint(),
            Self::Root { .. } => Some("image-configure --root DIR, where DIR holds deployments/".to_owned()),
            Self::File(_) => None,
            Self::Session(error) => error.hint(),
        }
    }
}

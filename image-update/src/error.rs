//! How `image-update` fails.

use std::io;
use std::path::PathBuf;

use common::deployment::DeploymentError;
use common::fault::{Fault, Status, io_status};
use common::lock::LockError;
use common::process::{Exit, ProcessError};
use common::session::SessionError;
use common::shell::quote_os;
use common::state_file::StateFileError;
use thiserror::Error;

/// The requirements or the Dockerfile could not be brought up to date.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no document.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The mission's directories cannot be read.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// Another run is at it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A script must not be run as it is.
    #[error("{} is not executable", path.display())]
    NotExecutable {
        /// The script.
        path: PathBuf,
    },
    /// A script cannot be run.
    #[error("cannot run update-requirements of {environment}")]
    Run {
        /// The environment.
        environment: String,
        /// Why not.
        source: ProcessError,
    },
    /// A script said no.
    #[error("update-requirements of {environment} failed for version {version} with {exit}; what it wrote before is still in {}", dir.display())]
    Script {
        /// The environment.
        environment: String,
        /// The version that was asked for.
        version: String,
        /// How it ended.
        exit: Exit,
        /// Where it ran.
        dir: PathBuf,
    },
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Session(error) => error.status(),
            Self::Deployment(error) => error.status(),
            Self::Read { source, .. } => io_status(source),
            Self::File(error) => error.status(),
            Self::Lock(error) => error.status(),
            // What a shell says of it, and the original did.
            Self::NotExecutable { .. } => Status::Passed(126),
            Self::Run { source, .. } => source.status(),
            Self::Script { exit, .. } => exit.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Deployment(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::NotExecutable { path } => Some(format!("chmod +x {}", quote_os(path.as_os_str()))),
            Self::Script { dir, .. } => Some(format!("git status {}", quote_os(dir.as_os_str()))),
            Self::Read { .. } | Self::File(_) | Self::Run { .. } => None,
        }
    }
}

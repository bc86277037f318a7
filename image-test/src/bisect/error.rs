//! Why a culprit cannot be looked for.

use std::path::PathBuf;

use common::ca_bundle::CaBundleError;
use common::fault::{Fault, Status};
use common::git::GitError;
use common::requirement::SpecError;
use thiserror::Error;

/// The search cannot begin.
#[derive(Debug, Error)]
pub(crate) enum BisectError {
    /// What was typed is neither a file nor a revision.
    #[error("{typed} is no file, no directory and no git revision")]
    NoLock { typed: String },
    /// A lock is of one environment, and it is not clear of which.
    #[error("{} is the lock of one environment, and several have tests", path.display())]
    WhichEnvironment { path: PathBuf },
    /// There is no such environment.
    #[error("there is no environment {name} with tests")]
    NoEnvironment { name: String },
    /// There is nothing to compare.
    #[error("no environment with tests has a requirements.txt in both {before} and {after} that differ")]
    NothingDiffers { before: String, after: String },
    /// A lock cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// A lock makes no sense.
    #[error(transparent)]
    Lock(#[from] SpecError),
    /// The history cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The authorities cannot be found.
    #[error(transparent)]
    Authorities(#[from] CaBundleError),
    /// There is no uv.
    #[error("neither the image nor this machine's PATH has uv, which makes the environments")]
    NoUv,
    /// An environment cannot be made of a lock as a whole.
    #[error("no environment can be made of the lock {which}: {why}")]
    Unprepared { which: String, why: String },
}

impl Fault for BisectError {
    fn status(&self) -> Status {
        match self {
            Self::NoLock { .. } | Self::WhichEnvironment { .. } | Self::NoEnvironment { .. } => Status::Usage,
            Self::NothingDiffers { .. } => Status::Data,
            Self::Read { .. } => Status::Io,
            Self::Lock(error) => error.status(),
            Self::Git(error) => error.status(),
            Self::Authorities(error) => error.status(),
            Self::NoUv => Status::Missing,
            Self::Unprepared { .. } => Status::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::WhichEnvironment { .. } => {
                Some("name it: image-test --bisect BEFORE AFTER --environment ENV".to_owned())
            }
            Self::NoUv => Some("pip install uv".to_owned()),
            Self::Lock(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Authorities(error) => error.hint(),
            _ => None,
        }
    }
}

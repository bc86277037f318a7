//! How git fails.

use std::path::PathBuf;

use thiserror::Error;

use super::Refusal;
use crate::fault::{Fault, Status};
use crate::process::ProcessError;

/// git could not do what it was asked.
#[derive(Debug, Error)]
pub enum GitError {
    /// The directory is in no work tree.
    #[error("{} is not in a git work tree: {said}", root.display())]
    NoRepository {
        /// The directory.
        root: PathBuf,
        /// What git said.
        said: String,
    },
    /// A call failed.
    #[error(transparent)]
    Call(#[from] ProcessError),
    /// A commit was not made.
    #[error("the commit was not made; the index is as it was")]
    NotCommitted {
        /// Why not.
        source: ProcessError,
    },
    /// A remote did not do its part.
    #[error("the remote {remote} did not answer as it should")]
    Remote {
        /// Its name or URL.
        remote: String,
        /// What happened.
        source: ProcessError,
    },
    /// A push was refused: by the remote, or by a hook of this clone.
    #[error("the push to {remote} was refused")]
    Refused {
        /// The remote's name or URL.
        remote: String,
        /// Why.
        refusal: Refusal,
        /// What git said.
        source: ProcessError,
    },
    /// It is not clear which remote is meant.
    #[error("which remote? there are {}", known.join(", "))]
    WhichRemote {
        /// Those there are.
        known: Vec<String>,
    },
}

impl GitError {
    fn cause(&self) -> Option<&ProcessError> {
        match self {
            Self::Call(source)
            | Self::NotCommitted { source }
            | Self::Remote { source, .. }
            | Self::Refused { source, .. } => Some(source),
            Self::NoRepository { .. } | Self::WhichRemote { .. } => None,
        }
    }

    fn said(&self, words: &[&str]) -> bool {
        match self.cause() {
            Some(ProcessError::Failed { stderr, .. }) => words.iter().any(|word| stderr.contains(word)),
            _ => false,
        }
    }

    fn is_denied(&self) -> bool {
        self.said(&[
            "Authentication failed",
            "Permission denied",
            "could not read Username",
            "could not read Password",
            // A login that may read and not write.
            "denied to ",
            "returned error: 401",
            "returned error: 403",
        ])
    }
}

impl Fault for GitError {
    fn status(&self) -> Status {
        match self {
            // git's own 128 would read like the work of a signal.
            Self::NoRepository { .. } => Status::Settings,
            Self::WhichRemote { .. } => Status::Usage,
            Self::Call(ProcessError::Failed { .. }) => Status::Io,
            Self::NotCommitted { source: ProcessError::Failed { .. } } | Self::Refused { .. } => Status::No,
            Self::Remote { source: ProcessError::Failed { .. }, .. } => {
                if self.is_denied() {
                    Status::Denied
                } else {
                    Status::Unavailable
                }
            }
            Self::Call(source) | Self::NotCommitted { source } | Self::Remote { source, .. } => {
                source.status()
            }
        }
    }

    fn hint(&self) -> Option<String> {
        if self.said(&["Please tell me who you are", "unable to auto-detect email"]) {
            return Some("git config user.name NAME; git config user.email ADDRESS".to_owned());
        }
        match self {
            Self::WhichRemote { .. } => Some("name it with --remote NAME".to_owned()),
            Self::Remote { .. } if self.is_denied() => {
                Some("log in first (a credential helper or an ssh agent): nobody is asked here".to_owned())
            }
            Self::Refused { refusal: Refusal::Moved, .. } => {
                Some("git pull --ff-only --tags, look what came in, and run this again".to_owned())
            }
            Self::Refused { refusal: Refusal::Rules, .. } => {
                Some("ask those who keep the rule that is named above, and run this again".to_owned())
            }
            _ => None,
        }
    }
}

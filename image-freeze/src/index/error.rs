//! How asking an index fails.

use common::fault::{Fault, Status};
use common::fetch::FetchError;
use common::process::ProcessError;
use common::state_file::StateFileError;
use reqwest::StatusCode;
use thiserror::Error;

/// The index could not be asked.
#[derive(Debug, Error)]
pub(crate) enum IndexError {
    /// Nothing says which index to ask.
    #[error("which package index? neither the settings nor pip nor uv on this machine names one")]
    NoIndex,
    /// What names an index is no address.
    #[error("{origin} is no address of a package index: {text:?}")]
    BadAddress {
        /// Where it stands.
        origin: String,
        /// What stands there, without credentials.
        text: String,
    },
    /// There is no answer.
    #[error("{url} does not answer")]
    Http {
        /// What was asked for.
        url: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// The answer ended too early.
    #[error("the answer of {url} was cut off")]
    Cut {
        /// What was asked for.
        url: String,
        /// Why.
        source: std::io::Error,
    },
    /// The answer is a refusal.
    #[error("{url} answers {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// The answer makes no sense.
    #[error("{url} is no page of a package index: {reason}")]
    Page {
        /// What was asked for.
        url: String,
        /// Why not.
        reason: String,
    },
    /// Without the network, only what was asked before is known.
    #[error("nothing is known of {name}: it was never asked for, and --offline asks nobody")]
    Offline {
        /// The project.
        name: String,
    },
    /// What was learned cannot be kept.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// What says who we are cannot be read.
    #[error(transparent)]
    Credentials(#[from] FetchError),
    /// A program that knows the index cannot be asked.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl Fault for IndexError {
    fn status(&self) -> Status {
        match self {
            Self::NoIndex | Self::BadAddress { .. } => Status::Settings,
            Self::Status { status, .. } if matches!(status.as_u16(), 401 | 403 | 407) => Status::Denied,
            Self::Http { .. } | Self::Cut { .. } | Self::Status { .. } | Self::Offline { .. } => {
                Status::Unavailable
            }
            Self::Page { .. } => Status::Protocol,
            Self::File(error) => error.status(),
            Self::Credentials(error) => error.status(),
            Self::Process(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoIndex => Some("--index URL".to_owned()),
            Self::Offline { .. } => Some("leave --offline out once".to_owned()),
            _ => None,
        }
    }
}

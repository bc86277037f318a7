//! How a registry fails.

use std::path::PathBuf;

use common::digest::Digest;
use common::fault::{Fault, Status};
use common::process::ProcessError;
use thiserror::Error;

/// A registry did not do what it was asked.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// It cannot be reached.
    #[error("cannot reach {host}")]
    Unreachable {
        /// The registry or its token service.
        host: String,
        /// Why not; without the URL, which may carry a signature.
        source: reqwest::Error,
    },
    /// It wants other credentials, or these may not do this.
    #[error("{host} refuses {what}{}", said(answer))]
    Denied {
        /// The registry.
        host: String,
        /// What was tried.
        what: String,
        /// What it said.
        answer: String,
    },
    /// It answered with a status that is no success.
    #[error("{host} answered {what} with status {status}{}", said(answer))]
    Refused {
        /// The registry.
        host: String,
        /// What was tried.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        answer: String,
    },
    /// It does not let a manifest be put there, today or tomorrow.
    #[error("{host} does not take {what}: status {status}{}", said(answer))]
    Closed {
        /// The registry.
        host: String,
        /// What was tried.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        answer: String,
    },
    /// Its answer makes no sense.
    #[error("{host} broke the protocol: {reason}")]
    Protocol {
        /// The registry.
        host: String,
        /// How.
        reason: String,
    },
    /// It has something else than what was sent.
    #[error("{host} now has {found} under {name}, not {expected}")]
    Mismatch {
        /// The registry.
        host: String,
        /// The tag or blob.
        name: String,
        /// What was sent.
        expected: Digest,
        /// What it has.
        found: Digest,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The credentials cannot be had.
    #[error("cannot get the credentials for {host}: {reason}")]
    Credentials {
        /// The registry.
        host: String,
        /// Why not, without anything secret.
        reason: String,
    },
    /// No TLS client can be made.
    #[error("cannot set up HTTPS")]
    Tls {
        /// Why not.
        source: reqwest::Error,
    },
    /// We were told to stop.
    #[error(transparent)]
    Interrupted(#[from] ProcessError),
}

fn said(answer: &str) -> String {
    if answer.is_empty() { String::new() } else { format!(": {answer}") }
}

impl Fault for RegistryError {
    fn status(&self) -> Status {
        match self {
            Self::Unreachable { .. } | Self::Refused { .. } | Self::Tls { .. } => Status::Unavailable,
            Self::Closed { .. } => Status::No,
            Self::Denied { .. } | Self::Credentials { .. } => Status::Denied,
            Self::Protocol { .. } | Self::Mismatch { .. } => Status::Protocol,
            Self::Read { .. } => Status::Io,
            Self::Interrupted(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Denied { host, .. } => Some(format!("docker login {host}")),
            Self::Closed { .. } => Some(
                "if its tags cannot be changed: release-tag versions, another repository, or its settings"
                    .to_owned(),
            ),
            Self::Refused { status: 413, .. } => {
                Some("something on the way takes no requests as large: --chunk-size 4M".to_owned())
            }
            Self::Unreachable { host, source } if is_tls(source) => Some(format!(
                "name the authority with SSL_CERT_FILE, or for a registry without TLS add --insecure-host {host}"
            )),
            _ => None,
        }
    }
}

pub(super) fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if text.contains("certificate")
            || text.contains("InvalidContentType")
            || text.contains("corrupt message")
        {
            return true;
        }
        cause = error.source();
    }
    false
}

//! How fetching fails.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use reqwest::Url;
use thiserror::Error;

use super::address::shown;
use super::{Limits, Place};
use crate::fault::{Fault, Status, io_status};
use crate::process::ProcessError;
use crate::requirement::{Screened, first_line};

/// A file could not be had.
#[derive(Debug, Error)]
pub enum FetchError {
    /// Plain HTTP, with a host that was not named as insecure.
    #[error("{place} would be asked over plain HTTP")]
    Insecure {
        /// The host.
        place: Place,
    },
    /// No connection, or it broke before there was an answer.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The server's certificate is not good, or it does not speak TLS.
    #[error("cannot trust {url}: {reason}")]
    Untrusted {
        /// The address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The server answered with a status that is no success.
    #[error("{url} answered with status {status}{}", said(line, *looks))]
    Refused {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The first line of what it said.
        line: String,
        /// What that looks like.
        looks: Option<Screened>,
    },
    /// The body ended early.
    #[error("{url} did not come whole: {reason}")]
    Truncated {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// What came is not what the server says the digest of.
    #[error("{url} is damaged: {reason}")]
    Checksum {
        /// The address.
        url: String,
        /// Both digests.
        reason: String,
    },
    /// What the server does makes no sense, or is not safe.
    #[error("{url} is not fetched: {reason}")]
    Broken {
        /// The address.
        url: String,
        /// What it does.
        reason: String,
    },
    /// Nothing came for too long, or not all in time.
    #[error("{url} took too long: {reason}")]
    TimeLimit {
        /// The address.
        url: String,
        /// Which limit passed.
        reason: String,
        /// Whether another try may still be in time.
        is_passing: bool,
    },
    /// A file with credentials or authorities cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file with credentials holds something else.
    #[error("{} {reason}", path.display())]
    Credentials {
        /// Which.
        path: PathBuf,
        /// What is wrong, without what it holds.
        reason: &'static str,
    },
    /// We were told to stop.
    #[error(transparent)]
    Interrupted(#[from] ProcessError),
    /// It failed more than once.
    #[error("{source} (tried {tries} times)")]
    Again {
        /// How often.
        tries: u32,
        /// The last failure.
        source: Box<Self>,
    },
}

fn said(line: &str, looks: Option<Screened>) -> String {
    let line = if line.is_empty() { String::new() } else { format!(": {line:?}") };
    looks.map_or(line.clone(), |looks| format!("{line}; {looks}"))
}

impl FetchError {
    /// The same, after `tries` of them.
    pub(super) fn after(self, tries: u32) -> Self {
        if tries > 1 { Self::Again { tries, source: Box::new(self) } } else { self }
    }

    /// Whether the same may go better soon.
    pub(super) const fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Truncated { .. } => true,
            Self::TimeLimit { is_passing, .. } => *is_passing,
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    pub(super) fn no_tls(reason: &str) -> Self {
        Self::Untrusted { url: "any server".to_owned(), reason: reason.to_owned() }
    }

    pub(super) fn broken(url: &Url, reason: impl Into<String>) -> Self {
        Self::Broken { url: shown(url), reason: reason.into() }
    }

    pub(super) fn checksum(url: &Url, reason: String) -> Self {
        Self::Checksum { url: shown(url), reason }
    }

    pub(super) fn too_large(url: &Url, size: usize) -> Self {
        Self::broken(url, format!("it is larger than {} KiB", size >> 10))
    }

    pub(super) fn total(url: &Url, limits: &Limits) -> Self {
        let reason = format!("more than {} s in all", limits.total.as_secs_f64());
        Self::TimeLimit { url: shown(url), reason, is_passing: false }
    }

    /// The same; but if time ran out, and the time for all of it did, that.
    pub(super) fn or_total(self, url: &Url, limits: &Limits, deadline: Instant) -> Self {
        let is_over = matches!(self, Self::TimeLimit { .. }) && Instant::now() >= deadline;
        if is_over { Self::total(url, limits) } else { self }
    }

    fn silent(url: &Url, limits: &Limits) -> Self {
        let reason = format!("nothing came for {} s", limits.read.as_secs_f64());
        Self::TimeLimit { url: shown(url), reason, is_passing: true }
    }

    /// There was no answer.
    pub(super) fn transport(url: &Url, source: &reqwest::Error, limits: &Limits) -> Self {
        let (at, reason) = (shown(url), reason(source));
        if is_tls(&reason) {
            Self::Untrusted { url: at, reason }
        } else if source.is_timeout() && !source.is_connect() {
            Self::silent(url, limits)
        } else {
            Self::Unreachable { url: at, reason }
        }
    }

    /// The answer ended in its middle.
    pub(super) fn interrupted_body(url: &Url, error: &io::Error, limits: &Limits) -> Self {
        let source = error.get_ref().and_then(|e| e.downcast_ref::<reqwest::Error>());
        if error.kind() == io::ErrorKind::TimedOut || source.is_some_and(reqwest::Error::is_timeout) {
            return Self::silent(url, limits);
        }
        let reason = source.map_or_else(|| error.to_string(), reason);
        Self::Truncated { url: shown(url), reason }
    }

    /// The server said no.
    pub(super) fn status_of(url: &Url, status: u16, content_type: Option<&str>, body: &[u8]) -> Self {
        let looks = Screened::of(body, content_type);
        Self::Refused { url: shown(url), status, line: first_line(body), looks }
    }

    fn place(url: &str) -> String {
        Url::parse(url).map_or_else(|_| url.to_owned(), |url| Place::of(&url).to_string())
    }
}

/// The innermost cause, which says most; never the address, which is told already.
pub(super) fn reason(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = "it failed".to_owned();
    if cause.is_none() {
        text = error.to_string();
    }
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

fn is_tls(reason: &str) -> bool {
    ["certificate", "InvalidContentType", "corrupt message", "HandshakeFailure", "UnknownIssuer"]
        .iter()
        .any(|sign| reason.contains(sign))
}

impl Fault for FetchError {
    fn status(&self) -> Status {
        match self {
            Self::Insecure { .. } | Self::Credentials { .. } => Status::Settings,
            Self::Refused { status: 401 | 403 | 407, .. } => Status::Denied,
            Self::Unreachable { .. } | Self::Untrusted { .. } | Self::Refused { .. } => Status::Unavailable,
            Self::Truncated { .. } | Self::Checksum { .. } | Self::Broken { .. } => Status::Protocol,
            Self::TimeLimit { .. } => Status::TimeLimit,
            Self::Read { source, .. } => io_status(source),
            Self::Interrupted(error) => error.status(),
            Self::Again { source, .. } => source.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Insecure { place } => Some(format!("use https, or add --insecure-host {place}")),
            Self::Untrusted { .. } => {
                Some("name the file with your site's authorities: SSL_CERT_FILE=FILE".to_owned())
            }
            Self::Refused { url, status: 401 | 403 | 407, .. } => {
                let host = Self::place(url);
                Some(format!(
                    "--token-file FILE, or an entry `machine {host} login … password …` in ~/.netrc"
                ))
            }
            Self::Unreachable { url, .. } => {
                Some(format!("is the VPN up? curl -I {}", crate::shell::quote(url)))
            }
            Self::Again { source, .. } => source.hint(),
            _ => None,
        }
    }
}

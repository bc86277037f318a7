//! Container engines: docker, podman and buildah behind one closed enum.
//!
//! A request says what is wanted and becomes a call purely, side by side for the three engines, so
//! that all are tested without being installed. Which engine really works is found out by asking
//! it ([`choose`]), never from a version string alone.

mod answer;
mod archive;
mod buildah;
mod buildx;
mod calls;
mod config;
mod container;
mod dates;
mod docker;
mod kept;
mod load;
mod mounted;
mod operations;
mod podman;
mod probe;
mod reading;
mod request;
mod running;
mod squash;
mod temporary;
mod words;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::Digest;
use crate::fault::{Fault, Status};
use crate::process::ProcessError;

pub use buildx::Published;
pub use config::{Healthcheck, ImageConfig};
pub use dates::Dating;
pub use kept::KeptNames;
#[cfg(any(test, feature = "testing"))]
pub(crate) use probe::choose_on;
pub use probe::{Capabilities, choose, choose_in, report};
pub use request::{BuildRequest, Mount, RunRequest, Secret};
pub use temporary::TemporaryImage;

/// The programs that build and run images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Docker: with `BuildKit`, or with its legacy builder on request.
    Docker,
    /// Podman.
    Podman,
    /// Buildah, which runs commands in working containers.
    Buildah,
}

impl Kind {
    /// The name of its program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An engine that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Which of the three.
    pub kind: Kind,
    /// The very program: the first on PATH may be broken while the next works.
    pub program: PathBuf,
    /// The version that it told, for people and reports.
    pub version: String,
    /// What it can do, as found by asking.
    pub capabilities: Capabilities,
    /// The docker context that it is asked in, whatever the environment says; none for where that leads.
    pub context: Option<String>,
}

impl fmt::Display for Engine {
    /// `docker 20.10.24 (/usr/bin/docker)`, or `… in the context far`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.kind, self.version, self.program.display())?;
        self.context.as_ref().map_or(Ok(()), |context| write!(f, " in the context {context}"))
    }
}

/// What an engine tells about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// The digest of its configuration.
    pub id: Digest,
    /// Its environment, in order, as `NAME=value`.
    pub env: Vec<String>,
    /// Its labels.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Its size in bytes, where the engine tells.
    pub size: Option<u64>,
    /// The digests of its layers, lowest first.
    pub layers: Vec<String>,
    /// The names under which registries have this very image: `NAME@sha256:…`, as far as the engine
    /// tells.
    pub repo_digests: Vec<String>,
    /// When it was made (RFC 3339).
    pub created: Option<String>,
    /// The machine it is for: `amd64`, `arm64`.
    pub architecture: Option<String>,
}

impl ImageFacts {
    /// Whether this image was built upon `other`: it begins with all its layers. Unknown, and so true,
    /// where either has none.
    #[must_use]
    pub fn is_upon(&self, other: &Self) -> bool {
        self.layers.is_empty() || self.layers.starts_with(&other.layers)
    }

    /// The value of the environment variable `name` in the image.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

/// A file of an image as it passes by. Directories, devices and what else is no file or link do not.
#[derive(Debug)]
pub struct FileEntry<'a> {
    /// Its path below the place that was asked for; never absolute, never with `..`.
    pub path: &'a Path,
    /// Whether somebody may execute it.
    pub executable: bool,
    /// Its size in bytes.
    pub size: u64,
    /// The target, if it is a symbolic or hard link; a link has no content here.
    pub link: Option<&'a Path>,
    /// Whether the link is a hard one: its target is then a path like this one's.
    pub is_hard: bool,
    /// Whether it is itself what was asked for, not something below that.
    pub is_top: bool,
}

/// Takes the files of an image one by one, with their content.
pub type Visitor<'a> = &'a mut dyn FnMut(&FileEntry<'_>, &mut dyn Read) -> std::io::Result<()>;

/// Lines below a message.
struct Indented<'a>(&'a [String]);

impl fmt::Display for Indented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// The engine could not do what it was asked.
#[derive(Debug, Error)]
pub enum EngineError {
    /// No engine works.
    #[error("no container engine works here:{}", Indented(found))]
    None {
        /// Each one that was tried, and why it does not.
        found: Vec<String>,
    },
    /// A call failed.
    #[error(transparent)]
    Call(#[from] ProcessError),
    /// The image is not there.
    #[error("there is no image {image} in {engine}")]
    NoImage {
        /// Its name or id.
        image: String,
        /// The engine.
        engine: String,
    },
    /// The path is not in the image.
    #[error("the image {image} has no {path}")]
    NoPath {
        /// The image's name or id.
        image: String,
        /// What was asked for.
        path: String,
    },
    /// What it printed makes no sense.
    #[error("cannot understand what `{call}` printed: {reason}")]
    Answer {
        /// The call.
        call: String,
        /// Why not.
        reason: String,
    },
    /// There is no place for an archive.
    #[error("cannot make an archive in {}", path.display())]
    Place {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What came out of the image could not be taken.
    #[error("cannot take files out of {image}")]
    Archive {
        /// The image's name or id.
        image: String,
        /// Why not.
        source: std::io::Error,
    },
}

impl Fault for EngineError {
    fn status(&self) -> Status {
        match self {
            Self::None { .. } => Status::Missing,
            Self::Call(error) => error.status(),
            Self::NoImage { .. } | Self::NoPath { .. } => Status::Unavailable,
            Self::Answer { .. } => Status::Protocol,
            Self::Archive { .. } => Status::Io,
            Self::Place { source, .. } => crate::fault::io_status(source),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::None { .. } => Some(
                "install one: apt-get install docker.io, or podman, or buildah; then check that its daemon answers"
                    .to_owned(),
            ),
            Self::NoImage { .. } => Some("image-build".to_owned()),
            _ => None,
        }
    }
}

//! How a build from a capsule fails.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use common::fault::{Fault, Status, io_status};
use common::oci::OciError;
use common::process::ProcessError;
use common::sibling::SiblingError;
use common::tree::TreeError;

use crate::error::Error as BuildError;
use crate::proxy::ProxyError;

/// A capsule cannot be recorded or built from.
#[derive(Debug, Error)]
pub(crate) enum CapsuleError {
    /// It is not what it says.
    #[error("the capsule cannot be believed: {0}")]
    Capsule(#[from] OciError),
    /// The proxy failed.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// Nobody said what is recorded.
    #[error("nothing is configured to record a build of")]
    NoDocument,
    /// The capsule is in a registry and could not be fetched.
    #[error("{place} could not be fetched")]
    Fetch {
        /// Where it is.
        place: String,
        /// Why not.
        source: SiblingError,
    },
    /// A file of ours cannot be read or written.
    #[error("cannot {verb} {}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The context cannot be unpacked.
    #[error("the context cannot be unpacked: {0}")]
    Context(#[source] io::Error),
    /// There is no room for it.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// What is solved anew is another image each time.
    #[error("only a frozen build can be repeated")]
    NotFrozen,
    /// The engine cannot be told whom to trust.
    #[error("{engine} has no build secrets, by which steps learn whom to trust")]
    NoSecrets {
        /// The engine.
        engine: String,
    },
    /// The engine would fetch something by itself.
    #[error(
        "the engine fetches this by itself, so that nothing can record it or give it:{}",
        lines(instructions)
    )]
    Outside {
        /// The instructions.
        instructions: Vec<String>,
    },
    /// The base image is not there.
    #[error("the engine has no image {id}, upon which {name} was built")]
    NoBase {
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// What was loaded is something else.
    #[error("what the engine made of the capsule's base image is not {id}")]
    OtherBase {
        /// The id that it should have.
        id: String,
    },
    /// A program that helps failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A step failed that had asked for something else.
    #[error("{source}\nit asked for what is not in the capsule:{}", lines(refused))]
    NotInCapsule {
        /// What was asked for.
        refused: Vec<String>,
        /// How the step failed.
        source: Box<BuildError>,
    },
}

fn lines(all: &[String]) -> String {
    all.iter().fold(String::new(), |text, line| text + "\n  " + line)
}

impl From<CapsuleError> for BuildError {
    fn from(error: CapsuleError) -> Self {
        // Boxed, since each can hold the other.
        Self::Capsule(Box::new(error))
    }
}

impl Fault for CapsuleError {
    fn status(&self) -> Status {
        match self {
            Self::Capsule(error) => error.status(),
            Self::Proxy(error) => error.status(),
            Self::NoDocument | Self::NotFrozen => Status::Settings,
            Self::Fetch { source, .. } => source.status(),
            Self::File { source, .. } => io_status(source),
            Self::Context(error) if error.kind() == io::ErrorKind::InvalidData => Status::Data,
            Self::Context(error) => io_status(error),
            Self::Tree(error) => error.status(),
            Self::NoSecrets { .. } | Self::NoBase { .. } => Status::Unavailable,
            Self::Outside { .. } => Status::No,
            Self::OtherBase { .. } => Status::Protocol,
            Self::Process(error) => error.status(),
            Self::NotInCapsule { source, .. } => source.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFrozen => Some("image-configure MISSION --use-frozen=frozen".to_owned()),
            Self::NoSecrets { .. } => {
                Some("choose another engine: --engine docker, podman or buildah".to_owned())
            }
            Self::Outside { .. } => Some("fetch it in a RUN, by a program that heeds HTTPS_PROXY".to_owned()),
            Self::Proxy(error) => error.hint(),
            _ => None,
        }
    }
}

//! How an image fails to be what it should.

use std::io;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::fault::{Fault, Status, io_status};
use crate::process::ProcessError;
use crate::tree::TreeError;
use thiserror::Error;

/// An image cannot be read, written or believed.
#[derive(Debug, Error)]
pub enum OciError {
    /// A file cannot be read or written.
    #[error("cannot {verb} {}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something that must be there is not.
    #[error("{place} has no {name}")]
    Missing {
        /// The layout or archive.
        place: String,
        /// What is missing.
        name: String,
    },
    /// Something is larger than it can honestly be.
    #[error("{name} in {place} is larger than {limit} bytes")]
    TooLarge {
        /// The layout or archive.
        place: String,
        /// What is too large.
        name: String,
        /// The limit.
        limit: u64,
    },
    /// A JSON file makes no sense.
    #[error("{name} in {place} makes no sense: {reason}")]
    Content {
        /// The layout or archive.
        place: String,
        /// The file.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Bytes are not those that their digest says.
    #[error("{what} is {found}, not {expected}")]
    Mismatch {
        /// What was digested.
        what: String,
        /// What it should be.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// The archive holds other images.
    #[error("{place} does not hold the image {wanted}; it holds {}", list(found))]
    OtherImage {
        /// The archive.
        place: String,
        /// The image that was asked for.
        wanted: Digest,
        /// Those it holds.
        found: Vec<Digest>,
    },
    /// There is something else where the image is to go.
    #[error("{} is there and is no {expected}", path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A tree cannot be put in its place.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// We were told to stop.
    #[error(transparent)]
    Interrupted(#[from] ProcessError),
}

fn list(digests: &[Digest]) -> String {
    if digests.is_empty() {
        return "none".to_owned();
    }
    digests.iter().map(Digest::as_str).collect::<Vec<_>>().join(", ")
}

impl Fault for OciError {
    fn status(&self) -> Status {
        match self {
            Self::Io { source, .. } => io_status(source),
            Self::InTheWay { .. } => Status::CannotCreate,
            Self::Tree(error) => error.status(),
            Self::Interrupted(error) => error.status(),
            Self::Missing { .. }
            | Self::TooLarge { .. }
            | Self::Content { .. }
            | Self::Mismatch { .. }
            | Self::OtherImage { .. } => Status::Data,
        }
    }
}

//! How an archive fails to be one.

use std::io;

use thiserror::Error;

use crate::fault::{Fault, Status, io_status};
use crate::process::ProcessError;

/// An archive cannot be read, or is not to be believed.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// Its bytes cannot be had, or cannot be uncompressed.
    #[error("cannot read the archive")]
    Read(#[source] io::Error),
    /// Its bytes make no sense.
    #[error("at byte {offset}: {reason}")]
    Damaged {
        /// Where, in bytes from its beginning when uncompressed.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// We were told to stop.
    #[error(transparent)]
    Interrupted(#[from] ProcessError),
}

/// An archive inside an archive is told of the outer one's faults as of any reader's.
impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Read(error) => error,
            damaged @ ArchiveError::Damaged { .. } => {
                Self::new(io::ErrorKind::InvalidData, damaged.to_string())
            }
            interrupted @ ArchiveError::Interrupted(_) => Self::other(interrupted),
        }
    }
}

impl Fault for ArchiveError {
    fn status(&self) -> Status {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof, Unsupported};
        match self {
            // That is how decompressors say that what they were given is wrong.
            Self::Read(error)
                if matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof | Unsupported) =>
            {
                Status::Data
            }
            // zstd's own errors are of no other kind, those of the operating system have a number.
            Self::Read(error) if error.kind() == io::ErrorKind::Other && error.raw_os_error().is_none() => {
                Status::Data
            }
            Self::Read(error) => io_status(error),
            Self::Damaged { .. } => Status::Data,
            Self::Interrupted(error) => error.status(),
        }
    }
}

//! Why two images cannot be compared.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::archive::ArchiveError;
use crate::engine::EngineError;
use crate::fault::{Fault, Status, io_status};
use crate::oci::OciError;

/// An image cannot be had or read.
#[derive(Debug, Error)]
pub enum DiffError {
    /// The engine has no such image, or cannot give it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It is not what it should be.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// An archive is damaged.
    #[error("{place}")]
    Archive {
        /// The archive, or a layer in it.
        place: String,
        /// What is wrong with it.
        source: ArchiveError,
    },
    /// A file cannot be read, or one for a while not be made.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not clear which image is meant.
    #[error("{place} holds {} images, and {}", images.len(), match wanted {
        Some(wanted) => format!("not exactly one of them is {wanted}"),
        None => "none is named".to_owned(),
    })]
    Which {
        /// The archive or layout.
        place: String,
        /// What was asked for.
        wanted: Option<String>,
        /// What is there.
        images: Vec<String>,
    },
}

impl Fault for DiffError {
    fn status(&self) -> Status {
        match self {
            Self::Engine(error) => error.status(),
            Self::Oci(error) => error.status(),
            Self::Archive { source, .. } => source.status(),
            Self::File { source, .. } => io_status(source),
            Self::Which { .. } => Status::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            _ => None,
        }
    }
}

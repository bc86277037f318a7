//! Why a text is no inventory.

use thiserror::Error;

use super::SCHEMA;
use crate::fault::{Fault, Status};

/// The text is not an inventory that this build understands.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// It is not one.
    #[error("{origin}: at `{path}`: {message}")]
    Content {
        /// The file.
        origin: String,
        /// The key, with those above it.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A later version wrote it.
    #[error("{origin}: its form has version {found}, this build reads {SCHEMA}")]
    Newer {
        /// The file.
        origin: String,
        /// The version it has.
        found: u32,
    },
}

impl Fault for InventoryError {
    fn status(&self) -> Status {
        Status::Data
    }
}

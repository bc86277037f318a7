//! The files that say which packages an environment holds, in pip's and conda's own formats: pip
//! requirement files, conda environment files as `conda env export` writes them, and explicit lists.
//!
//! Each parser keeps the line of what it read, and where in the text a version stands, so that a
//! message can point at it and a tool can rewrite it without touching anything else. Versions stay
//! text: `3.10` is not `3.1`.

mod conda_file;
mod conda_spec;
mod direct;
mod explicit;
mod marker;
mod name;
mod pip_file;
mod pip_line;

use std::ops::Range;

use thiserror::Error;

use crate::fault::{Fault, Status};

pub use conda_file::CondaFile;
pub use conda_spec::{CondaConstraint, CondaSpec};
pub use direct::DirectReference;
pub use explicit::{ExplicitFile, ExplicitPackage, PackageDigest};
pub use marker::{Marker, MarkerTarget};
pub use name::PackageName;
pub use pip_file::{PipFile, PipItem};
pub use pip_line::{PipRequirement, PipSource};

/// A piece of a file, in bytes from its beginning.
pub type Span = Range<usize>;

/// A line of a specification file makes no sense.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{origin}:{line}: {message}")]
pub struct SpecError {
    /// The file, as messages call it.
    pub origin: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Fault for SpecError {
    fn status(&self) -> Status {
        Status::Data
    }
}

/// What is wrong with a line, before it is known which file it is in.
#[derive(Debug)]
struct Flaw {
    line: usize,
    message: String,
}

impl Flaw {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }

    fn in_file(self, origin: &str) -> SpecError {
        SpecError { origin: origin.to_owned(), line: self.line, message: self.message }
    }
}

/// The text of the file `origin`, which must be UTF-8, without a byte order mark.
fn text_of<'a>(content: &'a [u8], origin: &str) -> Result<&'a str, SpecError> {
    std::str::from_utf8(content).map_err(|error| {
        let line = content[..error.valid_up_to()].split(|b| *b == b'\n').count();
        Flaw::new(line, "not UTF-8 text").in_file(origin)
    })
}

/// `text` cut short for a message.
fn shown(text: &str) -> String {
    const WIDTH: usize = 60;
    let mut short: String = text.chars().take(WIDTH).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

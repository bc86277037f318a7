//! Our other tools, called as separate programs with the document on standard input and output.

use std::env;
use std::path::PathBuf;

use thiserror::Error;

use crate::console::{Console, Verbosity};
use crate::document::{Document, DocumentError};
use crate::fault::{Fault, Status};
use crate::process::{self, Input, Invocation, ProcessError};

/// A sibling failed.
#[derive(Debug, Error)]
pub enum SiblingError {
    /// It could not be run, or ended with a fault; it has said why on standard error.
    #[error(transparent)]
    Call(#[from] ProcessError),
    /// It printed something else than a document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// It ended with a fault, which it has already explained.
    #[error("{tool} failed with {exit}")]
    Failed {
        /// Which one.
        tool: String,
        /// How it ended.
        exit: process::Exit,
    },
}

impl Fault for SiblingError {
    fn status(&self) -> Status {
        match self {
            Self::Call(error) => error.status(),
            Self::Document(error) => error.status(),
            Self::Failed { exit, .. } => exit.status(),
        }
    }
}

/// The program called `name`: beside the running one, else on PATH.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let beside = env::current_exe().ok().map(|exe| exe.with_file_name(name));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(name))
}

/// The flag that makes a sibling say as much as we do.
fn voice(verbosity: Verbosity) -> Option<&'static str> {
    match verbosity {
        Verbosity::Quiet => Some("--quiet"),
        Verbosity::Normal => None,
        Verbosity::Verbose => Some("--verbose"),
    }
}

/// Runs `tool` with `args` on `document` and gives the document that it prints. Its standard error
/// lines pass through the console. A verdict of "no" (status 1 with a document) is no error.
///
/// # Errors
/// It could not be run, ended with a fault, or printed no document.
pub fn run(
    tool: &str,
    args: &[&str],
    document: &Document,
    console: &Console,
) -> Result<Document, SiblingError> {
    let call = Invocation::new(program(tool))
        .args(args.iter().copied())
        .args(voice(console.verbosity()))
        .args(["--json", "-"])
        .input(Input::Bytes(document.to_json().into_bytes()));
    let captured = process::relay(&call, console)?;
    if captured.stdout.is_empty() {
        return Err(SiblingError::Failed { tool: tool.to_owned(), exit: captured.exit });
    }
    Ok(Document::parse(&captured.stdout, tool)?)
}

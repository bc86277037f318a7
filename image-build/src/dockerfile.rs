//! Dockerfiles as text with known places: every instruction keeps the exact bytes it stands in, so
//! that an edit changes what it means to change and nothing else.
//!
//! The rules are those of `BuildKit`'s parser: case does not matter, lines continue after the escape
//! character, comments and empty lines may stand between continued lines, RUN, COPY and ADD may
//! carry here-documents. The original added cache mounts by replacing the text `RUN ` wherever it
//! stood (D16): in comments, in quoted text, in `ENV PRERUN`.

mod edit;
mod ignore;
mod instruction;
mod logical;
mod pattern;
mod selection;
mod sources;
mod taken;
mod variables;

use std::ops::Range;
use std::path::PathBuf;

use thiserror::Error;

use common::fault::{Fault, Status};

pub(crate) use edit::{CA_TARGET, CA_VARIABLES, CUTOFF_VARIABLE, Edits};
pub(crate) use instruction::{Instruction, Keyword};
pub(crate) use selection::{files as selected_files, takes_file};
pub(crate) use sources::EMPTY_DIRECTORY;
pub(crate) use taken::Taken;

/// A parsed Dockerfile.
#[derive(Debug)]
pub(crate) struct Dockerfile {
    text: String,
    instructions: Vec<Instruction>,
}

/// A Dockerfile cannot be read as one.
#[derive(Debug, Error)]
#[error("{}:{line}: not UTF-8 text", path.display())]
pub(crate) struct DockerfileError {
    path: PathBuf,
    line: usize,
}

impl Fault for DockerfileError {
    fn status(&self) -> Status {
        Status::Data
    }

    fn hint(&self) -> Option<String> {
        Some(format!("save {} as UTF-8", self.path.display()))
    }
}

impl Dockerfile {
    /// Parses `bytes`; `path` is what an error calls them. Instructions that no builder knows are
    /// kept: the engine will say so, and knows best.
    pub(crate) fn parse(bytes: Vec<u8>, path: &std::path::Path) -> Result<Self, DockerfileError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..good].split(|b| *b == b'\n').count();
            DockerfileError { path: path.to_owned(), line }
        })?;
        Ok(Self::of(text))
    }

    fn of(text: String) -> Self {
        let instructions = instruction::all(&text);
        Self { text, instructions }
    }

    /// All of it, byte for byte.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The instructions in order.
    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The names that ARG instructions declare, wherever they stand.
    pub(crate) fn declared_arguments(&self) -> Vec<&str> {
        let args = self.instructions.iter().filter(|i| i.keyword == Keyword::Arg);
        let words = args.flat_map(|i| i.operands().split_ascii_whitespace());
        words.map(|word| word.split_once('=').map_or(word, |(name, _)| name)).collect()
    }

    /// The text with `changes` made. They must not overlap.
    fn with(&self, mut changes: Vec<Change>) -> String {
        changes.sort_by_key(|change| change.at.start);
        let mut out = String::with_capacity(self.text.len() + 256);
        let mut done = 0;
        for change in changes {
            out.push_str(&self.text[done..change.at.start]);
            out.push_str(&change.text);
            done = change.at.end;
        }
        out.push_str(&self.text[done..]);
        out
    }
}

/// Bytes to replace, and with what.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    at: Range<usize>,
    text: String,
}

impl Change {
    fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { at: at..at, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_line() {
        let error = Dockerfile::parse(b"FROM a\n# caf\xe9\n".to_vec(), Path::new("Dockerfile")).unwrap_err();
        assert_eq!(error.to_string(), "Dockerfile:2: not UTF-8 text");
        assert_eq!(error.status(), Status::Data);
    }

    #[test]
    fn arguments_are_found_before_and_after_from() {
        let file = Dockerfile::of("ARG A=1\nFROM $A\narg B C=x\nENV D=1\n".to_owned());
        assert_eq!(file.declared_arguments(), ["A", "B", "C"]);
    }
}

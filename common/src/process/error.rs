//! Why a child was no help.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::Exit;
use crate::fault::{Fault, Status};

/// A child could not be run, or did not do what it was asked.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The program is not on PATH (or not at the path given).
    #[error("{program} is not installed, or not on PATH")]
    NotFound {
        /// What was looked for.
        program: String,
    },
    /// The directory to run in is not there.
    #[error("cannot run {program} in {}: there is no such directory", dir.display())]
    NoDirectory {
        /// What was to be run.
        program: String,
        /// Where.
        dir: PathBuf,
    },
    /// The program exists and could not be started.
    #[error("cannot start {program}")]
    Start {
        /// What was to be run.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// Talking to the running child failed.
    #[error("lost touch with {program}")]
    Talk {
        /// What was running.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It ran and said no.
    #[error("`{call}` ended with {exit}{}", Tail(stderr))]
    Failed {
        /// The call, as it could be typed.
        call: String,
        /// How it ended.
        exit: Exit,
        /// What it said on standard error.
        stderr: String,
    },
    /// The time limit passed and it was ended.
    #[error("`{call}` was ended after {} seconds", limit.as_secs())]
    TimeLimit {
        /// The call, as it could be typed.
        call: String,
        /// The limit.
        limit: Duration,
    },
    /// We were told to stop.
    #[error("interrupted by signal {0}")]
    Interrupted(u8),
}

/// The last lines of a child's standard error, below the message; nothing if it said nothing.
struct Tail<'a>(&'a str);

impl fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<&str> = self.0.lines().filter(|l| !l.trim().is_empty()).collect();
        let shown = &lines[lines.len().saturating_sub(8)..];
        shown.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

impl Fault for ProcessError {
    fn status(&self) -> Status {
        match self {
            Self::NotFound { .. } => Status::Missing,
            Self::NoDirectory { .. } | Self::Start { .. } | Self::Talk { .. } => Status::Io,
            Self::Failed { exit, .. } => exit.status(),
            Self::TimeLimit { .. } => Status::TimeLimit,
            Self::Interrupted(number) => Status::Signal(*number),
        }
    }
}

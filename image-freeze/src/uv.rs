//! `uv pip compile`: the solver for pip's half.

mod switches;

use std::path::Path;
use std::time::Duration;

use common::console::Console;
use common::fault::{Fault, Status};
use common::process::{self, Captured, Input, Invocation, ProcessError};
use thiserror::Error;

use crate::index::Origins;
use crate::target::Target;
use crate::told::{Programs, Told};

pub(crate) use switches::SwitchError;

/// How long one solution may take: it can have to build packages to learn what they need.
const PATIENCE: Duration = Duration::from_mins(20);

/// uv could not be asked.
#[derive(Debug, Error)]
pub(crate) enum UvError {
    /// It is not there.
    #[error("there is no solver for pip's packages: uv is not on PATH")]
    Missing,
    /// It cannot be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It failed for another reason than that there is no solution.
    #[error("uv failed:{}", indented(said))]
    Failed {
        /// What it said.
        said: String,
    },
    /// A switch of pip has no counterpart.
    #[error(transparent)]
    Switch(#[from] SwitchError),
}

impl Fault for UvError {
    fn status(&self) -> Status {
        match self {
            Self::Missing => Status::Missing,
            Self::Process(error) => error.status(),
            Self::Failed { .. } => Status::Unavailable,
            Self::Switch(_) => Status::Settings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing => Some("pip install uv".to_owned()),
            Self::Switch(_) => Some("image-configure MISSION --pip-switches '…'".to_owned()),
            Self::Process(_) | Self::Failed { .. } => None,
        }
    }
}

fn indented(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(8)..];
    shown.iter().fold(String::new(), |text, line| format!("{text}\n  | {line}"))
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A solution, as uv prints it.
    Solution(String),
    /// There is none; what uv says about it.
    Conflict(String),
}

/// How uv is called.
#[derive(Clone, Debug)]
pub(crate) struct Uv {
    call: Invocation,
}

impl Uv {
    /// uv, for `target`, with the indexes and the pip switches of `origins`.
    ///
    /// # Errors
    /// A switch has no counterpart in uv.
    pub(crate) fn new(target: &Target, origins: &Origins) -> Result<Self, UvError> {
        let (arguments, variables) = switches::translated(&origins.switches)?;
        let mut call =
            Invocation::new("uv").args(["pip", "compile", "--quiet", "--no-progress"]).limit(PATIENCE);
        call = call.args(["--python-version", &target.python, "--python-platform", &target.uv_platform()]);
        call = call.args(arguments);
        // pip takes the best version of all its indexes; uv would stop at the first that knows the name.
        call = call.env("UV_INDEX_STRATEGY", "unsafe-best-match").env("UV_PYTHON_DOWNLOADS", "never");
        for (name, value) in variables {
            call = call.env(name, value);
        }
        if let Some(index) = origins.told() {
            call = call.env("UV_DEFAULT_INDEX", index);
        }
        let further = origins.told_further();
        if !further.is_empty() {
            call = call.env("UV_INDEX", further.join(" "));
        }
        Ok(Self { call })
    }

    /// The same with further arguments.
    pub(crate) fn args<A: Into<std::ffi::OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> Self {
        Self { call: self.call.clone().args(arguments) }
    }

    /// The same, called in `dir`.
    pub(crate) fn within(&self, dir: &Path) -> Self {
        Self { call: self.call.clone().dir(dir) }
    }

    /// The same, with `text` as the requirements.
    pub(crate) fn given(&self, text: String) -> Self {
        Self { call: self.call.clone().input(Input::Bytes(text.into_bytes())).arg("-") }
    }

    /// Searches.
    ///
    /// # Errors
    /// uv is not there, or failed otherwise than by finding that there is no solution.
    pub(crate) fn search(&self, console: &Console) -> Result<Found, UvError> {
        let captured = process::capture(&self.call, console).map_err(missing)?;
        if captured.exit.is_success() {
            return Ok(Found::Solution(String::from_utf8_lossy(&captured.stdout).into_owned()));
        }
        conflict(&captured).map(Found::Conflict).ok_or_else(|| UvError::Failed { said: said(&captured) })
    }
}

fn missing(error: ProcessError) -> UvError {
    match error {
        ProcessError::NotFound { .. } => UvError::Missing,
        error => UvError::Process(error),
    }
}

fn said(captured: &Captured) -> String {
    String::from_utf8_lossy(&captured.stderr).trim().to_owned()
}

/// What uv says about why there is no solution, as one text without its ornaments; `None` if that is
/// not what it says.
fn conflict(captured: &Captured) -> Option<String> {
    let said = said(captured);
    let (_, behind) = said.split_once("No solution found when resolving dependencies")?;
    let words = behind.split_whitespace().filter(|word| !matches!(*word, "╰─▶" | "×" | "│" | ":" | "cause:"));
    Some(words.collect::<Vec<_>>().join(" "))
}

/// What solved: `uv 0.9.3`.
///
/// # Errors
/// uv is not there.
pub(crate) fn version(programs: &Programs, console: &Console) -> Result<String, UvError> {
    let ask = || {
        let text = process::text(&Invocation::new("uv").arg("--version"), console).map_err(missing)?;
        Ok::<_, UvError>(Told { text: Some(text), looked_in: Vec::new() })
    };
    let text = programs.of(Path::new("uv"), "--version", ask)?.text.unwrap_or_default();
    let words: Vec<&str> = text.split_ascii_whitespace().take(2).collect();
    Ok(words.join(" "))
}

#[cfg(test)]
mod tests {
    use common::process::Exit;

    use super::*;

    fn ended(stderr: &str) -> Captured {
        Captured { exit: Exit::Code(1), stdout: Vec::new(), stderr: stderr.as_bytes().to_vec() }
    }

    /// Both forms that uv has had.
    #[test]
    fn a_conflict_is_told_from_a_failure() {
        let plain = "error: No solution found when resolving dependencies\n  cause: Because you require a<1\n    and a>2";
        assert_eq!(conflict(&ended(plain)).unwrap(), "Because you require a<1 and a>2");
        let drawn = "  × No solution found when resolving dependencies:\n  ╰─▶ Because you require a<1\n      and a>2\n";
        assert_eq!(conflict(&ended(drawn)).unwrap(), "Because you require a<1 and a>2");
        assert_eq!(conflict(&ended("error: Failed to fetch x")), None);
    }
}

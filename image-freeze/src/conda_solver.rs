//! conda's half of a lock, by whichever conda-compatible solver is in reach: asked what it would
//! install. Nothing is installed.
//!
//! `micromamba`, `mamba` and `conda` answer to the same switches; where there is none of them, a Python
//! that has `py-rattler` does.

mod program;
mod question;
mod rattler;

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::console::Console;
use common::fault::{Fault, Status};
use common::process::ProcessError;
use common::requirement::CondaFile;
use serde::Deserialize;
use thiserror::Error;

use crate::told::Programs;

pub(crate) use question::{Question, all_as_written, as_written};

/// The programs that can be asked alike; the quickest first.
const PROGRAMS: [&str; 3] = ["micromamba", "mamba", "conda"];

/// What may have py-rattler.
const PYTHONS: [&str; 2] = ["python3", "python"];

/// How long one solution may take.
const PATIENCE: Duration = Duration::from_mins(20);

/// What is said where there is none of them.
pub(crate) const NONE: &str = "not solved: none of micromamba, mamba, conda is on PATH, nor a python3 with py-rattler; \
                               install micromamba, or pip install py-rattler, to have it solved here";

/// A solver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Solver {
    /// A program that takes conda's switches.
    Program(String),
    /// A Python that has py-rattler.
    Rattler {
        /// The interpreter.
        python: PathBuf,
        /// py-rattler's version.
        version: String,
    },
}

/// A package that a solver would install.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its build, which some solvers call otherwise.
    #[serde(default, alias = "build_string")]
    pub build: String,
    /// Where it is, if the solver says so.
    #[serde(default)]
    pub url: Option<String>,
    /// Its digest.
    #[serde(default)]
    pub md5: Option<String>,
    /// Its digest.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// All packages, sorted.
    Solution(Vec<Package>),
    /// Why there is none, on one line.
    Conflict(String),
}

/// A solver could not be asked.
#[derive(Debug, Error)]
pub(crate) enum CondaError {
    /// The one that was named is none.
    #[error("{python} has no py-rattler, so it cannot solve for conda's packages")]
    NoRattler {
        /// The interpreter.
        python: String,
    },
    /// It cannot be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It failed for another reason than that there is no solution.
    #[error("{solver} failed: {said}")]
    Failed {
        /// The solver.
        solver: String,
        /// What it said, on one line.
        said: String,
    },
}

impl Fault for CondaError {
    fn status(&self) -> Status {
        match self {
            Self::NoRattler { .. } => Status::Missing,
            Self::Process(error) => error.status(),
            Self::Failed { .. } => Status::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRattler { python } => Some(format!("{python} -m pip install py-rattler")),
            Self::Process(error) => error.hint(),
            Self::Failed { .. } => None,
        }
    }
}

impl Solver {
    /// The solver that was `named`, else the first that is in reach.
    ///
    /// # Errors
    /// The one that was named cannot be asked.
    pub(crate) fn find(
        named: Option<&str>,
        programs: &Programs,
        console: &Console,
    ) -> Result<Option<Self>, CondaError> {
        let Some(named) = named else { return Ok(Self::in_reach(programs, console)) };
        let is_python =
            Path::new(named).file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
        if !is_python {
            return Ok(Some(Self::Program(named.to_owned())));
        }
        match rattler::version(named, programs, console)? {
            Some(version) => Ok(Some(Self::Rattler { python: rattler::place(named), version })),
            None => Err(CondaError::NoRattler { python: named.to_owned() }),
        }
    }

    fn in_reach(programs: &Programs, console: &Console) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = |name: &&str| std::env::split_paths(&path).any(|dir| dir.join(name).is_file());
        if let Some(program) = PROGRAMS.into_iter().find(on_path) {
            return Some(Self::Program(program.to_owned()));
        }
        let place = |name: &str| {
            let program =
                std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())?;
            Some((program.parent().map(Path::to_owned), program.canonicalize().ok()?))
        };
        let mut asked = Vec::new();
        PYTHONS.into_iter().find_map(|python| {
            // Two names of one program in one directory are one Python, and starting one takes long.
            let place = place(python).filter(|place| !asked.contains(place))?;
            asked.push(place);
            let version = rattler::version(python, programs, console).ok().flatten()?;
            Some(Self::Rattler { python: rattler::place(python), version })
        })
    }

    /// Whether it can be asked for the lowest version that is allowed, as `question.lowest` does.
    pub(crate) const fn takes_lowest(&self) -> bool {
        matches!(self, Self::Rattler { .. })
    }

    /// What it would install.
    ///
    /// # Errors
    /// It cannot be run, or failed otherwise than by finding that there is no solution.
    pub(crate) fn solve(&self, question: &Question, console: &Console) -> Result<Found, CondaError> {
        let found = match self {
            Self::Program(program) => program::solve(program, question, console),
            Self::Rattler { python, .. } => rattler::solve(python, question, console),
        };
        match found? {
            Ended::Packages(mut packages) => {
                packages.sort_unstable();
                Ok(Found::Solution(packages))
            }
            Ended::Conflict(words) => Ok(Found::Conflict(one_line(&words))),
            Ended::Failure(words) => {
                Err(CondaError::Failed { solver: self.to_string(), said: one_line(&words) })
            }
        }
    }
}

impl fmt::Display for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program) => {
                let name = Path::new(program).file_name().map(|name| name.to_string_lossy());
                f.write_str(&name.unwrap_or_default())
            }
            Self::Rattler { version, .. } => write!(f, "py-rattler {version}"),
        }
    }
}

/// How a solver ended.
enum Ended {
    Packages(Vec<Package>),
    Conflict(String),
    Failure(String),
}

/// What a solver says, without the lines that it draws.
fn one_line(words: &str) -> String {
    let is_drawn = |word: &&str| !word.chars().all(|c| ('\u{2500}'..='\u{257f}').contains(&c));
    words.split_whitespace().filter(is_drawn).collect::<Vec<_>>().join(" ")
}

/// `packages` as an environment file with the name and the channels of `file`.
pub(crate) fn exported(name: &str, file: &CondaFile, packages: &[Package]) -> String {
    let mut text = format!("name: {name}\n");
    if !file.channels.is_empty() {
        text.push_str("channels:\n");
    }
    // Writing to a String cannot fail.
    for channel in &file.channels {
        _ = writeln!(text, "  - {channel}");
    }
    text.push_str("dependencies:\n");
    for package in packages {
        _ = writeln!(text, "  - {}={}", package.name, package.version);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_become_a_file_like_an_export() {
        let file = CondaFile::parse(b"channels:\n  - c\ndependencies:\n  - fftw>=3\n", "x").unwrap();
        let package: Package = serde_json::from_str(r#"{"name": "fftw", "version": "3.3.10"}"#).unwrap();
        let expected = "name: x\nchannels:\n  - c\ndependencies:\n  - fftw=3.3.10\n";
        assert_eq!(exported("x", &file, &[package]), expected);
    }

    #[test]
    fn words_are_told_on_one_line_without_what_is_drawn_around_them() {
        assert_eq!(one_line("a 1 cannot be:\n└─ a 1 needs\n   └─ b <2\n"), "a 1 cannot be: a 1 needs b <2");
    }
}

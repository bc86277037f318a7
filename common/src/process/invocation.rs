//! A call of another program as a value: built purely, compared in tests, shown to people, run last.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Captured, ProcessError};
use crate::shell;

/// What a child finds on its standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Nothing: it is at its end.
    #[default]
    Nothing,
    /// These bytes. They are not shown when the call is echoed: a password may come this way.
    Bytes(Vec<u8>),
    /// This file.
    File(PathBuf),
    /// Our own standard input: only for a person's shell.
    Ours,
}

/// A program, its arguments, where it runs and what it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    env: Vec<(OsString, OsString)>,
    only_env: bool,
    input: Input,
    limit: Option<Duration>,
    cleanup: bool,
    expendable: bool,
}

impl Invocation {
    /// A call of `program`: a name for PATH, or a path.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), ..Self::default() }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds `name value` if there is a value.
    #[must_use]
    pub fn option<A: Into<OsString>>(self, name: &str, value: Option<A>) -> Self {
        match value {
            Some(value) => self.arg(name).arg(value),
            None => self,
        }
    }

    /// Runs it in `dir` instead of our own working directory.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Gives it only the variables named with [`Self::env`], none of ours.
    #[must_use]
    pub const fn only_env(mut self) -> Self {
        self.only_env = true;
        self
    }

    /// Gives it something to read.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// Ends it after `limit`. [`super::capture`], [`super::text`] and [`super::stream`] look at this.
    #[must_use]
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Marks it as tidying up, which also happens after we were told to stop.
    #[must_use]
    pub const fn cleanup(mut self) -> Self {
        self.cleanup = true;
        self
    }

    /// Has it killed at once, instead of asked to end, when we are told to stop: for clients that
    /// only watch what a guard of ours ends anyway, and might wait for it much longer.
    #[must_use]
    pub const fn expendable(mut self) -> Self {
        self.expendable = true;
        self
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// The arguments, without the program.
    #[must_use]
    pub fn arguments(&self) -> &[OsString] {
        &self.args
    }

    /// Where it runs, if not in our own working directory.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The variables that were added.
    #[must_use]
    pub fn environment(&self) -> &[(OsString, OsString)] {
        &self.env
    }

    pub(super) const fn is_cleanup(&self) -> bool {
        self.cleanup
    }

    pub(super) const fn is_expendable(&self) -> bool {
        self.expendable
    }

    pub(super) const fn time_limit(&self) -> Option<Duration> {
        self.limit
    }

    pub(super) fn expression(&self) -> duct::Expression {
        let mut expression = duct::cmd(&self.program, &self.args);
        if self.only_env {
            expression = expression.full_env(self.env.iter().map(|(n, v)| (n, v)));
        } else {
            for (name, value) in &self.env {
                expression = expression.env(name, value);
            }
        }
        if let Some(dir) = &self.dir {
            expression = expression.dir(dir);
        }
        match &self.input {
            Input::Nothing => expression.stdin_null(),
            Input::Bytes(bytes) => expression.stdin_bytes(bytes.clone()),
            Input::File(path) => expression.stdin_path(path),
            Input::Ours => expression,
        }
    }

    fn program_name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// Tells the two meanings of "no such file" apart: the program and the directory.
    pub(super) fn not_started(&self, source: io::Error) -> ProcessError {
        let program = self.program_name();
        if source.kind() == io::ErrorKind::NotFound {
            return match &self.dir {
                Some(dir) if !dir.is_dir() => ProcessError::NoDirectory { program, dir: dir.clone() },
                _ if program.contains('/') && Path::new(&program).is_file() => {
                    ProcessError::NoInterpreter { program }
                }
                _ => ProcessError::NotFound { program },
            };
        }
        ProcessError::Start { program, source }
    }

    pub(super) fn talk(&self, source: io::Error) -> ProcessError {
        ProcessError::Talk { program: self.program_name(), source }
    }

    /// The error for a child that ended with a status other than 0.
    #[must_use]
    pub fn failed(&self, captured: &Captured) -> ProcessError {
        ProcessError::Failed {
            call: self.to_string(),
            exit: captured.exit,
            stderr: String::from_utf8_lossy(&captured.stderr).into_owned(),
        }
    }
}

impl fmt::Display for Invocation {
    /// The call as it could be pasted into a shell, without the environment and the input.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shell::quote_os(&self.program))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", shell::quote_os(arg)))
    }
}

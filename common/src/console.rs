//! What a person sees while a tool works: status lines, warnings and the echo of each call, all on
//! standard error. Standard output belongs to the document.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors only.
    Quiet,
    /// What is being done.
    #[default]
    Normal,
    /// Also every call that is made.
    Verbose,
}

/// The tool's voice. Lines of one call are never torn apart by those of another thread.
pub struct Console {
    tool: &'static str,
    verbosity: Verbosity,
    colour: bool,
    out: Mutex<Box<dyn Write + Send>>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("tool", &self.tool).finish_non_exhaustive()
    }
}

impl Console {
    /// The console of `tool` on standard error. Colour needs a terminal and no `NO_COLOR`.
    #[must_use]
    pub fn stderr(tool: &'static str, verbosity: Verbosity) -> Self {
        let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { tool, verbosity, colour, out: Mutex::new(Box::new(io::stderr())) }
    }

    /// A console that writes to `out`, without colour: for tests.
    #[must_use]
    pub fn to(tool: &'static str, out: Box<dyn Write + Send>) -> Self {
        Self { tool, verbosity: Verbosity::Verbose, colour: false, out: Mutex::new(out) }
    }

    /// A console that says nothing at all: for tests.
    #[must_use]
    pub fn silent() -> Self {
        Self::to("silent", Box::new(io::sink()))
    }

    /// The name of the tool that speaks.
    #[must_use]
    pub const fn tool(&self) -> &'static str {
        self.tool
    }

    /// Whether standard error is a terminal that takes colour, and so a progress display.
    #[must_use]
    pub const fn is_lively(&self) -> bool {
        self.colour
    }

    /// How much is to be said.
    #[must_use]
    pub const fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Says what is being done.
    pub fn status(&self, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.line("", "", &message);
        }
    }

    /// Says something that the user should know and need not act on.
    pub fn notice(&self, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.line("36", "note: ", &message);
        }
    }

    /// Warns. Shown even when quiet.
    pub fn warn(&self, message: impl Display) {
        self.line("33", "warning: ", &message);
    }

    /// States an error. Shown even when quiet.
    pub fn error(&self, message: impl Display) {
        self.line("31", "error: ", &message);
    }

    /// Gives the one thing to type that would help.
    pub fn hint(&self, message: impl Display) {
        self.line("36", "hint: ", &message);
    }

    /// Shows a call that is about to be made, as it could be pasted into a shell.
    pub fn echo(&self, call: &dyn Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.raw(format_args!("+ {call}\n"));
        }
    }

    /// A line of a child's own output, passed on as it came.
    pub fn child_line(&self, line: &[u8]) {
        if self.verbosity >= Verbosity::Normal {
            let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // A closed standard error must not end the work that it only describes.
            _ = out.write_all(line).and_then(|()| out.write_all(b"\n"));
        }
    }

    /// Text exactly as given.
    pub fn raw(&self, text: impl Display) {
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        _ = write!(out, "{text}").and_then(|()| out.flush());
    }

    fn line(&self, colour: &str, label: &str, message: &dyn Display) {
        let tool = self.tool;
        if self.colour && !colour.is_empty() {
            self.raw(format_args!("{tool}: \u{1b}[{colour}m{label}\u{1b}[0m{message}\n"));
        } else {
            self.raw(format_args!("{tool}: {label}{message}\n"));
        }
    }
}

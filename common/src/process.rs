//! The one place that starts other programs. Nothing else in the workspace does, so this is where
//! the rules for children live:
//!
//! * an argument vector, never a shell;
//! * a process group of its own, so that a signal meant for us reaches the child's children too;
//! * standard input is empty unless something is handed in: a tool in a pipe must not lose the
//!   document to a child that happens to read;
//! * a child's output is never our standard output, but where a person runs a command through us
//!   ([`pass`], [`attach`]).

mod interrupt;
mod invocation;

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use duct::Expression;
use thiserror::Error;

use crate::console::Console;
use crate::fault::{Fault, Status};

pub use interrupt::{check as check_interrupted, received as interrupted_by};
pub use invocation::{Input, Invocation};

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this status.
    Code(u8),
    /// A signal of this number ended it.
    Signal(u8),
}

impl Exit {
    /// Whether it exited with status 0.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Code(0))
    }

    /// The status that a shell would show: 128+n for a signal.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Code(0) => Status::Done,
            Self::Code(code) => Status::Passed(code),
            Self::Signal(number) => Status::Signal(number),
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        // Exactly one of the two is there on Unix; both numbers fit a byte.
        let byte = |n: i32| u8::try_from(n).unwrap_or(u8::MAX);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(byte(code)),
            (None, Some(signal)) => Self::Signal(byte(signal)),
            (None, None) => Self::Code(u8::MAX),
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "status {code}"),
            Self::Signal(number) => write!(f, "signal {number}"),
        }
    }
}

/// What a child printed, and how it ended.
#[derive(Debug)]
pub struct Captured {
    /// How it ended.
    pub exit: Exit,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Captured {
    /// Standard output as text without the white space at its end.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }
}

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

impl std::fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// Runs a child to its end and keeps what it printed. A status other than 0 is not an error here.
///
/// # Errors
/// The child could not be run, or we were told to stop.
pub fn capture(call: &Invocation, console: &Console) -> Result<Captured, ProcessError> {
    let handle = start(call, console, |e| e.stdout_capture().stderr_capture())?;
    let _group = interrupt::Group::of(&handle.pids(), call);
    let output = match call.time_limit() {
        None => handle.wait().map(Some),
        Some(limit) => handle.wait_timeout(limit),
    };
    let output = output.map_err(|source| call.talk(source))?;
    interrupt::unless_cleanup(call)?;
    let Some(output) = output else {
        return Err(end(call, &handle));
    };
    Ok(Captured { exit: output.status.into(), stdout: output.stdout.clone(), stderr: output.stderr.clone() })
}

/// As [`capture`], but the child's standard error is ours: for our own tools, which speak to people
/// as we do.
///
/// # Errors
/// The child could not be run, or we were told to stop.
pub fn relay(call: &Invocation, console: &Console) -> Result<Captured, ProcessError> {
    let handle = start(call, console, Expression::stdout_capture)?;
    let _group = interrupt::Group::of(&handle.pids(), call);
    let output = handle.wait().map_err(|source| call.talk(source))?;
    interrupt::unless_cleanup(call)?;
    Ok(Captured { exit: output.status.into(), stdout: output.stdout.clone(), stderr: Vec::new() })
}

/// As [`relay`], but each line of the child's standard error goes to `sink` as it comes: for several of
/// our own tools at the same time.
///
/// # Errors
/// The child could not be run, or we were told to stop.
pub fn relay_lines(
    call: &Invocation,
    console: &Console,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<Captured, ProcessError> {
    // Read is what would be standard output, and kept is what would be standard error.
    let reader = open(call, console, |e| e.stdout_stderr_swap().stderr_capture())?;
    let _group = interrupt::Group::of(&reader.pids(), call);
    lines(call, &reader, sink)?;
    let Captured { exit, stderr: stdout, .. } = finish(call, &reader)?;
    interrupt::unless_cleanup(call)?;
    Ok(Captured { exit, stdout, stderr: Vec::new() })
}

/// Runs a child to its end and gives its standard output as text, without white space at the end.
///
/// # Errors
/// As [`capture`]; and a status other than 0.
pub fn text(call: &Invocation, console: &Console) -> Result<String, ProcessError> {
    let captured = capture(call, console)?;
    if captured.exit.is_success() { Ok(captured.text()) } else { Err(call.failed(&captured)) }
}

/// Runs a child and gives each line of its output (both streams, in order) to `sink` as it comes,
/// without the line end. A status other than 0 is not an error here.
///
/// # Errors
/// The child could not be run, its time limit passed, or we were told to stop.
pub fn stream(
    call: &Invocation,
    console: &Console,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<Exit, ProcessError> {
    let reader = open(call, console, Expression::stderr_to_stdout)?;
    let _group = interrupt::Group::of(&reader.pids(), call);
    let watch = call.time_limit().map(|limit| interrupt::Watch::new(reader.pids(), limit));
    lines(call, &reader, sink)?;
    let exit = finish(call, &reader)?.exit;
    interrupt::unless_cleanup(call)?;
    if watch.is_some_and(|watch| watch.has_expired()) {
        return Err(past_limit(call));
    }
    Ok(exit)
}

fn lines(
    call: &Invocation,
    reader: &duct::ReaderHandle,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), ProcessError> {
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(|e| call.talk(e))? == 0 {
            return Ok(());
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        sink(&line);
    }
}

/// Runs a child and hands its standard output to `consume` as it comes: for archives, which are
/// never held whole. What `consume` leaves unread is read and dropped, so the child can finish.
///
/// # Errors
/// The child could not be run or ended with a status other than 0, or `consume` failed.
pub fn read<T, E: From<ProcessError>>(
    call: &Invocation,
    console: &Console,
    consume: &mut dyn FnMut(&mut dyn Read) -> Result<T, E>,
) -> Result<T, E> {
    let reader = open(call, console, Expression::stderr_capture)?;
    let _group = interrupt::Group::of(&reader.pids(), call);
    let consumed = consume(&mut &reader);
    if consumed.is_err() {
        // The archive is not to our taste: there is no point in letting megabytes come.
        _ = reader.kill();
        interrupt::unless_cleanup(call)?;
        return consumed;
    }
    io::copy(&mut &reader, &mut io::sink()).map_err(|e| call.talk(e))?;
    let captured = finish(call, &reader)?;
    interrupt::unless_cleanup(call)?;
    if captured.exit.is_success() { consumed } else { Err(call.failed(&captured).into()) }
}

/// Runs two children side by side, the first one's output going into the second, and waits for both.
/// Either's failure is a failure: half a stream that the second one took for a whole one too.
///
/// # Errors
/// One of them could not be run or ended with a status other than 0, or we were told to stop.
pub fn pipe(from: &Invocation, into: &Invocation, console: &Console) -> Result<(), ProcessError> {
    interrupt::unless_cleanup(from)?;
    // Its input is the pipe, which a word of its own about that would replace.
    let into = into.clone().input(Input::Ours);
    let call = format!("{from} | {into}");
    console.echo(&call);
    let expression = own_group(&from.expression()).pipe(own_group(&into.expression()));
    let expression = expression.stdout_capture().stderr_capture().unchecked();
    let handle = patiently(|| expression.start()).map_err(|e| from.not_started(e))?;
    let _group = interrupt::Group::of(&handle.pids(), from);
    let output = handle.wait().map_err(|source| from.talk(source))?;
    interrupt::unless_cleanup(from)?;
    let exit = Exit::from(output.status);
    if exit.is_success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(ProcessError::Failed { call, exit, stderr })
}

/// Runs a child whose two output streams are ours, byte for byte: for a command that a person runs
/// through us, whose output may be a picture. A status other than 0 is not an error here.
///
/// # Errors
/// The child could not be run, or we were told to stop.
pub fn pass(call: &Invocation, console: &Console) -> Result<Exit, ProcessError> {
    let handle = start(call, console, Expression::clone)?;
    let _group = interrupt::Group::of(&handle.pids(), call);
    let output = handle.wait().map_err(|source| call.talk(source))?;
    interrupt::unless_cleanup(call)?;
    Ok(output.status.into())
}

/// Runs a child on our own terminal, in our process group, with all three streams: a shell for a
/// person. It handles the terminal's signals itself.
///
/// # Errors
/// The child could not be run.
pub fn attach(call: &Invocation, console: &Console) -> Result<Exit, ProcessError> {
    console.echo(call);
    let _quiet = interrupt::Group::attached();
    let output = call.expression().unchecked().run().map_err(|e| call.not_started(e))?;
    Ok(output.status.into())
}

fn start(
    call: &Invocation,
    console: &Console,
    streams: impl Fn(&Expression) -> Expression,
) -> Result<duct::Handle, ProcessError> {
    interrupt::unless_cleanup(call)?;
    console.echo(call);
    let expression = own_group(&streams(&call.expression()));
    patiently(|| expression.start()).map_err(|e| call.not_started(e))
}

fn open(
    call: &Invocation,
    console: &Console,
    streams: impl Fn(&Expression) -> Expression,
) -> Result<duct::ReaderHandle, ProcessError> {
    interrupt::unless_cleanup(call)?;
    console.echo(call);
    let expression = own_group(&streams(&call.expression()));
    patiently(|| expression.reader()).map_err(|e| call.not_started(e))
}

/// Tries again while the program is open for writing: one that was just installed, whose writer was
/// inherited for a moment by a child that another thread starts.
fn patiently<T>(start: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..50 {
        match start() {
            Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            started => return started,
        }
    }
    start()
}

fn own_group(expression: &Expression) -> Expression {
    expression.unchecked().before_spawn(|command| {
        command.process_group(0);
        Ok(())
    })
}

/// The reader is at its end, so the child is gone or has only closed its output; either way its
/// status is near.
fn finish(call: &Invocation, reader: &duct::ReaderHandle) -> Result<Captured, ProcessError> {
    let output = loop {
        match reader.try_wait() {
            Ok(Some(output)) => break output,
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(source) => return Err(call.talk(source)),
        }
    };
    Ok(Captured { exit: output.status.into(), stdout: Vec::new(), stderr: output.stderr.clone() })
}

fn end(call: &Invocation, handle: &duct::Handle) -> ProcessError {
    interrupt::kill_groups(&handle.pids());
    _ = handle.wait();
    past_limit(call)
}

fn past_limit(call: &Invocation) -> ProcessError {
    ProcessError::TimeLimit { call: call.to_string(), limit: call.time_limit().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Invocation {
        Invocation::new("sh").args(["-c", script])
    }

    #[test]
    fn both_streams_come_in_order_line_by_line() {
        let mut lines = Vec::new();
        let exit = stream(&sh("echo a; echo b >&2; printf c; exit 3"), &Console::silent(), &mut |l| {
            lines.push(String::from_utf8(l.to_vec()).unwrap());
        });
        assert_eq!(exit.unwrap(), Exit::Code(3));
        assert_eq!(lines, ["a", "b", "c"]);
    }

    #[test]
    fn a_failure_shows_the_call_its_status_and_what_it_said() {
        let error = text(&sh("echo no space >&2; exit 7"), &Console::silent()).unwrap_err();
        assert_eq!(error.status(), Status::Passed(7));
        let text = error.to_string();
        assert!(text.contains("ended with status 7") && text.contains("| no space"), "{text}");
    }

    #[test]
    fn a_missing_program_is_127_and_a_missing_directory_is_not() {
        let error = text(&Invocation::new("no-such-program"), &Console::silent()).unwrap_err();
        assert_eq!(error.status(), Status::Missing);
        let error = text(&sh("true").dir("/no/such/dir"), &Console::silent()).unwrap_err();
        assert!(matches!(error, ProcessError::NoDirectory { .. }), "{error}");
    }

    /// D57: half an archive was taken for a whole one.
    #[test]
    fn d57_a_pipe_fails_with_either_end() {
        let run = |from: &str, into: &str| pipe(&sh(from), &sh(into), &Console::silent());
        run("echo hi", "read x; test $x = hi").unwrap();
        let error = run("echo hi; echo broken >&2; exit 17", "cat").unwrap_err();
        assert_eq!(error.status(), Status::Passed(17));
        assert!(error.to_string().contains("| broken"), "{error}");
        assert_eq!(run("yes", "exit 3").unwrap_err().status(), Status::Passed(3));
    }

    #[test]
    fn a_time_limit_ends_the_whole_group() {
        let call = sh("sleep 30 & sleep 30").limit(Duration::from_millis(50));
        let error = capture(&call, &Console::silent()).unwrap_err();
        assert_eq!(error.status(), Status::TimeLimit);
    }

    #[test]
    fn a_time_limit_ends_a_stream_and_keeps_what_came_before() {
        let mut lines = 0;
        let call = sh("echo a; sleep 30 & sleep 30").limit(Duration::from_millis(300));
        let error = stream(&call, &Console::silent(), &mut |_| lines += 1).unwrap_err();
        assert_eq!((error.status(), lines), (Status::TimeLimit, 1));
        let soon = sh("echo a").limit(Duration::from_secs(30));
        assert_eq!(stream(&soon, &Console::silent(), &mut |_| ()).unwrap(), Exit::Code(0));
    }

    #[test]
    fn a_tools_words_come_line_by_line_and_its_document_whole() {
        let mut said = Vec::new();
        let captured = relay_lines(
            &sh("echo {; echo a >&2; echo }; echo b >&2; exit 1"),
            &Console::silent(),
            &mut |line| {
                said.push(String::from_utf8(line.to_vec()).unwrap());
            },
        );
        let captured = captured.unwrap();
        assert_eq!((captured.text().as_str(), captured.exit), ("{\n}", Exit::Code(1)));
        assert_eq!(said, ["a", "b"]);
    }

    #[test]
    fn a_child_reads_nothing_of_ours() {
        let captured = capture(&Invocation::new("cat"), &Console::silent()).unwrap();
        assert!(captured.stdout.is_empty());
        let fed = Invocation::new("cat").input(Input::Bytes(b"hello".to_vec()));
        assert_eq!(text(&fed, &Console::silent()).unwrap(), "hello");
    }

    #[test]
    fn a_stream_is_consumed_as_it_comes_and_a_failing_child_fails_the_read() {
        let mut first = |r: &mut dyn Read| -> Result<u8, ProcessError> {
            let mut byte = [0];
            r.read_exact(&mut byte).unwrap();
            Ok(byte[0])
        };
        let console = Console::silent();
        assert_eq!(read(&sh("printf abc"), &console, &mut first).unwrap(), b'a');
        assert!(read(&sh("printf abc; exit 1"), &console, &mut first).is_err());
    }
}

//! The one place that starts other programs. Nothing else in the workspace does, so this is where
//! the rules for children live:
//!
//! * an argument vector, never a shell;
//! * a process group of its own, so that a signal meant for us reaches the child's children too;
//! * standard input is empty unless something is handed in: a tool in a pipe must not lose the
//!   document to a child that happens to read;
//! * a child's output is never our standard output, but where a person runs a command through us
//!   ([`pass`], [`attach`]).

mod error;
mod exit;
mod interrupt;
mod invocation;

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::time::Duration;

use duct::Expression;

use crate::console::Console;

pub use error::ProcessError;
pub use exit::Exit;
pub use interrupt::{check as check_interrupted, received as interrupted_by};
pub use invocation::{Input, Invocation};

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
mod tests;

//! What is seen of a step while it runs, and what is kept of it: a log file, the last lines, and on
//! a terminal one line that moves.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::console::{Console, Verbosity};
use common::state_file::{self, StateFileError};

use crate::timing::{Instruction, Log};

/// How many of a step's last lines are shown when it fails.
const TAIL: usize = 20;

/// How often the moving line moves by itself.
const TICK: Duration = Duration::from_millis(500);

/// What clients say when a certificate authority is not known to them.
const UNTRUSTED: [&str; 4] = [
    "CERTIFICATE_VERIFY_FAILED",
    "self-signed certificate in certificate chain",
    "unable to get local issuer certificate",
    "invalid peer certificate: UnknownIssuer",
];

/// The logs of one run: a directory, and a number for each step.
#[derive(Debug)]
pub(crate) struct Logs {
    dir: PathBuf,
    taken: usize,
}

impl Logs {
    /// The directory `name` below `logs_dir`, made now.
    pub(crate) fn new(logs_dir: &Path, name: &str) -> Result<Self, StateFileError> {
        let dir = logs_dir.join(name);
        state_file::make_dir(&dir)?;
        Ok(Self { dir, taken: 0 })
    }

    fn next(&mut self, step: &str) -> Result<(PathBuf, File), StateFileError> {
        self.taken += 1;
        let path = self.dir.join(format!("{:02}-{step}.log", self.taken));
        let file = File::create(&path).map_err(|e| StateFileError::new("create", &path, e))?;
        Ok((path, file))
    }
}

/// What is known of a step's output when it is over.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Output {
    /// Its log.
    pub(crate) log: PathBuf,
    /// Its last lines, where nobody has seen them yet.
    pub(crate) unseen: Vec<String>,
    /// Whether a certificate authority was not known to it.
    pub(crate) untrusted: bool,
    /// What its time went into, as far as it told.
    pub(crate) instructions: Vec<Instruction>,
}

/// A step's output as it comes.
struct Recorder<'a> {
    console: &'a Console,
    file: BufWriter<File>,
    tail: VecDeque<String>,
    untrusted: bool,
    lively: bool,
    start: Instant,
    timing: Log,
}

impl Recorder<'_> {
    fn line(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        match self.timing.hear(&text, self.start.elapsed().as_secs_f64()) {
            Some(lines) => lines.iter().for_each(|line| self.told(line.as_bytes())),
            None => self.told(line),
        }
    }

    /// One line for people.
    fn told(&mut self, line: &[u8]) {
        // A full disk must not end the build that the log only describes.
        _ = self.file.write_all(line).and_then(|()| self.file.write_all(b"\n"));
        let text = String::from_utf8_lossy(line).into_owned();
        self.untrusted |= UNTRUSTED.iter().any(|sign| text.contains(sign));
        if !self.lively {
            self.console.child_line(line);
        }
        if text.trim().is_empty() {
            return;
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(text);
    }
}

/// Runs `work`, which gives each line that it hears to the sink it is given; keeps and shows them
/// as those of `step`.
pub(crate) fn watch<T>(
    logs: &mut Logs,
    step: &str,
    console: &Console,
    work: impl FnOnce(&mut dyn FnMut(&[u8])) -> T,
) -> Result<(T, Output), StateFileError> {
    let (log, file) = logs.next(step)?;
    let lively = console.is_lively() && console.verbosity() == Verbosity::Normal;
    let recorder = Mutex::new(Recorder {
        console,
        file: BufWriter::new(file),
        tail: VecDeque::with_capacity(TAIL),
        untrusted: false,
        lively,
        start: Instant::now(),
        timing: Log::default(),
    });
    let result = if lively {
        with_moving_line(&recorder, step, work)
    } else {
        work(&mut |line| lock(&recorder).line(line))
    };
    let mut recorder = recorder.into_inner().unwrap_or_else(PoisonError::into_inner);
    let end = recorder.start.elapsed().as_secs_f64();
    recorder.timing.rest(end).iter().for_each(|line| recorder.told(line.as_bytes()));
    _ = recorder.file.flush();
    let seen = !lively && console.verbosity() >= Verbosity::Normal;
    let unseen = if seen { Vec::new() } else { recorder.tail.into() };
    let instructions = recorder.timing.end(end);
    Ok((result, Output { log, unseen, untrusted: recorder.untrusted, instructions }))
}

fn lock<'a, 'b>(recorder: &'b Mutex<Recorder<'a>>) -> std::sync::MutexGuard<'b, Recorder<'a>> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_moving_line<T>(
    recorder: &Mutex<Recorder<'_>>,
    step: &str,
    work: impl FnOnce(&mut dyn FnMut(&[u8])) -> T,
) -> T {
    let start = Instant::now();
    let console = lock(recorder).console;
    let draw = || {
        let last = lock(recorder).tail.back().cloned().unwrap_or_default();
        console.raw(format_args!("\r\u{1b}[2K{}", moving_line(step, start.elapsed(), &last, columns())));
    };
    std::thread::scope(|scope| {
        let (over, is_over) = mpsc::channel::<()>();
        scope.spawn(move || {
            while is_over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                draw();
            }
            console.raw("\r\u{1b}[2K");
        });
        let result = work(&mut |line| lock(recorder).line(line));
        // Hanging up is what ends the thread.
        drop(over);
        result
    })
}

/// `mission  1m05s  #12 4.5 Installing …`, cut to `columns`.
fn moving_line(step: &str, elapsed: Duration, last: &str, columns: usize) -> String {
    let line = format!("{step:<8} {:>6}  {}", Elapsed(elapsed).to_string(), last.trim());
    let plain = line.chars().filter(|c| !c.is_control());
    plain.take(columns.saturating_sub(1)).collect()
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.map(|s| usize::from(s.ws_col)).ok().filter(|n| *n > 0).unwrap_or(80)
}

/// A duration as people read it: `12.3s`, `2m05s`.
pub(crate) struct Elapsed(pub(crate) Duration);

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        if seconds < 60 {
            write!(f, "{:.1}s", self.0.as_secs_f64())
        } else {
            write!(f, "{}m{:02}s", seconds / 60, seconds % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_kept_and_the_last_ones_are_at_hand() {
        let dir = tempfile::tempdir().unwrap();
        let mut logs = Logs::new(dir.path(), "run").unwrap();
        let console = Console::stderr("test", Verbosity::Quiet);
        let speak = |sink: &mut dyn FnMut(&[u8])| {
            for n in 0..30 {
                sink(format!("line {n}").as_bytes());
            }
            sink(b"ssl: CERTIFICATE_VERIFY_FAILED");
            7
        };
        let (result, output) = watch(&mut logs, "common", &console, speak).unwrap();
        assert_eq!(result, 7);
        assert_eq!(output.log, dir.path().join("run/01-common.log"));
        assert_eq!(std::fs::read_to_string(&output.log).unwrap().lines().count(), 31);
        assert_eq!((output.unseen.len(), output.unseen[0].as_str()), (20, "line 11"));
        assert!(output.untrusted);
        let ((), output) = watch(&mut logs, "mission", &console, |sink| sink(b"fine")).unwrap();
        assert!(output.log.ends_with("02-mission.log") && !output.untrusted);
    }

    #[test]
    fn the_moving_line_fits_the_terminal() {
        let line = moving_line("common", Duration::from_millis(65_300), "#5 \u{1b}[1mdone\n", 80);
        assert_eq!(line, "common    1m05s  #5 [1mdone");
        assert_eq!(moving_line("common", Duration::ZERO, &"x".repeat(200), 40).chars().count(), 39);
    }

    #[test]
    fn the_moving_line_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let console = Console::silent();
        let recorder = Mutex::new(Recorder {
            console: &console,
            file: BufWriter::new(File::create(dir.path().join("log")).unwrap()),
            tail: VecDeque::new(),
            untrusted: false,
            lively: true,
            start: Instant::now(),
            timing: Log::default(),
        });
        assert_eq!(
            with_moving_line(&recorder, "base", |sink| {
                sink(b"a");
                1
            }),
            1
        );
        assert_eq!(recorder.into_inner().unwrap().tail, ["a"]);
    }
}

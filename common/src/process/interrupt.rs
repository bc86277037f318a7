//! What happens when we are told to stop while a child runs.
//!
//! The signal is passed on to the process group of every running child. A child that has not ended
//! after [`GRACE`], or when a second signal comes, is killed. The call that was running then fails
//! with [`ProcessError::Interrupted`], every later call is refused the same way, and the calls that
//! tidy up still run, so that guards can remove containers and staged directories on the way out.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{Invocation, ProcessError};

/// How long a child may take to end after the signal.
const GRACE: Duration = Duration::from_secs(10);

/// The signal that told us to stop, or 0.
static RECEIVED: AtomicI32 = AtomicI32::new(0);
/// The process groups of running children that take part.
static GROUPS: Mutex<Vec<Running>> = Mutex::new(Vec::new());
static LISTEN: Once = Once::new();

/// The number of the signal that told us to stop, if one did.
#[must_use]
pub fn received() -> Option<u8> {
    u8::try_from(RECEIVED.load(Ordering::SeqCst)).ok().filter(|n| *n != 0)
}

/// Fails if we were told to stop: for loops that do long work without a child.
///
/// # Errors
/// [`ProcessError::Interrupted`].
pub fn check() -> Result<(), ProcessError> {
    received().map_or(Ok(()), |n| Err(ProcessError::Interrupted(n)))
}

pub(super) fn unless_cleanup(call: &Invocation) -> Result<(), ProcessError> {
    if call.is_cleanup() { Ok(()) } else { check() }
}

/// A child's process group, and whether it is killed without being asked first.
#[derive(Clone, Copy)]
struct Running {
    pid: u32,
    expendable: bool,
}

/// A running child's process group, known to the listener until dropped.
pub(super) struct Group(Vec<u32>);

impl Group {
    /// Children that tidy up are left alone: they are what must still happen.
    pub(super) fn of(pids: &[u32], call: &Invocation) -> Self {
        LISTEN.call_once(listen);
        if call.is_cleanup() {
            return Self(Vec::new());
        }
        let running: Vec<Running> =
            pids.iter().map(|pid| Running { pid: *pid, expendable: call.is_expendable() }).collect();
        groups().extend_from_slice(&running);
        if let Some(number) = received() {
            // It came between the check before the start and now.
            ask(&running, i32::from(number));
        }
        Self(pids.to_vec())
    }

    /// A child in our own group gets the terminal's signals itself; we only must outlive it.
    pub(super) fn attached() -> Self {
        LISTEN.call_once(listen);
        Self(Vec::new())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        groups().retain(|running| !self.0.contains(&running.pid));
    }
}

/// Ends process groups when a time limit passes, unless it is dropped before.
pub(super) struct Watch {
    expired: Arc<AtomicBool>,
    /// The watching thread goes when this does.
    _until: mpsc::Sender<()>,
}

impl Watch {
    /// Watches over `pids` for `limit`: then they are asked to end, and after [`GRACE`] made to.
    pub(super) fn new(pids: Vec<u32>, limit: Duration) -> Self {
        let expired = Arc::new(AtomicBool::new(false));
        let (until, ended) = mpsc::channel();
        let flag = Arc::clone(&expired);
        let passes = move |time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
        let watch = move || {
            if passes(limit) {
                flag.store(true, Ordering::SeqCst);
                send(&pids, SIGTERM);
                if passes(GRACE) {
                    kill_groups(&pids);
                }
            }
        };
        // Without a thread there is no limit, as there are no forwarded signals then.
        _ = std::thread::Builder::new().name("time limit".to_owned()).spawn(watch);
        Self { expired, _until: until }
    }

    /// Whether the limit passed.
    pub(super) fn has_expired(&self) -> bool {
        self.expired.load(Ordering::SeqCst)
    }
}

/// Kills the groups of `pids` without asking.
pub(super) fn kill_groups(pids: &[u32]) {
    send(pids, SIGKILL);
}

fn groups() -> std::sync::MutexGuard<'static, Vec<Running>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ask(groups: &[Running], number: i32) {
    for running in groups {
        send(&[running.pid], if running.expendable { SIGKILL } else { number });
    }
}

fn kill_all() {
    let pids: Vec<u32> = groups().iter().map(|running| running.pid).collect();
    kill_groups(&pids);
}

fn send(pids: &[u32], number: i32) {
    for pid in pids {
        let group = i32::try_from(*pid).ok().and_then(Pid::from_raw);
        if let (Some(group), Some(signal)) = (group, Signal::from_named_raw(number)) {
            // It may have ended by itself in the meantime.
            _ = kill_process_group(group, signal);
        }
    }
}

/// Without a listener (no threads, say) the default action stays: we die, the child lives on.
fn listen() {
    let Ok(mut signals) = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT]) else { return };
    let forward = move || {
        for number in signals.forever() {
            let first = RECEIVED.swap(number, Ordering::SeqCst) == 0;
            if first {
                ask(&groups(), number);
                _ = std::thread::Builder::new().spawn(|| {
                    std::thread::sleep(GRACE);
                    kill_all();
                });
            } else {
                kill_all();
            }
        }
    };
    _ = std::thread::Builder::new().name("signals".to_owned()).spawn(forward);
}

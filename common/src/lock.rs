//! One writer at a time: an advisory lock on a file below `.image/locks`.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

use crate::console::Console;
use crate::fault::{Fault, Status, io_status};
use crate::process;

/// A held lock. The kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Closing the file alone would not do: a child that another thread starts at this moment holds a copy of it until
/// the child becomes its program.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// The lock could not be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody else held it for the whole time.
    #[error("{} is locked by another run, still after {} s", path.display(), waited.as_secs())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The lock file cannot be created or locked.
    #[error("cannot lock {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// We were told to stop while waiting.
    #[error(transparent)]
    Interrupted(#[from] process::ProcessError),
}

impl Fault for LockError {
    fn status(&self) -> Status {
        match self {
            Self::Held { .. } => Status::Locked,
            Self::Io { source, .. } => io_status(source),
            Self::Interrupted(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some("wait for the other run to end, then try again".to_owned()),
            _ => None,
        }
    }
}

impl Lock {
    /// Waits at most `patience` for the lock on `path`, whose directory must exist.
    ///
    /// # Errors
    /// It could not be had in time, or not at all.
    pub fn take(path: &Path, patience: Duration, console: &Console) -> Result<Self, LockError> {
        Self::wait(path, FlockOperation::NonBlockingLockExclusive, patience, console)
    }

    /// As [`Self::take`], but together with others who share it: only who takes it alone is kept out.
    ///
    /// # Errors
    /// It could not be had in time, or not at all.
    pub fn share(path: &Path, patience: Duration, console: &Console) -> Result<Self, LockError> {
        Self::wait(path, FlockOperation::NonBlockingLockShared, patience, console)
    }

    fn wait(
        path: &Path,
        operation: FlockOperation,
        patience: Duration,
        console: &Console,
    ) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { path: path.to_owned(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        let start = Instant::now();
        let mut told = false;
        loop {
            match flock(&file, operation) {
                Ok(()) => return Ok(Self { file }),
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(error) => return Err(failed(error.into())),
            }
            process::check_interrupted()?;
            if start.elapsed() >= patience {
                return Err(LockError::Held { path: path.to_owned(), waited: start.elapsed() });
            }
            if !std::mem::replace(&mut told, true) {
                console.status(format_args!("waiting for another run (lock {})", path.display()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_and_is_told_in_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let console = Console::silent();
        let held = Lock::take(&path, Duration::ZERO, &console).unwrap();
        let error = Lock::take(&path, Duration::from_millis(60), &console).unwrap_err();
        assert_eq!(error.status(), Status::Locked);
        drop(held);
        assert!(Lock::take(&path, Duration::ZERO, &console).is_ok());
    }

    #[test]
    fn a_lock_that_was_let_go_is_free_although_a_starting_child_holds_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let console = Console::silent();
        let held = Lock::take(&path, Duration::ZERO, &console).unwrap();
        let child = held.file.try_clone().unwrap();
        drop(held);
        assert!(Lock::take(&path, Duration::ZERO, &console).is_ok());
        drop(child);
    }

    #[test]
    fn those_who_share_keep_out_only_who_wants_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let console = Console::silent();
        let one = Lock::share(&path, Duration::ZERO, &console).unwrap();
        let two = Lock::share(&path, Duration::ZERO, &console).unwrap();
        assert!(Lock::take(&path, Duration::ZERO, &console).is_err());
        drop((one, two));
        assert!(Lock::take(&path, Duration::ZERO, &console).is_ok());
    }
}

//! The body of an answer as it comes, each wait for more of it with an end.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{self, ProcessError};

/// The most that is taken at once, in bytes.
const PIECE: usize = 1 << 14;
/// How long we may not notice that we were told to stop.
const BREATH: Duration = Duration::from_millis(50);

/// Why there is no further piece.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The time for all of it is over.
    Late,
    /// Reading failed.
    Broken(io::Error),
    /// We were told to stop.
    Told(ProcessError),
}

/// A body that a thread of its own reads. A read that blocks knows the limit of one wait only, so that the last one
/// would go past the limit of all; what is waited for here is the thread, and it is left behind. It ends by
/// itself with the wait that it is in.
#[derive(Debug)]
pub(super) struct Pieces {
    from: Receiver<io::Result<Vec<u8>>>,
}

impl Pieces {
    /// Begins to read `body`.
    pub(super) fn of(body: impl Read + Send + 'static) -> Self {
        // Not more than a piece ahead: memory is bounded by who takes them.
        let (to, from) = mpsc::sync_channel(1);
        let failed = to.clone();
        let reader = thread::Builder::new().name("download".to_owned());
        if let Err(error) = reader.spawn(move || read(body, &to)) {
            _ = failed.send(Err(error));
        }
        Self { from }
    }

    /// The next piece, empty at the end; waits until `deadline` at the latest.
    pub(super) fn next(&self, deadline: Instant) -> Result<Vec<u8>, Stopped> {
        loop {
            process::check_interrupted().map_err(Stopped::Told)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Stopped::Late);
            }
            match self.from.recv_timeout(left.min(BREATH)) {
                Ok(piece) => return piece.map_err(Stopped::Broken),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Stopped::Broken(io::ErrorKind::UnexpectedEof.into()));
                }
            }
        }
    }
}

/// Hands over piece by piece, an empty one at the end, until nobody takes them any more.
fn read(mut body: impl Read, to: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = body.read(&mut piece).map(|length| {
            piece.truncate(length);
            piece
        });
        let is_last = read.as_ref().map_or(true, Vec::is_empty);
        if to.send(read).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// Gives `a`, and then nothing until it is let go.
    struct Stalls(Option<u8>, Receiver<()>);

    impl Read for Stalls {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(byte) = self.0.take() {
                buffer[0] = byte;
                return Ok(1);
            }
            _ = self.1.recv();
            Ok(0)
        }
    }

    /// A wait that had begun shortly before the limit of all ended by its own limit only.
    #[test]
    fn a_wait_ends_with_the_time_for_all_however_long_the_reader_would_block() {
        let (let_go, held) = channel();
        let pieces = Pieces::of(Stalls(Some(b'a'), held));
        assert_eq!(pieces.next(Instant::now() + Duration::from_mins(1)).unwrap(), b"a");
        let late = pieces.next(Instant::now() + Duration::from_millis(20)).unwrap_err();
        assert!(matches!(late, Stopped::Late), "{late:?}");
        drop(let_go);
        assert_eq!(pieces.next(Instant::now() + Duration::from_mins(1)).unwrap(), b"");
    }

    #[test]
    fn a_failure_is_the_last_that_comes() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let pieces = Pieces::of(Fails);
        let stopped = pieces.next(Instant::now() + Duration::from_mins(1)).unwrap_err();
        assert!(
            matches!(&stopped, Stopped::Broken(e) if e.kind() == io::ErrorKind::ConnectionReset),
            "{stopped:?}"
        );
    }
}

//! A stream that is digested in another thread as it passes: the reader need not wait for that.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::Stream;
use crate::digest::{Digest, Hasher};
use crate::process;

/// Pieces on their way, at most so many.
const ON_THE_WAY: usize = 8;
/// The size of a piece. Bytes.
const PIECE: usize = 64 << 10;

/// A stream and the thread that digests it.
#[derive(Debug)]
pub struct Watched<S> {
    stream: S,
    pieces: SyncSender<Vec<u8>>,
    used: Receiver<Vec<u8>>,
    digest: JoinHandle<Digest>,
}

impl<S: Read> Watched<S> {
    /// Digests `stream` as it is read.
    #[must_use]
    pub fn new(stream: S) -> Self {
        let (pieces, to_digest) = sync_channel::<Vec<u8>>(ON_THE_WAY);
        let (back, used) = sync_channel(ON_THE_WAY + 1);
        let digest = thread::spawn(move || {
            let mut hasher = Hasher::default();
            for piece in to_digest {
                hasher.update(&piece);
                // Where it is not taken back, it is simply let go.
                _ = back.try_send(piece);
            }
            hasher.finish()
        });
        Self { stream, pieces, used, digest }
    }

    /// Reads what is left, and gives the digest of all.
    ///
    /// # Errors
    /// Reading failed, or we were told to stop.
    pub fn finish(mut self) -> io::Result<Digest> {
        let mut buffer = vec![0; PIECE];
        while self.read(&mut buffer)? > 0 {
            process::check_interrupted().map_err(io::Error::other)?;
        }
        drop(self.pieces);
        self.digest.join().map_err(|_| io::Error::other("the thread that digests failed"))
    }
}

impl<S: Read> Read for Watched<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        if count > 0 {
            let mut piece = self.used.try_recv().unwrap_or_default();
            piece.clear();
            piece.extend_from_slice(&buffer[..count]);
            self.pieces.send(piece).map_err(|_| io::Error::other("the thread that digests failed"))?;
        }
        Ok(count)
    }
}

impl<S: Read> Stream for Watched<S> {
    fn pass_over(&mut self, _count: u64) -> io::Result<u64> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_digested_also_what_nobody_read() {
        let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut watched = Watched::new(&bytes[..]);
        watched.read_exact(&mut [0; 777]).unwrap();
        assert_eq!(watched.finish().unwrap(), Digest::of(&bytes));
    }
}

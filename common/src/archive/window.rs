//! The piece of a stream that is in memory.

use std::io;

use super::{ArchiveError, Stream};
use crate::process;

/// As much as is read at once. Most files of an image are smaller than this, and passing over the
/// others without reading them is worth a system call. Bytes.
const SIZE: usize = 64 << 10;
/// The unit of a tar archive. Bytes.
pub(super) const BLOCK: usize = 512;
/// No archive of an image is as large when uncompressed; an endless one is. Bytes.
pub(super) const LONGEST: u64 = 1 << 40;

/// A stream behind a buffer, with its position.
pub(super) struct Window<'r> {
    stream: Box<dyn Stream + 'r>,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// Where `at` is in the stream.
    position: u64,
}

impl<'r> Window<'r> {
    pub(super) fn new(stream: Box<dyn Stream + 'r>) -> Self {
        Self { stream, buffer: vec![0; SIZE].into_boxed_slice(), at: 0, end: 0, position: 0 }
    }

    /// How many bytes were taken or passed over so far.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn damaged(&self, reason: impl Into<String>) -> ArchiveError {
        ArchiveError::Damaged { offset: self.position, reason: reason.into() }
    }

    /// What is in memory, after reading if that was nothing; empty at the end of the stream.
    pub(super) fn piece(&mut self) -> Result<&[u8], ArchiveError> {
        if self.at == self.end {
            process::check_interrupted()?;
            if self.position > LONGEST {
                return Err(self.damaged("the archive has no end"));
            }
            (self.at, self.end) = (0, read(&mut *self.stream, &mut self.buffer)?);
        }
        Ok(&self.buffer[self.at..self.end])
    }

    /// Marks the next `count` bytes of the piece as taken.
    pub(super) fn take(&mut self, count: usize) {
        debug_assert!(count <= self.end - self.at, "no more than there is");
        self.at += count;
        self.position += count as u64;
    }

    /// The next block; none where the stream ends before it.
    pub(super) fn block(&mut self) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let piece = self.piece()?;
            if piece.is_empty() {
                return if filled == 0 { Ok(None) } else { Err(self.damaged("the archive is cut off")) };
            }
            let count = piece.len().min(BLOCK - filled);
            block[filled..filled + count].copy_from_slice(&piece[..count]);
            filled += count;
            self.take(count);
        }
        Ok(Some(block))
    }

    /// Passes over `count` bytes, which must be there.
    pub(super) fn pass(&mut self, mut count: u64) -> Result<(), ArchiveError> {
        while count > 0 {
            let held = (self.end - self.at) as u64;
            if held == 0 {
                let passed = self.stream.pass_over(count).map_err(ArchiveError::Read)?;
                self.position += passed;
                count -= passed;
                if count > 0 && self.piece()?.is_empty() {
                    return Err(self.damaged("the archive is cut off"));
                }
                continue;
            }
            let step = held.min(count);
            self.take(usize::try_from(step).unwrap_or(self.end - self.at));
            count -= step;
        }
        Ok(())
    }
}

fn read(stream: &mut dyn Stream, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => process::check_interrupted()?,
            result => return result.map_err(ArchiveError::Read),
        }
    }
}

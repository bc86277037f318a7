//! Where bytes come from: some sources can pass over a part without reading it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

/// A reader that may be able to pass over bytes.
pub trait Stream: Read {
    /// Passes over as many of the next `count` bytes as is possible without reading them, and gives
    /// how many that were; the caller reads the others.
    ///
    /// # Errors
    /// The source failed.
    fn pass_over(&mut self, count: u64) -> io::Result<u64>;
}

impl<S: Stream + ?Sized> Stream for &mut S {
    fn pass_over(&mut self, count: u64) -> io::Result<u64> {
        (**self).pass_over(count)
    }
}

impl Stream for &[u8] {
    fn pass_over(&mut self, count: u64) -> io::Result<u64> {
        let most = usize::try_from(count).unwrap_or(usize::MAX).min(self.len());
        *self = &self[most..];
        Ok(most as u64)
    }
}

/// Any reader, of which every byte has to be read.
#[derive(Debug)]
pub struct Flow<R>(pub R);

impl<R: Read> Read for Flow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Stream for Flow<R> {
    fn pass_over(&mut self, _count: u64) -> io::Result<u64> {
        Ok(0)
    }
}

/// A part of a file, read without moving the file's own position.
#[derive(Debug)]
pub struct Section<'f> {
    file: &'f File,
    offset: u64,
    left: u64,
}

impl<'f> Section<'f> {
    /// The `size` bytes of `file` from `offset` on.
    #[must_use]
    pub const fn new(file: &'f File, offset: u64, size: u64) -> Self {
        Self { file, offset, left: size }
    }

    /// All of `file`.
    ///
    /// # Errors
    /// Its size cannot be told.
    pub fn whole(file: &'f File) -> io::Result<Self> {
        Ok(Self::new(file, 0, file.metadata()?.len()))
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.file.read_at(&mut buffer[..most], self.offset)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends too early"));
        }
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

impl Stream for Section<'_> {
    fn pass_over(&mut self, count: u64) -> io::Result<u64> {
        let most = count.min(self.left);
        self.offset += most;
        self.left -= most;
        Ok(most)
    }
}

/// A stream whose first bytes were looked at.
#[derive(Debug)]
pub struct Begun<S> {
    start: io::Cursor<Vec<u8>>,
    rest: S,
}

impl<S: Stream> Begun<S> {
    /// The bytes `start`, then what `rest` still gives.
    #[must_use]
    pub const fn new(start: Vec<u8>, rest: S) -> Self {
        Self { start: io::Cursor::new(start), rest }
    }
}

impl<S: Stream> Read for Begun<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.start.read(buffer)? {
            0 => self.rest.read(buffer),
            count => Ok(count),
        }
    }
}

impl<S: Stream> Stream for Begun<S> {
    fn pass_over(&mut self, count: u64) -> io::Result<u64> {
        let at_rest = self.start.position() == self.start.get_ref().len() as u64;
        if at_rest { self.rest.pass_over(count) } else { Ok(0) }
    }
}

impl<S: Stream + ?Sized> Stream for Box<S> {
    fn pass_over(&mut self, count: u64) -> io::Result<u64> {
        (**self).pass_over(count)
    }
}

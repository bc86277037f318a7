//! The piece of a blob that goes in one request.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::builder::TypedValueParser as _;
use common::{process, size};

/// How large a piece is if nothing else is said. Bytes.
pub const PIECE: &str = "16M";
/// When we are told to stop, a piece may take this much longer to be whole: most registries keep whole
/// pieces, and many lose all of an upload with half of one.
const GRACE: Duration = Duration::from_secs(10);

/// A piece of a file as it is sent, which ends early when we are told to stop.
pub struct Piece {
    rest: io::Take<File>,
    grace: Duration,
    told: Option<Instant>,
}

impl Piece {
    /// The `size` bytes of the file `path` from `offset` on; `patient` if it may still become whole when
    /// we are told to stop.
    pub fn open(path: &Path, offset: u64, size: u64, patient: bool) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let grace = if patient { GRACE } else { Duration::ZERO };
        Ok(Self { rest: file.take(size), grace, told: None })
    }
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Err(stop) = process::check_interrupted() {
            let told = *self.told.get_or_insert_with(Instant::now);
            if told.elapsed() >= self.grace {
                return Err(io::Error::other(stop));
            }
        }
        self.rest.read(buffer)
    }
}

/// A number of bytes as people write it: `16M`, `512K`, `1000`.
#[must_use]
pub fn size_parser() -> impl clap::builder::TypedValueParser<Value = u64> {
    clap::builder::NonEmptyStringValueParser::new()
        .try_map(|text| size::bytes(&text).ok_or("a number of bytes, with K, M or G behind it if need be"))
}

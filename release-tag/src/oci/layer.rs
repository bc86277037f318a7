//! One layer on its way into a layout: uncompressed, checked against the configuration, compressed
//! so that the same layer always becomes the same blob. No more than a buffer of it is in memory.

use std::io::{self, Read, Write};

use clap::ValueEnum;
use common::archive::{self, Flow, Stream};
use common::digest::{Digest, Hasher};
use common::process;
use flate2::GzBuilder;

use common::oci::model::{MEDIA_LAYER, MEDIA_LAYER_GZIP};

/// The level of compression: at 1 a gigabyte takes seconds, and 6 would save a tenth of the space.
const LEVEL: u32 = 1;
const BUFFER: usize = 1 << 18;

/// How layers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// With gzip.
    #[default]
    Gzip,
    /// As they are.
    None,
}

impl Compression {
    /// The media type of such a layer.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => MEDIA_LAYER_GZIP,
            Self::None => MEDIA_LAYER,
        }
    }
}

/// A layer that passed by.
#[derive(Debug, PartialEq, Eq)]
pub struct Copied {
    /// The digest of the uncompressed layer.
    pub diff_id: Digest,
    /// The digest of the bytes that were written.
    pub digest: Digest,
    /// How many.
    pub size: u64,
}

/// Copies `layer`, compressed or not, to `out`, stored as `compression` says.
///
/// # Errors
/// Reading or writing failed, the compression is one that we do not know, or we were told to stop.
pub fn copy(layer: &mut dyn Read, out: &mut dyn Write, compression: Compression) -> io::Result<Copied> {
    let mut out = Counting { out, hasher: Hasher::default(), size: 0 };
    let diff_id = match compression {
        Compression::None => pour(&mut *plain(layer)?, &mut out)?,
        Compression::Gzip => {
            // No name and no time in the header: the bytes depend on the content alone.
            let mut encoder = GzBuilder::new().mtime(0).write(&mut out, flate2::Compression::new(LEVEL));
            let diff_id = pour(&mut *plain(layer)?, &mut encoder)?;
            encoder.finish()?;
            diff_id
        }
    };
    out.flush()?;
    Ok(Copied { diff_id, digest: out.hasher.finish(), size: out.size })
}

/// The digest of `layer` when uncompressed.
///
/// # Errors
/// As [`copy`].
pub fn diff_id(layer: &mut dyn Read) -> io::Result<Digest> {
    pour(&mut *plain(layer)?, &mut io::sink())
}

/// `layer` uncompressed, by what it begins with.
fn plain<'r>(layer: &'r mut dyn Read) -> io::Result<Box<dyn Stream + 'r>> {
    archive::plain(Box::new(Flow(layer)))
}

/// Copies in pieces of one size, however the reader deals them out: what the compressor makes of the
/// same bytes depends on how they are cut.
fn pour(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        process::check_interrupted().map_err(io::Error::other)?;
        let filled = fill(from, &mut buffer)?;
        hasher.update(&buffer[..filled]);
        to.write_all(&buffer[..filled])?;
        if filled < BUFFER {
            return Ok(hasher.finish());
        }
    }
}

/// Reads until `buffer` is full or the reader is at its end.
fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// A writer that digests and counts what passes.
struct Counting<'w> {
    out: &'w mut dyn Write,
    hasher: Hasher,
    size: u64,
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(bytes: &[u8], compression: Compression) -> (Copied, Vec<u8>) {
        let mut out = Vec::new();
        (copy(&mut &bytes[..], &mut out, compression).unwrap(), out)
    }

    /// A reader that gives a few bytes at a time.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(777);
            self.0.read(&mut buffer[..most])
        }
    }

    #[test]
    fn the_same_layer_becomes_the_same_blob_however_it_came() {
        let layer: Vec<u8> = (0..90_000u32).flat_map(u32::to_le_bytes).collect();
        let (copied, blob) = store(&layer, Compression::Gzip);
        assert_eq!((&copied.diff_id, &copied.digest), (&Digest::of(&layer), &Digest::of(&blob)));
        assert_eq!(copied.size, blob.len() as u64);
        assert_eq!(blob[4..8], [0; 4], "no time in the header");
        let mut other =
            GzBuilder::new().mtime(7).filename("x").write(Vec::new(), flate2::Compression::best());
        other.write_all(&layer).unwrap();
        assert_eq!(store(&other.finish().unwrap(), Compression::Gzip), (copied, blob.clone()));
        let mut trickle = Trickle(&layer);
        assert_eq!(
            copy(&mut trickle, &mut Vec::new(), Compression::Gzip).unwrap(),
            store(&layer, Compression::Gzip).0
        );
        let (copied, plain) = store(&blob, Compression::None);
        assert_eq!((plain, copied.diff_id), (layer.clone(), copied.digest));
        assert_eq!(diff_id(&mut &blob[..]).unwrap(), Digest::of(&layer));
    }

    #[test]
    fn an_empty_layer_is_a_layer() {
        assert_eq!(store(b"", Compression::None).0.diff_id, Digest::of(b""));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let zstd = copy(&mut &[0x28, 0xb5, 0x2f, 0xfd, 0][..], &mut Vec::new(), Compression::Gzip);
        assert!(zstd.is_err());
        let broken = copy(&mut &[0x1f, 0x8b, 8, 0, 1, 2][..], &mut Vec::new(), Compression::Gzip);
        assert!(broken.is_err());
    }
}

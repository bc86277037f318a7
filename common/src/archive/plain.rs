//! Compressed streams, known by what they begin with.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::{Begun, Flow, Stream};

/// As much as is uncompressed at once. Bytes.
const BUFFER: usize = 128 << 10;
/// The largest piece of the past that a zstd stream may refer to, as a power of two: 32 MiB.
const ZSTD_WINDOW: u32 = 25;
/// A stream may become this many times as large when uncompressed, and no more, ...
const MOST_TIMES: u64 = 300;
/// ... once it is larger than this. Bytes.
const HARMLESS: u64 = 1 << 30;

/// `stream` uncompressed, if it is compressed with gzip or zstd; else as it is.
///
/// # Errors
/// Reading failed.
pub fn plain<'r>(mut stream: Box<dyn Stream + 'r>) -> io::Result<Box<dyn Stream + 'r>> {
    let mut start = Vec::with_capacity(4);
    (&mut stream).take(4).read_to_end(&mut start)?;
    let is_gzip = start.starts_with(&[0x1f, 0x8b]);
    let is_zstd = start == [0x28, 0xb5, 0x2f, 0xfd];
    let whole = Begun::new(start, stream);
    if !is_gzip && !is_zstd {
        return Ok(Box::new(whole));
    }
    let packed = BufReader::with_capacity(BUFFER, Counted { reader: whole, count: 0 });
    if is_gzip {
        return Ok(Box::new(Flow(Unpacked { decoder: MultiGzDecoder::new(packed), given: 0 })));
    }
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.window_log_max(ZSTD_WINDOW)?;
    Ok(Box::new(Flow(Unpacked { decoder, given: 0 })))
}

/// A reader that counts what it gave.
struct Counted<R> {
    reader: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// A decoder that tells how much of the compressed stream it has read.
trait Decoder: Read {
    fn taken(&self) -> u64;
}

impl<R> Decoder for MultiGzDecoder<BufReader<Counted<R>>>
where
    R: Read,
{
    fn taken(&self) -> u64 {
        self.get_ref().get_ref().count
    }
}

impl<R: Read> Decoder for zstd::stream::read::Decoder<'_, BufReader<Counted<R>>> {
    fn taken(&self) -> u64 {
        self.get_ref().get_ref().count
    }
}

/// What a decoder gives, unless that is out of all proportion.
struct Unpacked<D> {
    decoder: D,
    given: u64,
}

impl<D: Decoder> Read for Unpacked<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        self.given += count as u64;
        if self.given > HARMLESS && self.given / MOST_TIMES > self.decoder.taken() {
            let reason = format!("it becomes more than {MOST_TIMES} times as large when uncompressed");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        plain(Box::new(bytes))?.read_to_end(&mut out)?;
        Ok(out)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_form_becomes_the_same_bytes() {
        let text = b"some text, some text, some text".repeat(1000);
        assert_eq!(unpacked(&text).unwrap(), text);
        assert_eq!(unpacked(&gzip(&text)).unwrap(), text);
        assert_eq!(unpacked(&[gzip(&text[..99]), gzip(&text[99..])].concat()).unwrap(), text);
        assert_eq!(unpacked(&zstd::encode_all(&text[..], 3).unwrap()).unwrap(), text);
        assert_eq!(unpacked(b"x").unwrap(), b"x");
        assert_eq!(unpacked(b"").unwrap(), b"");
    }

    #[test]
    fn a_stream_that_is_cut_off_is_an_error() {
        let text = b"0123456789".repeat(1000);
        let packed = gzip(&text);
        assert!(unpacked(&packed[..packed.len() - 9]).is_err());
        let packed = zstd::encode_all(&text[..], 3).unwrap();
        assert!(unpacked(&packed[..packed.len() - 3]).is_err());
    }

    #[test]
    fn a_stream_out_of_all_proportion_is_refused() {
        struct Bomb;
        impl Read for Bomb {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                Ok(buffer.len())
            }
        }
        impl Decoder for Bomb {
            fn taken(&self) -> u64 {
                1 << 10
            }
        }
        let mut bomb = Unpacked { decoder: Bomb, given: HARMLESS };
        assert_eq!(bomb.read(&mut [0; 64]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

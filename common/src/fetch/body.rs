//! The body of an answer: read piece by piece, within size and time, and proven whole.

use std::io::{self, Read};
use std::time::Instant;

use flate2::read::MultiGzDecoder;
use reqwest::Url;
use reqwest::blocking::Response;
use reqwest::header::CONTENT_ENCODING;

use super::claim::{Claim, Subject};
use super::pieces::{Pieces, Stopped};
use super::{FetchError, Limits};

/// How the body was packed for the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
}

/// What comes over the wire, watched.
struct Wire<'a> {
    pieces: Pieces,
    /// What of the last piece was not taken yet.
    rest: Vec<u8>,
    url: &'a Url,
    limits: &'a Limits,
    deadline: Instant,
    left: usize,
    claims: Vec<Claim>,
    /// Why reading ended early; the reader above only knows that it did.
    failure: Option<FetchError>,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.piece(buffer) {
            Ok(length) => Ok(length),
            Err(failure) => {
                self.failure = Some(failure);
                Err(io::Error::other("the answer ended early"))
            }
        }
    }
}

impl Wire<'_> {
    fn piece(&mut self, buffer: &mut [u8]) -> Result<usize, FetchError> {
        if self.rest.is_empty() {
            self.rest = self.pieces.next(self.deadline).map_err(|stopped| self.stopped(stopped))?;
        }
        let length = self.rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        self.left =
            self.left.checked_sub(length).ok_or_else(|| FetchError::too_large(self.url, self.limits.size))?;
        for claim in self.claims.iter_mut().filter(|claim| claim.subject() == Subject::Wire) {
            claim.update(&buffer[..length]);
        }
        Ok(length)
    }

    fn stopped(&self, stopped: Stopped) -> FetchError {
        match stopped {
            Stopped::Late => FetchError::total(self.url, self.limits),
            Stopped::Told(error) => error.into(),
            Stopped::Broken(error) => FetchError::interrupted_body(self.url, &error, self.limits).or_total(
                self.url,
                self.limits,
                self.deadline,
            ),
        }
    }
}

/// Reads the whole body, decompressed, and holds it against `claims`.
pub(super) fn read(
    response: Response,
    url: &Url,
    limits: &Limits,
    deadline: Instant,
    claims: Vec<Claim>,
) -> Result<Vec<u8>, FetchError> {
    let coding = coding(&response).map_err(|reason| FetchError::broken(url, reason))?;
    let length = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    if length > limits.size {
        return Err(FetchError::too_large(url, limits.size));
    }
    let pieces = Pieces::of(response);
    let mut wire =
        Wire { pieces, rest: Vec::new(), url, limits, deadline, left: limits.size, claims, failure: None };
    let mut body = Vec::with_capacity(if coding == Coding::Identity { length } else { 0 });
    let read = match coding {
        Coding::Identity => copy(&mut wire, &mut body, limits.size),
        Coding::Gzip => copy(&mut MultiGzDecoder::new(&mut wire), &mut body, limits.size),
    };
    if let Some(failure) = wire.failure {
        return Err(failure);
    }
    match read {
        Err(error) => Err(FetchError::broken(url, format!("its compression cannot be undone: {error}"))),
        Ok(false) => Err(FetchError::too_large(url, limits.size)),
        Ok(true) => verify(wire.claims, &body, url).map(|()| body),
    }
}

/// Copies up to `most` bytes; whether that was all. `to` never gets room for more than that: grown by
/// doubling, it and what it grows out of are at most twice `most` together.
fn copy(from: &mut dyn Read, to: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let mut buffer = [0; 1 << 14];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(true);
        }
        if to.len() + length > most {
            return Ok(false);
        }
        let room = to.capacity();
        if to.len() + length > room {
            let wanted = (2 * room).clamp(to.len() + length, most);
            to.reserve_exact(wanted - to.len());
        }
        to.extend_from_slice(&buffer[..length]);
    }
}

fn coding(response: &Response) -> Result<Coding, String> {
    let Some(value) = response.headers().get(CONTENT_ENCODING) else { return Ok(Coding::Identity) };
    match value.to_str().unwrap_or("?").trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        other => Err(format!("its encoding {other:?} was not asked for")),
    }
}

fn verify(claims: Vec<Claim>, body: &[u8], url: &Url) -> Result<(), FetchError> {
    for mut claim in claims {
        if claim.subject() == Subject::Content {
            claim.update(body);
        }
        claim.verify().map_err(|reason| FetchError::checksum(url, reason))?;
    }
    Ok(())
}

/// The beginning of a body that is only looked at; as much as comes without trouble until `deadline`.
pub(super) fn beginning(response: Response, most: usize, deadline: Instant) -> Vec<u8> {
    let (pieces, mut text) = (Pieces::of(response), Vec::new());
    while text.len() < most
        && let Ok(piece) = pieces.next(deadline)
        && !piece.is_empty()
    {
        text.extend_from_slice(&piece);
    }
    text.truncate(most);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives pieces of an odd size, so that doubling alone would pass the limit.
    struct Pieces(usize);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(10_007).min(self.0);
            buffer[..length].fill(b'#');
            self.0 -= length;
            Ok(length)
        }
    }

    #[test]
    fn a_body_never_takes_room_for_more_than_may_come() {
        let most = Limits::default().size;
        for length in [1, most / 2 + 1, most - 1, most] {
            let mut body = Vec::new();
            assert!(copy(&mut Pieces(length), &mut body, most).unwrap());
            assert_eq!(body.len(), length);
            assert!(body.capacity() <= most, "{length}: {}", body.capacity());
        }
        let mut body = Vec::new();
        assert!(!copy(&mut Pieces(most + 1), &mut body, most).unwrap());
        assert!(body.capacity() <= most);
    }

    #[test]
    fn a_body_whose_length_is_told_is_read_into_one_piece_of_memory() {
        let mut body = Vec::with_capacity(1 << 20);
        let place = body.as_ptr();
        assert!(copy(&mut Pieces(1 << 20), &mut body, 4 << 20).unwrap());
        assert_eq!((body.as_ptr(), body.len()), (place, 1 << 20));
    }
}

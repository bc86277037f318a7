//! Requests as they come: their head, and what follows it.

use std::io::{self, BufRead, Read as _};

use reqwest::Url;

use common::capsule::{self, Asked};
use common::digest::Digest;

/// No head is longer. Bytes.
const MAX_HEAD: usize = 64 << 10;
/// Nor has more lines.
const MAX_HEADERS: usize = 128;
/// Builds ask; they do not send much. Bytes.
const MAX_SENT: u64 = 64 << 20;

/// A request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) target: String,
    /// Whether it is of HTTP/1.0, which knows no chunks.
    pub(super) is_old: bool,
    pub(super) headers: Vec<(String, Vec<u8>)>,
}

/// A request, whole.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) head: Head,
    pub(super) url: Url,
    pub(super) body: Vec<u8>,
}

fn bad(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

impl Head {
    /// The next head; none if the client has gone.
    pub(super) fn read(reader: &mut dyn BufRead) -> io::Result<Option<Self>> {
        let mut text = Vec::new();
        loop {
            let before = text.len();
            let read = reader.take((MAX_HEAD - before) as u64).read_until(b'\n', &mut text)?;
            let line = text[before..].trim_ascii();
            match (read, line.is_empty(), before) {
                (0, ..) if text.is_empty() => return Ok(None),
                (0, ..) => return Err(bad("a request's head that is cut off or too long")),
                // Empty lines before a request are allowed.
                (_, true, 0) => text.clear(),
                (_, true, _) => return Self::parse(&text).map(Some),
                _ => {}
            }
        }
    }

    fn parse(text: &[u8]) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(text).map_err(|error| bad(&error.to_string()))?;
        let (Some(method), Some(target), Some(version), true) =
            (request.method, request.path, request.version, parsed.is_complete())
        else {
            return Err(bad("half a request"));
        };
        let header =
            |header: &httparse::Header<'_>| (header.name.to_ascii_lowercase(), header.value.to_vec());
        Ok(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            is_old: version == 0,
            headers: request.headers.iter().map(header).collect(),
        })
    }

    /// The first header `name` (in lower case) as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)?;
        std::str::from_utf8(value).ok().map(str::trim)
    }

    fn has_word(&self, name: &str, word: &str) -> bool {
        let words = self.header(name).into_iter().flat_map(|value| value.split(','));
        words.map(str::trim).any(|found| found.eq_ignore_ascii_case(word))
    }

    /// Whether the client has more to ask on the same connection.
    pub(super) fn keeps_alive(&self) -> bool {
        let word = |word| self.has_word("connection", word) || self.has_word("proxy-connection", word);
        if self.is_old { word("keep-alive") } else { !word("close") }
    }

    /// Whether it waits for leave to send its body.
    pub(super) fn waits(&self) -> bool {
        self.has_word("expect", "100-continue")
    }

    /// What follows the head.
    pub(super) fn body(&self, reader: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        if self.has_word("transfer-encoding", "chunked") {
            return chunks(reader);
        }
        let length = match self.header("content-length") {
            None => 0,
            Some(text) => text.parse().map_err(|_| bad("a length that is no number"))?,
        };
        if length > MAX_SENT {
            return Err(bad("a request with too much in it"));
        }
        exactly(reader, length)
    }
}

fn exactly(reader: &mut dyn BufRead, length: u64) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    if body.len() as u64 == length { Ok(body) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn chunks(reader: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(reader)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| bad("a chunk of no size"))?;
        if size > MAX_SENT || body.len() as u64 + size > MAX_SENT {
            return Err(bad("a request with too much in it"));
        }
        if size == 0 {
            // What may stand behind the last chunk is nothing to us.
            while !self::line(reader)?.is_empty() {}
            return Ok(body);
        }
        body.extend(exactly(reader, size)?);
        self::line(reader)?;
    }
}

fn line(reader: &mut dyn BufRead) -> io::Result<String> {
    let mut text = Vec::new();
    reader.take(1024).read_until(b'\n', &mut text)?;
    if !text.ends_with(b"\n") {
        return Err(bad("a line that is cut off or too long"));
    }
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}

impl Request {
    /// The question that this is, as it is recorded and looked for.
    pub(super) fn asked(&self) -> Asked {
        let text = |name: &str| self.head.header(name).map(str::to_owned);
        Asked {
            method: self.head.method.clone(),
            url: capsule::recorded(&self.url).into(),
            range: text("range"),
            accept: text("accept").filter(|accept| accept != "*/*"),
            sent: (!self.body.is_empty()).then(|| Digest::of(&self.body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<Option<(Head, Vec<u8>)>> {
        let mut reader = text.as_bytes();
        let Some(head) = Head::read(&mut reader)? else { return Ok(None) };
        let body = head.body(&mut reader)?;
        Ok(Some((head, body)))
    }

    #[test]
    fn a_request_is_read_with_what_follows_it() {
        let (head, body) =
            read("\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcdef").unwrap().unwrap();
        assert_eq!((head.method.as_str(), head.target.as_str(), &body[..]), ("POST", "/a", &b"abc"[..]));
        assert!(head.keeps_alive() && !head.is_old);
        let text = "PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n";
        let (head, body) = read(text).unwrap().unwrap();
        assert_eq!(body, b"abcde");
        assert!(!head.keeps_alive());
        assert!(!read("GET /a HTTP/1.0\r\n\r\n").unwrap().unwrap().0.keeps_alive());
        assert!(read("").unwrap().is_none());
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(MAX_HEAD));
        for text in [
            "GET /a",
            "GET /a HTTP/1.1\r\nHost: h",
            "\u{16}\u{3}\u{1}\r\n\r\n",
            "GET /a HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "GET /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
            "GET /a HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
            "GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            &long,
        ] {
            assert!(read(text).is_err(), "{text:.60}");
        }
    }
}

//! An answer on its way to a client.

use std::fmt::Write as _;
use std::io::{self, Write};

/// How a client learns where an answer ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// By its length; so many bytes are still to come.
    Counted(u64),
    /// By its last chunk.
    Chunked,
    /// By the end of the connection.
    Closed,
}

/// What of an answer a client wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// Its head alone: it asked with `HEAD`.
    Head,
    /// All of it.
    All,
}

/// Where an answer goes. A client that went away is no failure of the answer, which may be recorded.
pub(super) struct Reply<'w> {
    out: &'w mut dyn Write,
    wants: Wants,
    /// Whether the client knows no chunks.
    is_old: bool,
    /// Whether the connection ends with this answer.
    closes: bool,
    end: End,
    gone: bool,
}

impl<'w> Reply<'w> {
    pub(super) fn new(out: &'w mut dyn Write, wants: Wants, (is_old, closes): (bool, bool)) -> Self {
        Self { out, wants, is_old, closes, end: End::Closed, gone: false }
    }

    /// Sends the head of an answer of `length` bytes; where that is not known, the end is told otherwise.
    pub(super) fn begin(&mut self, status: (u16, &str), headers: &[(String, String)], length: Option<u64>) {
        let (code, reason) = status;
        // Neither may have a length.
        let is_bare = matches!(code, 204 | 304);
        self.end = match length {
            _ if is_bare => End::Counted(0),
            Some(length) => End::Counted(length),
            None if self.is_old => End::Closed,
            None => End::Chunked,
        };
        self.closes |= self.end == End::Closed;
        let mut head = format!("HTTP/1.1 {code} {reason}\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        // Writing to a String cannot fail.
        match self.end {
            // What a look would give is told by the headers.
            End::Counted(0) if is_bare || self.wants == Wants::Head => {}
            End::Counted(length) => _ = write!(head, "content-length: {length}\r\n"),
            End::Chunked if self.wants == Wants::All => head.push_str("transfer-encoding: chunked\r\n"),
            End::Chunked | End::Closed => {}
        }
        if self.closes {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        self.write(head.as_bytes());
    }

    /// Sends a piece of the body.
    pub(super) fn piece(&mut self, bytes: &[u8]) {
        if self.wants == Wants::Head || bytes.is_empty() {
            return;
        }
        match &mut self.end {
            End::Counted(left) => *left = left.saturating_sub(bytes.len() as u64),
            End::Chunked => {
                self.write(format!("{:x}\r\n", bytes.len()).as_bytes());
                self.write(bytes);
                return self.write(b"\r\n");
            }
            End::Closed => {}
        }
        self.write(bytes);
    }

    /// Ends the answer; tells whether the connection can take another one.
    pub(super) fn end(mut self) -> bool {
        let is_whole = match (self.wants, self.end) {
            (Wants::All, End::Chunked) => {
                self.write(b"0\r\n\r\n");
                true
            }
            (Wants::Head, _) | (_, End::Counted(0)) => true,
            _ => false,
        };
        self.gone |= self.out.flush().is_err();
        is_whole && !self.closes && !self.gone
    }

    /// A whole answer that is a text for people.
    pub(super) fn say(mut self, status: (u16, &str), text: &str) -> bool {
        let headers = [("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        self.begin(status, &headers, Some(text.len() as u64));
        self.piece(text.as_bytes());
        self.end()
    }

    fn write(&mut self, bytes: &[u8]) {
        if !self.gone {
            self.gone = self.out.write_all(bytes).is_err();
        }
    }
}

/// The usual words for a status.
pub(super) fn reason(status: u16) -> &'static str {
    reqwest::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Answer")
}

/// Copies all of `reader` into the reply.
pub(super) fn pour(reader: &mut dyn io::Read, reply: &mut Reply<'_>) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => {
                reply.piece(&buffer[..count]);
                total += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

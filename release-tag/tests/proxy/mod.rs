//! What stands in front of a registry: it hands on whole requests, and lets something befall some.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What befalls a piece of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is not handed on, but answered with this status.
    Refused(u16),
    /// The registry gets so many bytes of it, then both sides are cut off.
    Cut(usize),
    /// It is kept back until it is released, or whoever sent it is gone.
    Held,
}

#[derive(Default)]
struct State {
    /// From which piece on (from 1), for how many, and what.
    fate: Option<(usize, usize, Fate)>,
    pieces: usize,
    /// How many bytes of pieces were handed on whole.
    passed: u64,
    held: bool,
    released: bool,
}

/// A proxy on a free port of this machine.
pub struct Proxy {
    port: u16,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Proxy {
    /// In front of `registry`.
    pub fn before(registry: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let (ours, registry) = (Arc::clone(&shared), registry.to_owned());
        // It lives as long as the test's process; nobody is left to end it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, registry) = (Arc::clone(&ours), registry.clone());
                std::thread::spawn(move || _ = serve(stream, &registry, &shared));
            }
        });
        Self { port, shared }
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Lets `fate` befall `count` pieces from the one with this number (from 1) on.
    pub fn befall(&self, piece: usize, count: usize, fate: Fate) {
        let mut state = self.shared.0.lock().unwrap();
        (state.pieces, state.fate) = (0, Some((piece, count, fate)));
    }

    /// Nothing befalls anything any more.
    pub fn spare(&self) {
        self.shared.0.lock().unwrap().fate = None;
    }

    /// How many bytes of blobs were handed on.
    pub fn passed(&self) -> u64 {
        self.shared.0.lock().unwrap().passed
    }

    /// Waits until a piece is held.
    pub fn wait_until_holding(&self) {
        let (state, changed) = &*self.shared;
        drop(changed.wait_while(state.lock().unwrap(), |state| !state.held).unwrap());
    }

    /// Hands on what is held.
    pub fn release(&self) {
        let (state, changed) = &*self.shared;
        state.lock().unwrap().released = true;
        changed.notify_all();
    }
}

/// One request on one connection.
fn serve(client: TcpStream, registry: &str, shared: &(Mutex<State>, Condvar)) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if name == "content-length" {
            length = line.split(':').nth(1).unwrap().trim().parse().unwrap();
        }
        if name != "connection" {
            head += &line;
        }
    }
    head += "Connection: close\r\n\r\n";
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let is_piece = head.starts_with("PATCH ");
    let fate = if is_piece { next(shared) } else { None };
    let mut client = client;
    if let Some(Fate::Refused(status)) = fate {
        return write!(client, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    if fate == Some(Fate::Held) {
        hold(shared);
    }
    let mut upstream = TcpStream::connect(registry)?;
    upstream.write_all(head.as_bytes())?;
    if let Some(Fate::Cut(bytes)) = fate {
        upstream.write_all(&body[..bytes])?;
        upstream.shutdown(Shutdown::Write)?;
        // What it says to that is heard by nobody; then it is done with it.
        upstream.read_to_end(&mut Vec::new())?;
        return client.shutdown(Shutdown::Both);
    }
    upstream.write_all(&body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    if is_piece {
        shared.0.lock().unwrap().passed += body.len() as u64;
    }
    client.write_all(&answer)
}

/// What befalls the next piece.
fn next((state, _): &(Mutex<State>, Condvar)) -> Option<Fate> {
    let mut state = state.lock().unwrap();
    state.pieces += 1;
    let (first, count, fate) = state.fate?;
    (first..first + count).contains(&state.pieces).then_some(fate)
}

fn hold((state, changed): &(Mutex<State>, Condvar)) {
    let mut locked = state.lock().unwrap();
    locked.held = true;
    changed.notify_all();
    drop(changed.wait_while(locked, |state| !state.released).unwrap());
}

//! A server made of raw sockets, so that it can do everything wrong that can be done wrong.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The headers, in lower case.
    pub headers: BTreeMap<String, String>,
    /// How many requests for this path came before.
    pub before: usize,
}

/// A server on a port of its own. Its threads end with the test.
pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What a connection is: plain, or with TLS.
pub trait Wire: Read + Write {
    /// Ends it with a reset in place of an end.
    fn reset(&mut self);
}

impl Wire for TcpStream {
    fn reset(&mut self) {
        // With no time to linger, closing sends a reset.
        _ = rustix::net::sockopt::set_socket_linger(&*self, Some(std::time::Duration::ZERO));
    }
}

impl Server {
    /// Answers each request with `answer`, then closes the connection.
    pub fn start(answer: impl Fn(&Asked, &mut dyn Wire) + Send + Sync + 'static) -> Self {
        Self::listen(move |stream, asked| {
            let mut stream = stream;
            if let Some(asked) = receive(&mut stream, &asked) {
                answer(&asked, &mut stream);
            }
        })
    }

    /// Hands each connection to `serve`, in a thread of its own.
    pub fn listen(serve: impl Fn(TcpStream, Arc<Mutex<Vec<Asked>>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (serve, kept) = (Arc::new(serve), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serve, asked) = (Arc::clone(&serve), Arc::clone(&kept));
                thread::spawn(move || serve(stream, asked));
            }
        });
        Self { port, asked }
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads a request and notes it.
pub fn receive(stream: &mut dyn Wire, all: &Mutex<Vec<Asked>>) -> Option<Asked> {
    let mut lines = BufReader::with_capacity(1, stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())))
        .collect();
    let mut all = all.lock().unwrap();
    let before = all.iter().filter(|asked| asked.path == path).count();
    let asked = Asked { path, headers, before };
    all.push(asked.clone());
    Some(asked)
}

/// Sends `text`; that nobody reads it any more does not matter.
pub fn send(wire: &mut dyn Wire, text: &[u8]) {
    _ = wire.write_all(text).and_then(|()| wire.flush());
}

/// An answer with a status, further headers and a body of its own length.
pub fn answer(wire: &mut dyn Wire, status: &str, headers: &str, body: &[u8]) {
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    send(wire, &[head.as_bytes(), body].concat());
}

/// The right file for `path`, as the sources of the tests name them.
pub fn good(asked: &Asked, wire: &mut dyn Wire) {
    let body = content(&asked.path);
    match body {
        Some(body) => answer(wire, "200 OK", "Content-Type: text/plain\r\nETag: \"1\"\r\n", body.as_bytes()),
        None => answer(wire, "404 Not Found", "", b"no such file\n"),
    }
}

/// What is right for `path`.
pub fn content(path: &str) -> Option<&'static str> {
    match path.rsplit('/').next()? {
        "explicit.txt" => Some(super::EXPLICIT),
        "pip.txt" => Some(super::PIP),
        "dev.txt" => Some(super::DEV),
        _ => None,
    }
}

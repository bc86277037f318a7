//! One client: plain requests for whole addresses, or a tunnel to one host, which ends here.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;

use reqwest::Url;
use rustls::{ServerConnection, StreamOwned};

use super::message::{Head, Request};
use super::reply::{Reply, Wants};
use super::{Busy, Shared, Source};

/// What a record of TLS begins with when it shakes hands.
const HANDSHAKE: u8 = 0x16;

/// Answers all that comes on `stream`. What goes wrong with a client is the client's to tell.
pub(super) fn serve(stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    loop {
        let head = match Head::read(&mut reader) {
            Ok(Some(head)) => head,
            Ok(None) => return,
            Err(error) => return refuse(&mut reader, &error),
        };
        if head.method == "CONNECT" {
            return tunnel(reader, &head.target, shared);
        }
        match Url::parse(&head.target) {
            Ok(url) if url.scheme() == "http" => {
                if !exchange(&mut reader, head, url, shared) {
                    return;
                }
            }
            _ => {
                return refuse(
                    &mut reader,
                    &io::Error::other("this is a proxy: it wants a whole http address"),
                );
            }
        }
    }
}

fn refuse<W: Read + Write>(reader: &mut BufReader<W>, error: &io::Error) {
    Reply::new(reader.get_mut(), Wants::All, (false, true)).say((400, "Bad Request"), &format!("{error}\n"));
}

/// Everything inside a tunnel to `authority` is answered as by that host.
fn tunnel(mut reader: BufReader<TcpStream>, authority: &str, shared: &Shared) {
    let Ok(host) = Url::parse(&format!("https://{authority}/")) else {
        return refuse(&mut reader, &io::Error::other("that is no host"));
    };
    if reader.get_mut().write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
        return;
    }
    let mut stream = reader.into_inner();
    let mut first = [0];
    match stream.peek(&mut first) {
        Ok(1) if first[0] == HANDSHAKE => {}
        Ok(1) => {
            let Ok(host) = Url::parse(&format!("http://{authority}/")) else { return };
            return converse(&mut BufReader::new(stream), &host, shared);
        }
        _ => return,
    }
    let name = host.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let connection = shared.authority.config(name).ok().and_then(|config| ServerConnection::new(config).ok());
    let Some(mut connection) = connection else { return };
    while connection.is_handshaking() {
        if connection.complete_io(&mut stream).is_err() {
            return;
        }
    }
    let mut secured = BufReader::new(StreamOwned::new(connection, stream));
    converse(&mut secured, &host, shared);
    let stream = secured.get_mut();
    stream.conn.send_close_notify();
    _ = stream.flush();
}

fn converse<W: Read + Write>(reader: &mut BufReader<W>, host: &Url, shared: &Shared) {
    loop {
        let head = match Head::read(reader) {
            Ok(Some(head)) => head,
            Ok(None) => return,
            Err(error) => return refuse(reader, &error),
        };
        let Ok(url) = host.join(&head.target) else {
            return refuse(reader, &io::Error::other("that is no address"));
        };
        if url.origin() != host.origin() || !exchange(reader, head, url, shared) {
            return;
        }
    }
}

/// One request and its answer; tells whether another may follow.
fn exchange<W: Read + Write>(reader: &mut BufReader<W>, head: Head, url: Url, shared: &Shared) -> bool {
    let _busy = Busy::new(shared);
    if head.waits() && reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_err() {
        return false;
    }
    let body = match head.body(reader) {
        Ok(body) => body,
        Err(error) => {
            refuse(reader, &error);
            return false;
        }
    };
    let ways = (head.is_old, !head.keeps_alive());
    let request = Request { head, url, body };
    let wants = if request.head.method == "HEAD" { Wants::Head } else { Wants::All };
    let reply = Reply::new(reader.get_mut(), wants, ways);
    match &shared.source {
        Source::Record(recorder) => recorder.answer(&request, reply),
        Source::Replay(replayer) => replayer.answer(&request, reply),
    }
}

//! A package index on the loopback device, and a uv that only pretends.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::digest::Digest;

/// What is served: by path, content type and body.
type Pages = Arc<Mutex<BTreeMap<String, (String, String)>>>;

/// A package index. It ends with the test's process.
pub struct Served {
    pub url: String,
    pages: Pages,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Served {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/simple", listener.local_addr().unwrap());
        let (pages, asked) = (Pages::default(), Arc::new(Mutex::new(Vec::new())));
        let (theirs, log) = (Arc::clone(&pages), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (pages, log) = (Arc::clone(&theirs), Arc::clone(&log));
                std::thread::spawn(move || answer(stream, &pages, &log));
            }
        });
        Self { url, pages, asked }
    }

    /// Serves `page` at `path`, below the server's root.
    pub fn page(&self, path: &str, kind: &str, page: &str) {
        self.pages.lock().unwrap().insert(path.to_owned(), (kind.to_owned(), page.to_owned()));
    }

    /// Has `project` with `files`: name, and further members of its JSON object.
    pub fn project(&self, project: &str, files: &[(&str, &str)]) {
        let files: Vec<String> = files
            .iter()
            .map(|(name, more)| format!(r#"{{"filename": "{name}", "url": "../../f/{name}"{more}}}"#))
            .collect();
        let page = format!(r#"{{"meta": {{"api-version": "1.1"}}, "files": [{}]}}"#, files.join(","));
        self.page(&format!("/simple/{project}/"), "application/vnd.pypi.simple.v1+json", &page);
    }

    /// What was asked for: method, path, ` again` where a state was named, and as whom.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn answer(mut stream: TcpStream, pages: &Pages, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |wanted: &str| {
        headers.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
        })
    };
    let (named, who) = (header("if-none-match"), header("authorization"));
    let words: Vec<&str> = request.split(' ').collect();
    log.lock().unwrap().push(format!(
        "{} {}{}{}",
        words[0],
        words[1],
        if named.is_some() { " again" } else { "" },
        who.map(|who| format!(" as {who}")).unwrap_or_default()
    ));
    let page = pages.lock().unwrap().get(words[1]).cloned();
    let etag = page.as_ref().map(|(_, body)| format!("\"{}\"", Digest::of(body.as_bytes()).short()));
    let again = named.is_some() && named == etag;
    let etag = etag.unwrap_or_default();
    let (status, kind, body) = match page {
        None => ("404 Not Found", String::new(), String::new()),
        Some((kind, _)) if again => ("304 Not Modified", kind, String::new()),
        Some((kind, body)) => ("200 OK", kind, body),
    };
    let body = if words[0] == "HEAD" { String::new() } else { body };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nETag: {etag}\r\nCache-Control: max-age=0\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// Puts a program `name` with the shell script `script` into `dir`.
pub fn program(dir: &Path, name: &str, script: &str) {
    common::testing::program(&dir.join(name), &format!("#!/bin/sh\n{script}"));
}

//! A registry that the test plays: enough of the protocol to be delivered to, and moods.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use common::digest::Digest;

/// What the registry is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It answers the next request with this status.
    Fail(u16),
    /// It ends the connection of the next request without an answer.
    Hang,
    /// It wants a token.
    Bearer,
    /// It wants a password.
    Basic,
}

/// What it answers to who asks what points at a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// A redirect to a page for people, whose server asks to wait.
    Redirect,
    /// A page for people.
    Page,
    /// That it was asked too often.
    Limit,
    /// That whoever asks is not allowed to, and not how to be.
    Closed,
    /// That something is wrong with it.
    Broken,
    /// The list, with so many entries on a page.
    Pages(usize),
}

/// What else is odd about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quirk {
    ForgetsUploads,
    TakesNoPieces,
    Corrupts,
    KeepsTags,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, Vec<u8>>,
    uploads: Vec<Vec<u8>>,
    requests: Vec<String>,
    failures: VecDeque<Mood>,
    /// After so many bytes of it, the connection of the next upload ends.
    cuts: VecDeque<usize>,
    refusal: Option<(&'static str, &'static str, u16, String)>,
    quirks: Vec<Quirk>,
    guard: Option<Mood>,
    lists: Option<Lists>,
    /// How many requests a token is good for.
    token_life: Option<usize>,
    token_used: usize,
    /// Of the request that is answered, where it is text.
    body: String,
}

impl State {
    fn is(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}

/// A registry on a free port of this machine.
pub struct Played {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
}

impl Played {
    pub fn start(moods: &[Mood]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_guard = |mood: &&Mood| matches!(mood, Mood::Bearer | Mood::Basic);
        let state = State {
            guard: moods.iter().find(is_guard).copied(),
            failures: moods.iter().filter(|mood| !is_guard(mood)).copied().collect(),
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        // It lives as long as the test's process; nobody is left to end it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || _ = serve(stream, &shared, port));
            }
        });
        Self { port, state }
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The digest of what is under `tag`.
    pub fn tagged(&self, tag: &str) -> Option<String> {
        self.state.lock().unwrap().manifests.get(tag).map(|bytes| Digest::of(bytes).to_string())
    }

    /// What is under `reference`, a tag or a digest.
    pub fn manifest(&self, reference: &str) -> Option<serde_json::Value> {
        let state = self.state.lock().unwrap();
        state.manifests.get(reference).map(|bytes| serde_json::from_slice(bytes).unwrap())
    }

    pub fn blob(&self, digest: &str) -> Option<Vec<u8>> {
        self.state.lock().unwrap().blobs.get(digest).cloned()
    }

    /// Every tag and digest, and the digest of what is under it.
    pub fn manifests(&self) -> BTreeMap<String, String> {
        let state = self.state.lock().unwrap();
        state.manifests.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes).to_string())).collect()
    }

    /// It has nothing any more.
    pub fn empty(&self) {
        let mut state = self.state.lock().unwrap();
        state.blobs.clear();
        state.manifests.clear();
    }

    pub fn lose(&self, digest: &str) {
        self.state.lock().unwrap().blobs.remove(digest);
    }

    /// Flips a bit of the blob.
    pub fn flip(&self, digest: &str) {
        self.state.lock().unwrap().blobs.get_mut(digest).unwrap()[0] ^= 1;
    }

    pub fn put_blob(&self, digest: &str, bytes: &[u8]) {
        self.state.lock().unwrap().blobs.insert(digest.to_owned(), bytes.to_vec());
    }

    pub fn put_manifest(&self, tag: &str, bytes: &[u8]) {
        self.state.lock().unwrap().manifests.insert(tag.to_owned(), bytes.to_vec());
    }

    /// Method, path and range of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    pub fn forget(&self) {
        self.state.lock().unwrap().requests.clear();
    }

    pub fn refuse(&self, method: &'static str, path: &'static str, status: u16, body: &str) {
        self.state.lock().unwrap().refusal = Some((method, path, status, body.to_owned()));
    }

    pub fn accept(&self) {
        self.state.lock().unwrap().refusal = None;
    }

    pub fn cut_uploads(&self, after: &[usize]) {
        self.state.lock().unwrap().cuts = after.iter().copied().collect();
    }

    /// It does not know how far an upload got.
    pub fn forget_uploads(&self) {
        self.state.lock().unwrap().quirks.push(Quirk::ForgetsUploads);
    }

    /// It does not understand pieces.
    pub fn take_no_pieces(&self) {
        self.state.lock().unwrap().quirks.push(Quirk::TakesNoPieces);
    }

    /// It gives back other manifests than it took.
    pub fn corrupt_manifests(&self) {
        self.state.lock().unwrap().quirks.push(Quirk::Corrupts);
    }

    /// It answers so to who asks what points at a manifest.
    pub fn list(&self, lists: Lists) {
        self.state.lock().unwrap().lists = Some(lists);
    }

    /// Its tags cannot be changed.
    pub fn keep_tags(&self) {
        self.state.lock().unwrap().quirks.push(Quirk::KeepsTags);
    }

    pub fn tokens_last(&self, requests: usize) {
        self.state.lock().unwrap().token_life = Some(requests);
    }
}

/// One request on one connection; the answer says that it ends there.
fn serve(stream: TcpStream, state: &Mutex<State>, port: u16) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let request = read_head(&mut reader)?;
    let length: usize = request.headers.get("content-length").map_or(0, |n| n.parse().unwrap());
    let mut state = state.lock().unwrap();
    let range =
        request.headers.get("content-range").map(|r| format!(" Content-Range: {r}")).unwrap_or_default();
    state.requests.push(format!("{} {}{range}", request.method, request.path));
    if request.method == "PATCH"
        && let Some(cut) = state.cuts.pop_front().filter(|cut| *cut < length)
    {
        let mut begun = vec![0; cut];
        reader.read_exact(&mut begun)?;
        let upload = upload_of(&request.path);
        state.uploads[upload].extend(begun);
        return stream.shutdown(std::net::Shutdown::Both);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    state.body = String::from_utf8_lossy(&body).into_owned();
    let (status, headers, answer) = match state.failures.pop_front() {
        Some(Mood::Fail(status)) => (status, String::new(), b"not now".to_vec()),
        Some(_) => return stream.shutdown(std::net::Shutdown::Both),
        None => answer(&mut state, &request, body, port),
    };
    drop(state);
    let mut stream = stream;
    let length = if headers.contains("Content-Length") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", answer.len())
    };
    write!(stream, "HTTP/1.1 {status} X\r\n{headers}{length}Connection: close\r\n\r\n")?;
    if request.method != "HEAD" {
        stream.write_all(&answer)?;
    }
    stream.flush()
}

fn read_head(reader: &mut BufReader<TcpStream>) -> std::io::Result<Request> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    Ok(Request { method, path, headers })
}

fn upload_of(path: &str) -> usize {
    path.rsplit("/uploads/").next().unwrap().split('?').next().unwrap().parse().unwrap()
}

type Answer = (u16, String, Vec<u8>);

fn answer(state: &mut State, request: &Request, body: Vec<u8>, port: u16) -> Answer {
    let nothing = |status| (status, String::new(), Vec::new());
    if let Some(refused) = guarded(state, request, port) {
        return refused;
    }
    if let Some((method, path, status, body)) = &state.refusal
        && request.method == *method
        && request.path.contains(path)
    {
        return (*status, String::new(), body.clone().into_bytes());
    }
    let path = request.path.clone();
    if let (Some(lists), Some((_, subject))) = (state.lists, path.split_once("/referrers/")) {
        return listed(state, lists, subject);
    }
    if path == "/page" {
        return (429, "Retry-After: 50\r\n".to_owned(), b"<html>".to_vec());
    }
    if let Some((_, tag)) = path.split_once("/manifests/") {
        if request.method == "PUT" {
            let is_taken = state.manifests.get(tag).is_some_and(|there| *there != body);
            if state.is(Quirk::KeepsTags) && is_taken {
                let said =
                    "{\"errors\":[{\"code\":\"TAG_INVALID\",\"message\":\"the repository is immutable\"}]}";
                return (400, String::new(), said.as_bytes().to_vec());
            }
            let about: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let subject = about["subject"]["digest"].as_str();
            let keeps_lists = matches!(state.lists, Some(Lists::Pages(_)));
            let said = subject.filter(|_| keeps_lists).map(|subject| format!("OCI-Subject: {subject}\r\n"));
            let body = if state.is(Quirk::Corrupts) { [&body[..], b"\n"].concat() } else { body };
            state.manifests.insert(tag.to_owned(), body);
            return (201, said.unwrap_or_default(), Vec::new());
        }
        return state.manifests.get(tag).map_or_else(|| nothing(404), |bytes| manifest(bytes));
    }
    if path.contains("/uploads/") {
        return uploads(state, request, &path, body);
    }
    let digest = path.rsplit('/').next().unwrap();
    state.blobs.get(digest).map_or_else(|| nothing(404), |blob| (200, String::new(), blob.clone()))
}

/// A manifest as registries give it.
fn manifest(bytes: &[u8]) -> Answer {
    let told: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let kind = told["mediaType"].as_str().map(|kind| format!("Content-Type: {kind}\r\n"));
    let digest = format!("Docker-Content-Digest: {}\r\n", Digest::of(bytes));
    (200, kind.unwrap_or_default() + &digest, bytes.to_vec())
}

fn listed(state: &State, lists: Lists, subject: &str) -> Answer {
    let page = || b"<html><body>Sign in to see this page</body></html>".to_vec();
    match lists {
        Lists::Redirect => (303, "Location: /page\r\nContent-Type: text/html\r\n".to_owned(), page()),
        Lists::Page => (200, "Content-Type: text/html; charset=utf-8\r\n".to_owned(), page()),
        Lists::Limit => (429, "Retry-After: 50\r\n".to_owned(), Vec::new()),
        Lists::Closed => (401, String::new(), Vec::new()),
        Lists::Broken => (500, String::new(), b"out of order".to_vec()),
        Lists::Pages(size) => {
            let (subject, from) = subject.split_once("?from=").unwrap_or((subject, "0"));
            let from: usize = from.parse().unwrap();
            let about = |bytes: &Vec<u8>| -> Option<serde_json::Value> {
                let manifest: serde_json::Value = serde_json::from_slice(bytes).ok()?;
                (manifest["subject"]["digest"] == subject).then_some(manifest)
            };
            let all: Vec<serde_json::Value> = state.manifests.iter().filter_map(|(name, bytes)| {
                let manifest = about(bytes).filter(|_| name.starts_with("sha256:"))?;
                let kind = &manifest["mediaType"];
                Some(serde_json::json!({"mediaType": kind, "digest": name, "size": bytes.len(), "artifactType": manifest["artifactType"]}))
            }).collect();
            let shown: Vec<_> = all.iter().skip(from).take(size).collect();
            let kind = "application/vnd.oci.image.index.v1+json";
            let index = serde_json::json!({"schemaVersion": 2, "mediaType": kind, "manifests": shown});
            let more = from + size < all.len();
            let link = more.then(|| {
                format!("Link: </v2/stsci/roman/referrers/{subject}?from={}>; rel=\"next\"\r\n", from + size)
            });
            (
                200,
                format!("Content-Type: {kind}\r\n{}", link.unwrap_or_default()),
                index.to_string().into_bytes(),
            )
        }
    }
}

fn uploads(state: &mut State, request: &Request, path: &str, body: Vec<u8>) -> Answer {
    let at = |n: usize| format!("Location: /v2/stsci/roman/blobs/uploads/{n}?state=x\r\n");
    if request.method == "POST" {
        state.uploads.push(Vec::new());
        return (202, at(state.uploads.len() - 1), Vec::new());
    }
    let n = upload_of(path);
    match request.method.as_str() {
        "GET" if state.is(Quirk::ForgetsUploads) => (404, String::new(), Vec::new()),
        "GET" => {
            let last = state.uploads[n].len().saturating_sub(1);
            (204, format!("{}Range: 0-{last}\r\n", at(n)), Vec::new())
        }
        "PATCH" if state.is(Quirk::TakesNoPieces) && request.headers.contains_key("content-range") => {
            (416, String::new(), Vec::new())
        }
        "PATCH" => {
            let from = request
                .headers
                .get("content-range")
                .map_or(0, |r| r.split('-').next().unwrap().parse().unwrap());
            if from != state.uploads[n].len() {
                return (416, String::new(), Vec::new());
            }
            state.uploads[n].extend(body);
            (202, at(n), Vec::new())
        }
        _ => {
            let digest = path.split("digest=").nth(1).unwrap().replace("%3A", ":");
            let blob = state.uploads[n].clone();
            if Digest::of(&blob).as_str() != digest {
                return (400, String::new(), b"{\"errors\":[{\"code\":\"DIGEST_INVALID\"}]}".to_vec());
            }
            state.blobs.insert(digest, blob);
            (201, String::new(), Vec::new())
        }
    }
}

/// The answer to who is not let in; none to who is.
fn guarded(state: &mut State, request: &Request, port: u16) -> Option<Answer> {
    let who = request.headers.get("authorization").map_or("", String::as_str);
    let password = who == "Basic YWRhOmh1bnRlcjI=";
    match state.guard? {
        Mood::Basic if password => None,
        Mood::Basic => Some((401, "WWW-Authenticate: Basic realm=\"r\"\r\n".to_owned(), Vec::new())),
        _ if request.path.starts_with("/token?") && password => {
            state.token_used = 0;
            Some((200, String::new(), b"{\"token\": \"t0ken\"}".to_vec()))
        }
        // An identity token comes in a form.
        _ if request.path == "/token" && state.body.contains("refresh_token=1dent1ty") => {
            state.token_used = 0;
            Some((200, String::new(), b"{\"access_token\": \"t0ken\"}".to_vec()))
        }
        _ if request.path.starts_with("/token") => Some((401, String::new(), b"who are you?".to_vec())),
        _ => {
            state.token_used += 1;
            let lives = state.token_life.is_none_or(|life| state.token_used <= life);
            if who == "Bearer t0ken" && lives {
                return None;
            }
            // As docker's registry does: the scope is what the request needs.
            let scope = match request.method.as_str() {
                "GET" | "HEAD" => "repository:stsci/roman:pull",
                _ => "repository:stsci/roman:pull,push",
            };
            let realm = format!(
                "Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"played\",scope=\"{scope}\""
            );
            Some((401, format!("WWW-Authenticate: {realm}\r\n"), Vec::new()))
        }
    }
}

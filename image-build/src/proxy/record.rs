//! Answers of servers, passed on to the client and kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Method, Url, redirect};

use common::capsule::{self, Answer, AnswerKind, Asked, Blob};
use common::digest::Hasher;
use common::oci::blobs::blob_name;

use super::ProxyError;
use super::message::Request;
use super::reply::{Reply, pour, reason};

const CONNECT: Duration = Duration::from_secs(20);
/// Until an answer begins, and between two pieces of it.
const PATIENCE: Duration = Duration::from_mins(2);
const MAX_REDIRECTS: usize = 10;

/// What is of one connection, or of nobody but this client and this server; and what leads past the proxy.
const NOT_KEPT: [&str; 14] = [
    "alt-svc",
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-connection",
    "report-to",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What is not sent on: the connection's own, and what would have a server answer less than all.
const NOT_SENT: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Asks servers, and keeps what they answer.
pub(crate) struct Recorder {
    /// Never dropped: that waits for the client's own thread.
    client: ManuallyDrop<Client>,
    /// Where the blobs are.
    dir: PathBuf,
    known: Mutex<BTreeMap<Asked, Answer>>,
    /// What could not be had.
    failed: Mutex<Vec<String>>,
}

/// What a status says about whether an answer is one.
#[derive(PartialEq, Eq)]
enum Weight {
    /// It is the answer.
    Final,
    /// It is, unless the client gets further by telling who it is.
    Weak,
    /// Later there may be an answer.
    None,
}

impl Weight {
    const fn of(status: u16) -> Self {
        match status {
            401 | 403 | 407 => Self::Weak,
            408 | 425 | 429 | 500.. => Self::None,
            _ => Self::Final,
        }
    }
}

impl Recorder {
    /// A recorder that keeps blobs in the layout `dir`, and trusts the authorities in the file `authorities` too.
    pub(crate) fn new(dir: &Path, authorities: Option<&Path>) -> Result<Self, ProxyError> {
        let client = client(authorities).map_err(ProxyError::Client)?;
        let store = |source| ProxyError::Store { path: dir.to_owned(), source };
        fs::create_dir_all(dir.join("blobs/sha256")).map_err(store)?;
        let (known, failed) = (Mutex::default(), Mutex::default());
        Ok(Self { client: ManuallyDrop::new(client), dir: dir.to_owned(), known, failed })
    }

    /// All that was answered, sorted by what was asked.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.known().values().cloned().collect()
    }

    /// What could not be had, and why.
    pub(crate) fn failed(&self) -> Vec<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<Asked, Answer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers `request`; tells whether the connection can go on. The same question gets the same answer, so
    /// that a build sees exactly what is kept.
    pub(super) fn answer(&self, request: &Request, reply: Reply<'_>) -> bool {
        let asked = request.asked();
        let known =
            self.known().get(&asked).filter(|known| Weight::of(known.status) == Weight::Final).cloned();
        if let Some(known) = known {
            return self.again(&known, reply);
        }
        match self.ask(request) {
            Ok(response) => self.pass(asked, response, reply),
            Err(reason) => {
                self.fail(&asked.url, &reason);
                reply.say((502, "Bad Gateway"), &format!("{}: {reason}\n", asked.url))
            }
        }
    }

    fn fail(&self, url: &str, reason: &str) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.push(format!("{url}: {reason}"));
    }

    fn again(&self, known: &Answer, mut reply: Reply<'_>) -> bool {
        reply.begin((known.status, reason(known.status)), &known.headers, Some(known.body.size));
        if known.body.size == 0 {
            return reply.end();
        }
        let file = fs::File::open(self.dir.join(blob_name(&known.body.digest)));
        match file.and_then(|mut file| pour(&mut file, &mut reply)) {
            Ok(_) => reply.end(),
            Err(_) => false,
        }
    }

    /// The server's answer. A redirect to an address that is itself the right to fetch is followed here, so that
    /// nobody learns of it.
    fn ask(&self, request: &Request) -> Result<Response, String> {
        let method = Method::from_bytes(request.head.method.as_bytes()).map_err(|e| e.to_string())?;
        let mut url = request.url.clone();
        for step in 0..MAX_REDIRECTS {
            let mut call =
                self.client.request(method.clone(), url.clone()).headers(sent_on(request, step > 0));
            if !request.body.is_empty() {
                call = call.body(request.body.clone());
            }
            let response = call.send().map_err(|error| causes(&error.without_url()))?;
            match led_to(&response, &url).filter(capsule::is_signed) {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(format!("it redirects more than {MAX_REDIRECTS} times"))
    }

    /// Passes the answer on as it comes, and keeps it if it came whole.
    fn pass(&self, asked: Asked, response: Response, mut reply: Reply<'_>) -> bool {
        let status = response.status().as_u16();
        let is_head = asked.method == "HEAD";
        let mut headers = kept(response.headers());
        let told =
            response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if let Some(length) = told.filter(|_: &u64| is_head) {
            headers.push(("content-length".to_owned(), length.to_string()));
        }
        let length = if is_head { Some(0) } else { told };
        reply.begin((status, reason(status)), &headers, length);
        match self.store(response, &mut reply) {
            Ok(body) => {
                let kind = AnswerKind::of(&asked.url, status);
                self.keep(Answer { kind, asked, status, headers, body });
                reply.end()
            }
            // The client must see that something is missing, so the connection ends here.
            Err(reason) => {
                self.fail(&asked.url, &format!("it broke off: {}", causes(&reason)));
                false
            }
        }
    }

    fn store(&self, mut response: Response, reply: &mut Reply<'_>) -> io::Result<Blob> {
        let mut part = tempfile::Builder::new().prefix("part.").tempfile_in(&self.dir)?;
        let (mut hasher, mut size) = (Hasher::default(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match response.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&buffer[..count]);
            size += count as u64;
            part.write_all(&buffer[..count])?;
            // The client waits for no disk.
            reply.piece(&buffer[..count]);
        }
        let blob = Blob { digest: hasher.finish(), size };
        if size > 0 {
            // A temporary file is private; a capsule is not.
            part.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
            part.persist(self.dir.join(blob_name(&blob.digest))).map_err(|error| error.error)?;
        }
        Ok(blob)
    }

    fn keep(&self, answer: Answer) {
        if Weight::of(answer.status) == Weight::None {
            return;
        }
        let mut known = self.known();
        match known.get(&answer.asked) {
            Some(first) if Weight::of(first.status) == Weight::Final => {}
            _ => _ = known.insert(answer.asked.clone(), answer),
        }
    }
}

fn client(authorities: Option<&Path>) -> Result<Client, String> {
    let mut builder = ClientBuilder::new()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        // Of a blocking client this limits each wait, not the whole.
        .timeout(PATIENCE);
    if let Some(path) = authorities {
        let pem = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let authorities = Certificate::from_pem_bundle(&pem);
        for authority in authorities.map_err(|error| format!("{}: {error}", path.display()))? {
            builder = builder.add_root_certificate(authority);
        }
    }
    builder.build().map_err(|error| causes(&error))
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.extend([": ", &error.to_string()]);
        cause = error.source();
    }
    text
}

/// The client's headers; without who it is where another host is asked than the client meant.
fn sent_on(request: &Request, is_elsewhere: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.head.headers {
        let is_private = is_elsewhere && ["authorization", "cookie"].contains(&name.as_str());
        if NOT_SENT.contains(&name.as_str()) || is_private {
            continue;
        }
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    // The bytes as they are: the digests in locks are of those.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

fn led_to(response: &Response, from: &Url) -> Option<Url> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    from.join(location).ok().filter(|_| response.status().is_redirection())
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| !NOT_KEPT.contains(&name.as_str()));
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect()
}

//! Files over HTTP, so that what comes is what was meant or an error that says why not.
//!
//! HTTPS unless a host is named as insecure; limits on connecting, on silence, on the whole and on
//! size; what passes by itself is tried again, also in the middle of a body; redirects never lead
//! from HTTPS to plain HTTP, and credentials stay behind on another host. A body is only given out
//! whole: its length, its encoding and the digests that the server tells are checked.

mod address;
mod attempt;
mod body;
mod claim;
mod credentials;
mod error;
mod netrc;
mod pieces;
pub mod retry;

use std::fs;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::{Certificate, redirect};

use crate::parallel;

pub use address::{Address, Place, split_authority, without_logins};
pub use credentials::{Credentials, Token};
pub use error::FetchError;

/// No more than this many questions at once: servers limit how many connections one client may have.
const AT_ONCE: usize = 8;

/// What `work` makes of each of `jobs`, in their order, several at a time.
pub fn each<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    parallel::each(jobs, AT_ONCE, work)
}

/// How long, how often and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until an answer begins, and between two pieces of it.
    pub read: Duration,
    /// One file, with every further try and the waiting between them.
    pub total: Duration,
    /// How often it is tried again.
    pub retries: u32,
    /// The largest body, in bytes, also after decompression.
    pub size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_mins(3),
            retries: 4,
            size: 4 << 20,
        }
    }
}

/// How files are fetched.
#[derive(Debug, Default)]
pub struct Options {
    /// How long, how often and how much.
    pub limits: Limits,
    /// The hosts that may be spoken to without TLS.
    pub insecure: Vec<Place>,
    /// Who we are to whom.
    pub credentials: Credentials,
    /// A PEM file with authorities to trust besides the system's (and `SSL_CERT_FILE`, `SSL_CERT_DIR`).
    pub authorities: Option<PathBuf>,
}

/// One file to fetch.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it is.
    pub address: Address,
    /// What is known of the content that we have: the server may say that it still holds.
    pub known: Validators,
}

/// With what a server tells versions of a file apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`
    pub etag: Option<String>,
    /// `Last-Modified`
    pub last_modified: Option<String>,
}

/// What a server answered.
#[derive(Debug)]
pub enum Answer {
    /// What we know still holds.
    Same,
    /// This.
    File(Fetched),
}

/// A file that came whole.
#[derive(Debug)]
pub struct Fetched {
    /// Its bytes, decompressed.
    pub body: Vec<u8>,
    /// Where it was in the end, without credentials and query.
    pub final_url: String,
    /// The HTTP status.
    pub status: u16,
    /// What tells it from other versions.
    pub validators: Validators,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// Whether the server said how long it is or what its digest is. If not, an end that is missing
    /// looks like an end.
    pub is_sealed: bool,
}

/// Fetches files; may be shared between threads.
#[derive(Debug)]
pub struct Fetcher {
    agent: String,
    options: Options,
    /// For plain HTTP, and for HTTPS; each is made when it is first needed, since reading the system's
    /// authorities takes longer than many an answer. Never dropped: that waits for the client's thread,
    /// and for ever if it could not be told to end.
    clients: [OnceLock<Result<ManuallyDrop<Client>, String>>; 2],
}

impl Fetcher {
    /// A fetcher that calls itself `agent`.
    #[must_use]
    pub fn new(agent: &str, options: Options) -> Self {
        Self { agent: agent.to_owned(), options, clients: [const { OnceLock::new() }; 2] }
    }

    fn client(&self, is_tls: bool) -> Result<&Client, FetchError> {
        let made =
            self.clients[usize::from(is_tls)].get_or_init(|| self.make_client(is_tls).map(ManuallyDrop::new));
        made.as_deref().map_err(|reason| FetchError::no_tls(reason))
    }

    fn make_client(&self, is_tls: bool) -> Result<Client, String> {
        let mut builder = ClientBuilder::new()
            .user_agent(&self.agent)
            .tls_built_in_native_certs(is_tls)
            .redirect(redirect::Policy::none())
            .referer(false)
            // A connection that the server has closed meanwhile looks like a fault.
            .pool_max_idle_per_host(0)
            .connect_timeout(self.options.limits.connect)
            // Of a blocking client this limits each wait, not the whole.
            .timeout(self.options.limits.read);
        if let Some(path) = self.options.authorities.as_ref().filter(|_| is_tls) {
            let pem = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let authorities = Certificate::from_pem_bundle(&pem);
            for authority in authorities.map_err(|error| format!("{}: {error}", path.display()))? {
                builder = builder.add_root_certificate(authority);
            }
        }
        builder.build().map_err(|error| error::reason(&error))
    }

    /// The file that `request` means.
    ///
    /// # Errors
    /// It cannot be had whole within the limits, after as many tries as may help.
    pub fn get(&self, request: &Request) -> Result<Answer, FetchError> {
        let limits = &self.options.limits;
        let deadline = Instant::now() + limits.total;
        let mut tries = 1;
        loop {
            let failure = match self.attempt(request, deadline) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = failure.asked.unwrap_or_else(|| retry::pause(tries));
            if !failure.is_passing || tries > limits.retries || Instant::now() + pause >= deadline {
                return Err(failure.error.after(tries));
            }
            retry::wait(pause)?;
            tries += 1;
        }
    }
}

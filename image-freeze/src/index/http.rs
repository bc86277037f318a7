//! Questions over HTTP: few, bounded, tried again where that can help. Kept to this one file, so that
//! what carries them can be exchanged.
//!
//! `common::fetch` gives out files that come whole, over TLS, or an error. Here absence is an answer, a
//! question can be a HEAD, one says in which form it wants its answer, and how long that is good is part of
//! it; an index of plain HTTP on the network of a site is usual. What is the same is shared: who we are to
//! whom, what an address is, what is tried again and when. Both trust the system's authorities and `SSL_CERT_FILE`.

use std::io::Read as _;
use std::time::Duration;

use common::fetch::{Address, Credentials, retry};
use flate2::read::GzDecoder;
use reqwest::blocking::{Client, Response};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, IF_NONE_MATCH,
};
use reqwest::{StatusCode, Url};

use super::error::IndexError;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// How long one answer may take.
const TOTAL: Duration = Duration::from_mins(3);
/// No page is larger, in bytes.
const LIMIT: u64 = 1 << 30;
/// How often a question is asked before the answer counts as none. Fewer than of a download: there are many.
const TRIES: u32 = 3;

/// What carries questions.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    credentials: Credentials,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A page.
    Page(Page),
    /// What we have is what there is; perhaps good for that many seconds more.
    Same(Option<u64>),
    /// There is nothing at this address.
    Nothing,
}

/// A page with what is said about it.
#[derive(Debug)]
pub(crate) struct Page {
    /// The bytes.
    pub body: Vec<u8>,
    /// What they are.
    pub content_type: String,
    /// What names this state of it.
    pub etag: Option<String>,
    /// For how many seconds it need not be asked for again, if that was said.
    pub max_age: Option<u64>,
}

impl Http {
    /// A carrier with our limits.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn new() -> Result<Self, IndexError> {
        let builder = Client::builder().connect_timeout(CONNECT).timeout(TOTAL);
        let builder = builder.user_agent(concat!("image-freeze/", env!("CARGO_PKG_VERSION")));
        let client = builder.build().map_err(|source| IndexError::Http { url: "TLS".to_owned(), source })?;
        Ok(Self { client, credentials: Credentials::of_user() })
    }

    /// What says who we are at `url`: in the address, else in `.netrc`; and the address without it.
    /// Whoever we are led to elsewhere does not get it.
    fn signed(&self, url: &Url) -> Result<(Url, HeaderMap), IndexError> {
        let mut headers = HeaderMap::new();
        let Ok(address) = url.as_str().parse::<Address>() else { return Ok((url.clone(), headers)) };
        if let Some(authorization) = self.credentials.authorization(&address)? {
            headers.insert(AUTHORIZATION, authorization);
        }
        Ok((address.url().clone(), headers))
    }

    /// Asks for the page at `url`, unless it is still the one that `etag` names.
    ///
    /// # Errors
    /// There is no answer, or one that is no page.
    pub(crate) fn get(&self, url: &Url, accept: &str, etag: Option<&str>) -> Result<Answer, IndexError> {
        let (address, sign) = self.signed(url)?;
        let response = Self::patiently(url, || {
            let request = self.client.get(address.clone()).header(ACCEPT, accept);
            let request = request.header(ACCEPT_ENCODING, "gzip").headers(sign.clone());
            match etag {
                Some(etag) => request.header(IF_NONE_MATCH, etag).send(),
                None => request.send(),
            }
        })?;
        let max_age = max_age(response.headers());
        match response.status() {
            StatusCode::NOT_MODIFIED => Ok(Answer::Same(max_age)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Answer::Nothing),
            status if status.is_success() => page(url, response, max_age).map(Answer::Page),
            status => Err(IndexError::Status { url: redacted(url), status }),
        }
    }

    /// Whether there is something at `url`.
    ///
    /// # Errors
    /// There is no answer that says.
    pub(crate) fn exists(&self, url: &Url) -> Result<bool, IndexError> {
        let (address, sign) = self.signed(url)?;
        let ask = || self.client.head(address.clone()).headers(sign.clone()).send();
        let response = Self::patiently(url, ask)?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(false),
            status if status.is_success() => Ok(true),
            status => Err(IndexError::Status { url: redacted(url), status }),
        }
    }

    fn patiently(url: &Url, ask: impl Fn() -> reqwest::Result<Response>) -> Result<Response, IndexError> {
        let mut attempt = 1;
        loop {
            let asked = match ask() {
                Ok(response) if attempt < TRIES && retry::is_passing(response.status()) => {
                    retry::asked(response.headers())
                }
                Ok(response) => return Ok(response),
                Err(error) if attempt < TRIES && !error.is_builder() => None,
                Err(error) => {
                    return Err(IndexError::Http { url: redacted(url), source: error.without_url() });
                }
            };
            retry::wait(asked.unwrap_or_else(|| retry::pause(attempt)))?;
            attempt += 1;
        }
    }
}

fn page(url: &Url, response: Response, max_age: Option<u64>) -> Result<Page, IndexError> {
    let text = |name: HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (content_type, etag) = (text(CONTENT_TYPE).unwrap_or_default(), text(ETAG));
    let packed = text(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    let mut body = Vec::new();
    let read = if packed {
        GzDecoder::new(response).take(LIMIT).read_to_end(&mut body)
    } else {
        response.take(LIMIT).read_to_end(&mut body)
    };
    read.map_err(|source| IndexError::Cut { url: redacted(url), source })?;
    Ok(Page { body, content_type, etag, max_age })
}

fn max_age(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    if text.contains("no-cache") || text.contains("no-store") {
        return Some(0);
    }
    text.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok())
}

/// An address without the credentials in it.
pub(crate) fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    // An address that cannot have credentials has none.
    _ = shown.set_username("");
    _ = shown.set_password(None);
    shown.to_string()
}

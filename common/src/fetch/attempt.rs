//! One try: the request, the redirects it is led through, and what the answer means.

use std::time::{Duration, Instant};

use reqwest::blocking::Response;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, TRANSFER_ENCODING,
};
use reqwest::{StatusCode, Url};

use super::address::{Place, shown, take_login};
use super::{Answer, FetchError, Fetched, Fetcher, Request, Validators, body, claim, retry};

/// How often an answer may lead elsewhere.
const MAX_REDIRECTS: usize = 10;
/// How much of an answer that is no success is read, for its first line.
const MAX_EXCUSE: usize = 4096;

/// A try that failed, and what that means for the next one.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: FetchError,
    /// Whether the same may go better soon.
    pub is_passing: bool,
    /// How long the server asks us to wait.
    pub asked: Option<Duration>,
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self { is_passing: error.is_passing(), error, asked: None }
    }
}

impl Fetcher {
    pub(super) fn attempt(&self, request: &Request, deadline: Instant) -> Result<Answer, Failure> {
        let mut url = request.address.url().clone();
        for _ in 0..=MAX_REDIRECTS {
            crate::process::check_interrupted().map_err(FetchError::from)?;
            let response = self.send(request, &url, deadline)?;
            if !is_redirect(response.status()) {
                return self.answer(response, &url, deadline);
            }
            url = next(&url, response.headers())?;
        }
        let reason = format!("it redirects more than {MAX_REDIRECTS} times");
        Err(FetchError::broken(request.address.url(), reason).into())
    }

    fn send(&self, request: &Request, url: &Url, deadline: Instant) -> Result<Response, FetchError> {
        let (place, limits) = (Place::of(url), &self.options.limits);
        if url.scheme() != "https" && !self.options.insecure.iter().any(|insecure| insecure.covers(&place)) {
            return Err(FetchError::Insecure { place });
        }
        let Validators { etag, last_modified } = &request.known;
        let mut call = self
            .client(url.scheme() == "https")?
            .get(url.clone())
            .header(ACCEPT, "text/plain, */*;q=0.5")
            .header(ACCEPT_ENCODING, "gzip");
        for (name, value) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)] {
            if let Some(value) = value.as_ref().and_then(|v| HeaderValue::from_str(v).ok()) {
                call = call.header(name, value);
            }
        }
        // Whoever we are led to gets no credentials, not even on another port of the same host.
        let origin = request.address.url();
        let is_origin = place == request.address.place() && url.scheme() == origin.scheme();
        if is_origin && let Some(authorization) = self.options.credentials.authorization(&request.address)? {
            call = call.header(AUTHORIZATION, authorization);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left < limits.read {
            // Of one call this limits the whole, with the body.
            call = call.timeout(left);
        }
        call.send()
            .map_err(|source| FetchError::transport(url, &source, limits).or_total(url, limits, deadline))
    }

    fn answer(&self, response: Response, url: &Url, deadline: Instant) -> Result<Answer, Failure> {
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED {
            return Ok(Answer::Same);
        }
        let headers = response.headers().clone();
        if status != StatusCode::OK {
            let content_type = text(&headers, &CONTENT_TYPE);
            let excuse = body::beginning(response, MAX_EXCUSE, deadline);
            let error = FetchError::status_of(url, status.as_u16(), content_type.as_deref(), &excuse);
            let asked = if error.is_passing() { retry::asked(&headers) } else { None };
            return Err(Failure { is_passing: error.is_passing(), error, asked });
        }
        let claims = claim::of(&headers).map_err(|reason| FetchError::broken(url, reason))?;
        let has_digest = !claims.is_empty();
        let body = body::read(response, url, &self.options.limits, deadline, claims)?;
        Ok(Answer::File(Fetched {
            body,
            final_url: shown(url),
            status: status.as_u16(),
            validators: Validators {
                etag: text(&headers, &ETAG),
                last_modified: text(&headers, &LAST_MODIFIED),
            },
            content_type: text(&headers, &CONTENT_TYPE),
            is_sealed: has_digest
                || headers.contains_key(CONTENT_LENGTH)
                || headers.contains_key(TRANSFER_ENCODING),
        }))
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect from `url` leads.
fn next(url: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let broken = |reason: &str| FetchError::broken(url, reason);
    let location = text(headers, &LOCATION).ok_or_else(|| broken("it redirects without saying where to"))?;
    let mut next = url.join(&location).map_err(|_| broken("it redirects to what is no address"))?;
    take_login(&mut next);
    next.set_fragment(None);
    match (url.scheme(), next.scheme()) {
        ("https", "http") => {
            Err(broken(&format!("it redirects from HTTPS to plain HTTP, to {}", Place::of(&next))))
        }
        (_, "http" | "https") => Ok(next),
        (_, scheme) => Err(broken(&format!("it redirects to {scheme:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(from: &str, to: &str) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(LOCATION, to.parse().unwrap())]);
        next(&from.parse().unwrap(), &headers).map(|url| url.to_string()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_redirect_is_resolved_and_never_leaves_tls() {
        assert_eq!(led("https://h/a/b", "../c").unwrap(), "https://h/c");
        assert_eq!(led("http://h/a", "https://u:p@i/x#f").unwrap(), "https://i/x");
        assert!(led("https://h/a", "http://h/a").unwrap_err().contains("plain HTTP"));
        assert!(led("https://h/a", "file:///etc/passwd").unwrap_err().contains("file"));
    }
}

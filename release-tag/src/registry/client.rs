//! Requests to a registry: who we are, what is tried again, what an answer that is no success means.

use std::cell::RefCell;
use std::io::Read as _;
use std::time::Duration;

use common::console::Console;
use common::fetch::retry;
use common::process;
use reqwest::blocking::{Client as Http, ClientBuilder, RequestBuilder, Response};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url, redirect};
use serde::Deserialize;

use super::challenge::Challenge;
use super::credentials::{self, Credentials};
use super::repository::is_loopback;
use super::{Access, Begun, RegistryError, Repository, proxies};

const CONNECT: Duration = Duration::from_secs(15);
/// For requests without a body to speak of.
const ANSWER: Duration = Duration::from_secs(90);
const MAX_REDIRECTS: usize = 5;
/// Nothing that a server says to us about an error or a token is longer.
const MAX_ANSWER: u64 = 1 << 20;

/// A repository in a registry, and who we are to it.
#[derive(Debug)]
pub struct Client {
    pub(super) repository: Repository,
    base: Url,
    /// Follows redirects: registries send readers to their storage.
    pub(super) reading: Http,
    /// Does not: what is sent goes where it was meant to go.
    pub(super) writing: Http,
    credentials: Credentials,
    /// Whether anything will be sent: a token for more than is needed may be refused.
    writes: bool,
    /// What the last challenge led to.
    authorization: RefCell<Option<HeaderValue>>,
    /// Uploads that other runs began.
    pub(super) begun: Option<Begun>,
    /// Blobs that are larger than this go in pieces of it, in bytes; 0 for none.
    pub(super) piece: u64,
}

impl Client {
    /// A client that reads from `repository`; plain HTTP to this machine and where `access` allows it.
    ///
    /// # Errors
    /// The credentials cannot be read, or there is no TLS.
    pub fn new(repository: &Repository, access: &Access, console: &Console) -> Result<Self, RegistryError> {
        let base = repository.base(&access.insecure);
        let base = Url::parse(&base).map_err(|e| RegistryError::Protocol {
            host: repository.host().to_owned(),
            reason: format!("{base} is no address: {e}"),
        })?;
        let credentials = match &access.login {
            Some((user, secret)) => Credentials::Password { user: user.clone(), secret: secret.clone() },
            None => credentials::find(repository, console)?,
        };
        let tls = |builder: ClientBuilder| builder.build().map_err(|source| RegistryError::Tls { source });
        Ok(Self {
            repository: repository.clone(),
            base,
            reading: tls(builder().redirect(redirect::Policy::custom(follow)))?,
            writing: tls(builder().redirect(redirect::Policy::none()))?,
            credentials,
            writes: false,
            authorization: RefCell::new(None),
            begun: None,
            piece: 0,
        })
    }

    /// It, sending blobs in pieces of so many bytes (0: as a whole), and going on with what `begun` tells.
    #[must_use]
    pub fn sending(mut self, piece: u64, begun: Begun) -> Self {
        (self.writes, self.piece, self.begun) = (true, piece, Some(begun));
        self
    }

    /// The address of `path` in the repository: `blobs/…`, `manifests/…`.
    ///
    /// # Errors
    /// It makes no address.
    pub(super) fn url(&self, path: &str) -> Result<Url, RegistryError> {
        self.base.join(path).map_err(|e| self.broken(format!("{path} is no address: {e}")))
    }

    /// Sends what `make` makes until there is an answer that stays. A failure that passes by itself
    /// is waited for; one challenge is met.
    ///
    /// # Errors
    /// There is no answer, or we cannot meet the challenge.
    pub(super) fn send(
        &self,
        url: &Url,
        make: &dyn Fn() -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let response = self.persist(&|| self.authorized(url, make()))?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.authenticate(response.headers())?;
        self.persist(&|| self.authorized(url, make()))
    }

    /// Adds who we are, if the request goes to the registry itself.
    pub(super) fn authorized(&self, url: &Url, request: RequestBuilder) -> RequestBuilder {
        match &*self.authorization.borrow() {
            Some(value) if url.origin() == self.base.origin() => request.header(AUTHORIZATION, value.clone()),
            _ => request,
        }
    }

    fn persist(&self, make: &dyn Fn() -> RequestBuilder) -> Result<Response, RegistryError> {
        let mut attempt = 1;
        loop {
            process::check_interrupted()?;
            let pause = match make().send() {
                Ok(response) if retry::is_passing(response.status()) && attempt < retry::ATTEMPTS => {
                    retry::asked(response.headers()).unwrap_or_else(|| retry::pause(attempt))
                }
                Ok(response) => return Ok(response),
                Err(error) if attempt < retry::ATTEMPTS && !is_lasting(&error) => retry::pause(attempt),
                Err(error) => return Err(self.unreachable(error)),
            };
            retry::wait(pause)?;
            attempt += 1;
        }
    }

    /// Meets the challenge in `headers`.
    ///
    /// # Errors
    /// We have no credentials for it, or they are refused.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<(), RegistryError> {
        let mut texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenge = texts.find_map(Challenge::parse);
        let challenge = challenge.ok_or_else(|| self.broken("it asks for credentials of no known kind"))?;
        let request = match &challenge {
            Challenge::Basic => match &self.credentials {
                // The client builds the header, so that no copy of it is made here.
                Credentials::Password { user, secret } => {
                    self.reading.get(self.base.clone()).basic_auth(user, Some(secret))
                }
                _ => return Err(self.denied("to be used without a password", String::new())),
            },
            Challenge::Bearer { realm, parameters } => {
                let token = self.token(realm, parameters)?;
                self.reading.get(self.base.clone()).bearer_auth(token)
            }
        };
        let request = request.build().map_err(|_| self.broken("its token is no header"))?;
        *self.authorization.borrow_mut() = request.headers().get(AUTHORIZATION).cloned();
        Ok(())
    }

    /// Asks the token service at `realm` for a token.
    fn token(&self, realm: &str, parameters: &[(String, String)]) -> Result<String, RegistryError> {
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let url = self.realm(realm)?;
        let value =
            |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| &value[..]);
        let scopes = scopes(value("scope"), self.repository.path(), self.writes);
        let service = value("service").map(|service| ("service".to_owned(), service.to_owned()));
        let named = |scope: String| ("scope".to_owned(), scope);
        let query: Vec<(String, String)> =
            service.clone().into_iter().chain(scopes.iter().cloned().map(named)).collect();
        let make = || match &self.credentials {
            Credentials::Anonymous => self.reading.get(url.clone()).query(&query),
            Credentials::Password { user, secret } => {
                self.reading.get(url.clone()).query(&query).basic_auth(user, Some(secret))
            }
            Credentials::IdentityToken(token) => {
                let own =
                    [("grant_type", "refresh_token"), ("client_id", "release-tag"), ("refresh_token", token)];
                let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
                // In a form there is one scope, a list.
                let all = service.clone().into_iter().chain([named(scopes.join(" "))]).chain(own);
                self.writing.post(url.clone()).form(&all.collect::<Vec<_>>())
            }
        };
        let response = self.persist(&make)?;
        if !response.status().is_success() {
            return Err(self.denied("to give a token", answer(response)));
        }
        let mut text = Vec::new();
        // A token that cannot be read whole is none.
        _ = response.take(MAX_ANSWER).read_to_end(&mut text);
        let token: Option<Token> = serde_json::from_slice(&text).ok();
        let token = token.and_then(|t| t.token.or(t.access_token)).filter(|t| !t.is_empty());
        token.ok_or_else(|| self.broken("its token service gave no token"))
    }

    /// Credentials go over HTTPS; over plain HTTP only where the registry itself is spoken to so, and
    /// then to the same host or this machine.
    fn realm(&self, realm: &str) -> Result<Url, RegistryError> {
        let url = Url::parse(realm).map_err(|e| self.broken(format!("its token service {realm:?}: {e}")))?;
        let near = url.host_str() == self.base.host_str() || url.host_str().is_some_and(is_loopback);
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.base.scheme() == "http" && near => Ok(url),
            _ => Err(self.broken(format!("its token service {realm:?} is not on HTTPS"))),
        }
    }

    /// The answer, if it has one of the statuses `good`.
    ///
    /// # Errors
    /// It has another.
    pub(super) fn expect(
        &self,
        response: Response,
        good: &[StatusCode],
        what: &str,
    ) -> Result<Response, RegistryError> {
        let status = response.status();
        if good.contains(&status) {
            return Ok(response);
        }
        let answer = answer(response);
        if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status) {
            return Err(self.denied(what, answer));
        }
        let (host, what) = (self.repository.host().to_owned(), what.to_owned());
        Err(RegistryError::Refused { host, what, status: status.as_u16(), answer })
    }

    pub(super) fn unreachable(&self, error: reqwest::Error) -> RegistryError {
        RegistryError::Unreachable { host: self.repository.host().to_owned(), source: error.without_url() }
    }

    /// It has something that makes no sense, because of `reason`.
    #[must_use]
    pub fn nonsense(&self, reason: String) -> RegistryError {
        self.broken(reason)
    }

    pub(super) fn broken(&self, reason: impl Into<String>) -> RegistryError {
        RegistryError::Protocol { host: self.repository.host().to_owned(), reason: reason.into() }
    }

    fn denied(&self, what: &str, answer: String) -> RegistryError {
        RegistryError::Denied { host: self.repository.host().to_owned(), what: what.to_owned(), answer }
    }
}

fn builder() -> ClientBuilder {
    let name = concat!("release-tag/", env!("CARGO_PKG_VERSION"));
    let builder = Http::builder().user_agent(name).connect_timeout(CONNECT).timeout(ANSWER);
    proxies::with(builder, &|name| std::env::var(name).ok())
}

/// What a token is asked for: what the registry `asked` for, and what we need of the repository `path` if that
/// is not in it.
fn scopes(asked: Option<&str>, path: &str, writes: bool) -> Vec<String> {
    let own = format!("repository:{path}:{}", if writes { "pull,push" } else { "pull" });
    let mut scopes: Vec<String> = asked.unwrap_or(&own).split_whitespace().map(str::to_owned).collect();
    if writes && !scopes.contains(&own) {
        // A token with two scopes of one repository is not understood everywhere.
        let less = [format!("repository:{path}:pull"), format!("repository:{path}:push")];
        scopes.retain(|scope| !less.contains(scope));
        scopes.push(own);
    }
    scopes
}

/// A few steps, and never from HTTPS to something else. Credentials stay behind on another host.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from_https = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("too many redirects")
    } else if from_https && attempt.url().scheme() != "https" {
        attempt.error("a redirect away from HTTPS")
    } else {
        attempt.follow()
    }
}

/// Whether the same request would fail the same way again.
pub(super) fn is_lasting(error: &reqwest::Error) -> bool {
    error.is_builder() || error.is_redirect() || super::error::is_tls(error)
}

/// What the registry says went wrong: the messages of its JSON, or the beginning of whatever came.
pub(super) fn answer(response: Response) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Told>,
    }
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let mut text = Vec::new();
    _ = response.take(MAX_ANSWER).read_to_end(&mut text);
    let told = match serde_json::from_slice::<Errors>(&text) {
        Ok(Errors { errors }) => {
            let one = |told: &Told| format!("{} {}", told.code, told.message).trim().to_owned();
            errors.iter().map(one).collect::<Vec<_>>().join("; ")
        }
        Err(_) => String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned(),
    };
    told.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::scopes;

    #[test]
    fn a_token_is_for_what_was_asked_and_for_no_more_than_is_needed() {
        let (pull, both) = ("repository:a/b:pull", "repository:a/b:pull,push");
        let check = |asked: Option<&str>, writes: bool, expected: &[&str]| {
            assert_eq!(scopes(asked, "a/b", writes), expected, "{asked:?} {writes}");
        };
        check(None, false, &[pull]);
        check(None, true, &[both]);
        check(Some(pull), false, &[pull]);
        check(Some(pull), true, &[both]);
        check(Some(both), false, &[both]);
        check(Some("repository:a/b:pull registry:catalog:*"), true, &["registry:catalog:*", both]);
        check(Some("aws"), true, &["aws", both]);
    }
}

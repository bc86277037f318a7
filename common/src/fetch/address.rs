//! Where a file is: an HTTP address whose credentials are kept apart, so that it can be shown.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

use crate::fault::{Fault, Status};

/// An `http` or `https` address. Shown, it is without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    login: Option<(String, String)>,
}

/// The text is no such address. The text itself is not kept: it may hold a password.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not an http or https address: {0}")]
pub struct BadAddress(String);

impl Fault for BadAddress {
    fn status(&self) -> Status {
        Status::Usage
    }
}

impl Address {
    /// The address without credentials.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The name and password that stood in it.
    #[must_use]
    pub fn login(&self) -> Option<(&str, &str)> {
        self.login.as_ref().map(|(name, password)| (name.as_str(), password.as_str()))
    }

    /// The host and port that it leads to.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(&self.url)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let mut url = Url::parse(text).map_err(|error| BadAddress(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadAddress(format!("its scheme is {:?}", url.scheme())));
        }
        let login = take_login(&mut url);
        url.set_fragment(None);
        Ok(Self { url, login })
    }
}

/// Takes the credentials out of `url`.
pub(super) fn take_login(url: &mut Url) -> Option<(String, String)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let login = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    // Both can only fail for addresses without a host, which http does not have.
    _ = url.set_username("");
    _ = url.set_password(None);
    Some(login)
}

/// `url` without its query: where we are led to, that often is the right to fetch the file.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.into()
}

/// What stands before the first `://` in `text`, the login, host and port behind it, and the rest.
#[must_use]
pub fn split_authority(text: &str) -> Option<(&str, &str, &str)> {
    let (before, behind) = text.split_once("://")?;
    let end = behind.find(|c: char| c.is_whitespace() || "/?#\"'".contains(c)).unwrap_or(behind.len());
    let (authority, after) = behind.split_at(end);
    Some((before, authority, after))
}

/// `text` without the logins of the addresses in it: of `-i https://ada:secret@host/`, `-i https://host/`.
#[must_use]
pub fn without_logins(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, authority, after)) = split_authority(rest) {
        kept.push_str(before);
        kept.push_str("://");
        kept.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// `text` with its `%XX` as the bytes they mean.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A host, and a port where it matters which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: String,
    port: Option<u16>,
}

/// The text is no `HOST` or `HOST:PORT`.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not HOST or HOST:PORT")]
pub struct BadPlace(String);

impl Place {
    pub(super) fn of(url: &Url) -> Self {
        Self { host: url.host_str().unwrap_or_default().to_owned(), port: url.port_or_known_default() }
    }

    /// The host alone.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether `other` is there: a place without a port is every port of its host.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host) && self.port.is_none_or(|port| other.port == Some(port))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let bad = || BadPlace(text.to_owned());
        let url = Url::parse(&format!("http://{text}/")).map_err(|_| bad())?;
        let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        let host = url.host_str().filter(|host| bare && !host.is_empty()).ok_or_else(bad)?;
        // The parser drops a port that is the scheme's own.
        let port = if text.ends_with(":80") { Some(80) } else { url.port() };
        Ok(Self { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_and_never_shown() {
        let address: Address = "https://ada:p%40ss@h.example:8443/a?x=1#f".parse().unwrap();
        assert_eq!(address.to_string(), "https://h.example:8443/a?x=1");
        assert_eq!(format!("{address:?}"), "https://h.example:8443/a?x=1");
        assert_eq!(address.login(), Some(("ada", "p@ss")));
        let error = "ftp://ada:hunter2@h/".parse::<Address>().unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("ftp"), "{error}");
        let error = "https://ada:hunter2@:x/".parse::<Address>().unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_text_is_shown_without_the_logins_of_its_addresses() {
        let check = |text: &str, expected: &str| assert_eq!(without_logins(text), expected);
        check("--no-color --timeout 100", "--no-color --timeout 100");
        check(
            "-i https://ada:s3cret@h/simple --extra-index-url='http://t0ken@i' -f https://j/@x",
            "-i https://h/simple --extra-index-url='http://i' -f https://j/@x",
        );
        check("https://ada:p@ss@h:8443", "https://h:8443");
    }

    #[test]
    fn a_place_without_a_port_is_the_whole_host() {
        let at = |text: &str| text.parse::<Address>().unwrap().place();
        let check = |place: &str, address: &str, expected| {
            assert_eq!(place.parse::<Place>().unwrap().covers(&at(address)), expected, "{place} {address}");
        };
        check("mirror", "http://MIRROR:8080/x", true);
        check("mirror:8080", "http://mirror:8080/x", true);
        check("mirror:80", "http://mirror/x", true);
        check("mirror:80", "http://mirror:8080/x", false);
        check("mirror:8080", "http://mirror/x", false);
        check("mirror", "http://mirror.example/x", false);
        check("127.0.0.1", "http://127.0.0.1:8953/x", true);
        check("[::1]:9", "http://[::1]:9/", true);
        for bad in ["", "a/b", "u@h", "http://h", "h:port", "h?x"] {
            assert!(bad.parse::<Place>().is_err(), "{bad:?}");
        }
    }
}

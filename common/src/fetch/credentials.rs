//! Who we are: a token from a file, a name and password from the address or from `.netrc`.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use reqwest::header::HeaderValue;

use super::{Address, FetchError, Place, netrc};

/// A secret that is sent as it is, to one place only.
#[derive(Clone)]
pub struct Token {
    secret: String,
    place: Place,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token for {}", self.place)
    }
}

impl Token {
    /// The token that the file at `path` holds on its only line, for `place`.
    ///
    /// # Errors
    /// The file cannot be read, or what it holds cannot be a token; it is not shown.
    pub fn read(path: &Path, place: Place) -> Result<Self, FetchError> {
        let bad = |reason| FetchError::Credentials { path: path.to_owned(), reason };
        let text =
            fs::read_to_string(path).map_err(|source| FetchError::Read { path: path.to_owned(), source })?;
        let secret = text.trim();
        if secret.is_empty() {
            return Err(bad("holds no token"));
        }
        if !secret.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(bad("must hold a token on one line, and nothing else"));
        }
        Ok(Self { secret: secret.to_owned(), place })
    }
}

/// What there is to say who we are.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Tokens, each for one place; the first that fits is sent.
    pub tokens: Vec<Token>,
    /// The file with names and passwords.
    pub netrc: Option<PathBuf>,
}

impl Credentials {
    /// `$NETRC`, else `~/.netrc`.
    #[must_use]
    pub fn of_user() -> Self {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let netrc = set("NETRC").or_else(|| Some(set("HOME")?.join(".netrc")));
        Self { tokens: Vec::new(), netrc }
    }

    /// What is sent to `address`; the first that there is: its own name and password, a token, `.netrc`.
    ///
    /// # Errors
    /// The file with names and passwords cannot be read.
    pub fn authorization(&self, address: &Address) -> Result<Option<HeaderValue>, FetchError> {
        if let Some((name, password)) = address.login() {
            return Ok(basic(name, password));
        }
        if let Some(token) = self.tokens.iter().find(|token| token.place == address.place()) {
            return Ok(secret(&format!("Bearer {}", token.secret)));
        }
        let Some(path) = &self.netrc else { return Ok(None) };
        let text = match fs::read(path) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FetchError::Read { path: path.clone(), source }),
        };
        let login = netrc::find(&text, address.place().host());
        Ok(login.and_then(|(name, password)| basic(&name, &password)))
    }
}

fn basic(name: &str, password: &str) -> Option<HeaderValue> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    secret(&format!("Basic {encoded}"))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(credentials: &Credentials, address: &str) -> Option<String> {
        let value = credentials.authorization(&address.parse().unwrap()).unwrap()?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_token_goes_to_its_own_place_and_netrc_to_its_hosts() {
        let dir = tempfile::tempdir().unwrap();
        let (token, netrc) = (dir.path().join("token"), dir.path().join("netrc"));
        fs::write(&token, "s3cret\n").unwrap();
        fs::write(&netrc, "machine b login bob password pw\n").unwrap();
        let place = "https://a/".parse::<Address>().unwrap().place();
        let token = Token::read(&token, place).unwrap();
        assert!(!format!("{token:?}").contains("s3cret"));
        let credentials = Credentials { tokens: vec![token], netrc: Some(netrc) };
        assert_eq!(sent(&credentials, "https://a/x").unwrap(), "Bearer s3cret");
        assert_eq!(sent(&credentials, "https://a:8443/x"), None, "another port is another server");
        assert_eq!(sent(&credentials, "https://b/x").unwrap(), "Basic Ym9iOnB3");
        assert_eq!(sent(&credentials, "https://u:p@b/x").unwrap(), "Basic dTpw");
        assert_eq!(sent(&credentials, "https://c/x"), None);
    }

    #[test]
    fn a_bad_token_file_is_told_without_what_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let place = || "https://a/".parse::<Address>().unwrap().place();
        for text in ["", "hunter2 hunter2", "hunter2\nhunter2\n"] {
            fs::write(&path, text).unwrap();
            let message = Token::read(&path, place()).unwrap_err().to_string();
            assert!(message.contains("token") && !message.contains("hunter2"), "{message}");
        }
    }
}

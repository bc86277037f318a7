//! Where images are kept: a host and a path on it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use common::digest::Digest;
use thiserror::Error;

/// `HOST[:PORT]/PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// As the user names it.
    host: String,
    path: String,
}

/// A repository, and what of it: nothing, a tag, or a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The repository.
    pub repository: Repository,
    /// The tag or the digest behind it.
    pub name: Option<String>,
}

/// The text names no repository.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{given:?} names no repository in a registry: {reason}")]
pub struct BadRepository {
    given: String,
    reason: &'static str,
}

impl FromStr for Repository {
    type Err = BadRepository;

    fn from_str(text: &str) -> Result<Self, BadRepository> {
        let bad = |reason| BadRepository { given: text.to_owned(), reason };
        let (host, path) = text.split_once('/').ok_or_else(|| bad("it must be REGISTRY/REPOSITORY"))?;
        if !(host.contains(['.', ':']) || host == "localhost") {
            return Err(bad("the registry comes first, as in docker.io/USER/REPOSITORY"));
        }
        if host.contains('@') {
            return Err(bad("credentials belong into docker's configuration"));
        }
        if reqwest::Url::parse(&format!("https://{host}/")).is_err() {
            return Err(bad("its registry is no host name"));
        }
        if path.contains([':', '@']) {
            return Err(bad("the tag is MISSION_VERSION and is not written here"));
        }
        if !path.split('/').all(is_component) {
            return Err(bad("a repository has lower-case letters, digits, and `.`, `_`, `-` between them"));
        }
        // One repository on Docker Hub is in the library of all.
        let hub = host == "docker.io" && !path.contains('/');
        let path = if hub { format!("library/{path}") } else { path.to_owned() };
        Ok(Self { host: host.to_owned(), path })
    }
}

impl FromStr for Reference {
    type Err = BadRepository;

    /// `HOST[:PORT]/PATH`, and behind it `:TAG`, `@DIGEST` or nothing.
    fn from_str(text: &str) -> Result<Self, BadRepository> {
        let bad = |reason| BadRepository { given: text.to_owned(), reason };
        let (named, digest) =
            text.split_once('@').map_or((text, None), |(named, digest)| (named, Some(digest)));
        if let Some(digest) = digest
            && !named.is_empty()
            && named.contains('/')
        {
            let digest: Digest = digest.parse().map_err(|_| bad("what stands behind the @ is no digest"))?;
            return Ok(Self { repository: named.parse()?, name: Some(digest.to_string()) });
        }
        // A port is before the last slash, a tag behind it.
        let cut = text.rfind(':').filter(|at| Some(*at) > text.rfind('/'));
        let (repository, tag) = cut.map_or((text, None), |at| (&text[..at], Some(text[at + 1..].to_owned())));
        if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(bad("what stands behind the last colon is no tag"));
        }
        Ok(Self { repository: repository.parse()?, name: tag })
    }
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let begins = text.bytes().next().is_some_and(word);
    begins && text.len() <= 128 && text.bytes().all(|b| word(b) || b".-".contains(&b))
}

fn is_component(part: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().is_some_and(|b| letter(*b)) && bytes.last().is_some_and(|b| letter(*b));
    ends && bytes.iter().all(|b| letter(*b) || b"._-".contains(b))
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl Repository {
    /// The registry, as the user named it.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path in the registry.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where its API is. Plain HTTP only on this machine, and for the hosts of `insecure`.
    #[must_use]
    pub fn base(&self, insecure: &[String]) -> String {
        let host = if self.host == "docker.io" { "registry-1.docker.io" } else { &self.host };
        let plain = is_loopback(host) || insecure.iter().any(|h| h == host);
        let scheme = if plain { "http" } else { "https" };
        format!("{scheme}://{host}/v2/{}/", self.path)
    }

    /// The names under which credentials for it may be kept, the best one first.
    #[must_use]
    pub fn credential_keys(&self) -> Vec<String> {
        if self.host == "docker.io" {
            return vec!["https://index.docker.io/v1/".to_owned(), "docker.io".to_owned()];
        }
        let host = &self.host;
        // Podman also keeps them for a part of a registry.
        let mut parts: Vec<&str> = self.path.split('/').collect();
        let mut keys = Vec::new();
        while !parts.is_empty() {
            keys.push(format!("{host}/{}", parts.join("/")));
            parts.pop();
        }
        keys.extend([host.clone(), format!("https://{host}")]);
        keys.extend(["v1", "v2"].map(|version| format!("https://{host}/{version}/")));
        keys
    }
}

/// Whether `host` (with or without port) is this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_an_api() {
        let check = |typed: &str, base: &str| {
            let insecure = ["plain.example:5000".to_owned()];
            assert_eq!(typed.parse::<Repository>().unwrap().base(&insecure), base, "{typed}");
        };
        check("ghcr.io/org/roman", "https://ghcr.io/v2/org/roman/");
        check("127.0.0.1:5000/roman", "http://127.0.0.1:5000/v2/roman/");
        check("[::1]:5000/roman", "http://[::1]:5000/v2/roman/");
        check("localhost/roman", "http://localhost/v2/roman/");
        check("localhost.example.org/roman", "https://localhost.example.org/v2/roman/");
        check("127.0.0.1.example.org/roman", "https://127.0.0.1.example.org/v2/roman/");
        check("plain.example:5000/a/b", "http://plain.example:5000/v2/a/b/");
        check("plain.example/a/b", "https://plain.example/v2/a/b/");
        check("docker.io/roman", "https://registry-1.docker.io/v2/library/roman/");
    }

    #[test]
    fn what_names_no_repository_says_why() {
        let check = |typed: &str, reason: &str| {
            let message = typed.parse::<Repository>().unwrap_err().to_string();
            assert!(message.contains(reason), "{typed}: {message}");
        };
        check("roman", "REGISTRY/REPOSITORY");
        check("org/roman", "the registry comes first");
        check("ghcr.io/org/roman:1", "the tag is MISSION_VERSION");
        check("ghcr.io/org/../roman", "lower-case");
        check("ghcr.io/Org", "lower-case");
        check("user:word@ghcr.io/org", "credentials");
    }

    #[test]
    fn a_reference_is_a_repository_with_a_tag_or_a_digest() {
        let named = |text: &str| {
            let found = text.parse::<Reference>().ok()?;
            Some(format!("{} {}", found.repository, found.name.unwrap_or_default()))
        };
        assert_eq!(named("h:5000/a/b").as_deref(), Some("h:5000/a/b "));
        assert_eq!(named("h:5000/a/b:t-1").as_deref(), Some("h:5000/a/b t-1"));
        let digest = common::digest::Digest::of(b"");
        assert_eq!(named(&format!("ghcr.io/a@{digest}")), Some(format!("ghcr.io/a {digest}")));
        for bad in ["ghcr.io/a@sha256:1", "h/a:1", "h:5000/a:", "h:5000/a:-x", "h:5000/a:b c"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }

    #[test]
    fn hubs_credentials_have_their_old_name() {
        let keys = |typed: &str| typed.parse::<Repository>().unwrap().credential_keys();
        assert_eq!(keys("docker.io/stsci/roman")[0], "https://index.docker.io/v1/");
        assert_eq!(keys("quay.io/a/b")[..3], ["quay.io/a/b", "quay.io/a", "quay.io"]);
    }
}

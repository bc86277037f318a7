//! Credentials as docker and podman keep them: in a file, or behind a helper program.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use common::console::Console;
use common::process::{self, Input, Invocation};
use serde::Deserialize;

use super::{RegistryError, Repository};

/// Who we are to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody.
    Anonymous,
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        secret: String,
    },
    /// A token that the token service turns into others.
    IdentityToken(String),
}

impl fmt::Debug for Credentials {
    /// Without anything secret: this may end in a message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password { .. } => "Password",
            Self::IdentityToken(_) => "IdentityToken",
        })
    }
}

/// What a credential file holds, as far as we care.
#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
    /// As people write it by hand, and as Kubernetes' secrets have it.
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
}

/// What a helper prints.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// The credentials for `repository`: from `REGISTRY_AUTH_FILE`, docker's configuration or podman's,
/// the first that has any.
///
/// # Errors
/// A file is damaged, or a helper failed for another reason than that it has none.
pub fn find(repository: &Repository, console: &Console) -> Result<Credentials, RegistryError> {
    for path in files() {
        let found = in_file(&path, repository, console)?;
        if found != Credentials::Anonymous {
            return Ok(found);
        }
    }
    Ok(Credentials::Anonymous)
}

fn files() -> Vec<PathBuf> {
    let var = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let docker = var("DOCKER_CONFIG").or_else(|| Some(var("HOME")?.join(".docker")));
    let podman = var("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json"));
    let docker = docker.map(|dir| dir.join("config.json"));
    [var("REGISTRY_AUTH_FILE"), docker, podman].into_iter().flatten().collect()
}

fn in_file(path: &Path, repository: &Repository, console: &Console) -> Result<Credentials, RegistryError> {
    let bad = |reason: &str| RegistryError::Credentials {
        host: repository.host().to_owned(),
        reason: format!("{} {reason}", path.display()),
    };
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Credentials::Anonymous),
        Err(source) => return Err(RegistryError::Read { path: path.to_owned(), source }),
    };
    // What is wrong in it is not shown: it may be a password.
    let config: Config = serde_json::from_slice(&text).map_err(|_| bad("is not as docker writes it"))?;
    let keys = repository.credential_keys();
    let helper = keys.iter().find_map(|key| config.cred_helpers.get(key)).or(config.creds_store.as_ref());
    if let Some(helper) = helper
        && let Some(found) = ask(helper, repository, console)?
    {
        return Ok(found);
    }
    match keys.iter().find_map(|key| config.auths.get(key)) {
        Some(auth) => decode(auth).ok_or_else(|| bad("holds credentials that cannot be read")),
        None => Ok(Credentials::Anonymous),
    }
}

fn decode(auth: &Entry) -> Option<Credentials> {
    if let Some(token) = auth.identitytoken.as_ref().filter(|token| !token.is_empty()) {
        return Some(Credentials::IdentityToken(token.clone()));
    }
    let Some(encoded) = auth.auth.as_ref().filter(|auth| !auth.is_empty()) else {
        // With a helper, docker leaves an empty entry behind.
        let (user, secret) = (auth.username.clone(), auth.password.clone());
        let both = user.zip(secret).filter(|(user, _)| !user.is_empty());
        return Some(
            both.map_or(Credentials::Anonymous, |(user, secret)| Credentials::Password { user, secret }),
        );
    };
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some(Credentials::Password { user: user.to_owned(), secret: secret.trim_end_matches('\0').to_owned() })
}

/// Asks `docker-credential-<helper>`, on its standard input.
fn ask(
    helper: &str,
    repository: &Repository,
    console: &Console,
) -> Result<Option<Credentials>, RegistryError> {
    let host = repository.host().to_owned();
    let bad = |reason: String| RegistryError::Credentials { host: host.clone(), reason };
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        return Err(bad(format!("{helper:?} is no name of a credential helper")));
    }
    let program = format!("docker-credential-{helper}");
    let keys = repository.credential_keys();
    // Helpers keep Docker Hub under its old name, and everything else under the host.
    let key = keys.iter().find(|key| key.starts_with("https://index")).map_or(host.as_str(), String::as_str);
    let call = Invocation::new(&program).arg("get").input(Input::Bytes(format!("{key}\n").into_bytes()));
    let captured = process::capture(&call, console)?;
    if !captured.exit.is_success() {
        // Helpers say so on standard output; the rest of what they say there is not for showing.
        let nothing = captured.text().contains("credentials not found");
        return if nothing { Ok(None) } else { Err(bad(format!("{program} failed with {}", captured.exit))) };
    }
    let answer: Answer = serde_json::from_slice(&captured.stdout)
        .map_err(|_| bad(format!("{program} printed no credentials")))?;
    Ok(Some(match answer.user.as_str() {
        "<token>" => Credentials::IdentityToken(answer.secret),
        _ => Credentials::Password { user: answer.user, secret: answer.secret },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str, repository: &str) -> Result<Credentials, RegistryError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        in_file(&path, &repository.parse().unwrap(), &Console::silent())
    }

    fn password(user: &str, secret: &str) -> Credentials {
        Credentials::Password { user: user.to_owned(), secret: secret.to_owned() }
    }

    #[test]
    fn a_file_speaks_for_its_own_registries_only() {
        // ada:pass:word and eve:x
        let text = r#"{"auths": {"quay.io": {"auth": "YWRhOnBhc3M6d29yZA=="},
            "https://index.docker.io/v1/": {"auth": "ZXZlOng="}, "ghcr.io": {"identitytoken": "t"},
            "empty.example": {}, "plain.example": {"username": "ada", "password": "pass:word"}}}"#;
        assert_eq!(from(text, "quay.io/a/b").unwrap(), password("ada", "pass:word"));
        assert_eq!(from(text, "docker.io/a/b").unwrap(), password("eve", "x"));
        assert_eq!(from(text, "ghcr.io/a").unwrap(), Credentials::IdentityToken("t".to_owned()));
        assert_eq!(from(text, "empty.example/a").unwrap(), Credentials::Anonymous);
        assert_eq!(from(text, "plain.example/a").unwrap(), password("ada", "pass:word"));
        assert_eq!(from(text, "quay.io.example/a").unwrap(), Credentials::Anonymous);
    }

    #[test]
    fn a_damaged_file_is_told_without_what_is_in_it() {
        for text in [r#"{"auths": {"quay.io": {"auth": "hunter2"}}}"#, "hunter2", r#"{"auths": "hunter2"}"#] {
            let message = from(text, "quay.io/a").unwrap_err().to_string();
            assert!(!message.contains("hunter2") && message.contains("config.json"), "{message}");
        }
    }

    #[test]
    fn a_helper_is_a_program_on_the_path_and_nothing_else() {
        let message = from(r#"{"credsStore": "../../bin/evil"}"#, "quay.io/a").unwrap_err().to_string();
        assert!(message.contains("is no name of a credential helper"), "{message}");
    }

    #[test]
    fn credentials_are_not_shown_by_accident() {
        assert_eq!(format!("{:?}", password("ada", "hunter2")), "Password");
    }
}

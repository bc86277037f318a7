//! Keys as files: PEM as openssl and cosign write it.

use std::path::{Path, PathBuf};

use common::fault::{Fault, Status};
use p256::ecdsa::{SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use thiserror::Error;

use super::sealed;

/// A key cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It cannot be read.
    #[error("cannot read the key {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is no such key. What is in it is not shown.
    #[error("{} is no {kind} key for ECDSA P-256 in PEM", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Which kind was expected.
        kind: &'static str,
    },
    /// openssl and others encrypt keys in a form of their own.
    #[error("the key {} is encrypted, in a form that only openssl reads", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// cosign encrypts the keys that it makes, and its password is not known here.
    #[error("the key {} is in cosign's encrypted form, and COSIGN_PASSWORD is not set", path.display())]
    NoPassword {
        /// The file.
        path: PathBuf,
    },
    /// It is not that password, or the file is damaged.
    #[error("the key {} does not open with COSIGN_PASSWORD", path.display())]
    WrongPassword {
        /// The file.
        path: PathBuf,
    },
}

impl Fault for KeyError {
    fn status(&self) -> Status {
        match self {
            Self::Read { .. } => Status::Io,
            Self::Content { .. } | Self::Encrypted { .. } => Status::Data,
            Self::NoPassword { .. } | Self::WrongPassword { .. } => Status::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Read { .. } => return None,
            Self::Content { kind: "private", .. } => {
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"
            }
            Self::Content { .. } => "openssl pkey -in key.pem -pubout -out key.pub",
            Self::Encrypted { path } => {
                return Some(format!("openssl pkey -in {} -out key.pem", path.display()));
            }
            Self::NoPassword { .. } | Self::WrongPassword { .. } => {
                "read -rs COSIGN_PASSWORD; export COSIGN_PASSWORD"
            }
        };
        Some(text.to_owned())
    }
}

/// The private key in the PEM file `path`. One that cosign made opens with `COSIGN_PASSWORD`.
///
/// # Errors
/// It cannot be read, is no such key, or does not open.
pub fn read_private(path: &Path) -> Result<SigningKey, KeyError> {
    let password = std::env::var_os("COSIGN_PASSWORD").map(std::ffi::OsString::into_encoded_bytes);
    private(path, &read(path)?, password.as_deref())
}

fn private(path: &Path, text: &str, password: Option<&[u8]>) -> Result<SigningKey, KeyError> {
    let path = path.to_owned();
    if let Some(sealed) = sealed::find(text) {
        let Some(password) = password else { return Err(KeyError::NoPassword { path }) };
        let Some(der) = sealed::open(&sealed, password) else { return Err(KeyError::WrongPassword { path }) };
        return SigningKey::from_pkcs8_der(&der).map_err(|_| KeyError::Content { path, kind: "private" });
    }
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(KeyError::Encrypted { path });
    }
    let sec1 = || p256::SecretKey::from_sec1_pem(text).ok().map(SigningKey::from);
    let key = SigningKey::from_pkcs8_pem(text).ok().or_else(sec1);
    key.ok_or(KeyError::Content { path, kind: "private" })
}

/// The public key in the PEM file `path`.
///
/// # Errors
/// It cannot be read, or is no such key.
pub fn read_public(path: &Path) -> Result<VerifyingKey, KeyError> {
    let key = VerifyingKey::from_public_key_pem(&read(path)?);
    key.map_err(|_| KeyError::Content { path: path.to_owned(), kind: "public" })
}

fn read(path: &Path) -> Result<String, KeyError> {
    std::fs::read_to_string(path).map_err(|source| KeyError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `cosign generate-key-pair`, with the password `pw`, and the public half of it.
    const MADE_BY_COSIGN: (&str, &str) =
        (include_str!("testdata/cosign.key"), include_str!("testdata/cosign.pub"));

    #[test]
    fn cosigns_own_key_opens_with_its_password_and_says_what_is_missing() {
        let (key, public) = MADE_BY_COSIGN;
        let with = |password: Option<&[u8]>| private(Path::new("cosign.key"), key, password);
        let opened = with(Some(b"pw")).unwrap();
        assert_eq!(*opened.verifying_key(), VerifyingKey::from_public_key_pem(public).unwrap());
        assert!(matches!(with(None), Err(KeyError::NoPassword { .. })));
        assert!(matches!(with(Some(b"")), Err(KeyError::WrongPassword { .. })));
    }

    #[test]
    fn keys_that_openssl_encrypted_say_how_to_open_them() {
        for text in ["-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n", "Proc-Type: 4,ENCRYPTED\n"] {
            let error = private(Path::new("k.pem"), text, None).unwrap_err();
            assert!(error.hint().unwrap().starts_with("openssl pkey -in k.pem"), "{error}");
        }
    }

    #[test]
    fn a_sealed_key_that_is_damaged_or_asks_for_all_memory_does_not_open() {
        let (key, _) = MADE_BY_COSIGN;
        let sealed = sealed::find(key).unwrap();
        let text = String::from_utf8(sealed).unwrap();
        let opens = |text: &str| sealed::open(text.as_bytes(), b"pw").is_some();
        assert!(!opens(&text.replacen("65536", "1073741824", 1)));
        assert!(!opens(&text.replacen("65536", "65535", 1)));
        assert!(!opens(&text.replacen("\"salt\":\"", "\"salt\":\"AA", 1)));
        assert!(!opens("{}"));
    }
}

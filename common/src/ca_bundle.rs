//! The certificate authorities that build steps must trust besides those of the image.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::fault::{Fault, Status};
use crate::settings::CaBundle;

/// Bundles in the places where systems keep them.
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/ca-certificates/cert.pem",
];

/// Where Debian keeps the public authorities, one a file.
const PUBLIC_AUTHORITIES: &str = "/usr/share/ca-certificates";

/// The bundle that was named cannot be used.
#[derive(Debug, Error)]
#[error("the CA bundle {} {reason}", path.display())]
pub struct CaBundleError {
    path: PathBuf,
    reason: &'static str,
}

impl Fault for CaBundleError {
    fn status(&self) -> Status {
        Status::Settings
    }

    fn hint(&self) -> Option<String> {
        Some("image-configure --ca-bundle FILE (PEM), or --ca-bundle none".to_owned())
    }
}

/// The file that builds get, if any.
///
/// `Auto` takes the host's own bundle (`SSL_CERT_FILE`, else the system's) if it holds authorities
/// that are not among the public ones which the system also ships one by one. Where the system does
/// not, a bundle named by `SSL_CERT_FILE` is taken and the system's own is not.
///
/// # Errors
/// A file that was named is missing or holds no certificate.
pub fn find(choice: &CaBundle) -> Result<Option<PathBuf>, CaBundleError> {
    match choice {
        CaBundle::None => Ok(None),
        CaBundle::File(path) => checked(path).map(Some),
        CaBundle::Auto => Ok(private(env::var_os("SSL_CERT_FILE").map(PathBuf::from))),
    }
}

/// The bundle that the host's own programs trust: `SSL_CERT_FILE`, else the system's.
#[must_use]
pub fn of_host() -> Option<PathBuf> {
    let named = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let all = named.into_iter().chain(SYSTEM_BUNDLES.iter().map(PathBuf::from));
    all.map(|path| checked(&path)).find_map(Result::ok)
}

fn checked(path: &Path) -> Result<PathBuf, CaBundleError> {
    let wrong = |reason| CaBundleError { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|_| wrong("cannot be read as text"))?;
    if certificates(&text).is_empty() {
        return Err(wrong("holds no PEM certificate"));
    }
    std::path::absolute(path).map_err(|_| wrong("has no absolute path"))
}

fn private(named: Option<PathBuf>) -> Option<PathBuf> {
    let is_named = named.is_some();
    let system = || SYSTEM_BUNDLES.iter().map(PathBuf::from).find(|p| p.is_file());
    let bundle = named.filter(|p| p.is_file()).or_else(system)?;
    let text = fs::read_to_string(&bundle).ok()?;
    let public = public_authorities(Path::new(PUBLIC_AUTHORITIES));
    if public.is_empty() {
        return is_named.then_some(bundle);
    }
    certificates(&text).iter().any(|c| !public.contains(c)).then_some(bundle)
}

fn public_authorities(dir: &Path) -> HashSet<String> {
    let files = walkdir::WalkDir::new(dir).into_iter().flatten().filter(|e| e.file_type().is_file());
    let texts = files.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    texts.flat_map(|text| certificates(&text)).collect()
}

/// The certificates of a PEM text, as their base64 without white space.
fn certificates(text: &str) -> Vec<String> {
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = blocks.filter_map(|block| block.split_once("-----END CERTIFICATE-----"));
    bodies.map(|(body, _)| body.split_whitespace().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(body: &str) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn a_named_bundle_must_hold_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        assert!(find(&CaBundle::File(path.clone())).is_err());
        fs::write(&path, "login page").unwrap();
        let error = find(&CaBundle::File(path.clone())).unwrap_err();
        assert!(error.to_string().contains("holds no PEM certificate"));
        fs::write(&path, pem("AAAA")).unwrap();
        assert_eq!(find(&CaBundle::File(path.clone())).unwrap(), Some(path));
    }

    #[test]
    fn line_lengths_do_not_make_certificates_differ() {
        assert_eq!(certificates(&pem("AA\nBB")), certificates(&pem("AABB")));
        assert!(certificates("nothing").is_empty());
    }
}

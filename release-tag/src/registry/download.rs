//! Blobs out of a registry, into files.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use common::digest::Hasher;
use common::fetch::retry;
use common::process;
use reqwest::StatusCode;
use reqwest::blocking::Response;

use super::{Client, RegistryError};
use crate::oci::Descriptor;

impl Client {
    /// Fetches `blob` to the file `path`, which then holds exactly it.
    ///
    /// # Errors
    /// The registry cannot be reached, refuses, breaks off too often, or has something else under the digest.
    pub fn fetch_blob(&self, blob: &Descriptor, path: &Path) -> Result<(), RegistryError> {
        let url = self.url(&format!("blobs/{}", blob.digest))?;
        let what = format!("the reading of {}", blob.digest);
        let mut attempt = 1;
        loop {
            let response = self.send(&url, &|| self.reading.get(url.clone()))?;
            let response = self.expect(response, &[StatusCode::OK], &what)?;
            match save(response, blob, path) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && attempt < retry::ATTEMPTS => {
                    retry::wait(retry::pause(attempt))?;
                    attempt += 1;
                }
                Err(error) => {
                    process::check_interrupted()?;
                    return Err(self.nonsense(format!("{}: {error}", blob.digest)));
                }
                Ok(()) => return Ok(()),
            }
        }
    }
}

/// Writes the answer to the file `path`, if it is `blob`.
fn save(mut response: Response, blob: &Descriptor, path: &Path) -> io::Result<()> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    let mut part = tempfile::Builder::new().prefix(".part.").tempfile_in(dir)?;
    let (mut hasher, mut size) = (Hasher::default(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        process::check_interrupted().map_err(io::Error::other)?;
        let count = match response.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, error)),
        };
        size += count as u64;
        if size > blob.size {
            return Err(io::Error::other(format!("it has more than {} bytes", blob.size)));
        }
        hasher.update(&buffer[..count]);
        part.write_all(&buffer[..count])?;
    }
    if size < blob.size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let found = hasher.finish();
    if found != blob.digest {
        return Err(io::Error::other(format!("it has {found} under it")));
    }
    persist(part, path)
}

fn persist(part: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    part.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    let file: File = part.persist(path).map_err(|error| error.error)?;
    file.sync_all()
}

//! Blobs out of a registry: into files, or only through hashes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use common::digest::{Digest, Hasher};
use common::fetch::retry;
use common::process;
use reqwest::StatusCode;
use reqwest::blocking::Response;

use super::{Client, RegistryError};
use crate::oci::{Descriptor, layer_content};

impl Client {
    /// Fetches `blob` to the file `path`, which then holds exactly it.
    ///
    /// # Errors
    /// The registry cannot be reached, refuses, breaks off too often, or has something else under the digest.
    pub fn fetch_blob(&self, blob: &Descriptor, path: &Path) -> Result<(), RegistryError> {
        self.fetch(blob, &|response| save(response, blob, path))
    }

    /// Reads all of `layer`, which must be what its digest says, and uncompressed what `diff_id` says; nothing of it
    /// is kept.
    ///
    /// # Errors
    /// As [`Self::fetch_blob`].
    pub fn check_layer(&self, layer: &Descriptor, diff_id: &Digest) -> Result<(), RegistryError> {
        self.fetch(layer, &|response| {
            let mut passing = Passing::of(response, layer);
            let content = layer_content(&mut passing)?;
            // What a compressed stream ends with may not have been read yet.
            io::copy(&mut passing, &mut io::sink())?;
            passing.finish()?;
            if content == *diff_id {
                return Ok(());
            }
            Err(io::Error::other(format!("uncompressed it is {content}, the configuration says {diff_id}")))
        })
    }

    fn fetch(
        &self,
        blob: &Descriptor,
        take: &dyn Fn(Response) -> io::Result<()>,
    ) -> Result<(), RegistryError> {
        let url = self.url(&format!("blobs/{}", blob.digest))?;
        let what = format!("the reading of {}", blob.digest);
        let mut attempt = 1;
        loop {
            let response = self.send(&url, &|| self.reading.get(url.clone()))?;
            let response = self.expect(response, &[StatusCode::OK], &what)?;
            match take(response) {
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
fn save(response: Response, blob: &Descriptor, path: &Path) -> io::Result<()> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    let mut part = tempfile::Builder::new().prefix(".part.").tempfile_in(dir)?;
    receive(response, blob, &mut part)?;
    persist(part, path)
}

/// Writes the answer to `sink`, and fails if it is not `blob`.
fn receive(response: Response, blob: &Descriptor, sink: &mut dyn io::Write) -> io::Result<()> {
    let mut passing = Passing::of(response, blob);
    io::copy(&mut passing, sink)?;
    passing.finish()
}

/// A blob as it passes by.
struct Passing<'b> {
    response: Response,
    blob: &'b Descriptor,
    hasher: Hasher,
    size: u64,
}

impl<'b> Passing<'b> {
    fn of(response: Response, blob: &'b Descriptor) -> Self {
        Self { response, blob, hasher: Hasher::default(), size: 0 }
    }

    /// All of it has passed, and must have been what it says.
    fn finish(self) -> io::Result<()> {
        if self.size < self.blob.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let found = self.hasher.finish();
        if found == self.blob.digest {
            return Ok(());
        }
        Err(io::Error::other(format!("it has {found} under it")))
    }
}

impl Read for Passing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        process::check_interrupted().map_err(io::Error::other)?;
        let count = self
            .response
            .read(buffer)
            .map_err(|error| io::Error::new(io::ErrorKind::UnexpectedEof, error))?;
        self.size += count as u64;
        if self.size > self.blob.size {
            return Err(io::Error::other(format!("it has more than {} bytes", self.blob.size)));
        }
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

fn persist(part: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    part.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    let file: File = part.persist(path).map_err(|error| error.error)?;
    file.sync_all()
}

//! Manifests: what is under a tag, and putting something there.

use std::io::Read as _;

use common::digest::Digest;
use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::client::answer;
use super::{Client, RegistryError};
use crate::oci::{Descriptor, MANIFEST_TYPES, MAX_ATTACHED, MAX_JSON};

impl Client {
    /// The digest of the manifest under `tag`, of the bytes as they come; none if there is none.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses.
    pub fn tagged(&self, tag: &str) -> Result<Option<Digest>, RegistryError> {
        Ok(self.manifest(tag)?.map(|bytes| Digest::of(&bytes)))
    }

    /// The manifest under `reference`, a tag or a digest; none if there is none.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses; or it has something else under the digest.
    pub fn manifest(&self, reference: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let url = self.url(&format!("manifests/{reference}"))?;
        let make = || self.reading.get(url.clone()).header(ACCEPT, MANIFEST_TYPES.join(", "));
        let response = self.send(&url, &make)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = self.expect(response, &[StatusCode::OK], &format!("the reading of {reference}"))?;
        let bytes = self.whole(response, &format!("the manifest under {reference}"), MAX_JSON)?;
        match reference.parse::<Digest>() {
            Ok(digest) if Digest::of(&bytes) != digest => {
                Err(self.mismatch(reference, digest, Digest::of(&bytes)))
            }
            _ => Ok(Some(bytes)),
        }
    }

    /// The blob `descriptor`, no larger than what is said about images; none if there is none.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses; or it has something else under the digest.
    pub fn small_blob(&self, descriptor: &Descriptor) -> Result<Option<Vec<u8>>, RegistryError> {
        let digest = &descriptor.digest;
        let url = self.url(&format!("blobs/{digest}"))?;
        let response = self.send(&url, &|| self.reading.get(url.clone()))?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = self.expect(response, &[StatusCode::OK], &format!("the reading of {digest}"))?;
        let bytes = self.whole(response, digest.as_str(), MAX_ATTACHED)?;
        if Digest::of(&bytes) == *digest {
            return Ok(Some(bytes));
        }
        Err(self.mismatch(digest.as_str(), digest.clone(), Digest::of(&bytes)))
    }

    /// All of an answer that has no more than `limit` bytes.
    pub(super) fn whole(&self, response: Response, what: &str, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        let read = response.take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|e| self.broken(format!("{what} cannot be read: {e}")))?;
        if bytes.len() as u64 > limit {
            return Err(self.broken(format!("{what} is larger than {limit} bytes")));
        }
        Ok(bytes)
    }

    /// The answer, unless it says that nothing can be put there: what registries say of tags that cannot be
    /// changed. Trying again does not help.
    fn unless_closed(&self, response: Response, what: &str) -> Result<Response, RegistryError> {
        let status = response.status();
        let closed = [
            StatusCode::BAD_REQUEST,
            StatusCode::METHOD_NOT_ALLOWED,
            StatusCode::CONFLICT,
            StatusCode::PRECONDITION_FAILED,
        ];
        if !closed.contains(&status) {
            return Ok(response);
        }
        let (host, what) = (self.repository.host().to_owned(), what.to_owned());
        Err(RegistryError::Closed { host, what, status: status.as_u16(), answer: answer(response) })
    }

    pub(super) fn mismatch(&self, name: &str, expected: Digest, found: Digest) -> RegistryError {
        let (host, name) = (self.repository.host().to_owned(), name.to_owned());
        RegistryError::Mismatch { host, name, expected, found }
    }

    /// Puts `manifest`, whose bytes are `bytes`, under `reference`, a tag or its digest, and reads it
    /// back. Tells whether the registry said that it keeps lists of what points at a manifest.
    ///
    /// # Errors
    /// The registry refuses, or has something else under the reference afterwards.
    pub fn put_manifest(
        &self,
        reference: &str,
        manifest: &Descriptor,
        bytes: &[u8],
    ) -> Result<bool, RegistryError> {
        let url = self.url(&format!("manifests/{reference}"))?;
        let make = || {
            let request = self.writing.put(url.clone()).header(CONTENT_TYPE, manifest.media_type.as_str());
            request.body(bytes.to_vec())
        };
        let response = self.send(&url, &make)?;
        let what = format!("the manifest {reference}");
        let response = self.unless_closed(response, &what)?;
        let response = self.expect(response, &[StatusCode::CREATED, StatusCode::OK], &what)?;
        let lists = response.headers().contains_key("OCI-Subject");
        match self.tagged(reference)? {
            Some(found) if found == manifest.digest => Ok(lists),
            Some(found) => Err(self.mismatch(reference, manifest.digest.clone(), found)),
            None => Err(self.broken(format!("it took {reference} and does not have it"))),
        }
    }
}

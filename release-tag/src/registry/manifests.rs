//! Manifests: what is under a tag, and putting something there.

use std::io::Read as _;

use common::digest::Digest;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::{Client, RegistryError};
use crate::oci::{Descriptor, MANIFEST_TYPES, MAX_JSON};

impl Client {
    /// The digest of the manifest under `tag`, of the bytes as they come; none if there is none.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses.
    pub fn tagged(&self, tag: &str) -> Result<Option<Digest>, RegistryError> {
        let url = self.url(&format!("manifests/{tag}"))?;
        let make = || self.reading.get(url.clone()).header(ACCEPT, MANIFEST_TYPES.join(", "));
        let response = self.send(&url, &make)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = self.expect(response, &[StatusCode::OK], &format!("the reading of {tag}"))?;
        let mut bytes = Vec::new();
        let read = response.take(MAX_JSON + 1).read_to_end(&mut bytes);
        read.map_err(|e| self.broken(format!("the manifest under {tag} cannot be read: {e}")))?;
        if bytes.len() as u64 > MAX_JSON {
            return Err(self.broken(format!("the manifest under {tag} is larger than {MAX_JSON} bytes")));
        }
        Ok(Some(Digest::of(&bytes)))
    }

    /// Puts `manifest`, whose bytes are `bytes`, under `tag`, and reads it back.
    ///
    /// # Errors
    /// The registry refuses, or has something else under the tag afterwards.
    pub fn put_manifest(&self, tag: &str, manifest: &Descriptor, bytes: &[u8]) -> Result<(), RegistryError> {
        let url = self.url(&format!("manifests/{tag}"))?;
        let make = || {
            let request = self.writing.put(url.clone()).header(CONTENT_TYPE, manifest.media_type.as_str());
            request.body(bytes.to_vec())
        };
        let response = self.send(&url, &make)?;
        self.expect(response, &[StatusCode::CREATED, StatusCode::OK], &format!("the tag {tag}"))?;
        match self.tagged(tag)? {
            Some(found) if found == manifest.digest => Ok(()),
            Some(found) => Err(RegistryError::Mismatch {
                host: self.repository.host().to_owned(),
                name: tag.to_owned(),
                expected: manifest.digest.clone(),
                found,
            }),
            None => Err(self.broken(format!("it took {tag} and does not have it"))),
        }
    }
}

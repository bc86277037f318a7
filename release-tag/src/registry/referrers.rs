//! What points at a manifest: by the registry's own list, or where it keeps none, by an index under
//! the tag `sha256-<digest>`, as the distribution specification has it for such registries.

use std::io::Write as _;

use common::digest::Digest;
use reqwest::StatusCode;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};

use super::{Client, RegistryError};
use crate::oci::{Artifact, Descriptor, MAX_JSON, MEDIA_INDEX, to_json};

impl Client {
    /// Puts `artifact` beside its subject, whose digest is `subject`; what is there already is not
    /// sent again.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses.
    pub fn attach(&self, artifact: &Artifact, subject: &Digest) -> Result<(), RegistryError> {
        for (descriptor, bytes) in &artifact.blobs {
            self.send_bytes(descriptor, bytes)?;
        }
        let lists =
            self.put_manifest(artifact.manifest.digest.as_str(), &artifact.manifest, &artifact.bytes)?;
        if lists { Ok(()) } else { self.list(artifact, subject) }
    }

    /// Sends a small blob, unless it is there.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses.
    pub fn send_bytes(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<(), RegistryError> {
        if self.has(descriptor)? {
            return Ok(());
        }
        let failed = |source| RegistryError::Read { path: std::env::temp_dir(), source };
        let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        self.send_blob(descriptor, file.path()).map(|_| ())
    }

    /// Names `artifact` in the index under the tag of `subject`.
    fn list(&self, artifact: &Artifact, subject: &Digest) -> Result<(), RegistryError> {
        let tag = fallback_tag(subject);
        let mut entries = self.index(&tag)?;
        if entries.iter().any(|entry| entry["digest"] == artifact.manifest.digest.as_str()) {
            return Ok(());
        }
        entries.push(artifact.entry());
        let index = json!({"schemaVersion": 2, "mediaType": MEDIA_INDEX, "manifests": entries});
        let bytes = to_json(&index);
        self.put_manifest(&tag, &Descriptor::of(MEDIA_INDEX, &bytes), &bytes).map(|_| ())
    }

    /// The descriptors of all that points at `subject`.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses.
    pub fn referrers(&self, subject: &Digest) -> Result<Vec<Value>, RegistryError> {
        let url = self.url(&format!("referrers/{subject}"))?;
        let response = self.send(&url, &|| self.reading.get(url.clone()).header(ACCEPT, MEDIA_INDEX))?;
        if response.status() != StatusCode::OK {
            return self.index(&fallback_tag(subject));
        }
        let bytes = self.whole(response, "the list of what points at the image", MAX_JSON)?;
        self.entries(&bytes)
    }

    fn index(&self, tag: &str) -> Result<Vec<Value>, RegistryError> {
        match self.manifest(tag)? {
            Some(bytes) => self.entries(&bytes),
            None => Ok(Vec::new()),
        }
    }

    fn entries(&self, bytes: &[u8]) -> Result<Vec<Value>, RegistryError> {
        let index: Value = serde_json::from_slice(bytes).map_err(|e| self.broken(format!("a list: {e}")))?;
        Ok(index["manifests"].as_array().cloned().unwrap_or_default())
    }
}

/// The tag of the index of what points at `subject`.
fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

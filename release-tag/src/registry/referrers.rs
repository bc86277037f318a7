//! What points at a manifest: by the registry's own list, or where it keeps none, by an index under
//! the tag `sha256-<digest>`, as the distribution specification has it for such registries.

use std::io::Write as _;

use common::digest::Digest;
use common::process;
use reqwest::blocking::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LINK};
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use super::{Client, RegistryError};
use crate::oci::{Artifact, Descriptor, MAX_JSON, MEDIA_INDEX, to_json};

/// No list has more pages.
const MAX_PAGES: usize = 100;

impl Client {
    /// Puts those of `artifacts` that are not `there` beside the manifest `subject`.
    ///
    /// The index that stands in for a list is written once, with all of them: its tag may be one that nobody can
    /// change.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses.
    pub fn attach(&self, artifacts: &[Artifact], subject: &Digest) -> Result<(), RegistryError> {
        let mut unlisted = Vec::new();
        for artifact in artifacts {
            for (descriptor, bytes) in &artifact.blobs {
                self.send_bytes(descriptor, bytes)?;
            }
            let reference = artifact.manifest.digest.as_str();
            if !self.put_manifest(reference, &artifact.manifest, &artifact.bytes)? {
                unlisted.push(artifact);
            }
        }
        if unlisted.is_empty() { Ok(()) } else { self.list(&unlisted, subject) }
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

    /// Names `artifacts` in the index under the tag of `subject`.
    fn list(&self, artifacts: &[&Artifact], subject: &Digest) -> Result<(), RegistryError> {
        let tag = fallback_tag(subject);
        let mut entries = self.index(&tag)?;
        let known = entries.len();
        for artifact in artifacts {
            if !entries.iter().any(|entry| entry["digest"] == artifact.manifest.digest.as_str()) {
                entries.push(artifact.entry());
            }
        }
        if entries.len() == known {
            return Ok(());
        }
        let index = json!({"schemaVersion": 2, "mediaType": MEDIA_INDEX, "manifests": entries});
        let bytes = to_json(&index);
        self.put_manifest(&tag, &Descriptor::of(MEDIA_INDEX, &bytes), &bytes).map(|_| ())
    }

    /// The descriptors of all that points at `subject`.
    ///
    /// # Errors
    /// The registry cannot be reached or refuses.
    pub fn referrers(&self, subject: &Digest) -> Result<Vec<Value>, RegistryError> {
        let mut url = self.url(&format!("referrers/{subject}"))?;
        let Some(mut page) = self.first_page(&url)? else { return self.index(&fallback_tag(subject)) };
        let mut found = Vec::new();
        for _ in 0..MAX_PAGES {
            let next = next_page(&url, &page);
            let bytes = self.whole(page, "the list of what points at the image", MAX_JSON)?;
            found.extend(self.entries(&bytes)?);
            let Some(next) = next else { return Ok(found) };
            if next.origin() != url.origin() {
                return Err(self.broken("its list of what points at the image goes on somewhere else"));
            }
            url = next;
            let response = self.send(&url, &|| self.writing.get(url.clone()).header(ACCEPT, MEDIA_INDEX))?;
            page = self.expect(response, &[StatusCode::OK], "the list of what points at the image")?;
        }
        Err(self.broken("its list of what points at the image has no end"))
    }

    /// The registry's own answer; none if it is no list. Registries without one answer anything: a redirect to a
    /// page for people, the page, a limit of that page's server, a refusal. None of it is followed or tried again.
    fn first_page(&self, url: &Url) -> Result<Option<Response>, RegistryError> {
        let ask = || {
            process::check_interrupted()?;
            let request = self.writing.get(url.clone()).header(ACCEPT, MEDIA_INDEX);
            Ok::<_, RegistryError>(self.authorized(url, request).send().ok())
        };
        let mut answer = ask()?;
        if let Some(response) = &answer
            && response.status() == StatusCode::UNAUTHORIZED
            && self.authenticate(response.headers()).is_ok()
        {
            answer = ask()?;
        }
        Ok(answer.filter(|response| response.status() == StatusCode::OK && is_index(response)))
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

fn is_index(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| {
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(MEDIA_INDEX)
    })
}

/// Where the list goes on, from `Link: <URL>; rel="next"`.
fn next_page(url: &Url, page: &Response) -> Option<Url> {
    let links = page.headers().get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let next = links.flat_map(|text| text.split(',')).find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = |part: &str| matches!(part.trim(), "rel=\"next\"" | "rel=next");
        parameters.split(';').any(is_next).then_some(target)
    });
    url.join(next?).ok()
}

/// The tag of the index of what points at `subject`.
fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

//! Artifacts: what is said about an image, kept beside it and pointing at it.

use std::collections::BTreeMap;

use common::oci::model::{MEDIA_EMPTY, REF_NAME};
use serde_json::{Value, json};

use super::{Descriptor, MEDIA_MANIFEST, to_json};

/// An in-toto statement.
pub const MEDIA_IN_TOTO: &str = "application/vnd.in-toto+json";
/// The record of a release.
pub const MEDIA_RECORD: &str = "application/vnd.image-tools.release.v1+json";
/// The annotation with the kind of a statement.
pub const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";
/// The annotation with the name that a part would have as a file.
const TITLE: &str = "org.opencontainers.image.title";

/// A manifest of its own, and the blobs that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// What kind of thing it is, where it says so of itself.
    pub kind: Option<String>,
    /// The manifest.
    pub manifest: Descriptor,
    /// The manifest's bytes.
    pub bytes: Vec<u8>,
    /// The blobs.
    pub blobs: Vec<(Descriptor, Vec<u8>)>,
}

/// One file that is said about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// What kind of thing it is.
    pub media_type: String,
    /// What it would be called as a file.
    pub title: String,
    /// What lists of artifacts are to tell of it besides.
    pub annotations: BTreeMap<String, String>,
    /// It.
    pub content: Vec<u8>,
}

impl Artifact {
    /// `attachment` as an artifact about `subject`. The same content makes the same bytes.
    #[must_use]
    pub fn of(attachment: &Attachment, subject: &Descriptor) -> Self {
        let empty = (Descriptor::of(MEDIA_EMPTY, b"{}"), b"{}".to_vec());
        let mut layer = Descriptor::of(&attachment.media_type, &attachment.content);
        layer.annotations.insert(TITLE.to_owned(), attachment.title.clone());
        let annotations = attachment.annotations.clone();
        let about = Descriptor::new(&subject.media_type, subject.digest.clone(), subject.size);
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MEDIA_MANIFEST,
            "artifactType": attachment.media_type,
            "config": empty.0,
            "layers": [layer],
            "subject": about,
        });
        if !annotations.is_empty() {
            manifest["annotations"] = json!(annotations);
        }
        let bytes = to_json(&manifest);
        let mut descriptor = Descriptor::of(MEDIA_MANIFEST, &bytes);
        descriptor.annotations = annotations;
        let blobs = vec![empty, (layer, attachment.content.clone())];
        Self { kind: Some(attachment.media_type.clone()), manifest: descriptor, bytes, blobs }
    }

    /// What a list of artifacts says about it.
    #[must_use]
    pub fn entry(&self) -> Value {
        let mut entry = json!(self.manifest);
        if let Some(kind) = &self.kind {
            entry["artifactType"] = json!(kind);
        }
        entry
    }

    /// The tag that an index names it by, where it has one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.manifest.annotations.get(REF_NAME).map(String::as_str)
    }

    /// Whether it takes the place of `other`: it is the same, or under the same tag.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        self.manifest.digest == other.manifest.digest || (self.tag().is_some() && self.tag() == other.tag())
    }

    /// Every blob of it, its manifest last.
    pub fn all(&self) -> impl Iterator<Item = (&Descriptor, &[u8])> {
        let blobs = self.blobs.iter().map(|(descriptor, bytes)| (descriptor, &bytes[..]));
        blobs.chain([(&self.manifest, &self.bytes[..])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::MEDIA_INDEX;
    use common::digest::Digest;

    #[test]
    fn an_artifact_points_at_its_subject_and_is_the_same_each_time() {
        let subject = Descriptor::of(MEDIA_INDEX, b"image");
        let attachment = Attachment {
            media_type: MEDIA_IN_TOTO.to_owned(),
            title: "tested.json".to_owned(),
            annotations: [(PREDICATE_TYPE.to_owned(), "urn:x".to_owned())].into(),
            content: b"{\"a\": 1}".to_vec(),
        };
        let artifact = Artifact::of(&attachment, &subject);
        assert_eq!(artifact, Artifact::of(&attachment, &subject));
        let manifest: Value = serde_json::from_slice(&artifact.bytes).unwrap();
        assert_eq!(manifest["subject"]["digest"], Digest::of(b"image").as_str());
        assert_eq!(artifact.entry()["artifactType"], MEDIA_IN_TOTO);
        // The empty blob is the same everywhere.
        assert!(artifact.blobs[0].0.digest.hex().starts_with("44136fa355b3678a"));
    }
}

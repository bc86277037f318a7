//! A capsule in the form that registries keep.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Index;
use crate::oci::model::{Descriptor, MEDIA_MANIFEST, REF_NAME, to_json};

/// What kind of artifact it is.
pub const ARTIFACT_TYPE: &str = "application/vnd.image-tools.capsule.v1";
/// The list of its parts, which is the artifact's configuration.
pub const MEDIA_INDEX: &str = "application/vnd.image-tools.capsule.index.v1+json";
/// The context.
pub(super) const MEDIA_CONTEXT: &str = "application/vnd.image-tools.capsule.context.v1.tar";
/// The release's record.
pub(super) const MEDIA_RECORD: &str = "application/vnd.image-tools.release.v1+json";
/// What a server answered.
pub(super) const MEDIA_ANSWER: &str = "application/octet-stream";

/// What every layout says of itself.
pub const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// A manifest of a capsule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapsuleManifest {
    /// Always 2.
    pub schema_version: u32,
    /// Always that of a manifest.
    pub media_type: String,
    /// Always [`ARTIFACT_TYPE`].
    pub artifact_type: String,
    /// The index.
    pub config: Descriptor,
    /// The parts, sorted.
    pub layers: Vec<Descriptor>,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl CapsuleManifest {
    /// The manifest of the capsule with this index, and its descriptor.
    #[must_use]
    pub fn of(index: &Index) -> (Self, Descriptor, Vec<u8>) {
        let layers = index.parts().into_iter();
        let layers = layers.map(|(blob, kind)| Descriptor::new(kind, blob.digest, blob.size)).collect();
        let annotations = BTreeMap::from([
            ("org.opencontainers.image.revision".to_owned(), index.commit.clone()),
            ("org.opencontainers.image.version".to_owned(), index.release.clone()),
        ]);
        let manifest = Self {
            schema_version: 2,
            media_type: MEDIA_MANIFEST.to_owned(),
            artifact_type: ARTIFACT_TYPE.to_owned(),
            config: Descriptor::of(MEDIA_INDEX, &index.bytes()),
            layers,
            annotations,
        };
        let bytes = to_json(&manifest);
        let descriptor = Descriptor::of(MEDIA_MANIFEST, &bytes);
        (manifest, descriptor, bytes)
    }
}

/// The `index.json` of a layout that holds the manifest `descriptor` under `tag`.
#[must_use]
pub fn layout_index(descriptor: &Descriptor, tag: &str) -> Vec<u8> {
    let mut entry = serde_json::json!(Descriptor::new(
        &descriptor.media_type,
        descriptor.digest.clone(),
        descriptor.size
    ));
    entry["artifactType"] = ARTIFACT_TYPE.into();
    entry["annotations"] = serde_json::json!({ REF_NAME: tag });
    to_json(
        &serde_json::json!({"schemaVersion": 2, "mediaType": crate::oci::model::MEDIA_INDEX, "manifests": [entry]}),
    )
}

/// The tag of the capsule of `release`: beside the image's own.
#[must_use]
pub fn capsule_tag(release: &str) -> String {
    format!("{release}-capsule")
}

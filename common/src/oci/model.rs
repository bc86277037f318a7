//! The JSON of an image, as far as these tools need it.

use std::collections::BTreeMap;

use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// A manifest of one image.
pub const MEDIA_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A list of manifests.
pub const MEDIA_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An image's configuration.
pub const MEDIA_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The configuration of what has none.
pub const MEDIA_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// A layer as it is.
pub const MEDIA_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A compressed layer.
pub const MEDIA_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Every kind of manifest that a registry may have under a tag.
pub const MANIFEST_TYPES: [&str; 4] = [
    MEDIA_MANIFEST,
    MEDIA_INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// The annotation that is a manifest's tag in a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A blob by what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What kind of thing it is.
    pub media_type: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// A blob of `media_type` with these bytes.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// A blob about which nothing further is said.
    #[must_use]
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self { media_type: media_type.to_owned(), digest, size, annotations: BTreeMap::new() }
    }

    /// Whether it carries `tag`.
    #[must_use]
    pub fn is_tagged(&self, tag: &str) -> bool {
        self.annotations.get(REF_NAME).is_some_and(|name| name == tag)
    }
}

/// One image: its configuration and its layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// What it is; absent in older ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What is said about the image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// An image of these parts.
    #[must_use]
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MEDIA_MANIFEST.to_owned()),
            config,
            layers,
            annotations: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// Whether it is one of an image: what is said about an image lies beside it in the same form.
    #[must_use]
    pub fn is_image(&self) -> bool {
        let said = |kind: &str| kind.contains("in-toto") || kind.contains("simplesigning");
        self.config.media_type != MEDIA_EMPTY && !self.layers.iter().any(|layer| said(&layer.media_type))
    }
}

/// What a layout or an archive holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
}

/// The part of a configuration that binds the layers.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// The file system.
    pub rootfs: RootFs,
}

/// The layers of a configuration.
#[derive(Debug, Deserialize)]
pub struct RootFs {
    /// The digest of each uncompressed layer, lowest first.
    pub diff_ids: Vec<Digest>,
}

/// JSON without white space, keys in the order of the type: the same value, the same bytes.
///
/// # Panics
/// Never: no map here has keys that are not strings.
#[must_use]
pub fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("all keys are strings")
}

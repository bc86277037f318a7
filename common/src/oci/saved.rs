//! An image in the archive that an engine saved: docker's own form, with links between layers or
//! with blobs beside an index, or an OCI archive as podman and buildah write it.

use crate::digest::Digest;
use serde::Deserialize;

use super::blobs::{Blobs, blob_name, parse, small_blob, small_file};
use super::model::{Config, Descriptor, Index, MANIFEST_TYPES, Manifest};
use super::{MAX_JSON, OciError};

/// Docker allows 127 layers; nobody has thousands.
const MAX_LAYERS: usize = 1024;

/// Where the parts of one image are in an archive.
#[derive(Debug, PartialEq, Eq)]
pub struct SavedImage {
    /// The configuration, byte for byte: its digest is the image's id, unless that of the manifest is.
    pub config: Vec<u8>,
    /// The layers, lowest first: the digest when uncompressed, and the file's name.
    pub layers: Vec<(Digest, String)>,
    /// The manifest, byte for byte, where its digest is the image's id: docker's containerd store tells
    /// images by that.
    pub manifest: Option<Vec<u8>>,
}

/// One image in docker's `manifest.json`.
#[derive(Deserialize)]
struct DockerImage {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

impl SavedImage {
    /// The image `id` in `archive`.
    ///
    /// # Errors
    /// The archive does not hold it, or makes no sense.
    pub fn find(archive: &dyn Blobs, id: &Digest) -> Result<Self, OciError> {
        let mut found = Vec::new();
        if archive.open("manifest.json")?.is_some() {
            let images: Vec<DockerImage> =
                parse(archive, "manifest.json", &small_file(archive, "manifest.json")?)?;
            for image in images {
                let config = small_file(archive, &image.config)?;
                if let Some(image) = matching(archive, id, config, image.layers, &mut found)? {
                    return Ok(image);
                }
            }
        }
        if archive.open("index.json")?.is_some() {
            let index: Index = parse(archive, "index.json", &small_file(archive, "index.json")?)?;
            for descriptor in index.manifests.iter().filter(|d| is_manifest(d)) {
                let bytes = small_blob(archive, descriptor)?;
                // An index inside the index, or a list: not what `save` of one image writes.
                let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { continue };
                if !manifest.is_image() {
                    continue;
                }
                let config = small_blob(archive, &manifest.config)?;
                let layers = manifest.layers.iter().map(|layer| blob_name(&layer.digest)).collect();
                if descriptor.digest == *id {
                    return Ok(Self { manifest: Some(bytes), ..whole(archive, config, layers)? });
                }
                if let Some(image) = matching(archive, id, config, layers, &mut found)? {
                    return Ok(image);
                }
            }
        }
        found.dedup();
        Err(OciError::OtherImage { place: archive.place(), wanted: id.clone(), found })
    }

    /// The configuration's descriptor.
    #[must_use]
    pub fn config_descriptor(&self) -> Descriptor {
        Descriptor::of(super::model::MEDIA_CONFIG, &self.config)
    }
}

fn is_manifest(descriptor: &Descriptor) -> bool {
    MANIFEST_TYPES.contains(&descriptor.media_type.as_str()) && descriptor.size <= MAX_JSON
}

/// The image of `config` and `layers`, if it is `id`; otherwise its id joins `found`.
fn matching(
    archive: &dyn Blobs,
    id: &Digest,
    config: Vec<u8>,
    layers: Vec<String>,
    found: &mut Vec<Digest>,
) -> Result<Option<SavedImage>, OciError> {
    let this = Digest::of(&config);
    if this != *id {
        found.push(this);
        return Ok(None);
    }
    whole(archive, config, layers).map(Some)
}

/// The image of `config` and `layers`.
fn whole(archive: &dyn Blobs, config: Vec<u8>, layers: Vec<String>) -> Result<SavedImage, OciError> {
    let diff_ids = parse::<Config>(archive, "the configuration", &config)?.rootfs.diff_ids;
    if diff_ids.len() != layers.len() || layers.len() > MAX_LAYERS {
        return Err(OciError::Content {
            place: archive.place(),
            name: "the configuration".to_owned(),
            reason: format!("it has {} layers, the archive {}", diff_ids.len(), layers.len()),
        });
    }
    Ok(SavedImage { config, layers: diff_ids.into_iter().zip(layers).collect(), manifest: None })
}

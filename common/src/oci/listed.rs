//! Every image that a layout or an archive holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::blobs::{Blobs, blob_name, parse, small_blob, small_file};
use super::model::{Config, Descriptor, Index, MANIFEST_TYPES, Manifest, REF_NAME};
use super::{MAX_JSON, OciError};
use crate::digest::Digest;

/// No image has more layers; docker allows 127.
const MOST_LAYERS: usize = 1024;
/// Indexes in indexes, at most so deep.
const DEEPEST: usize = 3;

/// One image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedImage {
    /// The digest of its configuration.
    pub id: Digest,
    /// The names it has there, sorted.
    pub names: BTreeSet<String>,
    /// The configuration, byte for byte.
    pub config: Vec<u8>,
    /// The layers, lowest first.
    pub layers: Vec<ListedLayer>,
    /// What its manifest says about it.
    pub annotations: BTreeMap<String, String>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLayer {
    /// Its digest when uncompressed.
    pub diff_id: Digest,
    /// The file that it is in.
    pub file: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// The images in `blobs`, each once, in the order in which they are named there.
///
/// # Errors
/// Something is missing, is not what its digest says, or makes no sense.
pub fn list(blobs: &dyn Blobs) -> Result<Vec<ListedImage>, OciError> {
    let mut found = Vec::new();
    if blobs.open("index.json")?.is_some() {
        let index: Index = parse(blobs, "index.json", &small_file(blobs, "index.json")?)?;
        index_images(blobs, &index, DEEPEST, &mut found)?;
    }
    if blobs.open("manifest.json")?.is_some() {
        let images: Vec<DockerImage> = parse(blobs, "manifest.json", &small_file(blobs, "manifest.json")?)?;
        for DockerImage { config, repo_tags, layers } in images {
            let config = small_file(blobs, &config)?;
            let names = repo_tags.unwrap_or_default().into_iter().collect();
            add(&mut found, image(blobs, config, (layers, names, BTreeMap::new()))?);
        }
    }
    Ok(found)
}

/// What a manifest says beside the configuration: the layers' files, names, annotations.
type Said = (Vec<String>, BTreeSet<String>, BTreeMap<String, String>);

fn image(blobs: &dyn Blobs, config: Vec<u8>, said: Said) -> Result<ListedImage, OciError> {
    let (files, names, annotations) = said;
    let diff_ids = parse::<Config>(blobs, "the configuration", &config)?.rootfs.diff_ids;
    if diff_ids.len() != files.len() || files.len() > MOST_LAYERS {
        return Err(OciError::Content {
            place: blobs.place(),
            name: "the configuration".to_owned(),
            reason: format!("it has {} layers, the archive {}", diff_ids.len(), files.len()),
        });
    }
    let layers = diff_ids.into_iter().zip(files).map(|(diff_id, file)| ListedLayer { diff_id, file });
    Ok(ListedImage { id: Digest::of(&config), names, config, layers: layers.collect(), annotations })
}

fn index_images(
    blobs: &dyn Blobs,
    index: &Index,
    depth: usize,
    found: &mut Vec<ListedImage>,
) -> Result<(), OciError> {
    for descriptor in index.manifests.iter().filter(|d| is_manifest(d)) {
        let bytes = small_blob(blobs, descriptor)?;
        if let Ok(inner) = serde_json::from_slice::<Index>(&bytes) {
            if depth > 0 {
                index_images(blobs, &inner, depth - 1, found)?;
            }
            continue;
        }
        let manifest: Manifest = parse(blobs, &blob_name(&descriptor.digest), &bytes)?;
        // What is said about an image, by its builder or at its delivery, is none.
        if !manifest.is_image() {
            continue;
        }
        let config = small_blob(blobs, &manifest.config)?;
        let files = manifest.layers.iter().map(|layer| blob_name(&layer.digest)).collect();
        let mut annotations = manifest.annotations;
        annotations.extend(descriptor.annotations.clone());
        let names = annotations.get(REF_NAME).cloned().into_iter().collect();
        add(found, image(blobs, config, (files, names, annotations))?);
    }
    Ok(())
}

fn is_manifest(descriptor: &Descriptor) -> bool {
    MANIFEST_TYPES.contains(&descriptor.media_type.as_str()) && descriptor.size <= MAX_JSON
}

fn add(found: &mut Vec<ListedImage>, image: ListedImage) {
    match found.iter_mut().find(|other| other.id == image.id) {
        Some(other) => other.names.extend(image.names),
        None => found.push(image),
    }
}

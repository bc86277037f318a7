//! Where an image is kept that is verified: a layout, an archive or a registry.

use std::path::{Path, PathBuf};

use common::console::Console;
use common::digest::Digest;
use common::oci::blobs::blob_up_to;
use common::oci::model::Config;
use serde_json::Value;

use crate::deliver::is_bill;
use crate::error::Error;
use crate::location::Location;
use crate::oci::beside::{self, Said};
use crate::oci::{
    Archive, Blobs, Depth, Descriptor, Layout, MAX_ATTACHED, MAX_JSON, MEDIA_IN_TOTO, MEDIA_RECORD, Manifest,
    Proof, prove,
};
use crate::registry::{Access, Client, Reference, Repository};
use crate::signature::bundle::MEDIA_BUNDLE;

/// Where, and under which tag if one was typed.
#[derive(Debug)]
pub struct Place {
    /// Where.
    pub kind: Kind,
    /// The tag or the digest that was typed.
    pub tag: Option<String>,
}

/// What kind of place it is.
#[derive(Debug)]
pub enum Kind {
    /// A directory.
    Layout(PathBuf),
    /// A file.
    Archive(PathBuf),
    /// A registry.
    Registry(Repository),
}

impl Place {
    /// The place that `text` names: `oci:DIR`, `oci-archive:FILE`, `docker://REGISTRY/REPOSITORY[:TAG]`, or with
    /// `@DIGEST`.
    ///
    /// # Errors
    /// It names none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(match text.parse()? {
            Location::Layout(dir) => Self { kind: Kind::Layout(dir), tag: None },
            Location::Archive(file) => Self { kind: Kind::Archive(file), tag: None },
            Location::Registry(Reference { repository, name }) => {
                Self { kind: Kind::Registry(repository), tag: name }
            }
        })
    }
}

/// An image's keeper, ready to be asked.
pub enum Kept {
    /// Files of this machine.
    Files(Box<dyn Blobs>),
    /// A registry.
    Registry(Box<Client>),
}

/// An image as it is kept.
pub struct Found {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The image's id.
    pub image: Digest,
    /// The layers that are not there.
    pub missing: Vec<Digest>,
    /// Whether every byte of the layers was looked at.
    pub is_whole: bool,
}

/// What is under a tag.
pub enum Under {
    /// Nothing.
    Nothing,
    /// An image.
    Image(Found),
    /// An index of several images: what each is for, and its digest.
    Several(Vec<(String, String)>),
}

impl Kept {
    /// The layout at `dir`, whether it is there or not.
    #[must_use]
    pub fn layout(dir: &Path) -> Self {
        Self::Files(Box::new(Layout::at(dir)))
    }

    /// Whether there is anything; of a registry that is not asked.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Files(blobs) => matches!(blobs.open("index.json"), Ok(Some(_))),
            Self::Registry(_) => true,
        }
    }

    /// The keeper at `place`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(place: &Place, access: &Access, console: &Console) -> Result<Self, Error> {
        Ok(match &place.kind {
            Kind::Layout(dir) => Self::layout(dir),
            Kind::Archive(file) => Self::Files(Box::new(Archive::open(file)?)),
            Kind::Registry(repository) => Self::Registry(Box::new(Client::new(repository, access, console)?)),
        })
    }

    /// What is under `tag`: every byte of it checked, where it is on this machine; in a registry, the
    /// manifest and the configuration, and that the layers are there; all of them too, if it is to be `deep`.
    ///
    /// # Errors
    /// It cannot be read, or is not what it says.
    pub fn find(&self, tag: &str, deep: bool) -> Result<Under, Error> {
        match self {
            Self::Files(blobs) => {
                let found = |proof: Proof| Found {
                    manifest: proof.manifest.digest,
                    image: proof.image,
                    missing: Vec::new(),
                    is_whole: true,
                };
                let proof = prove(blobs.as_ref(), tag, Depth::Content)?;
                Ok(proof.map_or(Under::Nothing, |proof| Under::Image(found(proof))))
            }
            Self::Registry(client) => in_registry(client, tag, deep),
        }
    }

    /// What is said about the image whose manifest has this digest: the kind, and the content.
    ///
    /// # Errors
    /// The registry cannot be reached, or has something else than it says.
    pub fn attached(&self, manifest: &Digest) -> Result<Vec<Said>, Error> {
        let client = match self {
            Self::Registry(client) => client,
            Self::Files(blobs) => return Ok(beside::said(blobs.as_ref(), manifest, is_ours)?),
        };
        let mut found = Vec::new();
        for entry in client.referrers(manifest)? {
            let Some(digest) = entry["digest"].as_str() else { continue };
            if entry["size"].as_u64().is_some_and(|size| size > MAX_JSON) {
                continue;
            }
            let Some(bytes) = client.manifest(digest)? else { continue };
            let artifact: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let layers = artifact["layers"].as_array().cloned().unwrap_or_default();
            for layer in layers {
                let Ok(layer) = serde_json::from_value::<Descriptor>(layer) else { continue };
                if !is_ours(&layer) {
                    continue;
                }
                if let Some(content) = client.small_blob(&layer)? {
                    found.push((layer.media_type, content));
                }
            }
        }
        Ok(found)
    }

    /// The manifest under `tag`, whatever it is of; none if there is none.
    ///
    /// # Errors
    /// As [`Self::attached`].
    pub fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Self::Registry(client) => Ok(client.manifest(tag)?),
            Self::Files(blobs) => Ok(beside::tagged(blobs.as_ref(), tag)?),
        }
    }

    /// The blob `descriptor`; none if there is none.
    ///
    /// # Errors
    /// As [`Self::attached`].
    pub fn blob(&self, descriptor: &Descriptor) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Self::Registry(client) => Ok(client.small_blob(descriptor)?),
            Self::Files(blobs) => Ok(Some(blob_up_to(blobs.as_ref(), descriptor, MAX_ATTACHED)?)),
        }
    }
}

/// Whether it may be of interest here. What others attach has any size, and is not fetched.
fn is_ours(layer: &Descriptor) -> bool {
    let kind = layer.media_type.as_str();
    let known = [MEDIA_RECORD, MEDIA_IN_TOTO, MEDIA_BUNDLE].contains(&kind) || is_bill(kind);
    known && layer.size <= MAX_ATTACHED
}

fn in_registry(client: &Client, tag: &str, deep: bool) -> Result<Under, Error> {
    let Some(bytes) = client.manifest(tag)? else { return Ok(Under::Nothing) };
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if let Some(several) = value["manifests"].as_array() {
        return Ok(Under::Several(several.iter().map(platform).collect()));
    }
    let digest = Digest::of(&bytes);
    let manifest: Manifest = serde_json::from_value(value)
        .map_err(|e| client.nonsense(format!("what is under {tag} is no manifest of an image: {e}")))?;
    let mut missing = Vec::new();
    let config = client.small_blob(&manifest.config)?;
    if config.is_none() {
        missing.push(manifest.config.digest.clone());
    }
    for layer in &manifest.layers {
        if !client.has(layer)? {
            missing.push(layer.digest.clone());
        }
    }
    let is_whole = deep && missing.is_empty();
    if let (true, Some(config)) = (is_whole, config) {
        read_layers(client, &manifest, &config)?;
    }
    Ok(Under::Image(Found { manifest: digest, image: manifest.config.digest, missing, is_whole }))
}

/// Reads every layer of `manifest`: it must be what its digest says, and uncompressed what `config` says.
fn read_layers(client: &Client, manifest: &Manifest, config: &[u8]) -> Result<(), Error> {
    let config: Config = serde_json::from_slice(config)
        .map_err(|e| client.nonsense(format!("the configuration of the image makes no sense: {e}")))?;
    let diff_ids = config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        let (has, names) = (manifest.layers.len(), diff_ids.len());
        let reason = format!("the configuration names {names} layers, the manifest has {has}");
        return Err(client.nonsense(reason).into());
    }
    for (layer, diff_id) in manifest.layers.iter().zip(&diff_ids) {
        client.check_layer(layer, diff_id)?;
    }
    Ok(())
}

/// What an entry of an index is for, and its digest.
fn platform(entry: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let platform = format!("{}/{}", text(&entry["platform"]["os"]), text(&entry["platform"]["architecture"]));
    (platform, text(&entry["digest"]))
}

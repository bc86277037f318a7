//! Where an image is kept that is verified: a layout, an archive or a registry.

use std::path::{Path, PathBuf};

use common::console::Console;
use common::digest::Digest;
use common::oci::blobs::blob_up_to;
use serde_json::Value;

use crate::error::Error;
use crate::oci::beside::{self, Said};
use crate::oci::{Archive, Blobs, Depth, Descriptor, Layout, MAX_ATTACHED, Manifest, Proof, prove};
use crate::registry::{Client, Repository};

/// Where, and under which tag if one was typed.
#[derive(Debug)]
pub struct Place {
    /// Where.
    pub kind: Kind,
    /// The tag that was typed.
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
    /// The place that `text` names: `oci:DIR`, `oci-archive:FILE`, `docker://REGISTRY/REPOSITORY[:TAG]`.
    ///
    /// # Errors
    /// It names none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |reason: &str| Error::BadDestination { given: text.to_owned(), reason: reason.to_owned() };
        let local = |kind| Ok(Self { kind, tag: None });
        match text.split_once(':').ok_or_else(|| bad("it does not begin with a kind"))? {
            ("oci", dir) => local(Kind::Layout(dir.into())),
            ("oci-archive", file) => local(Kind::Archive(file.into())),
            ("docker", rest) => {
                let rest = rest.strip_prefix("//").ok_or_else(|| bad("`docker:` is followed by `//`"))?;
                // A port is before the last slash, a tag behind it.
                let cut = rest.rfind(':').filter(|at| Some(*at) > rest.rfind('/'));
                let (name, tag) =
                    cut.map_or((rest, None), |at| (&rest[..at], Some(rest[at + 1..].to_owned())));
                Ok(Self { kind: Kind::Registry(name.parse()?), tag })
            }
            _ => Err(bad("its kind is not known here")),
        }
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
    pub fn open(place: &Place, insecure: &[String], console: &Console) -> Result<Self, Error> {
        Ok(match &place.kind {
            Kind::Layout(dir) => Self::layout(dir),
            Kind::Archive(file) => Self::Files(Box::new(Archive::open(file)?)),
            Kind::Registry(repository) => {
                Self::Registry(Box::new(Client::new(repository, insecure, console)?))
            }
        })
    }

    /// What is under `tag`: every byte of it checked, where it is on this machine; in a registry, the
    /// manifest and the configuration, and that the layers are there.
    ///
    /// # Errors
    /// It cannot be read, or is not what it says.
    pub fn find(&self, tag: &str) -> Result<Option<Found>, Error> {
        match self {
            Self::Files(blobs) => {
                let found = |proof: Proof| Found {
                    manifest: proof.manifest.digest,
                    image: proof.image,
                    missing: Vec::new(),
                };
                Ok(prove(blobs.as_ref(), tag, Depth::Content)?.map(found))
            }
            Self::Registry(client) => in_registry(client, tag),
        }
    }

    /// What is said about the image whose manifest has this digest: the kind, and the content.
    ///
    /// # Errors
    /// The registry cannot be reached, or has something else than it says.
    pub fn attached(&self, manifest: &Digest) -> Result<Vec<Said>, Error> {
        let client = match self {
            Self::Registry(client) => client,
            Self::Files(blobs) => return Ok(beside::said(blobs.as_ref(), manifest)?),
        };
        let mut found = Vec::new();
        for entry in client.referrers(manifest)? {
            let Some(digest) = entry["digest"].as_str() else { continue };
            let Some(bytes) = client.manifest(digest)? else { continue };
            let artifact: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let layers = artifact["layers"].as_array().cloned().unwrap_or_default();
            for layer in layers {
                let Ok(layer) = serde_json::from_value::<Descriptor>(layer) else { continue };
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

fn in_registry(client: &Client, tag: &str) -> Result<Option<Found>, Error> {
    let Some(bytes) = client.manifest(tag)? else { return Ok(None) };
    let digest = Digest::of(&bytes);
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|e| client.nonsense(format!("what is under {tag} is no manifest of an image: {e}")))?;
    let mut missing = Vec::new();
    if client.small_blob(&manifest.config)?.is_none() {
        missing.push(manifest.config.digest.clone());
    }
    for layer in &manifest.layers {
        if !client.has(layer)? {
            missing.push(layer.digest.clone());
        }
    }
    Ok(Some(Found { manifest: digest, image: manifest.config.digest, missing }))
}

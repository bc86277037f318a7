//! A capsule that was checked: every digest, every size, and that its parts are those of its list.

use std::io::Read;
use std::path::Path;

use super::index::SCHEMA;
use super::manifest::{ARTIFACT_TYPE, CapsuleManifest, MEDIA_INDEX};
use super::{Blob, Index, Packed};
use crate::digest::Digest;
use crate::oci::blobs::{Blobs, blob_name, check, check_blob, must, small_blob, small_file};
use crate::oci::{Descriptor, Directory, OciError};
use crate::process;

/// An index tells of thousands of answers. Bytes.
pub const MAX_INDEX: u64 = 64 << 20;

/// A capsule whose every byte was checked.
pub struct Capsule {
    blobs: Box<dyn Blobs + Send>,
    /// The list of its parts.
    pub index: Index,
    /// The manifest's descriptor.
    pub manifest: Descriptor,
}

impl std::fmt::Debug for Capsule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capsule").field("manifest", &self.manifest.digest).finish_non_exhaustive()
    }
}

impl Capsule {
    /// The capsule at `path`, a layout's directory or an archive.
    ///
    /// # Errors
    /// It cannot be read, is no capsule, or is not in every byte what it says: nothing of it is to be used then.
    pub fn open(path: &Path) -> Result<Self, OciError> {
        if path.is_dir() {
            return Self::of(Box::new(Directory::at(path)));
        }
        Self::of(Box::new(Packed::open(path)?))
    }

    fn of(blobs: Box<dyn Blobs + Send>) -> Result<Self, OciError> {
        let said = small_file(&*blobs, "index.json")?;
        let descriptor = only(&*blobs, &said)?;
        let bytes = small_blob(&*blobs, &descriptor)?;
        let manifest = parse_manifest(&blobs.place(), &bytes)?;
        let index = index(&*blobs, &manifest.config)?;
        agree(&blobs.place(), &manifest, &index)?;
        for layer in &manifest.layers {
            process::check_interrupted()?;
            check_blob(&*blobs, layer)?;
        }
        Ok(Self { blobs, index, manifest: descriptor })
    }

    /// What messages call it.
    #[must_use]
    pub fn place(&self) -> String {
        self.blobs.place()
    }

    /// The bytes of `blob`, from their beginning.
    ///
    /// # Errors
    /// They cannot be read any more.
    pub fn read(&self, blob: &Blob) -> Result<Box<dyn Read + '_>, OciError> {
        if blob.size == 0 {
            return Ok(Box::new(std::io::empty()));
        }
        must(&*self.blobs, &blob_name(&blob.digest))
    }
}

/// The one manifest that the layout's index names.
fn only(blobs: &dyn Blobs, text: &[u8]) -> Result<Descriptor, OciError> {
    let index: crate::oci::model::Index = crate::oci::blobs::parse(blobs, "index.json", text)?;
    match <[Descriptor; 1]>::try_from(index.manifests) {
        Ok([descriptor]) => Ok(descriptor),
        Err(found) => {
            Err(content(&blobs.place(), "index.json", format!("it names {} manifests, not one", found.len())))
        }
    }
}

fn content(place: &str, name: &str, reason: String) -> OciError {
    OciError::Content { place: place.to_owned(), name: name.to_owned(), reason }
}

/// The manifest of a capsule in `bytes`, which came from `place`.
fn parse_manifest(place: &str, bytes: &[u8]) -> Result<CapsuleManifest, OciError> {
    let is_other = |kind: Option<&str>| {
        let kind = kind.unwrap_or("something else");
        content(place, "the manifest", format!("it is of {kind}, not of a capsule ({ARTIFACT_TYPE})"))
    };
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| is_other(None))?;
    if value["artifactType"] != ARTIFACT_TYPE {
        return Err(is_other(value["artifactType"].as_str()));
    }
    serde_json::from_value(value).map_err(|e| content(place, "the manifest", e.to_string()))
}

fn index(blobs: &dyn Blobs, descriptor: &Descriptor) -> Result<Index, OciError> {
    let name = blob_name(&descriptor.digest);
    if descriptor.size > MAX_INDEX {
        return Err(OciError::TooLarge { place: blobs.place(), name, limit: MAX_INDEX });
    }
    let mut bytes = Vec::new();
    let failed = |source| OciError::Io { verb: "read", path: Path::new(&blobs.place()).join(&name), source };
    must(blobs, &name)?.take(MAX_INDEX + 1).read_to_end(&mut bytes).map_err(failed)?;
    check(&name, &descriptor.digest, &Digest::of(&bytes))?;
    parse(&blobs.place(), &bytes)
}

/// The index in `bytes`, which came from `place`.
///
/// # Errors
/// It is none, or of a form that this build does not read.
pub fn parse(place: &str, bytes: &[u8]) -> Result<Index, OciError> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|e| content(place, "the index", e.to_string()))?;
    if value["schema"] != SCHEMA {
        let found = &value["schema"];
        return Err(content(
            place,
            "the index",
            format!("its form has version {found}, this build reads {SCHEMA}"),
        ));
    }
    serde_json::from_value(value).map_err(|e| content(place, "the index", e.to_string()))
}

/// The manifest must name exactly the parts that the index lists.
fn agree(place: &str, manifest: &CapsuleManifest, index: &Index) -> Result<(), OciError> {
    let parts = index.parts();
    for (blob, _) in &parts {
        let is_it = |layer: &Descriptor| layer.digest == blob.digest && layer.size == blob.size;
        if !manifest.layers.iter().any(is_it) {
            let reason = format!("the manifest does not name its part {}", blob.digest);
            return Err(content(place, "the index", reason));
        }
    }
    if manifest.config.media_type != MEDIA_INDEX || manifest.layers.len() != parts.len() {
        return Err(content(place, "the manifest", "it names other parts than the index".to_owned()));
    }
    let empty = Digest::of(b"");
    if index.answers.iter().any(|answer| answer.body.size == 0 && answer.body.digest != empty) {
        return Err(content(place, "the index", "an empty answer has another digest".to_owned()));
    }
    // Whoever knows the configuration knows the layers; another base must not slip in.
    let config = index.base.config.digest == index.recipe.base.id;
    if config {
        Ok(())
    } else {
        Err(content(place, "the index", "its base is another one than the recipe's".to_owned()))
    }
}

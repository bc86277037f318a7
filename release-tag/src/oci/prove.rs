//! Proof by reading back: from the tag through the manifest and the configuration to every byte.

use common::digest::Digest;
use common::parallel;

use super::{AT_ONCE, OciError};
use common::oci::blobs::{Blobs, blob_name, check, check_blob, must, parse, small_blob, small_file};
use common::oci::model::{Config, Descriptor, Index, Manifest};

/// How far a proof goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every blob is what its digest says.
    Stored,
    /// And every layer, uncompressed, is what the configuration says: for what others wrote.
    Content,
}

/// An image that was read back and is what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The manifest.
    pub manifest: Descriptor,
    /// The manifest's bytes.
    pub bytes: Vec<u8>,
    /// The digest of its configuration, which is the image's id in most engines.
    pub image: Digest,
    /// Every other blob, the configuration first.
    pub blobs: Vec<Descriptor>,
}

impl Proof {
    /// Whether it is the image `id`: the digest of its configuration, or where docker keeps images in
    /// containerd's store, that of its manifest.
    #[must_use]
    pub fn is(&self, id: &Digest) -> bool {
        self.image == *id || self.manifest.digest == *id
    }

    /// The size of all that is delivered, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.manifest.size + self.blobs.iter().map(|blob| blob.size).sum::<u64>()
    }
}

/// Reads back what `blobs` holds under `tag`; none if nothing is under it.
///
/// # Errors
/// Something is missing, or is not what it says.
pub fn prove(blobs: &dyn Blobs, tag: &str, depth: Depth) -> Result<Option<Proof>, OciError> {
    let index: Index = parse(blobs, "index.json", &small_file(blobs, "index.json")?)?;
    let mut tagged = index.manifests.iter().filter(|d| d.is_tagged(tag));
    let Some(descriptor) = tagged.next() else { return Ok(None) };
    if tagged.next().is_some() {
        return Err(OciError::Content {
            place: blobs.place(),
            name: "index.json".to_owned(),
            reason: format!("it has two images under {tag}"),
        });
    }
    let bytes = small_blob(blobs, descriptor)?;
    let manifest: Manifest = parse(blobs, &blob_name(&descriptor.digest), &bytes)?;
    let config = small_blob(blobs, &manifest.config)?;
    let diff_ids = parse::<Config>(blobs, &blob_name(&manifest.config.digest), &config)?.rootfs.diff_ids;
    layers(blobs, &manifest, &diff_ids, depth)?;
    let image = manifest.config.digest.clone();
    let parts = std::iter::once(manifest.config).chain(manifest.layers);
    let mut distinct: Vec<Descriptor> = Vec::new();
    for part in parts {
        if !distinct.iter().any(|known| known.digest == part.digest) {
            distinct.push(part);
        }
    }
    Ok(Some(Proof { manifest: descriptor.clone(), bytes, image, blobs: distinct }))
}

fn layers(blobs: &dyn Blobs, manifest: &Manifest, diff_ids: &[Digest], depth: Depth) -> Result<(), OciError> {
    let content = |reason: String| {
        let name = blob_name(&manifest.config.digest);
        OciError::Content { place: blobs.place(), name, reason }
    };
    if manifest.layers.len() != diff_ids.len() {
        let (has, names) = (manifest.layers.len(), diff_ids.len());
        return Err(content(format!("it names {names} layers, the manifest has {has}")));
    }
    let mut jobs: Vec<(&Descriptor, &Digest)> = manifest.layers.iter().zip(diff_ids).collect();
    jobs.sort_unstable_by_key(|(layer, diff_id)| (&layer.digest, layer.size, *diff_id));
    jobs.dedup();
    parallel::attempt(&jobs, AT_ONCE, |(layer, diff_id)| {
        check_blob(blobs, layer)?;
        let name = blob_name(&layer.digest);
        let unreadable = |e: std::io::Error| content(format!("{name}: {e}"));
        if depth == Depth::Content {
            let found = super::layer::diff_id(&mut *must(blobs, &name)?).map_err(unreadable)?;
            check(&format!("{name}, uncompressed,"), diff_id, &found)?;
        }
        Ok(common::process::check_interrupted()?)
    })
    .map(|_| ())
}

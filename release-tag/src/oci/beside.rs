//! What lies beside an image in a layout or an archive: manifests whose subject it is, and its
//! signatures. All of them are named in the index, as the image specification has it.

use common::digest::Digest;
use common::oci::blobs::{Blobs, blob_name, blob_up_to, check_blob, parse, small_blob, small_file};
use common::oci::model::{Descriptor, Index, MEDIA_MANIFEST, REF_NAME, to_json};
use serde::Deserialize;
use serde_json::Value;

use super::{Artifact, MAX_ATTACHED, MAX_JSON, OciError};

/// Something that is said about an image: its media type, and it.
pub type Said = (String, Vec<u8>);

/// The part of a manifest that says what it is about.
#[derive(Deserialize)]
struct About {
    subject: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// All of the kinds that are `wanted` that is said about the image whose manifest is `subject`, in the order of the
/// index.
///
/// # Errors
/// It cannot be read, or is not what it says.
pub fn said(
    blobs: &dyn Blobs,
    subject: &Digest,
    wanted: fn(&Descriptor) -> bool,
) -> Result<Vec<Said>, OciError> {
    let mut found = Vec::new();
    for descriptor in index(blobs)?.manifests {
        let Some(about) = about(blobs, &descriptor)?.filter(|about| about.is_of(subject)) else { continue };
        for layer in about.layers.into_iter().filter(wanted) {
            let content = blob_up_to(blobs, &layer, MAX_ATTACHED)?;
            found.push((layer.media_type, content));
        }
    }
    Ok(found)
}

/// The bytes of the manifest under `tag`; none if there is none.
///
/// # Errors
/// It cannot be read, or is not what it says.
pub fn tagged(blobs: &dyn Blobs, tag: &str) -> Result<Option<Vec<u8>>, OciError> {
    let index = index(blobs)?;
    index.manifests.iter().find(|d| d.is_tagged(tag)).map(|d| small_blob(blobs, d)).transpose()
}

/// All that lies beside the image under `tag`, to be written somewhere else.
///
/// # Errors
/// It cannot be read, or is not what it says.
pub fn artifacts(blobs: &dyn Blobs, tag: &str) -> Result<Vec<Artifact>, OciError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Parts {
        artifact_type: Option<String>,
        config: Descriptor,
        layers: Vec<Descriptor>,
    }
    let mut found = Vec::new();
    for manifest in index(blobs)?.manifests.into_iter().filter(|d| !d.is_tagged(tag)) {
        let bytes = small_blob(blobs, &manifest)?;
        let parts: Parts = parse(blobs, &blob_name(&manifest.digest), &bytes)?;
        let read = |part: Descriptor| blob_up_to(blobs, &part, MAX_ATTACHED).map(|bytes| (part, bytes));
        let blobs = [vec![parts.config], parts.layers].concat().into_iter().map(read);
        let blobs = blobs.collect::<Result<_, _>>()?;
        found.push(Artifact { kind: parts.artifact_type, manifest, bytes, blobs });
    }
    Ok(found)
}

/// Whether all of `artifact` is there, whole, and named.
#[must_use]
pub fn has(blobs: &dyn Blobs, artifact: &Artifact) -> bool {
    let named =
        index(blobs).is_ok_and(|index| index.manifests.iter().any(|d| d.digest == artifact.manifest.digest));
    named && artifact.all().all(|(descriptor, _)| check_blob(blobs, descriptor).is_ok())
}

/// Whether the index names nothing but the image under `tag`, its `signatures` (the tag that they are
/// under, by the image's manifest) and what is said about it.
#[must_use]
pub fn is_only(blobs: &dyn Blobs, tag: &str, signatures: impl Fn(&Digest) -> String) -> bool {
    let Ok(index) = index(blobs) else { return false };
    let Some(own) = index.manifests.iter().find(|d| d.is_tagged(tag)).map(|d| d.digest.clone()) else {
        return index.manifests.is_empty();
    };
    let signatures = signatures(&own);
    index.manifests.iter().all(|d| {
        let about = || about(blobs, d).ok().flatten().is_some_and(|about| about.is_of(&own));
        d.is_tagged(tag) || d.is_tagged(&signatures) || about()
    })
}

/// The index `old` that also names `artifacts`, each once, and each tag once.
#[must_use]
pub fn index_naming(old: &[u8], artifacts: &[Artifact]) -> Vec<u8> {
    let mut index: Value = serde_json::from_slice(old).unwrap_or_default();
    let mut manifests = index["manifests"].as_array().cloned().unwrap_or_default();
    for artifact in artifacts {
        let tag = artifact.tag();
        let is_same = |entry: &Value| {
            let same_tag = tag.is_some() && entry["annotations"][REF_NAME].as_str() == tag;
            same_tag || entry["digest"] == artifact.manifest.digest.as_str()
        };
        match manifests.iter_mut().find(|entry| is_same(entry)) {
            Some(entry) => *entry = artifact.entry(),
            None => manifests.push(artifact.entry()),
        }
    }
    index["manifests"] = Value::Array(manifests);
    to_json(&index)
}

fn index(blobs: &dyn Blobs) -> Result<Index, OciError> {
    parse(blobs, "index.json", &small_file(blobs, "index.json")?)
}

/// What the manifest `descriptor` is about; none if it is no such manifest.
fn about(blobs: &dyn Blobs, descriptor: &Descriptor) -> Result<Option<About>, OciError> {
    if descriptor.media_type != MEDIA_MANIFEST || descriptor.size > MAX_JSON {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&small_blob(blobs, descriptor)?).ok())
}

impl About {
    fn is_of(&self, subject: &Digest) -> bool {
        self.subject.as_ref().is_some_and(|about| about.digest == *subject)
    }
}

//! Signatures of image digests in the two forms that cosign verifies: a "simple signing" payload, an ECDSA P-256
//! signature over it, and a manifest with both under the tag `sha256-<digest>.sig`; and a bundle beside the image.
//!
//! The signatures are deterministic (RFC 6979), so signing again changes nothing.

pub mod bundle;
mod key;
mod sealed;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::digest::Digest;
use common::oci::model::REF_NAME;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::oci::{Artifact, Descriptor, MEDIA_CONFIG, MEDIA_MANIFEST, to_json};

pub use key::{KeyError, read_private, read_public};

/// The payload's media type.
const MEDIA_PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation with the signature, in Base64.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// A manifest with the signatures of one image, and its blobs.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The manifest.
    pub manifest: Descriptor,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The blobs that are new.
    pub blobs: Vec<(Descriptor, Vec<u8>)>,
}

impl Signed {
    /// It, named by the tag of the signatures of the image `subject`: as a layout or an archive has it.
    #[must_use]
    pub fn artifact(self, subject: &Digest) -> Artifact {
        let mut manifest = self.manifest;
        manifest.annotations.insert(REF_NAME.to_owned(), tag_of(subject));
        Artifact { kind: None, manifest, bytes: self.bytes, blobs: self.blobs }
    }
}

/// The tag of the signatures of the image whose manifest has this digest.
#[must_use]
pub fn tag_of(manifest: &Digest) -> String {
    format!("sha256-{}.sig", manifest.hex())
}

/// The manifest of signatures with `key`'s signature of the image `manifest` in `repository`, beside
/// those in `before`; none if it is among them.
#[must_use]
pub fn sign(key: &SigningKey, repository: &str, manifest: &Digest, before: Option<&[u8]>) -> Option<Signed> {
    let payload = to_json(&json!({
        "critical": {
            "identity": {"docker-reference": repository},
            "image": {"docker-manifest-digest": manifest},
            "type": "cosign container image signature",
        },
        "optional": null,
    }));
    let signature: Signature = key.sign(&payload);
    let mut layer = Descriptor::of(MEDIA_PAYLOAD, &payload);
    layer.annotations.insert(SIGNATURE.to_owned(), STANDARD.encode(signature.to_der().as_bytes()));
    let mut layers = layers_of(before);
    if layers.contains(&json!(layer)) {
        return None;
    }
    layers.push(json!(layer));
    let diff_ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = to_json(&json!({
        "architecture": "",
        "created": "0001-01-01T00:00:00Z",
        "history": vec![json!({"created": "0001-01-01T00:00:00Z"}); layers.len()],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "config": {},
    }));
    let described = Descriptor::of(MEDIA_CONFIG, &config);
    let bytes = to_json(&json!({
        "schemaVersion": 2,
        "mediaType": MEDIA_MANIFEST,
        "config": described,
        "layers": layers,
    }));
    let plain = Descriptor::new(MEDIA_PAYLOAD, layer.digest.clone(), layer.size);
    let blobs = vec![(described, config), (plain, payload)];
    Some(Signed { manifest: Descriptor::of(MEDIA_MANIFEST, &bytes), bytes, blobs })
}

/// Whether one of the signatures in `signatures` (a manifest) is `key`'s, of the image `manifest`.
/// `payload_of` fetches a blob.
///
/// # Errors
/// A payload cannot be fetched.
pub fn is_signed<E>(
    key: &VerifyingKey,
    manifest: &Digest,
    signatures: &[u8],
    payload_of: impl Fn(&Descriptor) -> Result<Option<Vec<u8>>, E>,
) -> Result<bool, E> {
    for layer in layers_of(Some(signatures)) {
        let Ok(layer) = serde_json::from_value::<Descriptor>(layer) else { continue };
        let Some(signature) = layer.annotations.get(SIGNATURE).and_then(|text| decode(text)) else {
            continue;
        };
        let Some(payload) = payload_of(&layer)? else { continue };
        let told: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let about = &told["critical"]["image"]["docker-manifest-digest"];
        if key.verify(&payload, &signature).is_ok() && about == manifest.as_str() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn decode(text: &str) -> Option<Signature> {
    Signature::from_der(&STANDARD.decode(text).ok()?).ok()
}

fn layers_of(manifest: Option<&[u8]>) -> Vec<Value> {
    let manifest: Value = manifest.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    manifest["layers"].as_array().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    fn fetched(signed: &Signed) -> impl Fn(&Descriptor) -> Result<Option<Vec<u8>>, ()> + '_ {
        |wanted| {
            Ok(signed.blobs.iter().find(|(d, _)| d.digest == wanted.digest).map(|(_, bytes)| bytes.clone()))
        }
    }

    #[test]
    fn a_signature_holds_for_its_image_and_its_key_only() {
        let (image, other) = (Digest::of(b"image"), Digest::of(b"other"));
        let signed = sign(&key(1), "ghcr.io/org/roman", &image, None).unwrap();
        let holds = |key: SigningKey, image: &Digest| {
            is_signed(key.verifying_key(), image, &signed.bytes, fetched(&signed)).unwrap()
        };
        assert!(holds(key(1), &image));
        assert!(!holds(key(2), &image));
        assert!(!holds(key(1), &other));
    }

    #[test]
    fn signing_again_changes_nothing_and_another_signature_stands_beside_it() {
        let image = Digest::of(b"image");
        let first = sign(&key(1), "h/r", &image, None).unwrap();
        assert!(sign(&key(1), "h/r", &image, Some(&first.bytes)).is_none());
        let both = sign(&key(2), "h/r", &image, Some(&first.bytes)).unwrap();
        assert_eq!(layers_of(Some(&both.bytes)).len(), 2);
    }
}

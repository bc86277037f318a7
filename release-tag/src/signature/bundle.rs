//! Signatures in sigstore's newer form, which cosign 3 writes: a bundle with a signed statement about the
//! image, attached to it. Where an image has any of these, cosign 3 looks at no other form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::digest::{Digest, Hasher};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};

use crate::oci::{Artifact, Attachment, Descriptor, MEDIA_IN_TOTO, to_json};

/// The media type of a bundle.
pub const MEDIA_BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What a statement says that is cosign's signature of an image.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// `key`'s signature of the image `manifest`, to be put beside it. The same each time.
#[must_use]
pub fn sign(key: &SigningKey, manifest: &Descriptor) -> Artifact {
    let statement = to_json(&json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": manifest.digest.hex()}}],
        "predicateType": SIGNED,
        "predicate": {},
    }));
    let signature: Signature = key.sign(&sealed(MEDIA_IN_TOTO, &statement));
    let content = to_json(&json!({
        "mediaType": MEDIA_BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": hint(key.verifying_key())}},
        "dsseEnvelope": {
            "payload": STANDARD.encode(&statement),
            "payloadType": MEDIA_IN_TOTO,
            "signatures": [{"sig": STANDARD.encode(signature.to_der().as_bytes())}],
        },
    }));
    let annotations =
        [("dev.sigstore.bundle.content", "dsse-envelope"), ("dev.sigstore.bundle.predicateType", SIGNED)];
    let attachment = Attachment {
        media_type: MEDIA_BUNDLE.to_owned(),
        title: "signature.sigstore.json".to_owned(),
        annotations: annotations.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        content,
    };
    Artifact::of(&attachment, manifest)
}

/// Whether `bundle` holds a signature of the image `manifest` with `key`.
#[must_use]
pub fn is_signed(key: &VerifyingKey, manifest: &Digest, bundle: &[u8]) -> bool {
    let bundle: Value = serde_json::from_slice(bundle).unwrap_or_default();
    let envelope = &bundle["dsseEnvelope"];
    let decoded = |value: &Value| STANDARD.decode(value.as_str()?).ok();
    let (Some(payload), Some(kind)) = (decoded(&envelope["payload"]), envelope["payloadType"].as_str())
    else {
        return false;
    };
    let told: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let subjects = told["subject"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_of = |subject: &Value| subject["digest"]["sha256"] == manifest.hex();
    let message = sealed(kind, &payload);
    let signs = |one: &Value| {
        let signature = decoded(&one["sig"]).and_then(|der| Signature::from_der(&der).ok());
        signature.is_some_and(|signature| key.verify(&message, &signature).is_ok())
    };
    // Anything else that somebody signed with the key, a provenance for instance, is no signature of the image.
    told["predicateType"] == SIGNED
        && subjects.iter().any(is_of)
        && envelope["signatures"].as_array().is_some_and(|all| all.iter().any(signs))
}

/// What is signed of a payload: DSSE's pre-authentication encoding.
fn sealed(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// By what verifiers tell keys: the digest of the public key's DER.
fn hint(key: &VerifyingKey) -> String {
    let der = key.to_public_key_der().map(p256::pkcs8::Document::into_vec).unwrap_or_default();
    let mut hasher = Hasher::default();
    hasher.update(&der);
    STANDARD.encode(hasher.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::MEDIA_MANIFEST;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    #[test]
    fn a_bundle_holds_for_its_image_and_its_key_only() {
        let image = Descriptor::of(MEDIA_MANIFEST, b"image");
        let artifact = sign(&key(1), &image);
        assert_eq!(artifact, sign(&key(1), &image), "the same each time");
        let bundle = &artifact.blobs[1].1;
        assert!(is_signed(key(1).verifying_key(), &image.digest, bundle));
        assert!(!is_signed(key(2).verifying_key(), &image.digest, bundle));
        assert!(!is_signed(key(1).verifying_key(), &Digest::of(b"other"), bundle));
        assert!(!is_signed(key(1).verifying_key(), &image.digest, b"{}"));
    }

    #[test]
    fn another_statement_with_the_same_key_is_no_signature() {
        let image = Digest::of(b"image");
        let payload = to_json(&json!({
            "subject": [{"digest": {"sha256": image.hex()}}],
            "predicateType": "https://slsa.dev/provenance/v1",
        }));
        let signature: Signature = key(1).sign(&sealed(MEDIA_IN_TOTO, &payload));
        let bundle = to_json(&json!({"dsseEnvelope": {
            "payload": STANDARD.encode(&payload),
            "payloadType": MEDIA_IN_TOTO,
            "signatures": [{"sig": STANDARD.encode(signature.to_der().as_bytes())}],
        }}));
        assert!(!is_signed(key(1).verifying_key(), &image, &bundle));
    }
}

//! Capsules: all that went into a release's image, each part by its digest, in one artifact of the form that
//! registries keep. What a build fetched was recorded while it was built, since nobody can tell afterwards what
//! a step asked the network for.
//!
//! The artifact's configuration is the [`Index`]: it lists every part, and says what came out when it was
//! recorded. A capsule is believed only after every byte of it was checked ([`Capsule::open`]).

mod address;
mod answer;
mod index;
mod manifest;
mod open;
mod packed;

pub use address::{is_signed, recorded};
pub use answer::{Answer, AnswerKind, Asked};
pub use index::{Base, BaseLayer, Blob, Index, Recipe, Sameness};
pub use manifest::{ARTIFACT_TYPE, CapsuleManifest, MEDIA_INDEX, OCI_LAYOUT, capsule_tag, layout_index};
pub use open::{Capsule, MAX_INDEX, parse};
pub use packed::Packed;

/// How people spell where a capsule is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A layout's directory or an archive, whichever is there.
    Here(std::path::PathBuf),
    /// `docker://REGISTRY/REPOSITORY:TAG`, as it was typed.
    Registry(String),
}

impl From<&str> for Location {
    /// `oci:DIR`, `oci-archive:FILE`, `docker://…`, or a path alone.
    fn from(text: &str) -> Self {
        if text.starts_with("docker://") {
            return Self::Registry(text.to_owned());
        }
        let path = ["oci:", "oci-archive:"].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(text);
        Self::Here(path.into())
    }
}

#[cfg(test)]
mod tests;

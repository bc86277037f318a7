//! Images in the form of the Open Container Initiative: read out of an engine's archive, written as
//! a layout or an archive, and proven by reading back.
//!
//! An image's identity is the digest of its configuration. The configuration names the digest of
//! each uncompressed layer, so whoever checks both has checked every byte of the image.

mod archive;
mod artifact;
pub mod beside;
mod layer;
mod layout;
mod pack;
mod prove;

pub use archive::Archive;
pub use artifact::{Artifact, Attachment, MEDIA_IN_TOTO, MEDIA_RECORD, PREDICATE_TYPE};
pub use common::oci::blobs::Blobs;
pub use common::oci::model::{MEDIA_CONFIG, MEDIA_INDEX, MEDIA_MANIFEST, Manifest, to_json};
pub use common::oci::{Descriptor, MANIFEST_TYPES, MAX_JSON, OciError, SavedImage};
pub use layer::{Compression, copy as copy_layer, diff_id as layer_content};
pub use layout::Layout;
pub use pack::{pack, tagged_in};
pub use prove::{Depth, Proof, prove};

/// Nothing that is said about an image is larger than this many bytes.
pub const MAX_ATTACHED: u64 = 64 << 20;
/// No more layers than this at once: a disk gains nothing from more.
const AT_ONCE: usize = 4;

#[cfg(test)]
mod tests;

//! Images in the form of the Open Container Initiative: read out of an engine's archive, written as
//! a layout or an archive, and proven by reading back.
//!
//! An image's identity is the digest of its configuration. The configuration names the digest of
//! each uncompressed layer, so whoever checks both has checked every byte of the image.

mod archive;
mod blobs;
mod error;
mod layer;
mod layout;
mod model;
mod pack;
mod parallel;
mod prove;
mod saved;

pub use archive::Archive;
pub use error::OciError;
pub use layer::Compression;
pub use layout::Layout;
pub use model::{Descriptor, MANIFEST_TYPES};
pub use pack::{pack, tagged_in};
pub use prove::{Depth, Proof, prove};
pub use saved::SavedImage;

/// No JSON of an image is read beyond this many bytes; registries have the same limit.
pub const MAX_JSON: u64 = 4 << 20;

#[cfg(test)]
mod tests;

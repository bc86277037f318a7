//! Images in the form of the Open Container Initiative, as they lie in layouts and archives.
//!
//! An image's identity is the digest of its configuration. The configuration names the digest of
//! each uncompressed layer, so whoever checks both has checked every byte of the image.

pub mod blobs;
mod directory;
mod error;
mod listed;
pub mod model;
mod passing;
mod saved;

pub use directory::Directory;
pub use error::OciError;
pub use listed::{ListedImage, ListedLayer, list};
pub use model::{Descriptor, MANIFEST_TYPES};
pub use passing::{Passed, Taker, pass};
pub use saved::SavedImage;

/// No JSON of an image is read beyond this many bytes; registries have the same limit.
pub const MAX_JSON: u64 = 4 << 20;

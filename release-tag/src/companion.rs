//! The commands around a release that people know under names of their own: `branch-changes-obj`,
//! `release`, `release-hashes`, `release-post-merge`. `scripts/` has the entries.

mod args;
mod baseline;
mod changed;
mod error;
mod hashes;
mod post_merge;
mod prepare;

pub use args::{ChangedArgs, HashesArgs, PostMergeArgs, PrepareArgs};
pub use changed::run as changed;
pub use error::CompanionError;
pub use hashes::run as hashes;
pub use post_merge::run as post_merge;
pub use prepare::run as prepare;

/// The branch that releases are made of.
const MAIN: &str = "main";

/// The branch that new versions are committed on.
const UPDATE: &str = "update-versions";

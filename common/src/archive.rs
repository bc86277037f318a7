//! tar archives, read member by member as they pass by, and never unpacked.
//!
//! Who made an archive is not trusted: every number is checked before it is used, nothing is kept
//! but the member at hand, and what this does not read (sparse files) is refused instead of guessed.
//! Large contents are passed over without being read where the source allows that.

mod error;
mod header;
mod members;
mod name;
mod pax;
mod plain;
mod stat;
mod stream;
mod watched;
mod window;

pub use error::ArchiveError;
pub use members::{Member, MemberKind, Members};
pub use name::clean;
pub use plain::plain;
pub use stat::Stat;
pub use stream::{Begun, Flow, Section, Stream};
pub use watched::Watched;

#[cfg(test)]
mod tests;

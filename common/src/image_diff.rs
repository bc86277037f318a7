//! Two images side by side: the same image, the same content, or which files differ and which step made them.
//!
//! Each image is read once, as it comes. What is kept of a file is a few numbers and, once for both images,
//! its name: about 100 bytes, whatever is in it. Two names of one file (hard links) count as two equal files:
//! which of them is called the link depends on the order in which a layer was written.

mod compare;
mod error;
mod image;
mod layer;
mod model;
mod node;
mod paths;
mod settings;
mod source;
mod stack;

pub use error::DiffError;
pub use model::{Aspect, Comparison, FileDifference, Likeness, Origin, SettingDifference};
pub use source::Source;

use std::path::Path;

use crate::console::Console;
use paths::Paths;

/// As many differing files are named, if nobody asks for another number.
pub const SHOWN: usize = 50;

/// Compares two images; at most `shown` files that differ are named. What an engine saves is put into
/// `scratch` for a while.
///
/// # Errors
/// One of them cannot be had or read.
pub fn compare(
    (first, second): (&Source<'_>, &Source<'_>),
    shown: usize,
    scratch: &Path,
    console: &Console,
) -> Result<Comparison, DiffError> {
    if let (Some(one), Some(other)) = (first.known_id(console)?, second.known_id(console)?)
        && one == other
    {
        return Ok(Comparison::of_one(one, other));
    }
    let mut paths = Paths::default();
    let first = first.read(&mut paths, scratch, console)?;
    let second = second.read(&mut paths, scratch, console)?;
    Ok(compare::images(&first, &second, &paths, shown))
}

#[cfg(test)]
mod tests;

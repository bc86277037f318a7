//! Amounts of memory as people write them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

/// An amount of memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Size(pub(crate) u64);

/// The text is no amount of memory.
#[derive(Debug, Error)]
#[error("{0:?} is no amount of memory: 20G, 512M, or a number of bytes")]
pub(crate) struct NoSize(String);

impl FromStr for Size {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let bytes = common::size::bytes(text).filter(|bytes| *bytes > 0);
        bytes.map(Self).ok_or_else(|| NoSize(text.to_owned()))
    }
}

impl fmt::Display for Size {
    /// `4.0 GB` in units of 1024.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "TB"), (30, "GB"), (20, "MB"), (10, "kB")];
        let unit = units.into_iter().find(|(shift, _)| self.0 >> shift > 0);
        match unit {
            // One digit behind the point, by whole numbers.
            Some((shift, name)) => write!(f, "{}.{} {name}", self.0 >> shift, ((self.0 * 10) >> shift) % 10),
            None => write!(f, "{} B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        let check = |text: &str, shown: Option<&str>| {
            assert_eq!(text.parse::<Size>().ok().map(|s| s.to_string()).as_deref(), shown, "{text}");
        };
        check("20G", Some("20.0 GB"));
        check("1536MiB", Some("1.5 GB"));
        check("900", Some("900 B"));
        for wrong in ["", "G", "-1", "1.5G", "0", "99999999999T"] {
            check(wrong, None);
        }
    }
}

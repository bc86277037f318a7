//! Where images and capsules are kept, spelled as other tools spell it.

use std::path::PathBuf;
use std::str::FromStr;

use crate::error::Error;
use crate::registry::Reference;

/// `oci:DIR`, `oci-archive:FILE`, or `docker://REGISTRY/REPOSITORY[:TAG|@DIGEST]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A directory.
    Layout(PathBuf),
    /// A file.
    Archive(PathBuf),
    /// A registry.
    Registry(Reference),
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |reason: &str| Error::BadDestination { given: text.to_owned(), reason: reason.to_owned() };
        let (kind, rest) = text.split_once(':').ok_or_else(|| bad("it does not begin with a kind"))?;
        if rest.is_empty() {
            return Err(bad("it names no place"));
        }
        match kind {
            "oci" => Ok(Self::Layout(rest.into())),
            "oci-archive" => Ok(Self::Archive(rest.into())),
            "docker" => {
                let rest = rest.strip_prefix("//").ok_or_else(|| bad("`docker:` is followed by `//`"))?;
                Ok(Self::Registry(rest.parse()?))
            }
            _ => Err(bad("its kind is not known here")),
        }
    }
}

impl Location {
    /// Whether `text` has the kind of a location in front.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        ["oci:", "oci-archive:", "docker:"].iter().any(|kind| text.starts_with(kind))
    }
}

//! Where an image is delivered to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::Error;
use crate::location::Location;
use crate::registry::{Reference, Repository};

/// Where an image is delivered to, spelled as other tools spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `oci:DIR`
    Layout(PathBuf),
    /// `oci-archive:FILE`
    Archive(PathBuf),
    /// `docker://REGISTRY/REPOSITORY`
    Registry(Repository),
}

impl FromStr for Destination {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.parse()? {
            Location::Layout(dir) => Ok(Self::Layout(dir)),
            Location::Archive(file) => Ok(Self::Archive(file)),
            Location::Registry(Reference { repository, name: None }) => Ok(Self::Registry(repository)),
            Location::Registry(_) => Err(Error::BadDestination {
                given: text.to_owned(),
                reason: "the tag is MISSION_VERSION and is not written here".to_owned(),
            }),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(dir) => write!(f, "oci:{}", dir.display()),
            Self::Archive(file) => write!(f, "oci-archive:{}", file.display()),
            Self::Registry(repository) => write!(f, "docker://{repository}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_spelled_as_elsewhere() {
        for text in ["oci:out dir", "oci:/a/b", "oci-archive:a.tar", "docker://ghcr.io/org/roman"] {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_none_says_why() {
        let check = |text: &str, reason: &str| {
            let message = text.parse::<Destination>().unwrap_err().to_string();
            assert!(message.contains(reason), "{text}: {message}");
        };
        check("somewhere", "kind");
        check("oci:", "names no place");
        check("dir:/x", "not known");
        check("docker:ghcr.io/x", "followed by `//`");
        check("docker://ghcr.io/x:latest", "the tag is MISSION_VERSION");
    }
}

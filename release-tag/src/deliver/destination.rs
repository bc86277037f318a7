//! Where an image is delivered to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::Error;
use crate::registry::Repository;

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

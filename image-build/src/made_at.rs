//! When an image counts as made that is to be made again elsewhere.

use std::env;
use std::num::ParseIntError;
use std::path::Path;
use std::str::FromStr;

use common::clock;
use common::console::Console;
use common::git::Repo;

use crate::error::Error;

/// When.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeAt {
    /// When `SOURCE_DATE_EPOCH` says, else when the commit was made.
    Commit,
    /// This many seconds after 1970 began.
    Seconds(i64),
}

impl FromStr for MadeAt {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        Ok(if text == "commit" { Self::Commit } else { Self::Seconds(text.parse()?) })
    }
}

impl MadeAt {
    /// The moment, in seconds since 1970.
    ///
    /// # Errors
    /// There is none to be had: the repository at `root` has no commit.
    pub(crate) fn epoch(self, root: &Path, console: &Console) -> Result<i64, Error> {
        match self {
            Self::Seconds(seconds) => Ok(seconds),
            Self::Commit if env::var_os("SOURCE_DATE_EPOCH").is_some() => Ok(clock::now().as_second()),
            Self::Commit => Repo::open(root, console)?.time_of("HEAD")?.ok_or(Error::NoCommit),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::MadeAt;
    use crate::args::Args;

    #[test]
    fn the_moment_of_an_image_is_said_or_is_the_commits() {
        let made = |flag: &str| Args::parse_from(["image-build", flag, "roman"]).inputs.reproducible;
        assert_eq!(made("--reproducible"), Some(MadeAt::Commit));
        assert_eq!(made("--reproducible=7"), Some(MadeAt::Seconds(7)));
        assert_eq!(made("--force"), None, "calls are as they ever were");
    }
}

//! The two version files of a release: one line each, with or without a line end.

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use crate::deployment::Mission;
use crate::fault::{Fault, Status};
use crate::state_file::{self, Change, StateFileError};

/// A mission's version: `<mission>-<what follows>`, where what follows is kept as it is.
///
/// It may be `12.0.0`, `2025.06.0`, `28`, or any word that can end an image tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissionVersion {
    mission: Mission,
    rest: String,
}

/// The text is no mission version.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "{given:?} is not a version of {mission}: it must be `{mission}-` and letters, digits, `.`, `_` or `-`"
)]
pub struct BadMissionVersion {
    given: String,
    mission: String,
}

impl MissionVersion {
    /// Reads `text`, with or without the mission's name in front.
    ///
    /// # Errors
    /// What follows the name is empty, or holds something that a tag must not.
    pub fn parse(text: &str, mission: &Mission) -> Result<Self, BadMissionVersion> {
        let rest =
            text.strip_prefix(mission.as_str()).and_then(|rest| rest.strip_prefix('-')).unwrap_or(text);
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        // git refuses exactly this spelling at the end of a ref.
        #[allow(clippy::case_sensitive_file_extension_comparisons)]
        let git_takes_it = !rest.contains("..") && !rest.ends_with('.') && !rest.ends_with(".lock");
        let starts = rest.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        // A docker tag has at most 128 characters.
        let whole = Self { mission: mission.clone(), rest: rest.to_owned() };
        if starts && git_takes_it && rest.bytes().all(fits) && whole.to_string().len() <= 128 {
            Ok(whole)
        } else {
            Err(BadMissionVersion { given: text.to_owned(), mission: mission.to_string() })
        }
    }

    /// What follows the mission's name.
    #[must_use]
    pub fn rest(&self) -> &str {
        &self.rest
    }

    /// How it compares with another of the same mission: number by number, and word by word. What
    /// ends in `rc1`, `beta`, `dev` and the like comes before what does not.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        natural(&self.rest, &other.rest)
    }
}

impl fmt::Display for MissionVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.mission, self.rest)
    }
}

/// Compares runs of digits as numbers of any length, and everything else as text. What ends in `rc1`,
/// `beta`, `dev` and the like comes before what does not.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (runs(a), runs(b));
    loop {
        let ordering = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(more)) => return longer(more).reverse(),
            (Some(more), None) => return longer(more),
            (Some(x), Some(y)) if is_number(x) && is_number(y) => {
                let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            (Some(x), Some(y)) => x.cmp(y),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// How a version that goes on with `run` compares with one that has ended.
fn longer(run: &str) -> Ordering {
    const BEFORE: [&str; 7] = ["a", "alpha", "b", "beta", "dev", "pre", "rc"];
    let word = run.trim_matches(['.', '-', '_']).to_ascii_lowercase();
    if BEFORE.contains(&word.as_str()) { Ordering::Less } else { Ordering::Greater }
}

fn is_number(run: &str) -> bool {
    run.starts_with(|c: char| c.is_ascii_digit())
}

fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let digits = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}

/// A version file cannot be read, written or understood.
#[derive(Debug, Error)]
pub enum VersionFileError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// It is not there.
    #[error("there is no {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It does not hold one version on one line.
    #[error("{}:1: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Fault for VersionFileError {
    fn status(&self) -> Status {
        match self {
            Self::File(error) => error.status(),
            Self::Missing { .. } | Self::Content { .. } => Status::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            _ => Some("release-tag versions --mission VERSION --common VERSION".to_owned()),
        }
    }
}

/// The one line of `path`.
///
/// # Errors
/// It is missing, unreadable, empty or longer than a line.
pub fn read_line(path: &Path) -> Result<String, VersionFileError> {
    let bytes = state_file::read(path)?;
    line_of(&bytes.ok_or_else(|| VersionFileError::Missing { path: path.to_owned() })?, path)
}

/// The one line of `content`, which is that of `path`, whether as it is now or as it was committed.
///
/// # Errors
/// It is empty or longer than a line.
pub fn line_of(content: &[u8], path: &Path) -> Result<String, VersionFileError> {
    let wrong = |reason: &str| VersionFileError::Content { path: path.to_owned(), reason: reason.to_owned() };
    let text = std::str::from_utf8(content).map_err(|_| wrong("it is not UTF-8 text"))?;
    match text.trim_end().lines().collect::<Vec<_>>()[..] {
        [] => Err(wrong("it is empty")),
        [line] => Ok(line.trim().to_owned()),
        _ => Err(wrong("it has more than one line")),
    }
}

/// The mission's version in `path`.
///
/// # Errors
/// As [`read_line`]; and it is no version of `mission`.
pub fn read_mission(path: &Path, mission: &Mission) -> Result<MissionVersion, VersionFileError> {
    mission_of(&read_line(path)?, path, mission)
}

/// The mission's version that `line` of `path` is.
///
/// # Errors
/// It is no version of `mission`.
pub fn mission_of(line: &str, path: &Path, mission: &Mission) -> Result<MissionVersion, VersionFileError> {
    let wrong = |reason: String| VersionFileError::Content { path: path.to_owned(), reason };
    let version = MissionVersion::parse(line, mission).map_err(|e| wrong(e.to_string()))?;
    if version.to_string() == line {
        Ok(version)
    } else {
        Err(wrong(format!("{line:?} does not begin with `{mission}-`")))
    }
}

/// The infrastructure's version in `path`.
///
/// # Errors
/// As [`read_line`]; and it is not `MAJOR.MINOR.PATCH`.
pub fn read_common(path: &Path) -> Result<semver::Version, VersionFileError> {
    common_of(&read_line(path)?, path)
}

/// The infrastructure's version that `line` of `path` is.
///
/// # Errors
/// It is not `MAJOR.MINOR.PATCH`.
pub fn common_of(line: &str, path: &Path) -> Result<semver::Version, VersionFileError> {
    semver::Version::from_str(line).map_err(|source| VersionFileError::Content {
        path: path.to_owned(),
        reason: format!("{line:?} is not a version such as 1.3.0: {source}"),
    })
}

/// Makes `path` hold `version` and a line end.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, version: &dyn fmt::Display) -> Result<Change, VersionFileError> {
    // Without its line end it is still the same version; do not touch it for that.
    if read_line(path).is_ok_and(|line| line == version.to_string()) {
        return Ok(Change::Unchanged);
    }
    Ok(state_file::replace(path, format!("{version}\n").as_bytes(), 0o644)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mission(text: &str) -> MissionVersion {
        MissionVersion::parse(text, &"roman".parse().unwrap()).unwrap()
    }

    #[test]
    fn what_follows_the_name_is_lenient_and_lossless() {
        for rest in ["12.0.0", "2025.06.0", "28", "2026.1", "nexus", "12.0.0-rc1"] {
            assert_eq!(mission(rest).to_string(), format!("roman-{rest}"));
            assert_eq!(mission(&format!("roman-{rest}")).rest(), rest);
        }
    }

    #[test]
    fn what_cannot_be_a_tag_is_refused() {
        let mission = "roman".parse().unwrap();
        for bad in ["", "roman-", "a b", "1..2", "1.", "x/y", "é", "-1", "1.lock"] {
            assert!(MissionVersion::parse(bad, &mission).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_compare_as_numbers() {
        let check =
            |a: &str, b: &str, ordering| assert_eq!(mission(a).compare(&mission(b)), ordering, "{a} {b}");
        check("9.0.0", "12.0.0", Ordering::Less);
        check("2025.06.0", "2025.6.0", Ordering::Equal);
        check("28", "27", Ordering::Greater);
        check("1.0", "1.0.1", Ordering::Less);
        check("12.0.0-rc1", "12.0.0", Ordering::Less);
        check("12.0.0", "12.0.0.dev3", Ordering::Greater);
        check("12.0.0-hotfix", "12.0.0", Ordering::Greater);
    }

    #[test]
    fn a_missing_line_end_is_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("VERSION");
        std::fs::write(&path, "1.3.0").unwrap();
        let version = read_common(&path).unwrap();
        assert_eq!(write(&path, &version).unwrap(), Change::Unchanged);
        assert_eq!(std::fs::read(&path).unwrap(), b"1.3.0");
        assert_eq!(write(&path, &"1.4.0").unwrap(), Change::Written);
        assert_eq!(std::fs::read(&path).unwrap(), b"1.4.0\n");
    }

    #[test]
    fn a_bad_file_is_named_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("VERSION");
        assert!(read_common(&path).unwrap_err().to_string().starts_with("there is no"));
        std::fs::write(&path, "1.3\n").unwrap();
        let error = read_common(&path).unwrap_err();
        assert!(error.to_string().contains("VERSION:1: \"1.3\" is not a version"), "{error}");
        assert!(error.hint().unwrap().starts_with("release-tag versions"));
    }
}

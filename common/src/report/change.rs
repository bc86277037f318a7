//! A package that changed from one state of a tree to another.

use std::cmp::Ordering;
use std::str::FromStr as _;

use pep440_rs::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PackageKind;
use crate::conda_version::CondaVersion;
use crate::debian_version;

/// A package that is asked for in another way than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageChange {
    /// Whose package it is.
    pub kind: PackageKind,
    /// Its normalised name.
    pub name: String,
    /// In which way.
    pub change: ChangeDirection,
    /// The version, or what was asked of it, before; none if it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The same now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// In which way a package is asked for differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeDirection {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// To a later version.
    Up,
    /// To an earlier version.
    Down,
    /// In another way, as from a version to a commit.
    Other,
}

impl ChangeDirection {
    /// What became of a package of `kind`, of which `before` and `after` were asked; none if that is the same.
    /// Versions go up and down by the order of their own kind. What is no version (an address, a commit, a range)
    /// goes nowhere, nor does another spelling of the same version.
    #[must_use]
    pub fn of(kind: PackageKind, before: Option<&str>, after: Option<&str>) -> Option<Self> {
        Some(match (before, after) {
            (None, None) => return None,
            (None, Some(_)) => Self::Added,
            (Some(_), None) => Self::Removed,
            (Some(before), Some(after)) if before == after => return None,
            (Some(before), Some(after)) => match order(kind, before, after) {
                Some(Ordering::Less) => Self::Up,
                Some(Ordering::Greater) => Self::Down,
                Some(Ordering::Equal) | None => Self::Other,
            },
        })
    }
}

/// How two versions stand to each other, where both are versions of this kind.
fn order(kind: PackageKind, one: &str, other: &str) -> Option<Ordering> {
    match kind {
        PackageKind::Pip => Some(Version::from_str(one).ok()?.cmp(&Version::from_str(other).ok()?)),
        PackageKind::Conda => {
            let is_version = |text: &str| {
                text.starts_with(|c: char| c.is_ascii_digit())
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || "._+!-".contains(c))
            };
            let both = is_version(one) && is_version(other);
            both.then(|| CondaVersion::new(one).cmp(&CondaVersion::new(other)))
        }
        PackageKind::Debian => Some(debian_version::order(one, other)),
        PackageKind::Image => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChangeDirection::{Added, Down, Other, Removed, Up};
    use PackageKind::{Conda, Debian, Pip};

    #[test]
    fn versions_go_up_and_down_by_the_order_of_their_own_kind() {
        let check = |kind, before: &str, after: &str, expected| {
            let found = ChangeDirection::of(kind, Some(before), Some(after));
            assert_eq!(found, Some(expected), "{kind:?} {before} {after}");
        };
        check(Pip, "1.9", "1.10", Up);
        check(Pip, "2.0", "1.9", Down);
        check(Pip, "1.0rc1", "1.0", Up);
        check(Pip, "1.0", "1.0.post1", Up);
        check(Pip, "1.0", "1.0.dev3", Down);
        check(Pip, "2024.1", "1!1.0", Up);
        check(Pip, "1.0", "1.0.0", Other);
        check(Conda, "2024a", "2024b", Up);
        check(Conda, "9e", "10a", Up);
        check(Conda, "1.1.1u", "1.1.1w", Up);
        check(Conda, "1.1dev1", "1.1_", Up);
        check(Conda, "1.1.1", "1.1.1a", Down);
        check(Conda, "any", "1", Other);
        check(Conda, ">=1", "2", Other);
        check(Debian, "1:1.0-1", "2.0-1", Down);
        check(Debian, "1.0~rc1-1", "1.0-1", Up);
        assert_eq!(ChangeDirection::of(Pip, None, Some("1")), Some(Added));
        assert_eq!(ChangeDirection::of(Pip, Some("1"), None), Some(Removed));
        assert_eq!(ChangeDirection::of(Pip, Some("1"), Some("1")), None);
    }

    /// The text of an address was compared: a commit was "up" or "down" by its first letters.
    #[test]
    fn an_address_or_a_commit_goes_neither_up_nor_down() {
        let commit = |hash: &str| format!("git+https://h/o/x.git@{}", hash.repeat(40));
        for (before, after) in [
            (commit("0"), commit("f")),
            (commit("f"), commit("0")),
            ("https://h/x-1.0.whl".to_owned(), "https://h/x-2.0.whl".to_owned()),
            ("1.0".to_owned(), commit("a")),
            (commit("a"), "1.0".to_owned()),
            ("any".to_owned(), "1.0".to_owned()),
        ] {
            assert_eq!(
                ChangeDirection::of(Pip, Some(&before), Some(&after)),
                Some(Other),
                "{before} {after}"
            );
        }
    }
}

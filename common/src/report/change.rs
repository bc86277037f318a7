//! A package that changed from one state of a tree to another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PackageKind;

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

//! What `release-tag notes` found between two releases.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PackageChange, TestStatus};

/// What changed from one release to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotesOutcome {
    /// The release before: its tag; none if there is none.
    pub from: Option<String>,
    /// The release that is told of: its tag, or `the work tree`.
    pub to: String,
    /// What it is called.
    pub title: String,
    /// Every package that is not what it was, by environment.
    pub packages: BTreeMap<String, Vec<PackageChange>>,
    /// Every package of Debian's that is not what it was, as the bills of materials tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub debian: Vec<PackageChange>,
    /// The base image, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Changed>,
    /// The image's size in bytes, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Changed>,
    /// The tests that do not end as they did, by environment.
    pub tests: BTreeMap<String, Vec<TestChange>>,
    /// The failures that are waived: `roman-cal: import numpy, until 2026-12-31 (ada): reason`.
    pub waivers: Vec<String>,
    /// What cannot be told, and why: `apt packages`, `tests`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub untold: BTreeMap<String, String>,
}

/// Something that was one thing and is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// What it was.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

/// A test that does not end as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestChange {
    /// Which: `import numpy`.
    pub name: String,
    /// How it ended; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TestStatus>,
    /// How it ends; none if it is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<TestStatus>,
}

//! What `image-update` did.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PackageChange, Written};

/// The requirements that were brought up to date and the Dockerfile that was generated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateOutcome {
    /// One for each environment, sorted by name.
    pub environments: Vec<UpdatedEnvironment>,
    /// The generated Dockerfile; none where the mission has no `Dockerfile.custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<Written>,
}

/// What became of one environment's floating specs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatedEnvironment {
    /// The environment's name.
    pub name: String,
    /// Whether its `update-requirements` was run.
    pub ran: bool,
    /// Where its specs came from; none if nothing was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<UpdateSource>,
    /// The spec files whose content is not what it was, sorted; relative to the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// What became of its packages, sorted by kind and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackageChange>,
    /// The commits that references which can move led to, by reference.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resolved: BTreeMap<String, String>,
    /// Whether the server's content equals the receipt, where only that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<SourceCheck>,
}

/// Where an environment's specs came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UpdateSource {
    /// Its `sources.json`.
    Declared,
    /// A profile that this tool has.
    Profile,
    /// Its `update-requirements`.
    Script,
}

/// The server's content against the receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceCheck {
    /// The version of the receipt.
    pub version: String,
    /// What is not the same, one line each; empty if nothing differs.
    pub differences: Vec<String>,
}

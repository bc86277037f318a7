//! What `image-freeze` wrote, loosened and found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Written;

/// `env-frozen` as it came out of the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeOutcome {
    /// Whether anything in the tree changed.
    pub tree: Written,
    /// The environments whose specs the image held, sorted.
    pub environments: Vec<String>,
    /// What the tree had and the image does not hold: kept, relative to `env-frozen`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
}

/// `env-chilly` as made from `env-frozen`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChillOutcome {
    /// Whether anything in the tree changed.
    pub tree: Written,
    /// One for each environment, sorted by name.
    pub environments: Vec<ChilledEnvironment>,
}

/// How far one environment was loosened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChilledEnvironment {
    /// The environment's name.
    pub name: String,
    /// Pins of `requirements.txt`.
    pub pip_pins: u32,
    /// How many of them were loosened.
    pub pip_loosened: u32,
    /// Conda pins of `requirements.yml`.
    pub conda_pins: u32,
    /// How many of them were loosened.
    pub conda_loosened: u32,
}

/// Frozen specs against what an image holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckOutcome {
    /// One for each environment, `base` included, sorted by name.
    pub environments: Vec<EnvironmentDrift>,
}

/// One environment's drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentDrift {
    /// The environment's name.
    pub name: String,
    /// How many packages are as frozen.
    pub same: u32,
    /// Every package that is not, sorted by kind and name.
    pub differences: Vec<Difference>,
}

/// A package that is not as frozen. Neither version being there cannot happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Whose package it is.
    pub kind: PackageKind,
    /// Its normalised name.
    pub name: String,
    /// The version that was frozen; none if the image holds something extra.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// The version that the image holds; none if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<String>,
}

/// Whose package it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PackageKind {
    /// Installed by conda.
    Conda,
    /// Installed by pip or uv.
    Pip,
}

//! What `image-freeze` wrote, loosened and found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Written;
use crate::waiver::WaiverUse;

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckOutcome {
    /// One for each environment, `base` included, sorted by name.
    pub environments: Vec<EnvironmentDrift>,
    /// The waivers of what differs. What is kept as evidence has none: whoever goes by it judges at that time.
    #[serde(default, skip_serializing_if = "WaiverUse::is_empty")]
    pub waivers: WaiverUse,
}

impl CheckOutcome {
    /// Drift that nobody has judged.
    #[must_use]
    pub fn of(environments: Vec<EnvironmentDrift>) -> Self {
        Self { environments, waivers: WaiverUse::default() }
    }
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

/// Something that is not as frozen: a package, or a file of one. Neither side having it cannot happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Whose package it is.
    pub kind: PackageKind,
    /// What kind of difference it is.
    #[serde(default)]
    pub class: DriftClass,
    /// Its normalised name.
    pub name: String,
    /// The version that was frozen (of two sides, the first); none if the image holds something extra.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// The version that the image holds (of two sides, the second); none if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<String>,
    /// The file that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What kind of difference it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriftClass {
    /// It was frozen, and is not there.
    Missing,
    /// It is there, and was not frozen.
    Extra,
    /// Another version.
    #[default]
    Version,
    /// The same version in another build.
    Build,
    /// Another commit, or not from version control at all.
    SourceCommit,
    /// The same version with other content.
    Hash,
    /// A file is not what its package recorded.
    EditedFile,
    /// conda and pip both claim it.
    BothCondaAndPip,
    /// The base image is another one.
    BaseMoved,
    /// A package of Debian's.
    Apt,
}

impl DriftClass {
    /// Its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Version => "version",
            Self::Build => "build",
            Self::SourceCommit => "source-commit",
            Self::Hash => "hash",
            Self::EditedFile => "edited-file",
            Self::BothCondaAndPip => "both-conda-and-pip",
            Self::BaseMoved => "base-moved",
            Self::Apt => "apt",
        }
    }
}

/// Whose package it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PackageKind {
    /// Installed by conda.
    Conda,
    /// Installed by pip or uv.
    Pip,
    /// Installed by Debian's tools.
    Debian,
    /// The image itself.
    Image,
}

impl PackageKind {
    /// Its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conda => "conda",
            Self::Pip => "pip",
            Self::Debian => "debian",
            Self::Image => "image",
        }
    }
}

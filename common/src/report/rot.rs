//! What `image-freeze` found to be gone, and what it made of that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PackageKind, Written};
use crate::deployment::Mission;

/// Whether what is frozen can still be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotOutcome {
    /// The package indexes that were asked, without credentials.
    pub indexes: Vec<String>,
    /// How many seconds ago the oldest answer that counts was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u64>,
    /// One for each environment that was looked at.
    pub environments: Vec<EnvironmentRot>,
}

/// How much of one environment can still be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRot {
    /// The mission.
    pub mission: Mission,
    /// The environment's name.
    pub name: String,
    /// The interpreter that its files were looked for.
    pub python: String,
    /// How many of its pip pins were asked about.
    pub pip_pins: u32,
    /// How many of its conda pins were.
    pub conda_pins: u32,
    /// Every pin that cannot be had as it was, or of which nothing could be learned; by file and line.
    pub findings: Vec<RotFinding>,
}

/// A pin that cannot be had as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotFinding {
    /// Whose package it is.
    pub kind: PackageKind,
    /// Its normalised name.
    pub name: String,
    /// The version or the address that is frozen.
    pub pin: String,
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub class: RotClass,
    /// What is known about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is wrong with a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RotClass {
    /// The index does not have the version any more.
    Gone,
    /// It has files of the version, but none with a digest that is frozen.
    HashChanged,
    /// It has files of the version, but none for the lock's platform and Python.
    Unfit,
    /// The revision of a version control system is gone.
    VcsGone,
    /// There is nothing at the address any more.
    UrlGone,
    /// It was withdrawn; an exact pin still gets it.
    Yanked,
    /// There is only its source, which has to be built.
    SdistOnly,
    /// Nobody could be asked.
    Unknown,
}

impl RotClass {
    /// Whether a frozen build fails because of it.
    #[must_use]
    pub const fn is_lost(self) -> bool {
        match self {
            Self::Gone | Self::HashChanged | Self::Unfit | Self::VcsGone | Self::UrlGone => true,
            Self::Yanked | Self::SdistOnly | Self::Unknown => false,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::HashChanged => "hash-changed",
            Self::Unfit => "unfit",
            Self::VcsGone => "vcs-gone",
            Self::UrlGone => "url-gone",
            Self::Yanked => "yanked",
            Self::SdistOnly => "sdist-only",
            Self::Unknown => "unknown",
        }
    }
}

/// The least that has to change so that what is frozen can be had again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThawOutcome {
    /// Whether the tree was changed.
    pub tree: Written,
    /// What solved pip's half.
    pub solver: String,
    /// What solved conda's half; none if nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conda_solver: Option<String>,
    /// How many solutions were asked for.
    pub solver_calls: u32,
    /// One for each environment that was looked at.
    pub environments: Vec<EnvironmentThaw>,
    /// What `git apply` takes, relative to the repository; empty if nothing has to change.
    pub patch: String,
}

/// What changes in one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentThaw {
    /// The environment's name.
    pub name: String,
    /// Each pin that changes or is added: pip's by line, then conda's.
    pub changes: Vec<ThawedPin>,
}

/// A pin that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThawedPin {
    /// Whose package it is; only pip's were told of at first.
    #[serde(default = "of_pip")]
    pub kind: PackageKind,
    /// Its normalised name.
    pub name: String,
    /// What was frozen; none if the package was not needed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it becomes.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// The floating specs, solved without building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SolveOutcome {
    /// What solved them.
    pub solver: String,
    /// Nothing that was published later was taken: `2024-08-05T00:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<String>,
    /// One for each environment, sorted by name.
    pub environments: Vec<SolvedEnvironment>,
}

/// One environment, solved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SolvedEnvironment {
    /// The environment's name.
    pub name: String,
    /// The files that were solved, in order, relative to the repository.
    pub inputs: Vec<String>,
    /// The lock, relative to the repository where it is inside; none if there is no solution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// How many pins it has.
    pub pins: u32,
    /// How many of them differ from what is frozen; none if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<u32>,
    /// What asks for what cannot be had together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<SolveConflict>,
    /// Whether conda's half was solved too, and if not, why.
    pub conda: String,
}

/// Why there is no solution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SolveConflict {
    /// What the solver said.
    pub explanation: String,
    /// The lines of the specs that take part.
    pub sides: Vec<ConflictSide>,
}

/// A line that takes part in a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictSide {
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What it asks for.
    pub text: String,
}

const fn of_pip() -> PackageKind {
    PackageKind::Pip
}

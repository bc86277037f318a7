//! What `image-build` did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ImageIdentity;
use crate::digest::Digest;

/// The images of the chain and the steps that made them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildOutcome {
    /// The engine that built: `docker 20.10.24 (/usr/bin/docker)`.
    pub engine: String,
    /// The steps in the order they ran.
    pub steps: Vec<BuildStep>,
    /// The images that came out, base first.
    pub images: Vec<BuiltImage>,
}

/// One step of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildStep {
    /// What it is called: `base`, `common`, `mission`, `caches`, `freeze` …
    pub name: String,
    /// How it ended.
    pub status: StepStatus,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Its log, relative to the repository's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// It did what it should.
    Done,
    /// It failed, and the build with it.
    Failed,
    /// It had nothing to do.
    Skipped,
}

/// An image that a build made, and the content that went into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuiltImage {
    /// Its name and id.
    pub image: ImageIdentity,
    /// The digest of its context, where it was built from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Digest>,
}

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
    /// The docker context that has the images, where that was chosen for the build and not by its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What its steps fetched through, where that was recorded or came from a capsule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capsule: Option<CapsuleUse>,
}

/// A build whose steps saw the network through a capsule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapsuleUse {
    /// The digest of the capsule's manifest; none while it is being recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// What kept the steps from anything else.
    pub isolation: Isolation,
    /// How many answers were recorded or given.
    pub answers: usize,
    /// What was asked for and is not in the capsule; while recording, what could not be had.
    pub refused: Vec<String>,
}

/// What keeps the steps of a build from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Nothing: what the network gives is recorded.
    None,
    /// The variables that name the proxy: a step that does not heed them is not kept from anything.
    Proxy,
    /// There is no network but this machine's own address, where the proxy is.
    Namespace,
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

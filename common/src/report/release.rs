//! What `release-tag` did and decided.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The two version files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionsOutcome {
    /// The mission's version as its file now says.
    pub mission: String,
    /// The infrastructure's version as its file now says.
    pub common: String,
    /// The files that were written, relative to the root.
    pub written: Vec<String>,
}

/// The release commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveOutcome {
    /// The commit; none if there was nothing to commit, or it was only planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The paths in it, relative to the root, sorted.
    pub paths: Vec<String>,
}

/// The checklist that a release must pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateOutcome {
    /// Every rule, in the order of the checklist.
    pub rules: Vec<CheckedRule>,
}

/// One rule of the checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedRule {
    /// Its stable code.
    pub code: String,
    /// What it demands.
    pub demand: String,
    /// Whether that is so.
    pub status: RuleStatus,
    /// What was found instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Whether a rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleStatus {
    /// It is kept.
    Passed,
    /// It is broken.
    Failed,
    /// It does not apply here.
    Skipped,
}

/// The tags of the release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagOutcome {
    /// Whether anything was done, or only planned.
    pub executed: bool,
    /// The commit that they name.
    pub commit: String,
    /// The tags.
    pub tags: Vec<String>,
    /// The remote that they were pushed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// The image that was delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverOutcome {
    /// Whether anything was done, or only planned.
    pub executed: bool,
    /// Where to: `oci:DIR`, `oci-archive:FILE`, `docker://REGISTRY/REPO`.
    pub destination: String,
    /// The tag there.
    pub tag: String,
    /// The digest of the manifest, as read back from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
}

//! What `release-tag` did and decided.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ImageIdentity;
use crate::capsule::Sameness;
use crate::digest::Digest;
use crate::image_diff::Comparison;

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
    /// Whether it was only planned.
    pub planned: bool,
    /// The commit; none if there was nothing to commit, or it was only planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch that it is on; none on a detached HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What it says.
    pub message: String,
    /// The paths in it, relative to the root, sorted.
    pub paths: Vec<String>,
    /// The digest of the release's record; none where it is not yet time for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
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
    pub tags: Vec<ReleasedTag>,
    /// The remote that they are pushed to; none if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// One tag of the release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasedTag {
    /// Its name.
    pub name: String,
    /// How it stands in this clone.
    pub local: TagStatus,
    /// How it stands on the remote, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<TagStatus>,
    /// The commit that it stands at, where that is another release's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_at: Option<String>,
}

/// How a tag stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TagStatus {
    /// It would be made.
    Planned,
    /// It was made now.
    Made,
    /// It was there before, at this commit.
    Present,
    /// Another release of the same content made it: it stands, and nothing is done about it.
    Stands,
}

/// The image that was delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverOutcome {
    /// Whether it was delivered, was there before, or would be delivered.
    pub delivery: DeliveryStatus,
    /// Where to: `oci:DIR`, `oci-archive:FILE`, `docker://REGISTRY/REPOSITORY`.
    pub destination: String,
    /// The tag there.
    pub tag: String,
    /// The digest of the manifest that a plan found under the tag; none if there was none, or it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Digest>,
    /// What is put beside the image, by the names of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<String>,
    /// Whether the manifest is signed.
    #[serde(default)]
    pub signed: bool,
    /// The digest of the manifest, as read back from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The size of all of it there, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// A capsule that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapsuleOutcome {
    /// Whether it was made, was there before, or would be made.
    pub capsule: DeliveryStatus,
    /// Where it is: `oci:DIR`, `oci-archive:FILE`, `docker://REGISTRY/REPOSITORY`.
    pub destination: String,
    /// The tag there.
    pub tag: String,
    /// The commit that its context is of.
    pub commit: String,
    /// The digest of its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The size of all of it, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The image that came out while it was recorded, and how it compares with the one that was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedImage>,
    /// How many answers of each kind there are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, u64>,
}

/// The image that came out while a capsule was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedImage {
    /// Its id.
    pub id: Digest,
    /// How it compares with the one that was tested.
    pub sameness: Sameness,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// It would be made.
    Planned,
    /// It was made now.
    Delivered,
    /// The same image was there before.
    Present,
}

/// What holds of a release, link by link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyOutcome {
    /// What was asked for.
    pub what: String,
    /// The commit that the tag leads to; none if it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The digest of the manifest; none if it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// Every link. One that could not be checked is skipped, and says why.
    pub links: Vec<CheckedRule>,
    /// The tested image (first) beside one that was built again (second); none if that was not asked for, or
    /// could not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<Comparison>,
    /// The images that were built again for that, base first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images_rebuilt: Vec<ImageIdentity>,
}

/// A release that is proposed to those who merge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeOutcome {
    /// Whether anything was done, or only planned.
    pub executed: bool,
    /// The branch that is proposed.
    pub branch: String,
    /// The branch that it is to be merged into.
    pub base: String,
    /// The commit that is proposed; for a plan, as it is now.
    pub commit: String,
    /// What is committed first, of what is not yet; empty if all is.
    pub paths: Vec<String>,
    /// The remote that gets the branch.
    pub remote: String,
    /// The remote whose branch it is to be merged into.
    pub into: String,
    /// The title of the request, and the subject of the commit.
    pub title: String,
    /// The text of the request: the release notes, as Markdown.
    pub notes: String,
    /// The pull request, or where it can be made; none where the remote has no such page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

//! What is not as it was installed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingClass {
    /// The content of a file is not what its package recorded, or the file is gone.
    EditedFile,
    /// conda recorded a distribution of which there is (also) one that pip installed.
    BothCondaAndPip,
}

/// Something that is not as its installer left it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it is about.
    pub class: FindingClass,
    /// The environment's name.
    pub environment: String,
    /// The package.
    pub package: String,
    /// The file, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What was recorded.
    pub recorded: String,
    /// What was found; none if nothing is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

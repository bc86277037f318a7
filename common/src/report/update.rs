//! What `image-update` did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Written;

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
    /// The spec files whose content is not what it was, sorted; relative to the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

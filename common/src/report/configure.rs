//! What `image-configure` did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Written;

/// The two files that `image-configure` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigureOutcome {
    /// `setup-env.json`.
    pub document: Written,
    /// `setup-env`.
    pub setup_env: Written,
}

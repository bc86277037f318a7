//! What decided the results of tests besides the image.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// What decided the results of tests besides the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestInputs {
    /// The frozen specs: `roman-cal/requirements.txt` and its digest.
    pub locks: BTreeMap<String, Digest>,
    /// The files of the environments' tests: `roman-cal/tests/a.ipynb` and its digest.
    pub files: BTreeMap<String, Digest>,
    /// How they were run: the command, its variables and switches, limits, and what was accepted. One
    /// digest, since these may hold paths of this machine and what is nobody's business.
    pub parameters: Digest,
}

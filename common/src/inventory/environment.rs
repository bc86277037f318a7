//! An environment of the image, and the kernels in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CondaPackage, Distribution};

/// What made an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// conda.
    Conda,
    /// `python -m venv`, virtualenv or uv.
    Venv,
    /// The distribution: `/usr` and `/usr/local`.
    System,
    /// `pip install --user`.
    User,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Its name: `base` for conda's own.
    pub name: String,
    /// Where it is: `/opt/conda/envs/roman-cal`.
    pub prefix: String,
    /// What made it.
    pub kind: EnvironmentKind,
    /// The version of its Python, as far as that is told: `3.11.9`, or `3.11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python_version: Option<String>,
    /// conda's packages, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conda: Vec<CondaPackage>,
    /// Python distributions, whoever installed them, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub python: Vec<Distribution>,
    /// Its kernels, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<Kernel>,
}

/// A kernel that Jupyter offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    /// The name of its directory.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The command that starts it.
    pub argv: Vec<String>,
    /// Its `kernel.json`.
    pub path: String,
}

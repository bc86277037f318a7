//! What `image-test` found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The results of every environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestOutcome {
    /// The status that the container ended with.
    pub container_status: u8,
    /// One for each environment, in the order they were tested.
    pub environments: Vec<TestEnvironment>,
}

/// The results of one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestEnvironment {
    /// The environment's name; empty for what ran outside of any.
    pub name: String,
    /// Why it was skipped, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// Every import, notebook and script, in the order they ended.
    pub cases: Vec<TestCase>,
}

/// One thing that was tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    /// What kind of thing.
    pub kind: TestKind,
    /// Which: a module, a notebook's path, a script's name.
    pub name: String,
    /// How it ended.
    pub status: TestStatus,
    /// How long it took, in seconds, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Why it failed or was skipped: traceback, last lines, or our own finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What kind of thing was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestKind {
    /// A module that must import.
    Import,
    /// A notebook that must run.
    Notebook,
    /// The environment's own test script.
    Script,
    /// The run as a whole.
    Run,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestStatus {
    /// As it should.
    Passed,
    /// It failed.
    Failed,
    /// It was not run.
    Skipped,
}

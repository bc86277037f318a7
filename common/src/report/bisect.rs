//! What `image-test --bisect` found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TestKind;

/// Which upgrades make tests fail, by environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BisectOutcome {
    /// The lock whose tests pass, as it was named.
    pub before: String,
    /// The lock whose tests fail, as it was named.
    pub after: String,
    /// One for each environment whose lock changed.
    pub environments: Vec<BisectedEnvironment>,
}

/// One environment's search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BisectedEnvironment {
    /// Its name.
    pub name: String,
    /// In how many packages the locks differ.
    pub changes: usize,
    /// How many times an environment was made and tested.
    pub runs: usize,
    /// The uv that made them, by path and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uv: Option<String>,
    /// The tests that fail after and pass before.
    pub tests: Vec<BisectedTest>,
    /// What came of it.
    pub finding: BisectFinding,
    /// The smallest set of changes that makes them fail; empty if none was looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub culprits: Vec<Culprit>,
}

/// A test that tells good from bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BisectedTest {
    /// What kind of test.
    pub kind: TestKind,
    /// Its name.
    pub name: String,
}

/// What came of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BisectFinding {
    /// The culprits are named.
    Found,
    /// Every test passes after the changes too: there is nothing to find.
    AfterPasses,
    /// What fails after fails before as well: the changes are not what makes it fail.
    BeforeFails,
}

/// A change without which the tests pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Culprit {
    /// The package.
    pub package: String,
    /// The line before; nothing if it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The line after; nothing if it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether the others without it could be tested, and passed. If not, it cannot be told apart from
    /// them: no environment can be made of the others alone.
    pub proven: bool,
}

//! What is red, and what waivers make of it. The same judgement for whoever makes it: the run that found it, and
//! the release that goes by what was found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Waived, Waiver};
use crate::report::{CheckOutcome, TestCase, TestKind, TestOutcome, TestStatus};

/// Something that is not as it should be: the environment, and what a waiver of it must say.
pub type Red = (String, String);

/// The waivers of what was found red.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverUse {
    /// Those that excuse something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excused: Vec<Waived>,
    /// Those that would, had they not ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Waived>,
}

impl WaiverUse {
    /// Whether no waiver is about anything that is red.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.excused.is_empty() && self.expired.is_empty()
    }

    /// The waiver that excuses `what` in `environment`.
    #[must_use]
    pub fn excuse(&self, environment: &str, what: &str) -> Option<&Waiver> {
        find(&self.excused, environment, what).map(|waived| &waived.waiver)
    }

    /// The waiver that would excuse `what` in `environment`, had it not ended.
    #[must_use]
    pub fn ended(&self, environment: &str, what: &str) -> Option<&Waived> {
        find(&self.expired, environment, what)
    }
}

fn find<'a>(all: &'a [Waived], environment: &str, what: &str) -> Option<&'a Waived> {
    all.iter().find(|waived| waived.environment == environment && waived.waiver.what == what)
}

/// What a waiver of `case` must say.
#[must_use]
pub fn name_of(case: &TestCase) -> String {
    let kind = match case.kind {
        TestKind::Import => "import",
        TestKind::Notebook => "notebook",
        TestKind::Script => "script",
        TestKind::Run => "run",
    };
    format!("{kind} {}", case.name)
}

/// Whether what came out thus is not as it should be.
#[must_use]
pub const fn is_bad(status: TestStatus) -> bool {
    matches!(status, TestStatus::Failed | TestStatus::NotRun)
}

/// Everything that is not as it should be in `outcome`.
#[must_use]
pub fn red(outcome: &TestOutcome) -> Vec<Red> {
    let bad = |case: &&TestCase| is_bad(case.status);
    let of = |name: &String, case: &TestCase| (name.clone(), name_of(case));
    let environments = outcome.environments.iter();
    environments.flat_map(|e| e.cases.iter().filter(bad).map(move |case| of(&e.name, case))).collect()
}

/// Every package in `outcome` that is not as frozen.
#[must_use]
pub fn drift(outcome: &CheckOutcome) -> Vec<Red> {
    let environments = outcome.environments.iter();
    environments
        .flat_map(|e| e.differences.iter().map(|one| (e.name.clone(), format!("drift {}", one.name))))
        .collect()
}

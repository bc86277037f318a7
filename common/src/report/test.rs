//! What `image-test` found.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::waiver::WaiverUse;

/// The results of every environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestOutcome {
    /// What ran them.
    #[serde(default, skip_serializing_if = "TestRunner::is_image")]
    pub runner: TestRunner,
    /// The status that the container ended with; 128+n if a signal ended it.
    pub container_status: u8,
    /// Why the answer is no; empty if it is yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What the container printed, as a file relative to the repository's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// One for each environment, in the order they were tested; last those that never were.
    pub environments: Vec<TestEnvironment>,
    /// The waivers of what failed. What is kept as evidence has none: whoever goes by it judges at that time.
    #[serde(default, skip_serializing_if = "WaiverUse::is_empty")]
    pub waivers: WaiverUse,
}

/// What ran the tests in the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestRunner {
    /// The image's own scripts; their output was read.
    #[default]
    Image,
    /// `image-test --native`, by the repository's specs.
    Native,
}

impl TestRunner {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_image(&self) -> bool {
        *self == Self::Image
    }
}

/// The results of one environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestEnvironment {
    /// The environment's name.
    pub name: String,
    /// Why it was skipped, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// How long it took, in seconds, as observed from outside; nothing if it never began. Where tests
    /// run side by side natively, the sum of what each took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Every import, notebook and script, in the order they ended; last those that were not run.
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
    /// How long it took, in seconds, where that is known. For a notebook the image tells it; for an
    /// import it is the time between two lines of output, so the first one bears the start of the
    /// interpreter, and where imports run side by side it is only how long was waited for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Why it failed or was not run: our own finding, then the last lines that it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it was tested, if the result is that of an earlier run on the same image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What kind of thing was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestKind {
    /// A module that must import.
    Import,
    /// A notebook that must run.
    Notebook,
    /// The environment's own test script.
    Script,
    /// The environment's run as a whole: what went wrong between its tests.
    Run,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TestStatus {
    /// As it should.
    Passed,
    /// It failed.
    Failed,
    /// It was left out on purpose.
    Skipped,
    /// It was asked for and has no result: the run ended before it, or never came to it.
    NotRun,
}

/// How many tests ended in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestCounts {
    /// As they should.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Left out on purpose.
    pub skipped: usize,
    /// Asked for, without a result.
    pub not_run: usize,
}

impl TestCounts {
    /// The counts of `cases`.
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a TestCase>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            match case.status {
                TestStatus::Passed => counts.passed += 1,
                TestStatus::Failed => counts.failed += 1,
                TestStatus::Skipped => counts.skipped += 1,
                TestStatus::NotRun => counts.not_run += 1,
            }
        }
        counts
    }

    /// Those that were really run.
    #[must_use]
    pub const fn run(self) -> usize {
        self.passed + self.failed
    }
}

/// From this status on it is not tests that make a container's status: 125 to 127 are the engine's and a shell's,
/// what is above tells of a signal.
const NOT_BY_TESTS: u8 = 125;

impl TestOutcome {
    /// Whether failed tests that are shown can be why the container ended as it did. Our own runner ends with 0
    /// whatever fails, so another status of it never is.
    #[must_use]
    pub fn is_explained(&self) -> bool {
        let shown = |case: &TestCase| case.status == TestStatus::Failed && case.kind != TestKind::Run;
        let mut cases = self.environments.iter().flat_map(|environment| &environment.cases);
        let by_tests = self.runner == TestRunner::Image && self.container_status < NOT_BY_TESTS;
        self.container_status == 0 || (by_tests && cases.any(shown))
    }

    /// How many tests ended in each way, over all environments.
    #[must_use]
    pub fn counts(&self) -> TestCounts {
        TestCounts::of(self.environments.iter().flat_map(|environment| &environment.cases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_over_all_environments_and_what_was_not_run_is_not_a_run() {
        let case = |status| TestCase {
            kind: TestKind::Import,
            name: "numpy".to_owned(),
            status,
            seconds: None,
            detail: None,
            at: None,
        };
        let one = TestEnvironment { cases: vec![case(TestStatus::Passed)], ..TestEnvironment::default() };
        let two = TestEnvironment {
            cases: vec![case(TestStatus::Failed), case(TestStatus::NotRun), case(TestStatus::Skipped)],
            ..TestEnvironment::default()
        };
        let outcome = TestOutcome { environments: vec![one, two], ..TestOutcome::default() };
        assert_eq!(outcome.counts(), TestCounts { passed: 1, failed: 1, skipped: 1, not_run: 1 });
        assert_eq!(outcome.counts().run(), 2);
    }

    #[test]
    fn a_status_is_explained_by_failed_tests_of_scripts_alone() {
        let check = |status: u8, runner, kind, expected: bool| {
            let failed = TestCase {
                kind,
                name: "x".to_owned(),
                status: TestStatus::Failed,
                seconds: None,
                detail: None,
                at: None,
            };
            let environments = vec![TestEnvironment { cases: vec![failed], ..TestEnvironment::default() }];
            let outcome =
                TestOutcome { runner, container_status: status, environments, ..TestOutcome::default() };
            assert_eq!(outcome.is_explained(), expected, "{status} {runner:?} {kind:?}");
        };
        check(0, TestRunner::Native, TestKind::Import, true);
        check(1, TestRunner::Native, TestKind::Import, false);
        check(1, TestRunner::Image, TestKind::Import, true);
        check(124, TestRunner::Image, TestKind::Script, true);
        check(127, TestRunner::Image, TestKind::Import, false);
        check(137, TestRunner::Image, TestKind::Import, false);
        check(1, TestRunner::Image, TestKind::Run, false);
        assert!(!TestOutcome { container_status: 1, ..TestOutcome::default() }.is_explained());
    }

    #[test]
    fn a_status_is_spelled_as_people_say_it() {
        assert_eq!(serde_json::to_string(&TestStatus::NotRun).unwrap(), "\"not-run\"");
    }
}

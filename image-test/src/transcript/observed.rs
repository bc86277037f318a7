//! One environment as the transcript shows it, and what its end says of it.

use std::time::Duration;

use common::report::{TestCase, TestEnvironment, TestKind, TestStatus};

use super::tail::{Tail, detail};

/// What results an environment is known to lack, without the transcript telling their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gaps {
    /// Notebooks that were announced and whose results were lost.
    pub(crate) lost: usize,
    /// Notebooks that were announced and then left out on purpose.
    pub(crate) left_out: usize,
    /// The imports ended before their summary.
    pub(crate) imports_cut: bool,
}

impl Gaps {
    /// Those of two goes together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            lost: self.lost + other.lost,
            left_out: self.left_out + other.left_out,
            imports_cut: self.imports_cut || other.imports_cut,
        }
    }
}

/// One environment as the transcript shows it.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// Its results.
    pub(crate) results: TestEnvironment,
    /// What is known to be missing.
    pub(crate) gaps: Gaps,
    /// When it began.
    since: Duration,
    /// Anything that was printed before its first section.
    pub(super) preamble: Tail,
    /// Whether any section began, or it was skipped in so many words.
    pub(super) began: bool,
    /// Whether its script ran and told no verdict.
    pub(super) verdictless: bool,
}

impl Observed {
    /// The environment `name`, which begins at this time.
    pub(super) fn new(name: &str, since: Duration) -> Self {
        let results = TestEnvironment { name: name.to_owned(), ..TestEnvironment::default() };
        Self { results, since, ..Self::default() }
    }

    /// Whether any of its tests failed.
    pub(super) fn has_failure(&self) -> bool {
        self.results.cases.iter().any(|case| case.status == TestStatus::Failed)
    }

    /// No more will come from it.
    pub(super) fn close(&mut self, at: Duration) {
        if self.results.seconds.is_some() {
            return;
        }
        self.results.seconds = Some(at.saturating_sub(self.since).as_secs_f64());
        if !self.began {
            let finding = "it was announced, and none of its tests began";
            self.results.cases.push(run_failed("tests", finding, &self.preamble));
        } else if self.results.cases.is_empty() && self.results.skipped.is_none() {
            self.results.skipped = Some("it has nothing to test".to_owned());
        }
    }

    /// The script is what failed, if nothing else has; its own output says no verdict.
    pub(super) fn script_failed(&mut self, how: &str) {
        let mut scripts = self.results.cases.iter_mut().rev();
        if let Some(script) = scripts.find(|case| case.kind == TestKind::Script) {
            script.status = TestStatus::Failed;
            let printed = script.detail.take();
            script.detail = Some(printed.map_or_else(|| how.to_owned(), |text| format!("{how}\n{text}")));
        }
    }

    /// The image says that the environment failed; a script without a verdict may be a part of that.
    pub(super) fn doubt_script(&mut self) {
        let passed = |case: &TestCase| case.kind == TestKind::Script && case.status == TestStatus::Passed;
        if self.verdictless && self.results.cases.iter().any(passed) {
            self.script_failed("the environment failed, and nothing tells whether its script did");
        }
    }

    /// What a test printed is of interest if it did not pass.
    pub(super) fn tidy(&mut self) {
        for case in self.results.cases.iter_mut().filter(|case| case.status == TestStatus::Passed) {
            case.detail = None;
        }
    }

    /// It failed, because of `how`: something in it shall show that. A script that said itself that it passed is
    /// not to blame.
    pub(super) fn must_have_failed(&mut self, how: &str, text: &Tail) {
        if self.has_failure() {
            return;
        }
        if self.verdictless {
            self.script_failed(how);
        }
        if !self.has_failure() {
            let finding = format!("{how}, and none of its tests shows why");
            self.results.cases.push(run_failed("tests", &finding, text));
        }
    }
}

/// A test that ended with `status`, and nothing more about it.
pub(crate) fn case(kind: TestKind, name: &str, status: TestStatus) -> TestCase {
    TestCase { kind, name: name.to_owned(), status, seconds: None, detail: None, at: None }
}

/// A failure that belongs to no single test.
pub(super) fn run_failed(name: &str, finding: &str, text: &Tail) -> TestCase {
    TestCase { detail: Some(detail(finding, text)), ..case(TestKind::Run, name, TestStatus::Failed) }
}

/// A script has no verdict of its own in the original's output: that the run went on behind it, or
/// ended with status 0, says that it passed. Its output is kept for the case that it did not.
pub(super) fn script(text: &Tail, took: Duration, verdict: Option<(bool, Option<f64>)>) -> TestCase {
    let (passed, seconds) = verdict.unwrap_or((true, None));
    let status = if passed { TestStatus::Passed } else { TestStatus::Failed };
    let seconds = Some(seconds.unwrap_or(took.as_secs_f64()));
    TestCase { seconds, detail: text.text(), ..case(TestKind::Script, "test", status) }
}

//! Results of test runs.

use crate::report::{TestCase, TestEnvironment, TestKind, TestOutcome, TestStatus};

/// The results of a run in which one thing was tested, the import of numpy in `roman-cal`.
#[must_use]
pub fn tested(status: TestStatus) -> TestOutcome {
    let case = TestCase {
        kind: TestKind::Import,
        name: "numpy".to_owned(),
        status,
        seconds: None,
        detail: None,
        at: None,
    };
    let name = "roman-cal".to_owned();
    let environment = TestEnvironment { name, cases: vec![case], ..TestEnvironment::default() };
    TestOutcome { environments: vec![environment], ..TestOutcome::default() }
}

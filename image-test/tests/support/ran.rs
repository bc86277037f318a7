//! What a run of `image-test` gave.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::process::Output;

use common::document::Document;
use common::report::{Outcome, Report, TestOutcome, TestStatus};

pub(crate) struct Ran(pub(crate) Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// The last report of the document on standard output.
    pub(crate) fn report(&self) -> Report {
        let document = Document::parse(&self.0.stdout, "standard output");
        document.unwrap_or_else(|e| panic!("{e}\n{}", self.stderr())).reports.pop().unwrap()
    }

    pub(crate) fn outcome(&self) -> TestOutcome {
        match self.report().outcome {
            Outcome::Test(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    /// The names of the tests that failed, in all environments.
    pub(crate) fn failures(&self) -> Vec<String> {
        let environments = self.outcome().environments;
        let cases = environments.into_iter().flat_map(|environment| environment.cases);
        cases.filter(|case| case.status == TestStatus::Failed).map(|case| case.name).collect()
    }

    /// A fault: this status, this text on standard error, and nothing on standard output.
    pub(crate) fn is_fault(&self, code: i32, text: &str) {
        let stderr = self.stderr();
        assert_eq!(self.code(), code, "{stderr}");
        assert!(stderr.contains(text), "{stderr}");
        assert_eq!(String::from_utf8_lossy(&self.0.stdout), "");
    }
}

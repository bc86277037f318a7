//! What earlier runs reported.

use crate::report::{
    BuildOutcome, ImageIdentity, Outcome, Report, TestCase, TestEnvironment, TestKind, TestOutcome,
    TestStatus, Verdict,
};

/// The report of an image-build that made `image` long ago.
#[must_use]
pub fn built(verdict: Verdict, image: &ImageIdentity) -> Report {
    let outcome = BuildOutcome {
        engine: "docker".to_owned(),
        steps: Vec::new(),
        images: Vec::new(),
        context: None,
        capsule: None,
    };
    Report {
        tool: "image-build".to_owned(),
        version: "1.0.0".to_owned(),
        verdict,
        started: jiff::Timestamp::UNIX_EPOCH,
        seconds: 1.0,
        image: Some(image.clone()),
        notices: Vec::new(),
        outcome: Outcome::Build(outcome),
    }
}

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

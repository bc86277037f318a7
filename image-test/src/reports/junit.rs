//! `JUnit` XML: one test suite for each environment, in the form that Jenkins, GitHub's and GitLab's
//! readers share.

use std::time::Duration;

use common::report::{TestCase, TestEnvironment, TestKind, TestStatus, Verdict};
use common::waiver::name_of;
use quick_junit::{NonSuccessKind, Report, TestCaseStatus, TestSuite};

use super::{ReportError, Results};

/// The report as text.
pub(super) fn text(results: &Results<'_>) -> Result<String, ReportError> {
    let outcome = &results.tested.outcome;
    let mut report = Report::new(format!("image-test {}", results.mission));
    report.set_time(seconds(results.seconds));
    for environment in &outcome.environments {
        report.add_test_suite(suite(environment, results));
    }
    // Readers judge by cases: a "no" that no case shows would be taken for a success.
    if results.tested.verdict == Verdict::No && report.failures + report.errors == 0 {
        report.add_test_suite(whole_run(results));
    }
    let text = report.to_string().map_err(|error| ReportError::Form { reason: error.to_string() })?;
    // The two characters that XML forbids and the library lets through.
    Ok(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

fn suite(environment: &TestEnvironment, results: &Results<'_>) -> TestSuite {
    let mut suite = described(&environment.name, results);
    if let Some(took) = environment.seconds {
        suite.set_time(seconds(took));
    }
    suite.add_test_cases(environment.cases.iter().map(|one| case(&environment.name, one, results)));
    if let Some(reason) = &environment.skipped {
        let mut status = TestCaseStatus::skipped();
        status.set_message(first_line(reason));
        suite.add_test_case(quick_junit::TestCase::new(environment.name.as_str(), status));
    }
    suite
}

/// A suite with what identifies the image.
fn described(name: &str, results: &Results<'_>) -> TestSuite {
    let tested = results.tested;
    let mut suite = TestSuite::new(name);
    let at = tested.at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    suite.extra.insert("timestamp".into(), at.into());
    suite.add_property(("image", tested.image.name.as_str()));
    suite.add_property(("image.id", tested.image.id.as_str()));
    suite
}

fn case(environment: &str, one: &TestCase, results: &Results<'_>) -> quick_junit::TestCase {
    let mut case = quick_junit::TestCase::new(one.name.as_str(), status(environment, one, results));
    let group = match one.kind {
        TestKind::Import => "imports",
        TestKind::Notebook => "notebooks",
        TestKind::Script => "script",
        TestKind::Run => "run",
    };
    case.set_classname(format!("{environment}.{group}"));
    if let Some(took) = one.seconds {
        case.set_time(seconds(took));
    }
    case
}

fn status(environment: &str, one: &TestCase, results: &Results<'_>) -> TestCaseStatus {
    let red = matches!(one.status, TestStatus::Failed | TestStatus::NotRun);
    let excuse = results.tested.outcome.waivers.excuse(environment, &name_of(one)).filter(|_| red);
    if let Some(waiver) = excuse {
        // Readers know no failure that does not count.
        let mut status = TestCaseStatus::skipped();
        status.set_message(waiver.to_string());
        status.set_description(one.detail.as_deref().unwrap_or("it failed and printed nothing"));
        return status;
    }
    let (kind, ty) = match one.status {
        TestStatus::Passed => return TestCaseStatus::success(),
        TestStatus::Failed if one.kind == TestKind::Run => (NonSuccessKind::Error, "aborted"),
        TestStatus::Failed => (NonSuccessKind::Failure, "failed"),
        TestStatus::NotRun if results.tested.verdict == Verdict::No => (NonSuccessKind::Error, "not-run"),
        // Allowed to be missing.
        TestStatus::NotRun | TestStatus::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(first_line(one.detail.as_deref().unwrap_or("skipped")));
            return status;
        }
    };
    let mut status = TestCaseStatus::non_success(kind);
    let detail = one.detail.as_deref().unwrap_or("it failed and printed nothing");
    let ended = results.tested.outcome.waivers.ended(environment, &name_of(one));
    let ended = ended.map(|waived| format!(" (its waiver {})", waived.waiver.ended())).unwrap_or_default();
    status.set_type(ty).set_message(format!("{}{ended}", headline(detail))).set_description(detail);
    status
}

fn whole_run(results: &Results<'_>) -> TestSuite {
    let reasons = &results.tested.outcome.reasons;
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("run").set_message(reasons.join("; ")).set_description(reasons.join("\n"));
    let mut suite = described("image-test", results);
    suite.add_test_case(quick_junit::TestCase::new("run", status));
    suite
}

/// The line that says most: an exception at the end of a traceback, else the first.
fn headline(detail: &str) -> &str {
    if first_line(detail).starts_with("Traceback") {
        return detail.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    }
    first_line(detail)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript;
    use common::digest::Digest;
    use common::evidence::Tested;
    use common::report::{ImageIdentity, TestOutcome};
    use common::waiver::{Waived, Waiver, WaiverUse};
    use jiff::Timestamp;

    fn report(verdict: Verdict, reasons: &[&str], cases: Vec<TestCase>) -> String {
        judged(verdict, reasons, cases, WaiverUse::default())
    }

    fn judged(verdict: Verdict, reasons: &[&str], cases: Vec<TestCase>, waivers: WaiverUse) -> String {
        let environment = TestEnvironment {
            name: "roman-cal".to_owned(),
            skipped: cases.is_empty().then(|| "it has no tests".to_owned()),
            seconds: Some(12.5),
            cases,
        };
        let tested = Tested {
            image: ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(b"image") },
            at: Timestamp::UNIX_EPOCH,
            verdict,
            outcome: TestOutcome {
                reasons: reasons.iter().map(|r| (*r).to_owned()).collect(),
                environments: vec![environment],
                waivers,
                ..TestOutcome::default()
            },
            inputs: None,
        };
        text(&Results { mission: "roman", tested: &tested, seconds: 13.0, status: 1 }).unwrap()
    }

    fn case(kind: TestKind, status: TestStatus, detail: Option<&str>) -> TestCase {
        let detail = detail.map(str::to_owned);
        TestCase { seconds: Some(1.25), detail, ..transcript::case(kind, "x", status) }
    }

    #[test]
    fn each_status_is_what_readers_know() {
        use TestStatus::{Failed, NotRun, Passed, Skipped};
        let found = report(
            Verdict::No,
            &["no"],
            vec![
                case(TestKind::Import, Passed, None),
                case(
                    TestKind::Import,
                    Failed,
                    Some("Traceback (most recent call last):\n  File\nKeyError: 'a'\n"),
                ),
                case(TestKind::Notebook, NotRun, Some("lost")),
                case(TestKind::Script, Skipped, Some("left out")),
                case(TestKind::Run, Failed, Some("the container was killed")),
            ],
        );
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="image-test roman" tests="5" skipped="1" failures="1" errors="2" time="13.000">
    <testsuite name="roman-cal" tests="5" skipped="1" errors="2" failures="1" time="12.500" timestamp="1970-01-01T00:00:00+00:00">
        <properties>
            <property name="image" value="notebook-roman:latest"/>
            <property name="image.id" value="sha256:6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"/>
        </properties>
        <testcase name="x" classname="roman-cal.imports" time="1.250"/>
        <testcase name="x" classname="roman-cal.imports" time="1.250">
            <failure message="KeyError: &apos;a&apos;" type="failed">Traceback (most recent call last):
  File
KeyError: &apos;a&apos;
</failure>
        </testcase>
        <testcase name="x" classname="roman-cal.notebooks" time="1.250">
            <error message="lost" type="not-run">lost</error>
        </testcase>
        <testcase name="x" classname="roman-cal.script" time="1.250">
            <skipped message="left out"/>
        </testcase>
        <testcase name="x" classname="roman-cal.run" time="1.250">
            <error message="the container was killed" type="aborted">the container was killed</error>
        </testcase>
    </testsuite>
</testsuites>
"#;
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_waived_is_skipped_with_its_waiver_and_what_was_is_a_failure_that_says_so() {
        let waiver = |expires: &str| {
            let (what, owner) = ("import x".to_owned(), "ada".to_owned());
            let (reason, expires) = ("known".to_owned(), expires.parse().unwrap());
            let waiver = Waiver { what, owner, reason, expires };
            vec![Waived { environment: "roman-cal".to_owned(), waiver }]
        };
        let failed = || vec![case(TestKind::Import, TestStatus::Failed, Some("KeyError: 'a'"))];
        let excused = WaiverUse { excused: waiver("2026-12-31"), expired: Vec::new() };
        let found = judged(Verdict::Yes, &[], failed(), excused.clone());
        let told =
            r#"<skipped message="waived until 2026-12-31 (ada): known">KeyError: &apos;a&apos;</skipped>"#;
        assert!(found.contains(told) && found.contains(r#"failures="0" errors="0""#), "{found}");
        // What is wrong is something else, and must be seen.
        let found = judged(Verdict::No, &["the container was killed"], failed(), excused);
        assert!(found.contains(r#"<error message="the container was killed" type="run">"#), "{found}");
        let expired = WaiverUse { excused: Vec::new(), expired: waiver("2024-08-05") };
        let found = judged(Verdict::No, &["1 test failed"], failed(), expired);
        let told = r#"<failure message="KeyError: &apos;a&apos; (its waiver ended on 2024-08-05 (ada))""#;
        assert!(found.contains(told), "{found}");
    }

    #[test]
    fn a_no_that_no_case_shows_is_a_case_of_its_own() {
        let found = report(Verdict::No, &["nothing was tested"], Vec::new());
        assert!(found.contains(r#"<error message="nothing was tested" type="run">"#), "{found}");
        let found = report(Verdict::Yes, &[], Vec::new());
        assert!(
            !found.contains("<error") && found.contains(r#"<skipped message="it has no tests"/>"#),
            "{found}"
        );
    }

    #[test]
    fn control_characters_and_markup_do_not_break_the_file() {
        let detail = "\u{1b}[31mred\u{1b}[0m \u{0} \u{b} <b> ]]> & \u{ffff} \"é\"";
        let found = report(Verdict::No, &[], vec![case(TestKind::Import, TestStatus::Failed, Some(detail))]);
        let legal = |c: char| matches!(c, '\n' | '\t' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}');
        assert!(found.chars().all(legal), "{found:?}");
        assert!(found.contains("&lt;b&gt; ]]&gt; &amp;"), "{found}");
        let back = Report::deserialize_from_str(&found).unwrap();
        assert_eq!(back.failures, 1);
    }
}

//! Failures that are known and accepted until a day: shown, and no reason to stop.

use common::report::{TestStatus, Verdict};
use serde_json::json;

use crate::lab::{GREEN, Lab, with};
use crate::native::Native;
use crate::ran::Ran;

const FILE: &str = "deployments/roman/environments/roman-cal/tests/waivers.json";

fn waive(lab: &Lab, what: &[&str], expires: &str) {
    let one = |what| json!({"what": what, "owner": "ada", "reason": "issue 7", "expires": expires});
    let all: Vec<_> = what.iter().map(one).collect();
    lab.repository.write(FILE, &json!({"waivers": all}).to_string());
}

/// The import of asdf fails, and the container ends with `status`.
fn failing(status: u8) -> Lab {
    let text =
        GREEN.replace("asdf ... ok", "asdf ... FAIL\nKeyError: 'a'").replace("imports: 0", "imports: 1");
    Lab::printing(&text, status)
}

fn told(ran: &Ran, text: &str) {
    assert!(ran.stderr().contains(text), "{text}: {}", ran.stderr());
}

#[test]
fn a_failure_that_is_waived_is_shown_everywhere_and_the_run_ends_with_0() {
    let lab = failing(1);
    waive(&lab, &["import asdf"], "9999-12-31");
    let ran = lab.run(&["--report", "json=out.json", "--report", "junit=out.xml"]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    told(&ran, "roman-cal    2 ok, 1 waived  -          -");
    told(&ran, "roman-cal: import asdf failed, waived until 9999-12-31 (ada): issue 7\n    KeyError: 'a'");
    told(&ran, "passed: 2 ok, 1 waived in 1 environment");
    let outcome = ran.outcome();
    assert_eq!((ran.report().verdict, outcome.reasons.len()), (Verdict::Yes, 0));
    assert_eq!(with(&outcome.environments[0], TestStatus::Failed), ["asdf"], "it is a failure all the same");
    let waived = &outcome.waivers.excused[0];
    assert_eq!((waived.environment.as_str(), waived.waiver.owner.as_str()), ("roman-cal", "ada"));
    let value: serde_json::Value = serde_json::from_str(&lab.repository.read("out.json")).unwrap();
    assert_eq!((&value["verdict"], &value["status"]), (&"yes".into(), &0.into()));
    assert_eq!(value["outcome"]["waivers"]["excused"][0]["waiver"]["reason"], "issue 7");
    let xml = lab.repository.read("out.xml");
    assert!(xml.contains(r#"<skipped message="waived until 9999-12-31 (ada): issue 7">"#), "{xml}");
    assert!(xml.contains(r#"skipped="1" failures="0" errors="0""#), "{xml}");
}

/// The release asks again, at its own time.
#[test]
fn the_evidence_keeps_what_was_found_and_not_what_is_waived() {
    let lab = failing(3);
    waive(&lab, &["import asdf"], "9999-12-31");
    assert_eq!(lab.run(&[]).code(), 0);
    let tested = lab.evidence(&lab.id).unwrap();
    assert_eq!((tested.verdict, tested.outcome.container_status), (Verdict::No, 3));
    assert_eq!(tested.outcome.reasons, ["the container ended with status 3", "1 test failed"]);
    assert!(tested.outcome.waivers.is_empty());
    assert_eq!(with(&tested.outcome.environments[0], TestStatus::Failed), ["asdf"]);
}

#[test]
fn without_waivers_the_containers_status_passes_through_as_ever() {
    let lab = failing(42);
    waive(&lab, &["import asdf"], "9999-12-31");
    let ran = lab.run(&["--no-waivers"]);
    assert_eq!((ran.code(), ran.report().verdict), (42, Verdict::No));
    assert!(ran.outcome().waivers.is_empty());
}

#[test]
fn a_waiver_that_ended_excuses_nothing_and_is_told() {
    let lab = failing(1);
    waive(&lab, &["import asdf"], "2024-08-05");
    let ran = lab.run(&["--report", "junit=out.xml"]);
    assert_eq!((ran.code(), ran.report().verdict), (1, Verdict::No));
    told(&ran, "roman-cal: import asdf failed; its waiver ended on 2024-08-05 (ada)");
    told(&ran, "roman-cal: the waiver of import asdf ended on 2024-08-05 (ada)");
    assert_eq!(ran.outcome().waivers.expired.len(), 1);
    assert!(lab.repository.read("out.xml").contains("(its waiver ended on 2024-08-05 (ada))"));
}

#[test]
fn a_status_that_no_failed_test_explains_is_not_excused() {
    for (text, status) in [
        // Nothing failed.
        (GREEN.to_owned(), 1),
        // A signal, the engine, a program that is not there.
        (GREEN.replace("asdf ... ok", "asdf ... FAIL"), 137),
        (GREEN.replace("asdf ... ok", "asdf ... FAIL"), 127),
        // What is waived did not fail, and what failed is not waived.
        (GREEN.replace("romancal ... ok", "romancal ... FAIL"), 5),
        (GREEN.replace("romancal ... ok", "romancal ... FAIL").replace("asdf ... ok", "asdf ... FAIL"), 6),
    ] {
        let lab = Lab::printing(&text, status);
        waive(&lab, &["import asdf", "script test"], "9999-12-31");
        let ran = lab.run(&[]);
        assert_eq!(ran.code(), i32::from(status), "{text}{}", ran.stderr());
        assert_eq!(ran.report().verdict, Verdict::No);
    }
}

#[test]
fn a_run_as_a_whole_cannot_be_waived() {
    let lab = failing(1);
    waive(&lab, &["run tests"], "9999-12-31");
    lab.run(&[]).is_fault(65, "the kinds are import, notebook, script, drift");
    assert_eq!(lab.fake.lines(), [""; 0], "nothing ran");
}

#[test]
fn a_waiver_that_nothing_needs_any_more_is_told_as_a_notice() {
    let lab = Lab::printing(GREEN, 0);
    waive(&lab, &["import asdf", "drift asdf"], "9999-12-31");
    let needless =
        "roman-cal: the waiver of import asdf (ada, until 9999-12-31) has nothing to excuse any more";
    // Run, and taken over.
    for _ in 0..2 {
        let ran = lab.run(&[]);
        assert_eq!(ran.code(), 0, "{}", ran.stderr());
        told(&ran, needless);
        let notices = ran.report().notices;
        assert!(notices.iter().any(|notice| notice == needless), "{notices:?}");
        assert!(!ran.stderr().contains("drift asdf"), "that is image-freeze check's to tell");
    }
}

#[test]
fn natively_a_waived_notebook_is_excused_too() {
    let Some(native) = Native::new() else { return };
    native.tests(&[("imports", "numpy\n"), ("b.ipynb", &crate::native::notebook(&["1/0"]))]);
    assert_eq!(native.run(&[]).code(), 1);
    waive(&native.lab, &["notebook b.ipynb"], "9999-12-31");
    let ran = native.run(&[]);
    assert_eq!((ran.code(), ran.report().verdict), (0, Verdict::Yes), "{}", ran.stderr());
    told(&ran, "roman-cal: notebook b.ipynb failed, waived until 9999-12-31 (ada): issue 7");
    assert_eq!(native.lab.evidence(&native.lab.id).unwrap().verdict, Verdict::No);
}

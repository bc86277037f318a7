//! What is tested again, and what is taken over from the run before.

use common::report::{TestStatus, Verdict};
use common::testing::FakeEngine;

use crate::lab::{GREEN, Lab, TEST};
use crate::native::Native;
use crate::ran::Ran;

const TESTS: &str = "deployments/roman/environments/roman-cal/tests";
const TAKEN: &str = "nothing changed since";

/// How often the image's scripts were started.
fn runs(lab: &Lab) -> usize {
    lab.fake.lines().iter().filter(|line| line.contains(TEST)).count()
}

#[test]
fn an_image_that_passed_is_not_tested_again_until_something_changes() {
    for fake in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let lab = Lab::new(fake);
        lab.fake.print(TEST, GREEN, 0);
        assert_eq!(lab.run(&[]).code(), 0);
        let first = lab.evidence(&lab.id).unwrap();
        let ran = lab.run(&["--report", "json=r.json"]);
        assert_eq!((ran.code(), runs(&lab)), (0, 1), "{}", ran.stderr());
        assert!(ran.stderr().contains(TAKEN), "{}", ran.stderr());
        assert!(ran.report().notices.iter().any(|notice| notice.contains(TAKEN)));
        assert_eq!((ran.report().verdict, ran.outcome()), (Verdict::Yes, first.outcome.clone()));
        assert_eq!(lab.evidence(&lab.id).unwrap(), first);
        assert!(lab.repository.read("r.json").contains("\"yes\""));
    }
}

#[test]
fn whatever_the_results_rest_on_is_told_apart() {
    let lab = Lab::printing(GREEN, 0);
    let mut expected = 0;
    let mut check = |args: &[&str], is_run: bool| {
        expected += usize::from(is_run);
        let ran = lab.run(args);
        assert_eq!(runs(&lab), expected, "{args:?}: {}", ran.stderr());
        assert_eq!(ran.stderr().contains(TAKEN), !is_run);
    };
    check(&[], true);
    check(&[], false);
    check(&["--again"], true);
    check(&["-e", "A=1"], true);
    check(&["-e", "A=1"], false);
    check(&["--allow-missing"], true);
    check(&["--timeout", "90s"], true);
    check(&["--", "--test-imports"], true);
    check(&[], true);
    lab.repository.write(&format!("{TESTS}/waivers.json"), "{\"waivers\": []}");
    check(&[], false);
    lab.repository.write(&format!("{TESTS}/data.txt"), "");
    check(&[], true);
    lab.repository.write("deployments/roman/env-frozen/roman-cal/requirements.txt", "numpy==1.26.4\n");
    check(&[], true);
    check(&["--dev"], true);
    check(&[], false);
}

#[test]
fn what_did_not_pass_is_tested_again_and_so_is_another_image_and_what_was_tampered_with() {
    let lab = Lab::printing(GREEN, 3);
    assert_eq!((lab.run(&[]).code(), lab.run(&[]).code(), runs(&lab)), (3, 3, 2));
    lab.fake.print(TEST, GREEN, 0);
    assert_eq!((lab.run(&[]).code(), lab.run(&[]).code(), runs(&lab)), (0, 0, 3));
    let file = format!(".image/evidence/{}/tested.json", lab.id.hex());
    let text = lab.repository.read(&file).replace("asdf", "asdg");
    lab.repository.write(&file, &text);
    assert_eq!((lab.run(&[]).code(), runs(&lab)), (0, 4));
    lab.fake.image(crate::lab::NAME, &["OTHER=1"]);
    assert_eq!((lab.run(&[]).code(), runs(&lab)), (0, 5));
}

#[test]
fn natively_only_the_tests_that_changed_or_failed_are_run() {
    let Some(native) = Native::new() else { return };
    let count = |ran: &Ran| {
        let text = ran.stderr();
        let line = text.lines().find(|line| line.contains("at a time")).unwrap_or_default().to_owned();
        line.split_whitespace().find_map(|word| word.parse::<usize>().ok()).unwrap_or(0)
    };
    native.tests(&[("imports", "numpy asdf\n"), ("a.ipynb", &crate::native::notebook(&["x = 1"]))]);
    native.tests(&[("b.ipynb", &crate::native::notebook(&["1/0"]))]);
    let ran = native.run(&[]);
    assert_eq!((ran.code(), count(&ran)), (1, 4), "{}", ran.stderr());

    // What failed is mended: it alone is run, and all results are there.
    native.tests(&[("b.ipynb", &crate::native::notebook(&["1/1"]))]);
    let ran = native.run(&[]);
    assert_eq!((ran.code(), count(&ran)), (0, 1), "{}", ran.stderr());
    let outcome = ran.outcome();
    let cases = &outcome.environments[0].cases;
    let taken: Vec<(&str, bool)> = cases.iter().map(|case| (case.name.as_str(), case.at.is_some())).collect();
    assert_eq!(taken, [("numpy", true), ("asdf", true), ("a.ipynb", true), ("b.ipynb", false)]);
    assert!(cases.iter().all(|case| case.status == TestStatus::Passed));

    let ran = native.run(&[]);
    assert_eq!((ran.code(), ran.stderr().contains(TAKEN)), (0, true));
    let ran = native.run(&["--again"]);
    assert_eq!((ran.code(), count(&ran)), (0, 4), "{}", ran.stderr());
    // The image's own scripts are another thing.
    native.lab.fake.print(TEST, GREEN, 0);
    assert!(!native.lab.run(&[]).stderr().contains(TAKEN));
}

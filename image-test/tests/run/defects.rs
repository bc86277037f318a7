//! The defects of the original, seen from outside.

use common::report::{TestStatus, Verdict};

use crate::lab::{GREEN, Lab, with};

/// The original ends with status 0 here, and the release goes on.
#[test]
fn d47_an_interpreter_that_ended_silently_is_a_no_and_what_came_after_is_listed() {
    let text = GREEN.split("Importing asdf").next().unwrap().to_owned() + "Importing asdf ... ";
    let lab = Lab::printing(&text, 0);
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let outcome = ran.outcome();
    assert_eq!(outcome.container_status, 0);
    assert_eq!(with(&outcome.environments[0], TestStatus::Failed), ["asdf"]);
    assert_eq!(with(&outcome.environments[0], TestStatus::NotRun), ["romancal"]);
    let stderr = ran.stderr();
    assert!(stderr.contains("the interpreter ended while importing asdf"), "{stderr}");
    assert!(stderr.contains("not run: romancal"), "{stderr}");
}

#[test]
fn d48_nothing_tested_is_a_no_unless_that_is_allowed() {
    let lab = Lab::printing("tested\n", 0);
    lab.repository.write("deployments/roman/environments/roman-cal/tests/imports", "");
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    assert_eq!(ran.outcome().reasons, ["nothing was tested (--allow-empty accepts that)"]);
    let ran = lab.run(&["--allow-empty"]);
    assert_eq!((ran.code(), ran.report().verdict), (0, Verdict::Yes), "{}", ran.stderr());
    assert!(lab.fake.lines()[1].contains("TEST_ALLOW_EMPTY=1"), "the image's scripts are told");
}

#[test]
fn d48_an_environment_with_frozen_in_its_name_is_never_taken_for_tested() {
    let lab = Lab::printing(GREEN, 0);
    lab.repository.write("deployments/roman/environments/unfrozen/tests/imports", "numpy\n");
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    let outcome = ran.outcome();
    assert_eq!(outcome.environments[1].name, "unfrozen");
    assert_eq!(with(&outcome.environments[1], TestStatus::NotRun), ["numpy"]);
    assert!(ran.stderr().contains("passes over every environment with `frozen` in its name"));
    assert_eq!(lab.run(&["--allow-missing"]).code(), 0);
}

#[test]
fn d49_an_aborted_notebook_run_counts_what_is_lost() {
    let text = include_str!("../transcripts/d49-timeout.txt");
    let lab = Lab::printing(text, 1);
    let tests = "deployments/roman/environments/roman-cal/tests";
    lab.repository.write(&format!("{tests}/imports"), "");
    for name in ["quick", "slow", "third", "fourth"] {
        lab.repository.write(&format!("{tests}/{name}.ipynb"), "{}");
    }
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    let environment = &ran.outcome().environments[0];
    assert_eq!(with(environment, TestStatus::Passed), ["quick.ipynb"]);
    assert_eq!(with(environment, TestStatus::Failed), ["slow.ipynb"]);
    assert_eq!(with(environment, TestStatus::NotRun), ["fourth.ipynb", "third.ipynb"]);
}

#[test]
fn d46_words_of_a_comment_that_fail_are_explained() {
    let text = GREEN.replace("Importing asdf ... ok", "Importing comment ... FAIL\nImporting asdf ... ok");
    let lab = Lab::printing(&text.replace("imports: 0", "imports: 1\ncomment"), 1);
    lab.repository
        .write("deployments/roman/environments/roman-cal/tests/imports", "numpy # comment\nasdf\nromancal\n");
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    assert!(
        ran.stderr().contains("\"comment\" is a word of a comment in environments/roman-cal/tests/imports")
    );
}

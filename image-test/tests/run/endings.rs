//! Runs that end otherwise than by their tests.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use common::report::{TestStatus, Verdict};
use common::testing::FakeEngine;

use crate::lab::{GREEN, Lab, TEST, hanging, with};
use crate::ran::Ran;

#[test]
fn the_engines_own_failures_are_told_apart_and_keep_their_status() {
    let exec = |why: &str| {
        format!(
            "docker: Error response from daemon: OCI runtime create failed: unable to start container \
             process: exec: \"{TEST}\": {why}: unknown."
        )
    };
    for (status, said, expected) in [
        (125, "docker: Error response from daemon: no space left.".to_owned(), "could not run the tests in"),
        (126, exec("permission denied"), "is not executable"),
        (127, exec(&format!("stat {TEST}: no such file or directory")), "has no /opt/environments/test"),
    ] {
        let lab = Lab::new(FakeEngine::docker());
        lab.fake.fail_saying(TEST, status, &said);
        let junit = lab.repository.at("out/junit.xml");
        let ran = lab.run(&["--report", &format!("junit={}", junit.display())]);
        ran.is_fault(status.into(), expected);
        assert!(ran.stderr().contains(&said), "{}", ran.stderr());
        assert!(
            fs::read_to_string(junit).unwrap().contains("<error "),
            "a reader of reports must not see green"
        );
        assert_eq!(lab.evidence(&lab.id), None, "it says nothing about the image");
    }
}

#[test]
fn the_same_statuses_from_inside_are_results() {
    let lab = Lab::printing(&format!("{GREEN}./test: not found\n"), 127);
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 127);
    assert_eq!(with(&ran.outcome().environments[0], TestStatus::Failed), ["tests"]);
    let lab = Lab::printing("test: line 3: test-environments: command not found\n", 127);
    let ran = lab.run(&[]);
    assert_eq!((ran.code(), ran.report().verdict), (127, Verdict::No));
}

#[test]
fn a_run_past_its_time_limit_ends_with_124_and_its_results_are_kept() {
    let lab = Lab::new(FakeEngine::docker());
    let path = hanging(&lab, &GREEN.replace("Importing romancal ... ok\nFailing imports: 0\n", ""));
    let mut command = lab.command(&["--timeout", "5s", "--report", "json=out.json"]);
    let ran = Ran(command.env("PATH", path).output().unwrap());
    ran.is_fault(124, "the tests were ended after 5 seconds");
    let report: serde_json::Value = serde_json::from_str(&lab.repository.read("out.json")).unwrap();
    assert_eq!((&report["status"], &report["verdict"]), (&124.into(), &"no".into()));
    let tested = lab.evidence(&lab.id).unwrap();
    assert_eq!(tested.verdict, Verdict::No);
    let environment = &tested.outcome.environments[0];
    assert_eq!(with(environment, TestStatus::Passed), ["numpy", "asdf"]);
    assert_eq!(with(environment, TestStatus::NotRun), ["romancal"]);
}

#[test]
fn the_time_limit_holds_on_each_engine_and_leaves_no_container() {
    for fake in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let lab = Lab::new(fake);
        lab.fake.hang(TEST);
        lab.run(&["--timeout", "1s"]).is_fault(124, "the time limit");
        assert_eq!(lab.fake.containers(), [""; 0]);
    }
}

#[test]
fn a_signal_ends_the_run_with_128_and_its_number_shows_what_there_is_and_leaves_no_container() {
    for (signal, code) in [(rustix::process::Signal::TERM, 143), (rustix::process::Signal::INT, 130)] {
        let lab = Lab::new(FakeEngine::docker());
        let path = hanging(&lab, GREEN);
        let mut command = lab.command(&["--report", "json=out.json"]);
        let child = command.env("PATH", path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        for _ in 0..2000 {
            if lab.repository.at("hangs").exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let ran = Ran(child.wait_with_output().unwrap());
        ran.is_fault(code, "interrupted by signal");
        assert!(ran.stderr().contains("roman-cal    3 ok"), "{}", ran.stderr());
        assert_eq!(lab.fake.containers(), [""; 0]);
        let removed = lab.fake.calls().iter().any(|call| call.verb() == "rm");
        assert!(removed, "the container is removed by name");
        assert_eq!(lab.evidence(&lab.id), None, "it says nothing about the image");
        assert!(!lab.repository.at("out.json").exists());
    }
}

#[test]
fn a_container_that_a_killed_run_left_is_swept_away() {
    let lab = Lab::printing(GREEN, 0);
    // No process has this number: it is above the greatest there can be.
    lab.fake.leave_container("image-tools-999999999-0-00000000");
    assert_eq!(lab.run(&[]).code(), 0);
    assert_eq!(lab.fake.containers(), [""; 0]);
}

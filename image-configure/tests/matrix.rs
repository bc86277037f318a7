//! `--matrix`: which missions a change touches.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

use common::testing::Repository;

fn run(repository: &Repository, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-configure"));
    command
        .args(args)
        .current_dir(repository.root())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap()
}

fn check(repository: &Repository, args: &[&str], expected: &[&str]) {
    let output = run(repository, &[&["--matrix"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let matrix: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let missions: Vec<&str> = matrix["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["mission"].as_str().unwrap())
        .collect();
    assert_eq!(missions, expected, "{args:?}");
}

#[test]
fn only_the_missions_that_a_change_touches_are_in_it() {
    let repository = Repository::new().git();
    check(&repository, &[], &["roman", "tike"]);
    repository.run_git(&["checkout", "--quiet", "-b", "change"]);
    check(&repository, &["--base", "main"], &[]);
    repository.write("deployments/tike/environments/test", "#!/bin/sh\n");
    repository.commit("tike alone");
    check(&repository, &["--base", "main"], &["tike"]);
    repository.write("deployments/common/VERSION", "2.0.0\n");
    repository.commit("what all share");
    check(&repository, &["--base", "main"], &["roman", "tike"]);
    check(&repository, &["--base", "HEAD~1"], &["roman", "tike"]);
    assert!(!repository.at("setup-env.json").exists(), "nothing is configured by that");
}

/// What main has meanwhile is not this change.
#[test]
fn what_the_base_has_since_does_not_count() {
    let repository = Repository::new().git();
    repository.run_git(&["checkout", "--quiet", "-b", "change"]);
    repository.write("deployments/tike/environments/test", "#!/bin/sh\n");
    repository.commit("tike");
    repository.run_git(&["checkout", "--quiet", "main"]);
    repository.write("deployments/roman/environments/test", "#!/bin/sh\n");
    repository.commit("roman");
    repository.run_git(&["checkout", "--quiet", "change"]);
    check(&repository, &["--base", "main"], &["tike"]);
}

#[test]
fn a_base_that_is_not_here_is_named_with_what_to_type() {
    let repository = Repository::new().git();
    let output = run(&repository, &["--matrix", "--base", "gone"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("gone is no branch") && said.contains("git fetch --unshallow origin gone"),
        "{said}"
    );
}

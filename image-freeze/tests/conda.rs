//! conda's half of `image-freeze thaw` and `solve`, with solvers that pretend.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::json;
use support::conda::{FILE, KERBEROS, Place, THAWED, changes, kerberos};
use support::index::program;
use support::{content, errors, last_report};

/// What answers as micromamba, mamba and conda do, for [`kerberos`].
const MAMBA: &str = r#"echo "$* $CONDA_SUBDIR $CONDA_OVERRIDE_GLIBC" >> "$(dirname "$0")/asked"
case "$*" in
*krb5==1.20.1*) echo '{"success": false, "solver_problems": ["nothing provides openssl <3.1.5 needed by krb5-1.20.1"]}'; exit 1;;
esac
echo '{"success": true, "actions": {"LINK": [
{"name": "python", "version": "3.11.7", "build_string": "h0"}, {"name": "openssl", "version": "3.1.5", "build_string": "h0"},
{"name": "libedit", "version": "3.1.20191231", "build_string": "h0"}, {"name": "krb5", "version": "1.21.2", "build_string": "h0"}]}}'
"#;

#[test]
fn what_a_channel_lost_moves_and_what_must_move_with_it_each_with_its_reason() {
    let place = Place::new(kerberos(), KERBEROS);
    program(place.bin.path(), "micromamba", MAMBA);
    let outcome = place.outcome(&["thaw", "--apply"]);
    assert_eq!(
        changes(&outcome),
        json!([
            ["krb5", "1.20.1", "1.21.2"],
            ["openssl", "3.1.4", "3.1.5"],
            ["libedit", null, "3.1.20191231"]
        ])
    );
    assert_eq!(outcome["conda_solver"], "micromamba");
    assert_eq!(place.lab.frozen(FILE), place.file(THAWED));
    let asked = std::fs::read_to_string(place.bin.path().join("asked")).unwrap();
    let last = asked.lines().last().unwrap();
    let near = "-- krb5[version='>=1.20.1'] openssl[version='==3.1.5'] python==3.11.7 linux-64 2.31";
    assert!(last.ends_with(near), "the nearest, for what the image is: {asked}");
}

#[test]
fn a_patch_says_the_same_and_touches_nothing_unasked() {
    let place = Place::new(kerberos(), KERBEROS);
    program(place.bin.path(), "conda", MAMBA);
    let before = content(&place.lab.frozen_dir());
    let patch = place.outcome(&["thaw"])["patch"].as_str().unwrap().to_owned();
    assert_eq!(content(&place.lab.frozen_dir()), before);
    let added = |line: &str| patch.lines().any(|one| one == format!("+  - {line}"));
    assert!(THAWED.lines().take(3).all(added), "{patch}");
    assert!(!patch.contains("+  - python") && patch.matches("diff --git").count() == 1, "{patch}");
}

#[test]
fn without_a_solver_it_is_told_what_is_lost_and_with_a_broken_one_nothing_changes() {
    let place = Place::new(kerberos(), KERBEROS);
    let before = content(&place.lab.frozen_dir());
    let output = place.run(&["thaw", "--apply"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let notice = last_report(&output)["notices"][0].as_str().unwrap().to_owned();
    assert!(
        notice.contains("requirements.yml:6: openssl is gone") && notice.contains("micromamba"),
        "{notice}"
    );

    program(
        place.bin.path(),
        "mamba",
        "echo '{\"exception_name\": \"CondaHTTPError\", \"message\": \"no net\"}'; exit 1\n",
    );
    let output = place.run(&["thaw", "--apply"]);
    assert_eq!(output.status.code(), Some(69), "{}", errors(&output));
    assert!(errors(&output).contains("mamba failed: no net") && output.stdout.is_empty());
    let output = place.run(&["thaw", "--conda-solver", "/nowhere/python3"]);
    assert_eq!(output.status.code(), Some(127), "{}", errors(&output));
    assert_eq!(content(&place.lab.frozen_dir()), before);
}

#[test]
fn a_channel_that_nobody_here_can_ask_leaves_condas_half_alone() {
    let place = Place::new(kerberos(), KERBEROS);
    place.lab.write(
        &format!("env-frozen/{FILE}"),
        "channels:\n  - conda-forge\ndependencies:\n  - python=3.11.7\n",
    );
    for solver in ["", "echo 'no net' >&2; exit 1\n"] {
        if !solver.is_empty() {
            program(place.bin.path(), "micromamba", solver);
        }
        let output = place.run(&["thaw", "--apply"]);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let notice = last_report(&output)["notices"][0].as_str().unwrap().to_owned();
        assert!(
            notice.starts_with("conda's half of roman-cal is left alone: the channel conda-forge"),
            "{notice}"
        );
    }
}

/// What was said to have no solution was often a network that did not answer.
#[test]
fn solving_tells_a_solver_that_fails_from_one_that_says_no() {
    let place = Place::new(kerberos(), KERBEROS);
    place.floating("python~=3.11.0");
    let status = |script: &str| {
        program(place.bin.path(), "mamba", script);
        place.run(&["solve"]).status.code().unwrap()
    };
    assert_eq!(status("echo '{\"solver_problems\": [\"nothing provides x\"]}'; exit 1\n"), 1);
    assert_eq!(status("echo 'critical libmamba Download error' >&2; exit 1\n"), 69);
}

//! What is wrong is told with its place and a status before anything changes, and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use support::Clone;

const SOURCES: &str = r#"{"schema": 1, "modes": {"release": {"files": [{"lines": ["a==1"], "local": "a.pip", "kind": "pip"}]}}}"#;

/// What is broken in `sources.json`, the status, and what must be said.
const BROKEN: &[(&str, &str, i32, &[&str])] = &[
    ("it ends early", "{", 65, &["sources.json:1:1: not JSON"]),
    ("it is empty", "", 65, &["sources.json:1:0: not JSON"]),
    (
        "a key is misspelt",
        "{\n  \"schema\": 1,\n  \"mods\": {}\n}",
        65,
        &["sources.json:3: at `mods`: unknown field", "expected one of"],
    ),
    ("a key is there twice", r#"{"schema": 1, "schema": 1, "modes": {}}"#, 65, &["duplicate field `schema`"]),
    (
        "it is of a later form",
        r#"{"schema": 9, "modes": {}}"#,
        65,
        &["has version 9", "hint: update these tools"],
    ),
    (
        "it tells of no release",
        r#"{"schema": 1, "modes": {"latest": {"files": []}}}"#,
        65,
        &["sources.json", "0.13.0"],
    ),
];

#[test]
fn broken_sources_are_told_by_file_and_line_and_change_nothing() {
    let clone = Clone::plain().git();
    for (what, text, status, parts) in BROKEN {
        clone.write("sources.json", text);
        let before = (clone.files(), clone.repository.status());
        clone.update("0.13.0").failed(*status, parts);
        assert_eq!((clone.files(), clone.repository.status()), before, "{what}");
    }
    clone.write("sources.json", &SOURCES.replace("a==1", "a =="));
    clone.update("0.13.0").failed(65, &["a.pip in sources.json:1:", "| a ==", "nothing was changed"]);
}

/// A shell ran such a script; started by itself it is no program.
#[test]
fn a_script_that_does_not_say_what_runs_it_is_run_by_bash() {
    let clone = Clone::plain();
    clone.script("exit 0");
    let path = clone.repository.at(support::ENV).join("update-requirements");
    common::testing::program(&path, "[[ $1 == 0.13.0 ]] && echo a==1 >roman-cal.pip\n");
    let clone = clone.git();
    clone.update("0.13.0").done();
    assert_eq!(clone.read("roman-cal.pip"), "a==1\n");
}

#[test]
fn a_script_whose_interpreter_is_absent_says_so() {
    let clone = Clone::plain();
    let path = clone.repository.at(support::ENV).join("update-requirements");
    common::testing::program(&path, "#!/no/such/python\n");
    let clone = clone.git();
    let before = clone.files();
    clone
        .update("0.13.0")
        .failed(127, &["update-requirements", "what its first line names is not installed"]);
    assert_eq!(clone.files(), before);
}

#[test]
fn a_mission_that_is_gone_is_told_with_those_that_are_there() {
    let clone = Clone::plain().git();
    let deployments = clone.repository.at("deployments");
    std::fs::rename(deployments.join("roman"), deployments.join("roman2")).unwrap();
    clone.update("none").failed(2, &["there is no mission \"roman\"", "roman2", "tike"]);
}

#[test]
fn a_receipt_that_cannot_be_read_gives_way_and_is_kept() {
    let clone = Clone::plain();
    clone.write("sources.json", SOURCES);
    let clone = clone.git();
    clone.write("sources.lock.json", "{\"broken");
    clone.run(&["--check"]).said(1, "there is no receipt that can be read");
    clone.update("0.13.0").done();
    assert_eq!(clone.kept(), ["{\"broken"]);
    assert!(clone.read("sources.lock.json").contains("\"version\": \"0.13.0\""));
}

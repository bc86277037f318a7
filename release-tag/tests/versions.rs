//! `release-tag versions`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use support::Release;

const MISSION: &str = "deployments/roman/MISSION_VERSION";
const COMMON: &str = "deployments/common/VERSION";

fn files(release: &Release) -> (String, String) {
    (release.repository.read(MISSION), release.repository.read(COMMON))
}

fn is_unchanged(release: &Release) {
    assert_eq!(files(release), ("roman-12.0.0\n".to_owned(), "1.3.0\n".to_owned()));
}

#[test]
fn both_are_set_and_told() {
    let release = Release::ready();
    let outcome = release.run(&["versions", "--mission", "13.0.0", "--common=1.4.0"]).outcome("versions");
    assert_eq!(outcome["mission"], "roman-13.0.0");
    assert_eq!(outcome["written"].as_array().unwrap().len(), 2);
    assert_eq!(files(&release), ("roman-13.0.0\n".to_owned(), "1.4.0\n".to_owned()));
    let again = release.run(&["versions", "--mission=roman-13.0.0", "--common=1.4.0"]).outcome("versions");
    assert_eq!(again["written"], serde_json::json!([]));
}

#[test]
fn without_flags_they_are_shown() {
    let release = Release::ready();
    let outcome = release.run(&["versions"]).outcome("versions");
    assert_eq!((&outcome["mission"], &outcome["common"]), (&"roman-12.0.0".into(), &"1.3.0".into()));
    is_unchanged(&release);
}

#[test]
fn one_alone_leaves_the_other() {
    let release = Release::ready();
    release.run(&["versions", "--common", "2.0.0"]).outcome("versions");
    assert_eq!(files(&release), ("roman-12.0.0\n".to_owned(), "2.0.0\n".to_owned()));
}

#[test]
fn a_lower_one_is_refused_with_both_unless_it_is_meant() {
    let release = Release::ready();
    let ran = release.run(&["versions", "--mission", "11.0.0", "--common", "1.4.0"]);
    ran.refused(1, "roman-11.0.0 is lower than roman-12.0.0");
    assert!(ran.said().contains("--allow-lower"));
    release
        .run(&["versions", "--mission", "13.0.0", "--common", "1.2.9"])
        .refused(1, "1.2.9 is lower than 1.3.0");
    is_unchanged(&release);
    release.run(&["versions", "--common", "1.2.9", "--allow-lower"]).outcome("versions");
    assert_eq!(release.repository.read(COMMON), "1.2.9\n");
}

/// D60: there was no check of a version's form at all.
#[test]
fn d60_what_is_no_version_is_refused_and_neither_is_written() {
    let release = Release::ready();
    let ran = release.run(&["versions", "--mission", "13.0.0", "--common", "v1.4"]);
    ran.refused(2, "\"v1.4\" is not a version");
    assert!(ran.said().contains("did you mean `1.4.0`?"), "{}", ran.said());
    release.run(&["versions", "--mission", "13 beta", "--common", "1.4.0"]).refused(2, "13 beta");
    is_unchanged(&release);
}

#[test]
fn if_the_second_cannot_be_written_the_first_is_as_it_was() {
    let release = Release::ready();
    let common = release.repository.at(COMMON);
    std::fs::remove_file(&common).unwrap();
    std::fs::create_dir(&common).unwrap();
    let ran = release.run(&["versions", "--mission", "13.0.0", "--common", "1.4.0"]);
    assert_ne!(ran.code(), 0);
    assert_eq!(release.repository.read(MISSION), "roman-12.0.0\n");
}

#[test]
fn a_damaged_file_is_told_and_can_be_set_anew() {
    let release = Release::ready();
    release.repository.write(COMMON, "<<<<<<< HEAD\n1.3.0\n");
    release.run(&["versions"]).refused(65, "VERSION:1: it has more than one line");
    let ran = release.run(&["versions", "--common", "1.4.0"]);
    ran.outcome("versions");
    assert!(ran.said().contains("it is replaced"), "{}", ran.said());
}

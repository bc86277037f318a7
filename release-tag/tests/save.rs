//! `release-tag save`: the commit of a release.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::json;
use support::{Release, hook};

const CAL: &str = "deployments/roman/environments/roman-cal";

/// What a calibration update and a freeze leave behind.
fn after_an_update(release: &Release) {
    release.repository.run_git(&[
        "mv",
        &format!("{CAL}/roman-cal.yml"),
        &format!("{CAL}/roman-cal.yml.disabled"),
    ]);
    release.repository.write(&format!("{CAL}/roman-cal.explicit"), "@EXPLICIT\n");
    release.repository.write(&format!("{CAL}/roman-cal.pip"), "romancal==0.14.0\n");
    release.repository.write("deployments/roman/MISSION_VERSION", "roman-13.0.0\n");
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    std::fs::remove_file(release.repository.at("deployments/roman/env-frozen/docker-stacks.hash")).unwrap();
}

fn committed(release: &Release) -> Vec<String> {
    let text = release.repository.run_git(&["show", "--no-renames", "--name-status", "--format=", "HEAD"]);
    text.lines().map(|line| line.replace('\t', " ")).collect()
}

/// D12d: `git commit -a` missed the untracked `.explicit`, and the commit had no conda spec at all.
#[test]
fn d12d_the_commit_has_all_of_the_release_and_nothing_else() {
    let release = Release::ready();
    after_an_update(&release);
    release.repository.write("notes.txt", "untracked\n");
    release.repository.write("deployments/tike/MISSION_VERSION", "tike-1\n");
    release.repository.write("staged.txt", "staged\n");
    release.repository.run_git(&["add", "staged.txt"]);
    let outcome = release.run(&["save"]).outcome("save");
    assert_eq!(outcome["commit"], json!(release.head()));
    assert_eq!((&outcome["branch"], &outcome["planned"]), (&json!("main"), &json!(false)));
    assert_eq!(
        committed(&release),
        [
            "M deployments/common/VERSION".to_owned(),
            "M deployments/roman/MISSION_VERSION".to_owned(),
            "D deployments/roman/env-frozen/docker-stacks.hash".to_owned(),
            format!("A {CAL}/roman-cal.explicit"),
            format!("M {CAL}/roman-cal.pip"),
            format!("D {CAL}/roman-cal.yml"),
            format!("A {CAL}/roman-cal.yml.disabled"),
        ]
    );
    assert_eq!(
        release.repository.run_git(&["log", "-1", "--format=%s"]),
        "Release roman-13.0.0, infrastructure 1.4.0"
    );
    let left = release.repository.status();
    assert_eq!(left, " M deployments/tike/MISSION_VERSION\nA  staged.txt\n?? notes.txt");
}

#[test]
fn again_there_is_nothing_to_commit_and_that_is_fine() {
    let release = Release::ready();
    let head = release.head();
    let outcome = release.run(&["save", "--execute"]).outcome("save");
    assert_eq!((&outcome["commit"], &outcome["paths"]), (&json!(null), &json!([])));
    assert_eq!(release.head(), head);
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let release = Release::ready();
    after_an_update(&release);
    let (before, head) = (release.repository.status(), release.head());
    let outcome = release.run(&["save", "--dry-run", "-m", "mine"]).outcome("save");
    assert_eq!((&outcome["planned"], &outcome["message"]), (&json!(true), &json!("mine")));
    assert_eq!(outcome["paths"].as_array().unwrap().len(), 7);
    assert_eq!((release.repository.status(), release.head()), (before, head));
}

#[test]
fn other_changes_in_common_are_asked_about() {
    let release = Release::ready();
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    release.repository.write("deployments/common/common-env/new.pip", "x\n");
    let ran = release.run(&["save"]);
    ran.refused(1, "deployments/common/common-env/new.pip");
    assert!(ran.said().contains("release-tag save --include-common"));
    release.run(&["save", "--include-common"]).outcome("save");
    assert_eq!(
        committed(&release),
        ["M deployments/common/VERSION", "A deployments/common/common-env/new.pip"]
    );
}

#[test]
fn a_spec_that_git_ignores_is_refused_with_the_rule() {
    let release = Release::ready();
    release.repository.write(".gitignore", "setup-env\nsetup-env.json\n.image/\n*.explicit\n*.log\n");
    release.repository.write(&format!("{CAL}/roman-cal.explicit"), "@EXPLICIT\n");
    release.repository.write("deployments/roman/build.log", "noise\n");
    let ran = release.run(&["save"]);
    ran.refused(1, "roman-cal.explicit (.gitignore:4: *.explicit)");
    assert!(!ran.said().contains("build.log"), "{}", ran.said());
}

#[test]
fn the_users_hooks_run_and_a_refusal_leaves_everything_as_it_was() {
    let release = Release::ready();
    after_an_update(&release);
    hook(&release.repository.at(".git/hooks"), "pre-commit", "echo specs must be sorted >&2; exit 3");
    let (before, head) = (release.repository.status(), release.head());
    release.run(&["save"]).refused(1, "specs must be sorted");
    assert_eq!((release.repository.status(), release.head()), (before, head));
}

#[test]
fn a_hook_that_rewrites_files_is_told() {
    let release = Release::ready();
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    hook(&release.repository.at(".git/hooks"), "post-commit", "echo 9 > deployments/common/VERSION");
    let ran = release.run(&["save"]);
    ran.outcome("save");
    assert!(ran.said().contains("still not as in the commit"), "{}", ran.said());
}

/// D60: the script went on after a failed checkout, on top of whatever was there.
#[test]
fn d60_a_merge_is_ended_first() {
    let release = Release::ready();
    std::fs::write(release.repository.at(".git/MERGE_HEAD"), release.head() + "\n").unwrap();
    release.run(&["save"]).refused(1, "a merge is underway");
}

#[test]
fn a_detached_head_is_warned_of() {
    let release = Release::ready();
    release.repository.run_git(&["checkout", "-q", "--detach"]);
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    let ran = release.run(&["save"]);
    assert_eq!(ran.outcome("save")["branch"], json!(null));
    assert!(ran.said().contains("HEAD is detached"));
    assert!(ran.report()["notices"].to_string().contains("detached"));
}

/// D61: with nothing configured, it changed whatever repository it found itself in.
#[test]
fn d61_another_repository_is_never_touched() {
    let release = Release::ready();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().to_str().unwrap();
    release.repository.run_git(&["init", "-q", path]);
    let mut command = release.command(&["save"]);
    let ran = support::Ran(command.current_dir(elsewhere.path()).output().unwrap());
    ran.refused(78, "not in a deployments repository");
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    let git_dir = elsewhere.path().join(".git");
    let mut command = release.command(&["save"]);
    support::Ran(command.env("GIT_DIR", &git_dir).output().unwrap()).outcome("save");
    assert_eq!(committed(&release), ["M deployments/common/VERSION"]);
}

#[test]
fn without_a_name_git_is_not_left_guessing() {
    let release = Release::ready();
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    let mut command = release.command(&["save"]);
    command.env_clear().env("PATH", release.engine.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "user.useConfigOnly")
        .env("GIT_CONFIG_VALUE_0", "true");
    let ran = support::Ran(command.output().unwrap());
    ran.refused(1, "the commit was not made");
    assert!(ran.said().contains("hint: git config user.name NAME"), "{}", ran.said());
}

/// The version was tagged with the record of one run of the tests; another run said something else.
#[test]
fn a_version_that_was_tagged_gets_no_other_record() {
    for tag in ["roman-12.0.0", "roman-12.0.0-c-1.3.0"] {
        let release = Release::ready();
        let message = format!("Release\n\nRelease-Record: {}", release.record());
        release.repository.run_git(&["tag", "-a", "-m", &message, tag]);
        release.run(&["save"]).outcome("save");
        let (head, record) = (release.head(), release.record());
        release.tested_otherwise();
        for args in [&["save"][..], &["save", "--dry-run"]] {
            let ran = release.run(args);
            ran.refused(1, &format!("{tag} tells of the record {record}"));
            assert!(ran.said().contains("release-tag versions --mission"), "{}", ran.said());
        }
        assert_eq!(
            (release.head(), release.record(), release.repository.status()),
            (head, record, String::new())
        );
        release.repository.write("deployments/roman/MISSION_VERSION", "roman-12.0.1\n");
        release.build();
        release.run(&["save"]).outcome("save");
    }
}

/// The infrastructure's version is one of several missions: its tag tells of the record of one.
#[test]
fn a_tag_of_the_infrastructure_stands_for_no_mission() {
    let release = Release::ready();
    let message = format!("Release\n\nRelease-Record: {}", release.record());
    release.repository.run_git(&["tag", "-a", "-m", &message, "1.3.0"]);
    release.tested_otherwise();
    release.run(&["save"]).outcome("save");
}

#[test]
fn a_change_of_a_version_that_was_tagged_is_saved_and_said() {
    let release = Release::ready();
    release.repository.run_git(&["tag", "roman-12.0.0"]);
    release.repository.write(&format!("{CAL}/new.pip"), "x\n");
    let ran = release.run(&["save"]);
    ran.outcome("save");
    assert!(ran.said().contains("roman-12.0.0 was released already"), "{}", ran.said());
}

/// A hash that is found to be stale at the release costs another build.
#[test]
fn a_hash_that_was_not_written_again_is_told_before_the_frozen_build() {
    let release = Release::ready();
    release.run(&["hashes"]).outcome("versions");
    let said = || {
        let ran = release.run(&["save"]);
        ran.outcome("save");
        ran.said()
    };
    assert!(!said().contains("was not written again"));
    after_an_update(&release);
    let told = said();
    assert!(told.contains("deployments/roman/MISSION_HASH says"), "{told}");
    assert!(told.contains("before the frozen build: release-tag hashes, and save again"), "{told}");
    release.run(&["hashes"]).outcome("versions");
    assert!(!said().contains("was not written again"));
}

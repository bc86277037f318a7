//! `release-tag tag` with a real remote.

#![allow(clippy::print_stderr, reason = "what is skipped is told")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::json;
use support::{Release, hook};

fn both(release: &Release) -> Vec<String> {
    let head = release.head();
    vec![format!("1.3.0 {head}"), format!("roman-12.0.0 {head}")]
}

#[test]
fn without_execute_the_plan_is_shown_and_nothing_is_done() {
    let release = Release::ready();
    let remote = release.remote();
    let before = release.refs();
    let outcome = release.run(&["tag"]).outcome("tag");
    assert_eq!(outcome["executed"], json!(false));
    let planned = json!({"name": "roman-12.0.0", "local": "planned", "remote": "planned"});
    assert_eq!(outcome["tags"][0], planned);
    assert_eq!((release.refs(), remote.tags(&release)), (before, vec![]));
}

/// D62: every local tag was published, of whatever the files said.
#[test]
fn d62_exactly_the_two_tags_are_made_and_pushed() {
    let release = Release::ready();
    let remote = release.remote();
    release.repository.run_git(&["tag", "throw-away"]);
    let outcome = release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!(outcome["commit"], json!(release.head()));
    assert_eq!(remote.tags(&release), both(&release));
    let message =
        release.repository.run_git(&["tag", "-l", "--format=%(objecttype) %(contents)", "roman-12.0.0"]);
    assert!(
        message.starts_with("tag Release roman-12.0.0, infrastructure 1.3.0\n\nImage: sha256:"),
        "{message}"
    );
    assert!(message.contains(release.id.as_str()) && message.contains("\nEnv-Frozen: sha256:"), "{message}");
    let again = release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!(again["tags"][1], json!({"name": "1.3.0", "local": "present", "remote": "present"}));
}

#[test]
fn the_same_release_makes_the_same_tag_objects() {
    let objects = |env: &[(&str, &str)]| {
        let release = Release::ready();
        let mut command = release.command(&["tag", "--execute"]);
        let output = command.env_remove("GIT_COMMITTER_DATE").envs(env.iter().copied()).output().unwrap();
        support::Ran(output).outcome("tag");
        release.refs()
    };
    let epoch = [("SOURCE_DATE_EPOCH", "1722859200")];
    assert_eq!(objects(&epoch), objects(&epoch));
    assert_eq!(objects(&epoch), objects(&[("GIT_COMMITTER_DATE", "1722859200 +0000")]));
}

#[test]
fn one_tag_can_stand_for_both() {
    let release = Release::ready();
    let remote = release.remote();
    release.run(&["tag", "--combined", "--execute", "--remote", "origin"]).outcome("tag");
    assert_eq!(remote.tags(&release), [format!("roman-12.0.0-c-1.3.0 {}", release.head())]);
}

#[test]
fn without_a_remote_the_tags_stay_here_and_that_is_told() {
    let release = Release::ready();
    let ran = release.run(&["tag", "--execute"]);
    assert_eq!(ran.outcome("tag")["tags"][0], json!({"name": "roman-12.0.0", "local": "made"}));
    assert!(ran.said().contains("there is no remote"));
    assert!(release.refs().contains("refs/tags/1.3.0"));
}

#[test]
fn a_broken_rule_refuses_the_tag() {
    let release = Release::ready();
    let _remote = release.remote();
    release.test(common::report::Verdict::No);
    let before = release.refs();
    let ran = release.run(&["tag", "--execute"]);
    assert_eq!((ran.code(), ran.broken()), (1, vec!["RT050".to_owned()]));
    assert_eq!(release.refs(), before);
    release.run(&["tag", "--execute", "--no-check"]).outcome("tag");
    let message = release.repository.run_git(&["tag", "-l", "--format=%(contents)", "1.3.0"]);
    assert!(message.contains("Checked: no"), "{message}");
}

#[test]
fn a_taken_tag_is_refused_even_unchecked() {
    let release = Release::ready();
    let remote = release.remote();
    release.repository.run_git(&["tag", "1.3.0"]);
    release.repository.write("deployments/common/common-env/new.pip", "x\n");
    release.repository.commit("more");
    let ran = release.run(&["tag", "--execute", "--no-check"]);
    ran.refused(1, "1.3.0 is at");
    for way in ["release-tag versions --common VERSION", "--combined"] {
        assert!(ran.said().contains(way), "{}", ran.said());
    }
    assert_eq!(remote.tags(&release), [""; 0]);
    assert!(!release.refs().contains("roman-12.0.0"), "no half release");
    release.run(&["tag", "--execute", "--no-check", "--combined"]).outcome("tag");
}

/// RT003 let the infrastructure's version stay, and its tag then stood in the way of every later release.
#[test]
fn a_second_release_on_the_same_infrastructure_leaves_its_tag_as_it_is() {
    let release = Release::ready();
    let remote = release.remote();
    release.run(&["tag", "--execute"]).outcome("tag");
    let first = release.head();
    let object = release.repository.run_git(&["rev-parse", "refs/tags/1.3.0"]);
    release.repository.write("deployments/roman/MISSION_VERSION", "roman-12.0.1\n");
    release.repository.commit("next");
    release.settle();
    release.repository.run_git(&["push", "-q", "origin", "main"]);
    let ran = release.run(&["tag"]);
    let stands = json!({"name": "1.3.0", "local": "stands", "remote": "stands", "stands_at": first});
    assert_eq!(ran.outcome("tag")["tags"][1], stands);
    assert!(ran.said().contains("it is left as it is, and is not pushed"), "{}", ran.said());
    let outcome = release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!((&outcome["tags"][0]["remote"], &outcome["tags"][1]), (&json!("made"), &stands));
    let head = release.head();
    let there = [format!("1.3.0 {first}"), format!("roman-12.0.0 {first}"), format!("roman-12.0.1 {head}")];
    assert_eq!(remote.tags(&release), there);
    assert_eq!(release.repository.run_git(&["rev-parse", "refs/tags/1.3.0"]), object);
    // A clone without the tag needs none.
    release.repository.run_git(&["tag", "-d", "1.3.0"]);
    release.run(&["tag", "--execute"]).outcome("tag");
    assert!(!release.refs().contains("refs/tags/1.3.0"));
    assert!(!release.refs().contains("image-tools"), "no ref is left");
}

/// A lightweight tag was reported as present and pushed, and `verify` could never say yes to it.
#[test]
fn a_tag_that_does_not_tell_of_the_record_is_refused_even_unchecked() {
    let release = Release::ready();
    let remote = release.remote();
    let git = |args: &[&str]| release.repository.run_git(args);
    git(&["tag", "roman-12.0.0"]);
    let ran = release.run(&["tag", "--execute"]);
    assert_eq!((ran.code(), ran.broken()), (1, vec!["RT063".to_owned()]));
    assert!(ran.said().contains("git tag -d roman-12.0.0"), "{}", ran.said());
    let ran = release.run(&["tag", "--execute", "--no-check"]);
    ran.refused(1, "roman-12.0.0 in this clone tells of no record");
    assert!(ran.said().contains("git tag -d roman-12.0.0"), "{}", ran.said());
    assert_eq!(remote.tags(&release), [""; 0]);
    // As it says.
    git(&["tag", "-d", "roman-12.0.0"]);
    release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!(remote.tags(&release), both(&release));
}

#[test]
fn a_tag_of_another_word_on_the_remote_is_refused_before_anything_is_made() {
    let release = Release::ready();
    let _remote = release.remote();
    let git = |args: &[&str]| release.repository.run_git(args);
    git(&["tag", "-a", "-m", "theirs", "1.3.0"]);
    git(&["push", "-q", "origin", "1.3.0"]);
    git(&["tag", "-d", "1.3.0"]);
    release.run(&["tag", "--execute", "--no-check"]).refused(1, "1.3.0 in origin tells of no record");
    assert!(!release.refs().contains("refs/tags"), "{}", release.refs());
}

/// Tags went out for commits that nobody had merged, with a notice only.
#[test]
fn a_commit_that_is_on_no_branch_of_the_remote_is_not_published() {
    let release = Release::ready();
    let remote = release.remote();
    release.repository.commit("more");
    let ran = release.run(&["tag", "--execute"]);
    assert_eq!((ran.code(), ran.broken()), (1, vec!["RT064".to_owned()]));
    assert_eq!(remote.tags(&release), [""; 0]);
    let ran = release.run(&["tag", "--execute", "--allow-unpublished"]);
    ran.outcome("tag");
    assert!(ran.said().contains("the commit is on no branch of origin"), "{}", ran.said());
    assert_eq!(remote.tags(&release), both(&release));
}

#[test]
fn a_push_that_failed_is_ended_by_running_it_again() {
    let release = Release::ready();
    let remote = release.remote();
    remote.hook("update", "case $1 in refs/tags/1.3.0) echo frozen for the holidays >&2; exit 1;; esac");
    let ran = release.run(&["tag", "--execute"]);
    ran.refused(1, "frozen for the holidays");
    assert_eq!(remote.tags(&release), [""; 0], "all or none");
    remote.hook("update", "exit 0");
    release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!(remote.tags(&release), both(&release));
}

#[test]
fn a_run_that_was_killed_between_the_tags_is_ended_by_running_it_again() {
    let release = Release::ready();
    let remote = release.remote();
    remote.hook("update", "exit 1");
    release.run(&["tag", "--execute"]).refused(1, "the push to origin was refused");
    release.repository.run_git(&["tag", "-d", "1.3.0"]);
    remote.hook("update", "exit 0");
    release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!(remote.tags(&release), both(&release));
}

#[test]
fn a_tag_that_only_the_remote_has_is_taken_over_as_it_is() {
    let release = Release::ready();
    let remote = release.remote();
    release.run(&["tag", "--execute"]).outcome("tag");
    let before = release.refs();
    release.repository.run_git(&["tag", "-d", "1.3.0"]);
    release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!(release.refs(), before, "the very same object");
    assert_eq!(remote.tags(&release), both(&release));
}

#[test]
fn a_remote_that_takes_the_push_and_loses_a_tag_is_found_out() {
    let release = Release::ready();
    let remote = release.remote();
    remote.hook("post-receive", "git update-ref -d refs/tags/1.3.0");
    release.run(&["tag", "--execute"]).refused(76, "after the push, 1.3.0 is at nothing on origin");
}

#[test]
fn the_users_pre_push_hook_runs() {
    let release = Release::ready();
    let remote = release.remote();
    hook(&release.repository.at(".git/hooks"), "pre-push", "echo not from here >&2; exit 1");
    release.run(&["tag", "--execute"]).refused(1, "not from here");
    assert_eq!(remote.tags(&release), [""; 0]);
}

/// D62: the tag was made on whatever main said, before the release was merged.
#[test]
fn d62_what_the_commit_says_is_tagged_not_what_the_files_say() {
    let release = Release::ready();
    release.repository.write("deployments/roman/MISSION_VERSION", "roman-13.0.0\n");
    let outcome = release.run(&["tag", "--no-check"]).outcome("tag");
    assert_eq!(outcome["tags"][0]["name"], "roman-12.0.0");
}

#[test]
fn a_remote_that_does_not_answer_stops_the_tag_and_not_the_plan() {
    let release = Release::ready();
    let remote = release.remote();
    std::fs::remove_dir_all(remote.path()).unwrap();
    release.run(&["tag"]).outcome("tag");
    release.run(&["tag", "--execute"]).refused(69, "does not say which tags it has");
    assert!(!release.refs().contains("refs/tags"));
}

/// The tags carry the record's digest, so that nobody can exchange it.
#[test]
fn the_tags_tell_of_the_record() {
    let release = Release::ready();
    release.run(&["tag", "--execute"]).outcome("tag");
    let message = release.repository.run_git(&["tag", "-l", "--format=%(contents)", "1.3.0"]);
    assert!(message.contains(&format!("\nRelease-Record: {}", release.record())), "{message}");
}

#[test]
fn tags_are_signed_as_gits_own_settings_say() {
    let release = Release::ready();
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("key").display().to_string();
    let make =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &key]).status();
    if !make.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: no ssh-keygen on PATH to make a key");
    }
    let git = |args: &[&str]| release.repository.run_git(args);
    let path = std::env::join_paths([release.engine.path(), "/usr/bin".into()]).unwrap();
    let run = |args: &[&str]| support::Ran(release.command(args).env("PATH", &path).output().unwrap());
    // A tag that is there already is no signed one.
    release.run(&["tag", "--execute"]).outcome("tag");
    git(&["config", "gpg.format", "ssh"]);
    git(&["config", "user.signingKey", &key]);
    let sign = ["tag", "--execute", "--sign"];
    let ran = run(&sign);
    ran.refused(1, "roman-12.0.0 is there already, and nobody signed it");
    assert!(ran.said().contains("git tag -d roman-12.0.0"), "{}", ran.said());
    git(&["tag", "-d", "roman-12.0.0", "1.3.0"]);
    run(&sign).outcome("tag");
    let object = git(&["cat-file", "tag", "roman-12.0.0"]);
    assert!(object.contains("BEGIN SSH SIGNATURE"), "{object}");
    // The signature is no part of what the tag says, and the record is still found.
    assert_eq!(release.run(&["check", "--offline"]).broken(), [""; 0]);
    assert_eq!(run(&sign).outcome("tag")["tags"][0]["local"], "present");
    // Signed, and then said otherwise.
    let forged = object.replace("Env-Frozen: sha256:", "Env-Frozen: sha512:") + "\n";
    release.repository.write("forged", &forged);
    let forged = git(&["hash-object", "-t", "tag", "-w", "forged"]);
    std::fs::remove_file(release.repository.at("forged")).unwrap();
    git(&["update-ref", "refs/tags/roman-12.0.0", &forged]);
    run(&sign).refused(1, "its signature is not good");
}

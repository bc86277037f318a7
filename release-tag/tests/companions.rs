//! `changed`, `prepare`, `hashes` and `post-merge` with real repositories.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use common::digest::Digest;
use common::document::Document;
use serde_json::json;
use support::{Ran, Release};

const FOUR: [&str; 4] = [
    "deployments/common/HASH",
    "deployments/common/VERSION",
    "deployments/roman/MISSION_HASH",
    "deployments/roman/MISSION_VERSION",
];

/// The one word and the status.
fn changed(release: &Release, args: &[&str]) -> (String, i32) {
    changed_in(release, release.repository.root(), args)
}

fn changed_in(release: &Release, dir: &Path, args: &[&str]) -> (String, i32) {
    let ran = Ran(release.command(&[&["changed"], args].concat()).current_dir(dir).output().unwrap());
    (String::from_utf8_lossy(&ran.0.stdout).trim().to_owned(), ran.code())
}

fn answer(word: &str) -> (String, i32) {
    (word.to_owned(), i32::from(word == "unchanged"))
}

/// No word, and a status that is no answer.
fn fault(code: i32) -> (String, i32) {
    (String::new(), code)
}

/// A branch `work` with one commit more, in roman.
fn branched() -> Release {
    let release = Release::ready();
    release.repository.run_git(&["switch", "-q", "-c", "work"]);
    release.repository.write("deployments/roman/a b", "new\n");
    release.repository.commit("work");
    release
}

#[test]
fn only_the_named_paths_count() {
    let release = branched();
    let check = |args: &[&str], word: &str| assert_eq!(changed(&release, args), answer(word), "{args:?}");
    check(&["current", "main", "deployments/roman"], "changed");
    check(&["current", "main", "deployments/common"], "unchanged");
    check(&["current", "main", "deployments/common", "deployments/roman"], "changed");
    check(&["current", "main", "deployments/roman/a b"], "changed");
    check(&["main", "work", "deployments/roman"], "changed");
    check(&["work", "work", "deployments/roman"], "unchanged");
    check(&["current", "main"], "unchanged");
    let typo = release.run(&["changed", "current", "main", "deployments/common deployments/roman"]);
    assert_eq!(typo.code(), 1);
    assert!(typo.said().contains("warning: neither side has"), "{}", typo.said());
}

/// D36: a missing argument and an unknown branch read as "unchanged", an unknown baseline as "changed".
#[test]
fn d36_errors_are_no_answers() {
    let release = branched();
    let _remote = release.remote();
    assert_eq!(changed(&release, &[]), fault(2));
    assert_eq!(changed(&release, &["current"]), fault(2));
    assert_eq!(changed(&release, &["no-such", "main", "deployments"]), fault(69));
    assert_eq!(changed(&release, &["current", "origin/no-such", "deployments"]), fault(69));
    assert_eq!(changed(&release, &["current", "no-such/main", "deployments"]), fault(69));
    assert_eq!(changed(&release, &["current", "file:///no/such@main", "deployments"]), fault(69));
    assert_eq!(changed(&release, &["current", "git@host:org/repo", "deployments"]), fault(2));
}

/// D37: naming a branch left the clone switched to it; plain local branches and addresses failed.
#[test]
fn d37_a_named_branch_is_judged_where_it_is_and_an_address_needs_no_remote() {
    let release = branched();
    let remote = release.remote();
    let url = format!("file://{}@main", remote.path().display());
    let before = (release.refs(), release.repository.run_git(&["branch", "--show-current"]));
    for baseline in ["origin/main", "main", &url] {
        assert_eq!(changed(&release, &["work", baseline, "deployments"]), answer("changed"), "{baseline}");
        assert_eq!(changed(&release, &["main", baseline, "deployments"]), answer("unchanged"), "{baseline}");
    }
    assert_eq!((release.refs(), release.repository.run_git(&["branch", "--show-current"])), before);
    assert_eq!(release.repository.run_git(&["remote"]), "origin");
}

/// D37: in a linked worktree `.git` is a file.
#[test]
fn d37_a_linked_worktree_is_a_clone() {
    let release = branched();
    let dir = tempfile::tempdir().unwrap();
    let linked = dir.path().join("w");
    release.repository.run_git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap()]);
    let args = ["current", "main", "deployments/roman"];
    assert_eq!(changed_in(&release, &linked, &args), answer("changed"));
    assert_eq!(changed_in(&release, &linked.join("deployments"), &args), fault(3));
}

/// D54: configuring changed a tracked `setup-env`, and that read as unsaved work.
#[test]
fn d54_a_generated_setup_env_is_no_unsaved_work_and_an_edit_is() {
    let release = branched();
    let repository = &release.repository;
    repository.write("setup-env", "old\n");
    repository.run_git(&["add", "--force", "setup-env"]);
    repository.commit("track it");
    let args = ["current", "main", "deployments/roman"];
    repository.write("setup-env", "generated\n");
    assert_eq!(changed(&release, &args), fault(4), "nothing says that it was generated");
    let mut document = repository.configure(|_| ());
    document.setup_env = Some(Digest::of(b"generated\n"));
    std::fs::write(Document::path_in(repository.root()), document.to_json()).unwrap();
    assert_eq!(changed(&release, &args), answer("changed"));
    repository.write("untracked", "x");
    assert_eq!(changed(&release, &args), answer("changed"));
    repository.write("deployments/common/VERSION", "9.9.9\n");
    assert_eq!(changed(&release, &args), fault(4));
}

#[test]
fn the_merge_base_leaves_out_what_only_the_baseline_has() {
    let release = branched();
    release.repository.run_git(&["switch", "-q", "main"]);
    release.repository.write("deployments/tike/new", "theirs\n");
    release.repository.commit("theirs");
    let args = ["work", "main", "deployments/tike"];
    assert_eq!(changed(&release, &args), answer("changed"));
    assert_eq!(changed(&release, &[&args[..], &["--merge-base"]].concat()), answer("unchanged"));
}

#[test]
fn a_release_is_prepared_on_a_branch_of_its_own_and_not_pushed() {
    let release = Release::ready();
    let remote = release.remote();
    let main = release.head();
    let ran = release.run(&["prepare", "1.4.0", "13.0.0", "--yes"]);
    let outcome = ran.outcome("save");
    assert_eq!((&outcome["branch"], &outcome["paths"]), (&json!("update-versions"), &json!(FOUR)));
    assert!(ran.said().contains("-roman-12.0.0\n+roman-13.0.0"), "{}", ran.said());
    assert!(ran.said().contains("nothing was pushed"), "{}", ran.said());
    assert_eq!(release.repository.read(FOUR[0]).trim(), main);
    assert_eq!(release.repository.read(FOUR[1]), "1.4.0\n");
    let subject = release.repository.run_git(&["log", "-1", "--format=%s %P"]);
    assert_eq!(subject, format!("Updated versions to 1.4.0 and roman-13.0.0 {main}"));
    let heads = release.repository.run_git(&["ls-remote", "--heads", remote.path().to_str().unwrap()]);
    assert_eq!(heads, format!("{main}\trefs/heads/main"));
}

/// D60: the branch was deleted, whatever was on it; local edits led to a commit on anything.
#[test]
fn d60_nothing_is_lost_on_the_way_to_a_release() {
    let release = Release::ready();
    let _remote = release.remote();
    release.repository.run_git(&["switch", "-q", "-c", "update-versions"]);
    release.repository.commit("somebody's work");
    let before = release.refs();
    release.repository.write("deployments/roman/Dockerfile.custom", "edited\n");
    release.run(&["prepare", "1.4.0", "13.0.0", "--yes"]).refused(1, "not committed");
    assert_eq!(release.repository.read("deployments/roman/Dockerfile.custom"), "edited\n");
    release.repository.run_git(&["restore", "deployments"]);
    for (versions, code) in [(["1.4", "13.0.0"], 2), (["1.4.0", "13 0"], 2), (["1.4.0", "11.0.0"], 1)] {
        let ran = release.run(&["prepare", versions[0], versions[1], "--yes"]);
        assert_eq!(ran.code(), code, "{}", ran.said());
    }
    release.run(&["prepare", "1.4.0", "13.0.0"]).refused(2, "no terminal");
    assert_eq!(release.refs(), before, "up to here nothing was done");
    let outcome = release.run(&["prepare", "1.4.0", "13.0.0", "--yes"]).outcome("save");
    assert_eq!(outcome["branch"], "update-versions-2");
    assert!(release.refs().contains(&before.lines().next().unwrap().to_owned()));
}

/// `echo y | release 1.4.0 13.0.0` is a habit; a no leaves the clone as it was.
#[test]
fn an_answer_may_come_through_a_pipe() {
    let release = Release::ready();
    let _remote = release.remote();
    let before = release.refs();
    let answer = |word: &str| {
        let mut command = release.command(&["prepare", "1.4.0", "13.0.0"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(word.as_bytes()).unwrap();
        child.wait().unwrap().code()
    };
    assert_eq!((answer("n\n"), release.refs()), (Some(1), before));
    assert_eq!(answer("yes\n"), Some(0));
    assert_eq!(release.repository.read(FOUR[1]), "1.4.0\n");
}

/// D61: without configuration it worked in `$HOME`, on whatever repository is there.
#[test]
fn d61_without_configuration_nothing_is_done() {
    let release = Release::ready();
    let _remote = release.remote();
    std::fs::remove_file(Document::path_in(release.repository.root())).unwrap();
    let before = release.refs();
    for args in
        [&["prepare", "1.4.0", "13.0.0", "--yes"][..], &["hashes"], &["post-merge", "origin", "--execute"]]
    {
        let ran = release.run(args);
        assert_eq!(ran.code(), 78, "{}", ran.said());
    }
    assert_eq!((release.refs(), release.repository.status()), (before, String::new()));
}

#[test]
fn both_hash_files_name_the_commit_that_is_checked_out() {
    let release = Release::ready();
    let outcome = release.run(&["hashes"]).outcome("versions");
    assert_eq!(outcome["written"], json!([FOUR[0], FOUR[2]]));
    for file in [FOUR[0], FOUR[2]] {
        assert_eq!(release.repository.read(file), format!("{}\n", release.head()));
    }
}

/// D58: a failure was hidden by what came after it. One file that cannot be written leaves both alone.
#[test]
fn d58_hashes_are_written_both_or_neither() {
    let release = Release::ready();
    let mission = release.repository.at(FOUR[2]);
    std::fs::remove_file(&mission).unwrap();
    std::fs::create_dir(&mission).unwrap();
    let before = release.repository.read(FOUR[0]);
    let ran = release.run(&["hashes"]);
    assert!(ran.code() > 2 && ran.0.stdout.is_empty(), "{}", ran.said());
    assert_eq!(release.repository.read(FOUR[0]), before);
}

/// D62: before the merge, the previous version was tagged and pushed, with every other local tag.
#[test]
fn d62_main_is_tagged_only_after_the_merge_and_only_with_that_tag() {
    let release = Release::ready();
    let remote = release.remote();
    release.repository.run_git(&["tag", "throw-away"]);
    let main = release.head();
    release.run(&["post-merge", "origin"]).outcome("tag");
    assert_eq!(remote.tags(&release), [""; 0], "that was only the plan");
    release.run(&["post-merge", "origin", "--execute"]).outcome("tag");
    let first = format!("roman-12.0.0-c-1.3.0 {main}");
    assert_eq!(remote.tags(&release).join(" "), first);
    release.run(&["post-merge", "origin", "--execute"]).outcome("tag");
    release.run(&["prepare", "1.4.0", "13.0.0", "--yes"]).outcome("save");
    release.run(&["post-merge", "origin", "--execute"]).refused(1, "it is not merged yet");
    release.repository.run_git(&["push", "-q", "origin", "update-versions:main"]);
    let merged = release.head();
    release.run(&["post-merge", "origin", "--execute"]).outcome("tag");
    assert_eq!(remote.tags(&release), [first, format!("roman-13.0.0-c-1.4.0 {merged}")]);
}

/// The tag told of nothing, so that nobody could verify or deliver what it stands for.
#[test]
fn the_tag_of_a_merge_tells_of_the_record_and_a_foreign_one_is_not_pushed() {
    let release = Release::ready();
    let remote = release.remote();
    release.repository.run_git(&["tag", "roman-12.0.0-c-1.3.0"]);
    let ran = release.run(&["post-merge", "origin", "--execute"]);
    ran.refused(1, "roman-12.0.0-c-1.3.0 in this clone tells of no record");
    assert_eq!(remote.tags(&release), [""; 0]);
    release.repository.run_git(&["tag", "-d", "roman-12.0.0-c-1.3.0"]);
    release.run(&["post-merge", "origin", "--execute"]).outcome("tag");
    assert_eq!(release.run(&["check", "--combined"]).broken(), [""; 0]);
    release.run(&["deliver"]).outcome("deliver");
    let layout = format!("oci:{}", release.repository.at(".image/delivery/roman-12.0.0").display());
    let ran = release.run(&["verify", "roman-12.0.0-c-1.3.0", "--image", &layout]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
}

/// D62: an existing tag was an error message with status 0.
#[test]
fn d62_versions_that_were_released_already_are_refused() {
    let release = Release::ready();
    let remote = release.remote();
    for tag in ["roman-12.0.0", "1.3.0"] {
        release.repository.run_git(&["tag", tag]);
        release.repository.run_git(&["push", "-q", "origin", tag]);
    }
    release.repository.commit("more");
    release.repository.run_git(&["push", "-q", "origin", "main"]);
    let before = remote.tags(&release);
    release.run(&["post-merge", "origin", "--execute"]).refused(1, "roman-12.0.0 is already at");
    assert_eq!(remote.tags(&release), before);
    release.run(&["post-merge", "nowhere", "--execute"]).refused(69, "nowhere");
}

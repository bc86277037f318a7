//! `release-tag check` over a real repository: the facts behind the rules are found out rightly.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use common::report::Verdict;
use common::settings::UseFrozen;
use common::testing::FakeEngine;
use support::{NAME, Release};

const CAL: &str = "deployments/roman/environments/roman-cal";

/// What falls where nothing is left that the record can be compared with.
const COMPARED: [&str; 3] = ["RT071", "RT072", "RT073"];

/// The codes that are broken after `change`.
fn broken(change: impl FnOnce(&Release)) -> Vec<String> {
    let release = Release::ready();
    change(&release);
    release.run(&["check"]).broken()
}

fn trips(codes: &[&str], change: impl FnOnce(&Release)) {
    assert_eq!(broken(change), codes);
}

#[test]
fn nothing_stands_against_a_release_that_is_ready() {
    for engine in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let release = Release::on(engine);
        let _remote = release.remote();
        let ran = release.run(&["check", "--engine", "auto"]);
        assert_eq!((ran.code(), ran.broken()), (0, vec![]), "{}", ran.said());
        let rules = ran.report()["outcome"]["gate"]["rules"].as_array().unwrap().clone();
        assert!(rules.iter().all(|rule| rule["status"] == "passed"), "{rules:#?}");
        assert_eq!(ran.report()["image"]["id"], release.id.as_str());
    }
}

#[test]
fn each_change_of_the_tree_trips_its_rules() {
    trips(&[&["RT001", "RT010", "RT042"][..], &COMPARED, &["RT074"]].concat(), |r| {
        r.repository.write("deployments/common/VERSION", "1.3\n");
    });
    trips(&["RT002", "RT010", "RT042", "RT072"], |r| {
        r.repository.write("deployments/common/VERSION", "1.4.0\n");
    });
    trips(&["RT010", "RT042"], |r| r.repository.write(&format!("{CAL}/new.pip"), "x\n"));
    trips(&["RT010", "RT042"], |r| {
        fs::remove_file(r.repository.at(&format!("{CAL}/roman-cal.pip"))).unwrap();
    });
    trips(&["RT010", "RT042"], |r| {
        r.repository.run_git(&["rm", "-q", "deployments/common/HASH"]);
    });
    trips(&["RT011", "RT042"], |r| {
        fs::write(r.repository.at(".git/info/exclude"), "secret.txt\n*.log\n__pycache__/\n").unwrap();
        for litter in ["build.log", "__pycache__/a.pyc"] {
            r.repository.write(&format!("deployments/roman/{litter}"), "x");
        }
        r.repository.write("deployments/roman/secret.txt", "x");
    });
}

#[test]
fn what_is_elsewhere_or_no_input_does_not_matter() {
    trips(&[], |r| {
        r.repository.write("deployments/tike/MISSION_VERSION", "tike-1\n");
        r.repository.write("notes.txt", "x");
        fs::write(r.repository.at(".git/info/exclude"), "*.log\n").unwrap();
        r.repository.write("deployments/roman/build.log", "x");
    });
}

/// Writes `files`, commits them, builds, tests and compares again, and records that.
fn rebuilt(release: &Release, files: &[(&str, &str)]) {
    for (path, text) in files {
        release.repository.write(path, text);
    }
    release.repository.commit("change");
    release.settle();
}

#[test]
fn no_release_says_latest_and_its_kernel_tells_the_version() {
    let cal = format!("{CAL}/CAL_VERSION");
    trips(&["RT020", "RT021", "RT023"], |r| rebuilt(r, &[(&cal, "latest\n")]));
    trips(&["RT021", "RT023"], |r| rebuilt(r, &[(&cal, "0.14.0\n")]));
}

#[test]
fn an_environment_without_frozen_specs_is_found() {
    trips(&["RT030"], |r| rebuilt(r, &[("deployments/roman/environments/new/kernel.name", "New\n")]));
    trips(&["RT030"], |r| {
        rebuilt(r, &[("deployments/roman/env-frozen/roman-cal/requirements.txt", "x==\n")]);
    });
}

#[test]
fn d50_references_that_can_move_are_found_with_their_line() {
    let release = Release::ready();
    let specs = "asdf==3.0.1\npoppy @ git+https://github.com/x/poppy@develop\n\
        fixed @ git+https://github.com/x/y@0123456789abcdef0123456789abcdef01234567\n-e git+https://h/z#egg=z\n";
    rebuilt(&release, &[("deployments/roman/env-frozen/roman-cal/requirements.txt", specs)]);
    let ran = release.run(&["check"]);
    assert_eq!((ran.code(), ran.broken()), (1, vec!["RT031".to_owned()]));
    for line in
        ["requirements.txt:2: git+https://github.com/x/poppy@develop", "requirements.txt:4: git+https://h/z"]
    {
        assert!(ran.said().contains(line), "{}", ran.said());
    }
    assert!(!ran.said().contains("0123456789"));
}

/// The references that the frozen specs of August 2024 really have.
#[test]
fn d50_real_specs() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("IMAGE_TOOLS_DATA").map_or(beside, PathBuf::from).join("2024-08/deployments");
    if !data.is_dir() {
        return eprintln!(
            "skipped: no release data (set IMAGE_TOOLS_DATA to a directory with 2024-08/deployments)"
        );
    }
    let check = |of: &str, names: &[&str]| {
        let text = fs::read_to_string(data.join(of).join("requirements.txt")).unwrap();
        let release = Release::ready();
        rebuilt(&release, &[("deployments/roman/env-frozen/roman-cal/requirements.txt", &text)]);
        let ran = release.run(&["check"]);
        assert_eq!(ran.broken().len(), usize::from(!names.is_empty()), "{of}: {}", ran.said());
        assert_eq!(ran.said().matches("git+").count(), names.len(), "{of}: {}", ran.said());
        assert!(names.iter().all(|name| ran.said().contains(name)), "{of}: {}", ran.said());
    };
    check("jwebbinar/env-frozen/masterclass", &["poppy", "webbpsf", "stsci-announce"]);
    check("tike/env-frozen/tess", &["stsci-announce"]);
    check("roman/env-frozen/roman-cal", &[]);
}

#[test]
fn an_image_that_was_built_since_and_not_tested_is_refused() {
    trips(&[&["RT040", "RT043", "RT044", "RT050", "RT051"][..], &COMPARED].concat(), |r| {
        let id = common::digest::Digest::of(b"another");
        let image = common::report::ImageIdentity { name: NAME.to_owned(), id };
        r.store().set_last_built(&"roman".parse().unwrap(), &image).unwrap();
    });
}

#[test]
fn evidence_that_says_no_is_refused() {
    trips(&["RT041"], |r| {
        let mut built = r.built();
        built.use_frozen = UseFrozen::Floating;
        r.note_built(&built);
    });
    trips(&["RT050"], |r| r.test(Verdict::No));
    trips(&[&["RT050"][..], &COMPARED].concat(), |r| fs::write(evidence(r, "tested"), "{").unwrap());
    trips(&[&["RT051"][..], &COMPARED].concat(), |r| fs::remove_file(evidence(r, "compared")).unwrap());
    trips(&[&["RT040"][..], &COMPARED, &["RT074"]].concat(), |r| {
        fs::remove_file(evidence(r, "built")).unwrap();
    });
}

fn evidence(release: &Release, fact: &str) -> std::path::PathBuf {
    release.repository.at(&format!(".image/evidence/{}/{fact}.json", release.id.hex()))
}

#[test]
fn an_engine_that_lost_the_image_or_renamed_it_is_found_out() {
    // In this repository the image stands for its base too.
    trips(&["RT044", "RT045"], |r| {
        r.engine.image(NAME, &["another"]);
    });
    trips(&["RT043"], |r| r.engine.fail("inspect", 9));
    trips(&["RT043"], |r| fs::remove_file(r.engine.program()).unwrap());
}

#[test]
fn tags_at_another_commit_and_a_remote_that_is_ahead_are_found() {
    let release = Release::ready();
    let remote = release.remote();
    let git = |args: &[&str]| release.repository.run_git(args);
    git(&["tag", "roman-12.0.0", "HEAD"]);
    assert_eq!(release.run(&["check"]).broken(), ["RT063"], "a tag at this commit must tell of the record");
    git(&["push", "-q", "origin", "roman-12.0.0"]);
    release.repository.commit("more");
    assert_eq!(release.run(&["check"]).broken(), ["RT060", "RT061", "RT064"]);
    assert_eq!(release.run(&["check", "--allow-unpublished"]).broken(), ["RT060", "RT061"]);
    git(&["tag", "-d", "roman-12.0.0"]);
    git(&["push", "-q", "origin", "main", ":refs/tags/roman-12.0.0"]);
    git(&["reset", "-q", "--hard", "HEAD~1"]);
    let ran = release.run(&["check"]);
    assert_eq!(ran.broken(), ["RT062"]);
    assert!(ran.said().contains("origin/main is at"), "{}", ran.said());
    assert_eq!(release.run(&["check", "--offline"]).broken(), [""; 0]);
    fs::remove_dir_all(remote.path()).unwrap();
    // A remote that cannot be asked is no yes; who wants to go on says so.
    let ran = release.run(&["check"]);
    assert_eq!(ran.code(), 1);
    assert_eq!(ran.broken(), ["RT061", "RT062", "RT064"]);
    assert!(ran.said().contains("origin does not answer"), "{}", ran.said());
    let ran = release.run(&["check", "--offline"]);
    assert_eq!(ran.code(), 0);
    assert!(ran.said().contains("the remote origin was not asked"), "{}", ran.said());
}

/// Whatever was checked out passed for the branch that releases are made of.
#[test]
fn another_branch_than_the_remotes_own_must_be_named() {
    let release = Release::ready();
    let _remote = release.remote();
    let git = |args: &[&str]| release.repository.run_git(args);
    git(&["switch", "-q", "-c", "maintenance"]);
    git(&["push", "-q", "-u", "origin", "maintenance"]);
    let ran = release.run(&["check"]);
    assert_eq!(ran.broken(), ["RT012"]);
    assert!(ran.said().contains("if it is meant: --branch maintenance"), "{}", ran.said());
    let named = ["check", "--branch", "maintenance"];
    assert_eq!(release.run(&named).broken(), [""; 0]);
    // A higher release of the main line is none of its history.
    git(&["commit", "-q", "--allow-empty", "-m", "later"]);
    git(&["tag", "roman-13.0.0"]);
    git(&["push", "-q", "origin", "roman-13.0.0"]);
    git(&["reset", "-q", "--hard", "HEAD~1"]);
    assert_eq!(release.run(&named).broken(), [""; 0]);
    git(&["switch", "-q", "main"]);
    assert_eq!(release.run(&["check"]).broken(), ["RT003"]);
    // Without an answer, what was cloned is remembered.
    git(&["remote", "set-head", "origin", "main"]);
    git(&["switch", "-q", "maintenance"]);
    assert_eq!(release.run(&["check", "--offline"]).broken(), ["RT012"]);
}

/// With its own name asked for, a branch that follows another was compared with nothing.
#[test]
fn a_branch_is_compared_with_what_it_follows_also_on_another_remote() {
    let release = Release::ready();
    let _remote = release.remote();
    let git = |args: &[&str]| release.repository.run_git(args);
    let fork = tempfile::tempdir().unwrap();
    git(&["init", "-q", "--bare", "-b", "main", fork.path().to_str().unwrap()]);
    git(&["remote", "add", "fork", &format!("file://{}", fork.path().display())]);
    git(&["push", "-q", "fork", "main"]);
    git(&["config", "remote.pushDefault", "fork"]);
    assert_eq!(release.run(&["check"]).broken(), [""; 0]);
    git(&["commit", "-q", "--allow-empty", "-m", "theirs"]);
    git(&["push", "-q", "origin", "main"]);
    git(&["reset", "-q", "--hard", "HEAD~1"]);
    let ran = release.run(&["check"]);
    assert_eq!(ran.broken(), ["RT062"]);
    assert!(ran.said().contains("origin/main is at"), "{}", ran.said());
    assert_eq!(release.run(&["check", "--remote", "fork"]).broken(), [""; 0], "who names one means it");
}

/// CI checks out a commit without its history.
#[test]
fn a_shallow_clone_says_what_it_cannot_tell() {
    let release = Release::ready();
    let _remote = release.remote();
    release.run(&["hashes"]).outcome("versions");
    release.repository.commit("hashes");
    release.settle();
    release.repository.run_git(&["push", "-q", "origin", "main"]);
    assert_eq!(release.run(&["check"]).broken(), [""; 0]);
    fs::write(release.repository.at(".git/shallow"), release.head() + "\n").unwrap();
    let ran = release.run(&["check"]);
    assert_eq!(ran.broken(), ["RT003", "RT022"]);
    assert_eq!(ran.said().matches("git fetch --unshallow --tags").count(), 3, "{}", ran.said());
    assert!(!ran.said().contains("not in this history"), "{}", ran.said());
}

#[test]
fn what_a_detached_head_is_compared_with_is_told() {
    let release = Release::ready();
    let _remote = release.remote();
    release.repository.run_git(&["checkout", "-q", "--detach"]);
    let ran = release.run(&["check"]);
    assert_eq!(ran.broken(), [""; 0]);
    assert!(ran.said().contains("HEAD is detached: it is compared with origin/main"), "{}", ran.said());
}

#[test]
fn a_rule_is_explained_without_a_repository() {
    let release = Release::ready();
    let nowhere = tempfile::tempdir().unwrap();
    let explain = |code: &str| {
        let output =
            release.command(&["check", "--explain", code]).current_dir(nowhere.path()).output().unwrap();
        support::Ran(output)
    };
    let ran = explain("RT031");
    assert_eq!(ran.code(), 0);
    assert!(String::from_utf8_lossy(&ran.0.stdout).starts_with("RT031: every VCS requirement"));
    explain("RT999").refused(2, "there is no rule \"RT999\"");
}

/// The commit holds another file than was built, git says that nothing changed, and which one and why is told.
#[test]
fn a_file_that_a_checkout_has_otherwise_is_named_with_its_attributes() {
    let release = Release::ready();
    release.repository.write(".gitattributes", "*.pip text=auto\n");
    release.repository.write(&format!("{CAL}/roman-cal.pip"), "romancal\r\n");
    release.repository.commit("line endings");
    release.settle();
    assert_eq!(release.repository.status(), "");
    let ran = release.run(&["check"]);
    let file = format!("{CAL}/roman-cal.pip (attributes: text=auto)");
    assert_eq!((ran.code(), ran.broken()), (1, vec!["RT042".to_owned()]), "{}", ran.said());
    assert!(ran.said().contains(&format!("a checkout of the commit has another {file}")), "{}", ran.said());
    let explained = release.run(&["check", "--explain", "RT042"]);
    let explained = String::from_utf8_lossy(&explained.0.stdout).into_owned();
    for word in ["git check-attr --all FILE", "git add --renormalize FILE", "export-ignore"] {
        assert!(explained.contains(word), "{explained}");
    }
    // As it says: take what a checkout has, and build and test that.
    fs::remove_file(release.repository.at(&format!("{CAL}/roman-cal.pip"))).unwrap();
    release.repository.run_git(&["checkout", "--", &format!("{CAL}/roman-cal.pip")]);
    release.settle();
    assert_eq!(release.run(&["check"]).broken(), [""; 0]);
}

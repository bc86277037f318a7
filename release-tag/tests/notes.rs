//! `release-tag notes` and `release-tag propose`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;

use serde_json::json;
use support::{Ran, Release, hook};

const PIP: &str = "deployments/roman/env-frozen/roman-cal/requirements.txt";

/// A release that was tagged, and the next one in the work tree.
fn next() -> Release {
    let release = Release::ready();
    release.run(&["tag", "--execute"]).outcome("tag");
    let lock = release.repository.read(PIP);
    let lock = lock.replace("asdf==3.0.1", "asdf==3.0.10").replace("gwcs==0.21.0", "gwcs==0.9.0");
    release.repository.write(PIP, &(lock.replace("numpy==1.26.4\n", "") + "scipy==1.12.0\n"));
    release.repository.write("deployments/roman/MISSION_VERSION", "roman-13.0.0\n");
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    release
}

fn text(ran: &Ran) -> String {
    assert_eq!(ran.code(), 0, "{}", ran.said());
    String::from_utf8_lossy(&ran.0.stdout).into_owned()
}

#[test]
fn notes_tell_every_package_that_is_not_what_it_was() {
    let release = next();
    let notes = text(&release.run(&["notes"]));
    assert!(notes.starts_with("# roman-13.0.0\n\nChanges since roman-12.0.0.\n"), "{notes}");
    for line in [
        "| asdf (pip) | up | 3.0.1 | 3.0.10 |",
        "| gwcs (pip) | down | 0.21.0 | 0.9.0 |",
        "| numpy (pip) | removed | 1.26.4 |  |",
        "| scipy (pip) | added |  | 1.12.0 |",
    ] {
        assert!(notes.contains(line), "{notes}");
    }
    assert!(!notes.contains("romancal"), "{notes}");
    assert_eq!(text(&release.run(&["notes"])), notes, "the same each time");
}

#[test]
fn the_document_holds_the_same_notes() {
    let release = next();
    let outcome = release.run(&["notes", "--json"]).outcome("notes");
    assert_eq!((&outcome["from"], &outcome["to"]), (&json!("roman-12.0.0"), &json!("the work tree")));
    let up = json!({"kind": "pip", "name": "asdf", "change": "up", "before": "3.0.1", "after": "3.0.10"});
    assert_eq!(outcome["packages"]["roman-cal"][0], up);
}

#[test]
fn two_tags_are_compared_and_nothing_between_them_is_told_as_nothing() {
    let release = Release::ready();
    release.run(&["tag", "--execute"]).outcome("tag");
    let notes = text(&release.run(&["notes", "--from", "roman-12.0.0", "--to", "1.3.0"]));
    assert!(notes.contains("No package changed."), "{notes}");
    release.run(&["notes", "--from", "roman-1.0.0"]).refused(2, "there is no tag roman-1.0.0");
    let first = text(&release.run(&["notes", "--to", "roman-12.0.0"]));
    assert!(first.contains("The first release.") && first.contains("| numpy (pip) | added |"), "{first}");
}

#[test]
fn without_execute_a_proposal_is_only_shown() {
    let release = next();
    let remote = release.remote();
    let (refs, status) = (release.refs(), release.repository.status());
    let outcome = release.run(&["propose"]).outcome("propose");
    assert_eq!((&outcome["executed"], &outcome["branch"]), (&json!(false), &json!("release-roman-13.0.0")));
    assert_eq!((release.refs(), release.repository.status()), (refs, status));
    assert!(branches(&release, &remote) == ["main"]);
    // All that would leave the machine is told.
    let paths = ["deployments/common/VERSION", "deployments/roman/MISSION_VERSION", PIP];
    assert_eq!(outcome["paths"], json!(paths));
    assert_eq!(outcome["title"], "Release roman-13.0.0, infrastructure 1.4.0");
    let notes = outcome["notes"].as_str().unwrap();
    assert!(notes.contains("| asdf (pip) | up | 3.0.1 | 3.0.10 |"), "{notes}");
}

/// What `save` would refuse was pushed as a plan that could not be carried out.
#[test]
fn a_plan_that_cannot_be_carried_out_is_none() {
    let release = next();
    let _remote = release.remote();
    release.repository.write("deployments/common/common-env/new.pip", "x\n");
    release.run(&["propose"]).refused(1, "more than the versions changed in deployments/common");
    release.repository.run_git(&["clean", "-q", "-f", "deployments/common"]);
    release.run(&["propose", "--branch", "main"]).refused(2, "so it cannot be what is pushed");
}

/// The base was called main, whatever the remote's branch is called.
#[test]
fn a_release_is_proposed_to_the_branch_that_the_remote_calls_its_head() {
    let release = next();
    let remote = release.remote();
    let git = |args: &[&str]| release.repository.run_git(args);
    git(&["push", "-q", "origin", "main:refs/heads/develop"]);
    let bare = remote.path().display().to_string();
    git(&["--git-dir", &bare, "symbolic-ref", "HEAD", "refs/heads/develop"]);
    let proposed = |args: &[&str]| {
        let outcome = release.run(&[&["propose"], args].concat()).outcome("propose");
        ["base", "into", "remote"].map(|key| outcome[key].as_str().unwrap().to_owned())
    };
    assert_eq!(proposed(&[]), ["develop", "origin", "origin"]);
    assert_eq!(proposed(&["--base", "main"]), ["main", "origin", "origin"]);
    let project = release.remote_called("upstream");
    assert_eq!(proposed(&[]), ["main", "upstream", "origin"]);
    assert_eq!(proposed(&["--into", "origin"]), ["develop", "origin", "origin"]);
    drop(project);
    assert_eq!(proposed(&[])[0], "main", "a plan needs no answer");
    release.run(&["propose", "--execute"]).refused(69, "the remote upstream did not answer");
    assert_eq!(branches(&release, &remote), ["develop", "main"]);
}

fn branches(release: &Release, remote: &support::Remote) -> Vec<String> {
    let path = remote.path();
    let format = "--format=%(refname:short)";
    let names =
        release.repository.run_git(&["-C", path.to_str().unwrap(), "for-each-ref", format, "refs/heads"]);
    names.lines().map(str::to_owned).collect()
}

#[test]
fn a_proposal_is_a_branch_with_the_release_pushed_alone_and_again_it_is_the_same() {
    let release = next();
    let remote = release.remote();
    release.repository.run_git(&["branch", "secret"]);
    let first = release.run(&["propose", "--execute"]).outcome("propose");
    assert_eq!(first["commit"], json!(release.head()));
    assert_eq!(release.repository.status(), "");
    assert_eq!(branches(&release, &remote), ["main", "release-roman-13.0.0"]);
    let main = release.repository.run_git(&["rev-parse", "main"]);
    assert_ne!(main, release.head(), "main stays what it was");
    let mut again = release.run(&["propose", "--execute"]).outcome("propose");
    assert_eq!(again["paths"], json!([]), "all is committed");
    again["paths"] = first["paths"].clone();
    assert_eq!(again, first);
}

/// Remotes that seem to be on hosts, while all is pushed to bare repositories here.
fn hosted(release: &Release, remote: &support::Remote, name: &str, url: &str) {
    let file = format!("file://{}", remote.path().display());
    release.repository.run_git(&["config", "--add", &format!("url.{file}.pushInsteadOf"), url]);
    release.repository.run_git(&["remote", "set-url", name, url]);
}

/// A `gh` that notes what it is asked, and says what `cases` of its second word say.
fn with_gh(release: &mut Release, bin: &std::path::Path, cases: &str) {
    let script = format!("echo \"$*\" >>'{}/asked'\ncase \"$1 $2\" in\n{cases}\nesac", bin.display());
    hook(bin, "gh", &script);
    let path = std::env::join_paths([bin.as_os_str().to_owned(), release.engine.path()]).unwrap();
    release.env.push(("PATH".to_owned(), path));
}

const PROPOSE: [&str; 4] = ["propose", "--execute", "--base", "main"];

/// A host is only asked for a page, and `gh` only about its own.
#[test]
fn the_page_for_the_request_is_told_and_gh_makes_it_where_it_can() {
    let mut release = next();
    let remote = release.remote();
    hosted(&release, &remote, "origin", "https://github.com/o/r.git");
    let page = "https://github.com/o/r/compare/main...release-roman-13.0.0?expand=1";
    assert_eq!(release.run(&PROPOSE).outcome("propose")["url"], page);
    let bin = tempfile::tempdir().unwrap();
    let body = bin.path().join("body");
    let make = format!("'pr create') cat >'{}'; echo https://github.com/o/r/pull/7;;", body.display());
    with_gh(&mut release, bin.path(), &make);
    let outcome = release.run(&PROPOSE).outcome("propose");
    assert_eq!(outcome["url"], "https://github.com/o/r/pull/7");
    let asked = fs::read_to_string(bin.path().join("asked")).unwrap();
    assert!(asked.contains("--repo github.com/o/r") && !asked.contains("auth status"), "{asked}");
    let body = fs::read_to_string(body).unwrap();
    assert!(body.contains("| asdf (pip) | up | 3.0.1 | 3.0.10 |"), "{body}");
}

/// The text stayed what it was when the request was made, whatever had been released since.
#[test]
fn a_request_that_is_there_is_brought_up_to_date() {
    let mut release = next();
    let remote = release.remote();
    hosted(&release, &remote, "origin", "https://github.com/o/r.git");
    let bin = tempfile::tempdir().unwrap();
    let body = bin.path().join("body");
    let theirs = r#"{"url": "https://x/1", "headRepositoryOwner": {"login": "them"}}"#;
    let ours = r#"{"url": "https://github.com/o/r/pull/7", "headRepositoryOwner": {"login": "O"}}"#;
    let cases = format!("'pr list') echo '[{theirs}, {ours}]';;\n'pr edit') cat >'{}';;", body.display());
    with_gh(&mut release, bin.path(), &cases);
    let outcome = release.run(&PROPOSE).outcome("propose");
    assert_eq!(outcome["url"], "https://github.com/o/r/pull/7");
    assert_eq!(fs::read_to_string(body).unwrap(), outcome["notes"].as_str().unwrap());
    let asked = fs::read_to_string(bin.path().join("asked")).unwrap();
    assert!(
        asked.contains("pr edit https://github.com/o/r/pull/7 --repo github.com/o/r --base main"),
        "{asked}"
    );
    assert!(!asked.contains("pr create"), "{asked}");
}

/// `gh` was told the fork, and made the request inside it.
#[test]
fn a_fork_proposes_to_what_it_was_forked_from() {
    let mut release = next();
    let (fork, project) = (release.remote(), release.remote_called("upstream"));
    hosted(&release, &fork, "origin", "git@github.com:me/r.git");
    hosted(&release, &project, "upstream", "https://github.com/team/r");
    let bin = tempfile::tempdir().unwrap();
    with_gh(&mut release, bin.path(), "'pr create') echo https://github.com/team/r/pull/8;;");
    let plan = release.run(&["propose", "--base", "main"]).outcome("propose");
    let page = "https://github.com/team/r/compare/main...me:release-roman-13.0.0?expand=1";
    assert_eq!(plan["url"], page);
    let outcome = release.run(&PROPOSE).outcome("propose");
    assert_eq!(outcome["url"], "https://github.com/team/r/pull/8");
    let asked = fs::read_to_string(bin.path().join("asked")).unwrap();
    assert!(asked.contains("pr create --head me:release-roman-13.0.0 --repo github.com/team/r"), "{asked}");
    assert_eq!(branches(&release, &fork), ["main", "release-roman-13.0.0"]);
    assert_eq!(branches(&release, &project), ["main"]);
}

/// An Enterprise's host may be called anything.
#[test]
fn gh_is_asked_whether_it_knows_a_host_whose_name_says_nothing() {
    let mut release = next();
    let remote = release.remote();
    hosted(&release, &remote, "origin", "https://git.example.org/o/r.git");
    let page = "https://git.example.org/o/r/compare/main...release-roman-13.0.0";
    let bin = tempfile::tempdir().unwrap();
    with_gh(&mut release, bin.path(), "'auth status') exit 1;;\n'pr create') echo https://no/1;;");
    assert_eq!(release.run(&PROPOSE).outcome("propose")["url"], page);
    let asked = fs::read_to_string(bin.path().join("asked")).unwrap();
    assert_eq!(asked, "auth status --hostname git.example.org\n");
    hook(bin.path(), "gh", "case \"$1 $2\" in 'pr create') echo https://git.example.org/o/r/pull/9;; esac");
    assert_eq!(release.run(&PROPOSE).outcome("propose")["url"], "https://git.example.org/o/r/pull/9");
}

#[test]
fn a_branch_that_is_elsewhere_is_left_alone() {
    let release = next();
    let _remote = release.remote();
    release.repository.run_git(&["branch", "release-roman-13.0.0", "HEAD~1"]);
    let before = release.refs();
    release.run(&["propose", "--execute"]).refused(1, "the branch release-roman-13.0.0 is at");
    assert_eq!(release.refs(), before);
}

/// A bill of materials with these packages of Debian's, as `image-freeze check` writes it.
fn bill(packages: &[(&str, &str)]) -> String {
    let package = |(name, version): &(&str, &str)| {
        let purl = format!("pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12");
        json!({"name": name, "versionInfo": version,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]})
    };
    json!({"packages": packages.iter().map(package).collect::<Vec<_>>()}).to_string()
}

/// Two releases with records, one after the other; the image of the second is another one.
fn two() -> Release {
    let mut release = Release::ready();
    release.bill = Some(bill(&[("zlib1g", "1:1.2.13"), ("git", "1:2.39.2-1.1"), ("perl-base", "5.36.0-7")]));
    release.compare();
    release.run(&["save"]).outcome("save");
    release.run(&["tag", "--execute"]).outcome("tag");
    release.repository.write("deployments/roman/MISSION_VERSION", "roman-13.0.0\n");
    release.repository.write("deployments/common/VERSION", "1.4.0\n");
    release.repository.commit("versions");
    release.id = release.engine.image(support::NAME, &["USE_FROZEN=1", "NEWER=1"]);
    release.bill = Some(bill(&[("zlib1g", "1:1.2.13~rc1"), ("git", "1:2.39.10-1"), ("curl", "7.88.1-10")]));
    release.settle();
    release.tested_otherwise();
    release.run(&["save"]).outcome("save");
    release
}

#[test]
fn notes_tell_debians_packages_and_tests_from_what_the_records_name() {
    let release = two();
    let notes = text(&release.run(&["notes"]));
    for line in [
        "## apt",
        "| curl (debian) | added |  | 7.88.1-10 |",
        "| git (debian) | up | 1:2.39.2-1.1 | 1:2.39.10-1 |",
        "| perl-base (debian) | removed | 5.36.0-7 |  |",
        "| zlib1g (debian) | down | 1:1.2.13 | 1:1.2.13~rc1 |",
        "## Tests",
        "* roman-cal: import numpy: passed → absent",
        "* roman-cal: import scipy: absent → passed",
    ] {
        assert!(notes.contains(line), "{line}: {notes}");
    }
    assert!(!notes.contains("Not told"), "{notes}");
    assert_eq!(text(&release.run(&["notes"])), notes, "the same each time");
    let outcome = release.run(&["notes", "--json"]).outcome("notes");
    let first =
        json!({"kind": "debian", "name": "curl", "change": "added", "before": null, "after": "7.88.1-10"});
    assert_eq!(outcome["debian"][0]["name"], first["name"]);
    assert_eq!(outcome["debian"].as_array().unwrap().len(), 4);
}

/// A clone on another machine has no evidence: the bill of materials is beside the image.
#[test]
fn bills_of_materials_are_found_where_images_were_delivered() {
    let release = two();
    release.run(&["deliver", "oci:out"]).outcome("deliver");
    let notes = |args: &[&str]| text(&release.run(&[&["notes"], args].concat()));
    let expected = notes(&[]);
    fs::remove_dir_all(release.repository.at(".image/evidence").join(release.id.hex())).unwrap();
    let without = notes(&[]);
    let told = "* apt packages: the bill of materials of the work tree is not in this clone; --image ";
    assert!(without.contains(told) && !without.contains("## apt"), "{without}");
    assert_eq!(notes(&["--image", "oci:out"]), expected);
    // Nor is it far where this clone delivered the image itself.
    fs::create_dir_all(release.repository.at(".image/delivery")).unwrap();
    fs::rename(release.repository.at("out"), release.repository.at(".image/delivery/roman-13.0.0")).unwrap();
    assert_eq!(notes(&[]), expected);
}

#[test]
fn what_cannot_be_told_is_said_plainly() {
    let notes = text(&next().run(&["notes"]));
    for line in ["## Not told", "* apt packages: ", "* tests, base and size: the work tree has no record"] {
        assert!(notes.contains(line), "{line}: {notes}");
    }
}

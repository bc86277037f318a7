//! `update-requirements`: run under the same rule as everything else.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;

use common::digest::Digest;
use serde_json::{Value, json};
use support::server::{Server, good};
use support::{Clone, ENV, PIP};

/// D12a: a script that failed on the way left empty files behind.
#[test]
fn d12a_a_script_that_fails_or_writes_rubbish_leaves_everything_as_it_was() {
    let clone = Clone::plain();
    clone.script("exit 0");
    let clone = clone.git();
    let check = |body: &str, status: i32, parts: &[&str]| {
        clone.script(body);
        let before = (clone.files(), clone.repository.status());
        clone.update("0.13.0").failed(status, parts);
        assert_eq!((clone.files(), clone.repository.status()), before, "{body}");
        assert_eq!(clone.litter(), [] as [&str; 0]);
    };
    let change = ">roman-cal.pip; echo x >new; rm kernel.name; rm tests/imports; git mv roman-cal.yml roman-cal.yml.disabled";
    check(&format!("{change}; exit 6"), 6, &["status 6", "everything is as it was"]);
    check(&format!("{change}; echo '<html>' >roman-cal.pip"), 65, &["roman-cal/roman-cal.pip", "web page"]);
    check(change, 65, &["roman-cal.pip is empty"]);
    assert!(clone.repository.at(ENV).join("tests/imports").is_file());
    clone.script("echo 'a==1' >roman-cal.pip; git mv roman-cal.yml roman-cal.yml.disabled");
    let report = clone.update("0.13.0").done();
    assert_eq!(
        (report["environments"][0]["ran"].clone(), clone.read("roman-cal.pip")),
        (json!(true), "a==1\n".into())
    );
    assert!(clone.repository.status().contains("R  "), "{}", clone.repository.status());
    assert_eq!(clone.litter(), [] as [&str; 0]);
}

/// D12d: what a script downloaded was untracked, so that `git commit -a` left it out.
#[test]
fn d12d_a_new_list_that_a_script_made_is_committed_by_commit_all() {
    let clone = Clone::plain();
    clone.script("printf '@EXPLICIT\\nhttps://h/noarch/a-1-0.conda\\n' >roman-cal.explicit; date >notes");
    let clone = clone.git();
    clone.update("0.13.0").done();
    clone.repository.run_git(&["commit", "-qam", "release"]);
    let status = clone.repository.status();
    assert!(!status.contains("roman-cal.explicit"), "{status}");
    assert!(status.contains(&format!("?? {ENV}/notes")), "what is no list is left to its author: {status}");
}

/// There was none: a release made by scripts did not tell what it was made of.
#[test]
fn a_script_leaves_a_receipt_of_who_asked_it_for_what_and_what_it_wrote() {
    let clone = Clone::plain();
    clone.write("kept.pip", "by==hand\n");
    clone.script("echo \"a==$1\" >roman-cal.pip; echo $1 >CAL_VERSION; echo 'b==1' >same.pip");
    clone.write("same.pip", "b==1\n");
    let clone = clone.git();
    clone.update("0.13.0").done();
    let receipt = || serde_json::from_str::<Value>(&clone.read("sources.lock.json")).unwrap();
    let first = receipt();
    assert_eq!(
        (&first["version"], &first["requested_by"]),
        (&json!("0.13.0"), &json!("Ada <ada@example.org>"))
    );
    assert_eq!(first["script"], json!(Digest::of(clone.read("update-requirements").as_bytes())));
    let files: Vec<_> =
        first["files"].as_array().unwrap().iter().map(|f| (&f["local"], &f["sha256"])).collect();
    let digest = |text: &str| json!(Digest::of(text.as_bytes()));
    // Also what it wrote as it was; not what it left alone.
    let (made, same) = (digest("a==0.13.0\n"), digest("b==1\n"));
    assert_eq!(files, [(&json!("roman-cal.pip"), &made), (&json!("same.pip"), &same)]);
    assert!(clone.repository.status().contains(&format!("A  {ENV}/sources.lock.json")));
    clone.update("0.13.0").done();
    assert_eq!(receipt(), first, "the same again is no news");
    clone.script("if [ \"$1\" != 0.14.0 ]; then exit 3; fi");
    clone.update("0.15.0").failed(3, &["everything is as it was"]);
    assert_eq!(receipt(), first);
    clone.update("0.14.0").done();
    assert_eq!((&receipt()["version"], &receipt()["files"]), (&json!("0.14.0"), &first["files"]));
}

#[test]
fn scripts_run_in_place_of_sources_only_when_asked_to() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    clone.script("echo \"scripted==$1\" >roman-cal.pip");
    clone.update("0.13.0").done();
    clone.run(&["--run-scripts", "--cal-version=1.0"]).done();
    assert_eq!(clone.read("roman-cal.pip"), "scripted==1.0\n");
    let receipt = clone.read("sources.lock.json");
    assert!(!receipt.contains("http://"), "it tells of no delivery: {receipt}");
    clone.run(&["--check"]).said(1, "update-requirements made the lists");
    clone.run(&["--offline", "--cal-version=1.0"]).failed(69, &["1.0 was not delivered"]);
    clone.update("0.13.0").done();
    assert_eq!(clone.read("roman-cal.pip"), PIP);
}

/// They were gone with what had been laid aside for the case that the script fails.
#[test]
fn a_script_that_is_good_destroys_no_uncommitted_edits() {
    let clone = Clone::plain();
    clone.script("echo 'a==1' >roman-cal.pip; echo b >tests/imports; rm kernel.name");
    let clone = clone.git();
    clone.write("roman-cal.pip", "mine==1\n");
    clone.write("tests/imports", "mine too\n");
    let run = clone.update("0.13.0");
    assert!(run.text.contains("roman-cal.pip was not committed; it is kept as"), "{}", run.text);
    assert_eq!(clone.read("roman-cal.pip"), "a==1\n");
    assert_eq!(clone.kept(), ["mine too\n", "mine==1\n"], "what was committed is in the commit");
}

#[test]
fn what_somebody_wrote_while_a_script_failed_is_kept() {
    let clone = Clone::plain();
    clone.script("echo 'written meanwhile' >roman-cal.pip; exit 3");
    let clone = clone.git();
    let before = clone.files();
    clone.update("0.13.0").failed(3, &["everything is as it was"]);
    assert_eq!(clone.files(), before);
    assert_eq!(clone.kept(), ["written meanwhile\n"]);
}

/// Nobody knows what a script that was killed would still have done, so its work is put back.
#[test]
fn what_a_killed_run_left_of_a_script_is_put_back_at_the_next_start() {
    let clone = Clone::plain();
    clone.script("exit 0");
    let clone = clone.git();
    clone.script(
        ">roman-cal.pip; echo x >new; git mv roman-cal.yml roman-cal.yml.disabled; kill -9 $PPID; sleep 1",
    );
    let before = (clone.files(), clone.repository.status());
    assert_eq!(clone.update("0.13.0").status, None, "killed");
    assert_eq!(clone.read("roman-cal.pip"), "");
    let run = clone.update("none");
    assert_eq!(run.status, Some(0), "{}", run.text);
    assert!(run.text.contains("had been interrupted; it was put back as it was"), "{}", run.text);
    let after = clone.repository.status().replace("?? deployments/roman/Dockerfile", "");
    assert_eq!((clone.files(), after.trim_end()), (before.0, before.1.trim_end()));
    // Who wrote what is not known any more, so nothing of it is thrown away.
    let kept = fs::read_dir(clone.repository.at(".image/backup")).unwrap().flatten();
    assert!(kept.into_iter().any(|entry| fs::read(entry.path()).unwrap() == b"x\n"));
    assert_eq!(clone.litter(), [] as [&str; 0]);
}

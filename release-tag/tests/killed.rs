//! Runs that are killed at any moment, and ended by running them again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use support::Release;

/// Starts the tool, and kills it after each of these times, in milliseconds.
fn kill_at(release: &Release, args: &[&str], moments: &[u64]) {
    for moment in moments {
        let mut command = release.command(args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(*moment));
        _ = child.kill();
        child.wait().unwrap();
    }
    release.wait_for_orphans();
}

const MOMENTS: [u64; 8] = [5, 20, 40, 60, 90, 120, 160, 220];

#[test]
fn a_delivery_that_was_killed_leaves_the_old_state_or_the_new_one() {
    let release = Release::ready();
    let layout = release.repository.at(".image/delivery/roman-12.0.0");
    kill_at(&release, &["deliver"], &MOMENTS);
    assert!(!layout.exists() || layout.join("index.json").is_file(), "never half a layout");
    release.run(&["deliver"]).outcome("deliver");
    fs::remove_dir_all(&layout).unwrap();
    assert_eq!(release.run(&["deliver"]).outcome("deliver")["delivery"], "delivered");
    let left = |dir: &str| fs::read_dir(release.repository.at(dir)).unwrap().count();
    assert_eq!((left(".image/stage/deliver"), left(".image/delivery")), (0, 1), "what was left is swept");
}

#[test]
fn tags_that_were_killed_end_in_the_same_refs() {
    let undisturbed = Release::ready();
    let _its_remote = undisturbed.remote();
    undisturbed.run(&["tag", "--execute"]).outcome("tag");
    let release = Release::ready();
    let remote = release.remote();
    kill_at(&release, &["tag", "--execute"], &MOMENTS);
    kill_at(&release, &["tag", "--execute"], &[300, 400, 500]);
    release.run(&["tag", "--execute"]).outcome("tag");
    assert_eq!(release.refs(), undisturbed.refs());
    assert_eq!(remote.tags(&release).len(), 2);
}

#[test]
fn a_commit_that_was_killed_is_made_once() {
    let release = Release::ready();
    let before = release.head();
    release.repository.write("deployments/roman/environments/roman-cal/new.explicit", "@EXPLICIT\n");
    kill_at(&release, &["save"], &MOMENTS);
    // A git that was killed with the index in its hands leaves its lock; people are told to remove it.
    _ = fs::remove_file(release.repository.at(".git/index.lock"));
    release.run(&["save"]).outcome("save");
    assert_eq!(release.repository.run_git(&["rev-list", "--count", &format!("{before}..HEAD")]), "1");
    assert_eq!(release.repository.status(), "");
}

/// They were in the system's temporary directory, and nobody ever removed them.
#[test]
fn checkouts_of_killed_checks_are_removed_by_the_next_one() {
    let release = Release::ready();
    release.run(&["tag", "--execute"]).outcome("tag");
    let temporary = tempfile::tempdir().unwrap();
    let told = |name: &str| fs::read_dir(release.repository.at(name)).map_or(0, Iterator::count);
    for args in [["check", "--json"], ["verify", "roman-12.0.0"]] {
        // As a run leaves it that is killed between making and removing it.
        fs::create_dir_all(release.repository.at(".image/stage/checkout/tree.left/tree")).unwrap();
        release.command(&args).env("TMPDIR", temporary.path()).output().unwrap();
        assert_eq!(told(".image/stage/checkout"), 0, "{args:?}");
    }
    for args in [["check", "--json"], ["verify", "roman-12.0.0"]] {
        for moment in MOMENTS {
            let mut command = release.command(&args);
            command.env("TMPDIR", temporary.path()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(moment));
            _ = child.kill();
            child.wait().unwrap();
        }
        release.wait_for_orphans();
    }
    release.run(&["check"]);
    assert_eq!(told(".image/stage/checkout"), 0);
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "nothing is made elsewhere");
}

#[test]
fn a_signal_ends_a_delivery_without_litter() {
    let release = Release::ready();
    release.engine.hang("save");
    let mut command = release.command(&["deliver"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    release.engine.wait_until_hanging();
    let kill = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(143), 0));
    assert_eq!(fs::read_dir(release.repository.at(".image/stage/deliver")).unwrap().count(), 0);
    release.engine.behave();
    assert_eq!(release.run(&["deliver"]).outcome("deliver")["delivery"], json!("delivered"));
}

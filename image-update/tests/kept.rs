//! What people wrote is never lost: not to a delivery, not behind a link, not between a kill and the next start.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;

use support::server::{Server, good};
use support::{Clone, ENV, PIP};

#[test]
fn what_a_person_wrote_and_did_not_commit_is_kept_aside() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    clone.write("roman-cal.pip", "mine==1\n");
    clone.write("roman-cal.explicit", "mine too\n");
    clone.write("roman-cal.yml", "dependencies:\n  - edited\n");
    let run = clone.update("0.13.0");
    assert!(run.text.contains("roman-cal.pip was not committed; it is kept as"), "{}", run.text);
    let backups: Vec<_> = fs::read_dir(clone.repository.at(".image/backup")).unwrap().flatten().collect();
    let mut kept: Vec<String> =
        backups.iter().map(|entry| fs::read_to_string(entry.path()).unwrap()).collect();
    kept.sort();
    assert_eq!(kept, ["mine too\n", "mine==1\n"]);
    // What is parked takes its edit along, which is not staged.
    assert_eq!(clone.read("roman-cal.yml.disabled"), "dependencies:\n  - edited\n");
    let staged = clone.repository.run_git(&["show", &format!(":{ENV}/roman-cal.yml.disabled")]);
    assert!(staged.contains("fftw"), "{staged}");
}

/// What a link points at was overwritten, or removed, whoever else used it.
#[test]
fn what_a_link_points_at_is_left_alone_and_a_parked_link_stays_one() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    let dir = clone.repository.at(ENV);
    for (name, text) in [("roman-cal.pip", "shared==1\n"), ("roman-cal.yml", "dependencies:\n  - shared\n")] {
        clone.repository.write(&format!("shared/{name}"), text);
        fs::remove_file(dir.join(name)).unwrap();
        std::os::unix::fs::symlink(format!("../../../../shared/{name}"), dir.join(name)).unwrap();
    }
    clone.repository.run_git(&["add", "-A"]);
    clone.repository.run_git(&["commit", "-qm", "links"]);
    let run = clone.update("0.13.0");
    assert!(
        run.text.contains("roman-cal.pip was a link to ../../../../shared/roman-cal.pip"),
        "{}",
        run.text
    );
    assert_eq!(clone.read("roman-cal.pip"), PIP);
    assert_eq!(clone.repository.read("shared/roman-cal.pip"), "shared==1\n");
    assert!(!dir.join("roman-cal.pip").is_symlink() && dir.join("roman-cal.yml.disabled").is_symlink());
    assert_eq!(clone.kept(), ["shared==1\n"]);
    clone.update("latest").done();
    assert!(dir.join("roman-cal.yml").is_symlink());
    assert_eq!(clone.repository.read("shared/roman-cal.yml"), "dependencies:\n  - shared\n");
    clone.repository.run_git(&["commit", "-qam", "latest"]);
    assert_eq!(clone.litter(), [] as [&str; 0]);
}

/// `git status` says nothing of such a file.
#[test]
fn edits_that_git_was_told_to_overlook_are_kept() {
    let server = Server::start(good);
    for switch in ["--skip-worktree", "--assume-unchanged"] {
        let clone = Clone::with_sources(server.port);
        clone.repository.run_git(&["update-index", switch, &format!("{ENV}/roman-cal.pip")]);
        clone.write("roman-cal.pip", "mine==1\n");
        clone.update("0.13.0").done();
        assert_eq!(clone.kept(), ["mine==1\n"], "{switch}");
    }
}

/// The next start goes through with what a killed one had begun, and keeps what was edited between.
#[test]
fn an_edit_between_a_kill_and_the_next_start_is_kept() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    let strace = |n: u32| {
        let mut command = clone.command(&[]);
        let tool = command.get_program().to_owned();
        command = std::process::Command::new("strace");
        command.args([
            "-qqq",
            "-o",
            "/dev/null",
            "--trace=?rename,?renameat",
            &format!("--inject=rename:signal=KILL:when={n}"),
        ]);
        command.arg(tool).args(["-q", "--insecure-host=127.0.0.1", "--cal-version=0.13.0"]);
        command.current_dir(clone.repository.root()).env_clear().envs(clone.variables.iter().cloned());
        command.stdout(std::process::Stdio::null()).status()
    };
    if strace(1000).is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let server_files = clone.files();
    assert_eq!(clone.update("latest").status, Some(0));
    let journal = clone.repository.at(".image/update/roman@roman-cal/journal.json");
    let stopped = (1..60).find(|n| strace(*n).is_ok() && journal.exists());
    if stopped.is_none() {
        println!("skipped: strace may not trace here");
        return;
    }
    clone.write("roman-cal.pip", "edited==1\n");
    let run = clone.update("0.13.0");
    assert!(run.text.contains("roman-cal.pip was edited meanwhile; it is kept as"), "{}", run.text);
    assert_eq!(clone.files(), server_files);
    let kept = fs::read_dir(clone.repository.at(".image/backup")).unwrap().flatten();
    assert!(kept.into_iter().any(|entry| fs::read(entry.path()).unwrap() == b"edited==1\n"));
}

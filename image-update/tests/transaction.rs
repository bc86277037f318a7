//! All of an environment changes, or nothing: files, index, and what people wrote.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use serde_json::json;
use support::server::{Server, answer, good};
use support::{Clone, DEV, ENV, EXPLICIT, PIP};

const NAMES: [&str; 7] = [
    "CAL_VERSION",
    "build-hints.pip",
    "kernel.name",
    "roman-cal.explicit",
    "roman-cal.pip",
    "roman-cal.yml.disabled",
    "sources.json",
];

fn names(clone: &Clone) -> Vec<String> {
    clone.files().into_keys().collect()
}

fn done(run: &support::Run) -> serde_json::Value {
    assert_eq!(run.status, Some(0), "{}", run.text);
    run.report()
}

/// D12d: `git commit -a` after an update committed a tree without any conda spec.
#[test]
fn d12d_a_release_is_in_place_and_committed_whole_by_commit_all() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    let report = done(&clone.update("0.13.0"));
    assert_eq!(names(&clone), NAMES);
    assert_eq!(
        (clone.read("roman-cal.explicit"), clone.read("roman-cal.pip")),
        (EXPLICIT.into(), PIP.into())
    );
    assert_eq!(clone.read("kernel.name"), "Roman Calibration 0.13.0 (2023-11-29)\n");
    let status = clone.repository.status();
    let expected = [
        format!("A  {ENV}/CAL_VERSION"),
        format!(" M {ENV}/kernel.name"),
        format!("A  {ENV}/roman-cal.explicit"),
        format!(" M {ENV}/roman-cal.pip"),
        format!("R  {ENV}/roman-cal.yml -> {ENV}/roman-cal.yml.disabled"),
        format!("A  {ENV}/sources.lock.json"),
    ];
    for line in expected {
        assert!(status.contains(line.trim()), "{line:?} in\n{status}");
    }
    clone.repository.run_git(&["commit", "-qam", "release"]);
    assert!(
        clone.repository.status().lines().all(|line| !line.contains(ENV)),
        "{}",
        clone.repository.status()
    );
    let environment = &report["environments"][0];
    assert_eq!(environment["source"], "declared");
    let packages = environment["packages"].as_array().unwrap();
    let find = |name: &str| packages.iter().find(|p| p["name"] == name).unwrap().clone();
    assert_eq!(find("asdf")["before"], ">=3");
    assert_eq!(find("freetds".replace("freetds", "python").as_str())["after"], "3.11.5");
}

/// Each file comes only when all of them were asked for.
#[test]
fn the_files_of_all_environments_are_fetched_at_the_same_time() {
    let all = std::sync::Barrier::new(4);
    let server = Server::start(move |asked, wire| {
        all.wait();
        good(asked, wire);
    });
    let clone = Clone::with_sources(server.port);
    let other = "deployments/roman/environments/other";
    let sources = clone.read("sources.json").replace("roman-cal", "other");
    clone.repository.write(&format!("{other}/sources.json"), &sources);
    done(&clone.update("0.13.0"));
    assert_eq!(clone.repository.read(&format!("{other}/other.pip")), PIP);
    assert_eq!(server.asked().len(), 4);
}

/// D12h: the day came from `date --iso`, which not every system has; `kernel.name` then had none.
#[test]
fn d12h_the_day_in_the_kernels_name_needs_no_program() {
    let server = Server::start(good);
    let mut clone = Clone::with_sources(server.port);
    clone.set("PATH", "/nonexistent");
    done(&clone.update("0.13.0"));
    assert_eq!(clone.read("kernel.name"), "Roman Calibration 0.13.0 (2023-11-29)\n");
}

/// D12b: release, then latest, without a commit between them, left both specs, or stopped half-way.
/// D12c: latest, then release, kept the development lists.
#[test]
fn d12b_d12c_switching_needs_no_commit_and_mixes_nothing() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    done(&clone.update("0.13.0"));
    let release = clone.files();
    done(&clone.update("latest"));
    let latest = [
        "CAL_VERSION",
        "build-hints.pip",
        "kernel.name",
        "roman-cal.pip",
        "roman-cal.yml",
        "romancal-dev-st.pip",
        "sources.json",
    ];
    assert_eq!(names(&clone), latest);
    assert_eq!(
        (clone.read("romancal-dev-st.pip"), clone.read("roman-cal.pip")),
        (DEV.into(), "romancal\n".into())
    );
    let status = clone.repository.status();
    assert!(!status.contains("explicit") && !status.contains("disabled"), "{status}");
    done(&clone.update("0.13.0"));
    assert_eq!(clone.files(), release);
    assert!(!clone.repository.status().contains("dev-st"), "{}", clone.repository.status());
    // What earlier updates wrote is nobody's work: no copies of it are piled up.
    assert!(!clone.repository.at(".image/backup").exists());
}

#[test]
fn the_same_again_changes_nothing_on_any_day() {
    let server = Server::start(good);
    let mut clone = Clone::with_sources(server.port);
    done(&clone.update("0.13.0"));
    let (files, receipt, status) =
        (clone.files(), clone.read("sources.lock.json"), clone.repository.status());
    let times = || -> Vec<i64> {
        let entries = fs::read_dir(clone.repository.at(ENV)).unwrap().flatten();
        entries.map(|entry| entry.metadata().unwrap().mtime_nsec()).collect()
    };
    let before = times();
    clone.variables.retain(|(name, _)| name != "SOURCE_DATE_EPOCH");
    let report = done(&clone.update("0.13.0"));
    assert_eq!(report["environments"][0].get("changed"), None);
    let again = (clone.files(), clone.read("sources.lock.json"), clone.repository.status());
    assert_eq!(again, (files, receipt, status));
    let entries = fs::read_dir(clone.repository.at(ENV)).unwrap().flatten();
    let after: Vec<i64> = entries.map(|entry| entry.metadata().unwrap().mtime_nsec()).collect();
    assert_eq!(after, before);
    clone.set("SOURCE_DATE_EPOCH", "0");
}

/// D12e: outside git, status 128 after both files were overwritten; and an untracked yml stayed active.
#[test]
fn d12e_an_untracked_yml_is_parked_too_and_outside_git_all_works() {
    let server = Server::start(good);
    let untracked = Clone::with_sources(server.port);
    untracked.repository.run_git(&["rm", "-q", "--cached", &format!("{ENV}/roman-cal.yml")]);
    untracked.repository.run_git(&["commit", "-qm", "untracked"]);
    done(&untracked.update("0.13.0"));
    assert_eq!(names(&untracked), NAMES);
    assert!(
        untracked
            .repository
            .status()
            .contains("?? deployments/roman/environments/roman-cal/roman-cal.yml.disabled")
    );
    let outside = Clone::plain();
    outside.write("sources.json", &support::SOURCES.replace("PORT", &server.port.to_string()));
    outside.repository.configure(|_| ());
    let mut outside = outside;
    outside.set("USER", "ada");
    done(&outside.update("0.13.0"));
    assert_eq!(names(&outside), NAMES);
    assert!(outside.read("sources.lock.json").contains("\"requested_by\": \"ada\""));
}

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

#[test]
fn one_bad_environment_keeps_all_of_them_as_they_were() {
    let server = Server::start(|asked, wire| {
        if asked.path.contains("/second/") {
            answer(wire, "200 OK", "", b"<html>\n");
        } else {
            good(asked, wire);
        }
    });
    let clone = Clone::with_sources(server.port);
    let second =
        support::SOURCES.replace("PORT/v", "PORT/second/v").replace("PORT", &server.port.to_string());
    clone.repository.write("deployments/roman/environments/zz-second/sources.json", &second);
    let before = (clone.files(), clone.repository.status());
    let run = clone.update("0.13.0");
    run.failed(65, &["zz-second", "web page", "nothing was changed"]);
    assert_eq!((clone.files(), clone.repository.status()), before);
}

#[test]
fn a_bad_sources_file_is_told_by_its_key_before_anything_is_asked() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    let text = clone.read("sources.json");
    clone.write("sources.json", &text.replace("roman-cal.pip", "../../roman-cal.pip"));
    clone.update("0.13.0").failed(65, &["sources.json:", "`modes.release", "plain file name"]);
    clone.write("sources.json", &text.replace("\"release\"", "\"relase\""));
    clone.update("0.13.0").failed(65, &["unknown field `relase`"]);
    assert!(server.asked().is_empty());
}

#[test]
fn offline_replays_what_was_delivered_and_a_fresh_clone_its_own_tree() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    done(&clone.update("0.13.0"));
    let release = clone.files();
    let receipt = clone.read("sources.lock.json");
    done(&clone.update("latest"));
    let count = server.asked().len();
    done(&clone.run(&["--offline", "--cal-version=0.13.0"]));
    assert_eq!((clone.files(), clone.read("sources.lock.json")), (release.clone(), receipt));
    assert_eq!(server.asked().len(), count, "nothing was asked");
    fs::remove_dir_all(clone.repository.at(".image")).unwrap();
    done(&clone.run(&["--offline", "--cal-version=0.13.0"]));
    clone.write("roman-cal.pip", "edited==1\n");
    fs::remove_dir_all(clone.repository.at(".image")).unwrap();
    let run = clone.run(&["--offline", "--cal-version=0.13.0"]);
    run.failed(
        69,
        &["0.13.0 was not delivered to this clone before", "hint: image-update --cal-version 0.13.0"],
    );
    clone.run(&["--offline", "--cal-version=0.14.0"]).failed(69, &["0.14.0"]);
}

/// Today's lines came with the receipt, and so with the commits, of that time.
#[test]
fn offline_refuses_lines_that_are_not_those_of_the_receipt() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    done(&clone.update("latest"));
    clone.write("sources.json", &clone.read("sources.json").replace("[\"romancal\"]", "[\"other\"]"));
    let before = clone.files();
    clone.run(&["--offline", "--cal-version=latest"]).failed(
        69,
        &["the lines of roman-cal.pip in sources.json", "hint: image-update --cal-version latest"],
    );
    assert_eq!(clone.files(), before);
}

/// It stood in the report, the receipt, and on git's command line.
#[test]
fn a_login_in_a_list_is_refused_and_never_shown() {
    let server = Server::start(|asked, wire| {
        if asked.path.contains("pip.txt") {
            answer(wire, "200 OK", "", b"a==1\nb @ git+https://ada:hunter2@h.example/b.git\n");
        } else {
            good(asked, wire);
        }
    });
    let clone = Clone::with_sources(server.port);
    let text = clone.read("sources.json");
    let line = "[\"romancal @ git+https://hunter2@h.example/a.git@main\"]";
    clone.write("sources.json", &text.replace("[\"romancal\"]", line));
    let before = clone.files();
    for (version, place) in [("latest", "roman-cal.pip in sources.json:1:"), ("0.13.0", "pip.txt:2:")] {
        let run = clone.run(&["-v", "--cal-version", version]);
        run.failed(65, &[place, "the address of h.example holds a login", "~/.netrc"]);
        assert!(!run.text.contains("hunter2"), "{}", run.text);
    }
    assert_eq!(clone.files(), before);
}

#[test]
fn check_says_whether_a_version_changed_under_its_name_and_writes_nothing() {
    let server = Server::start(|asked, wire| {
        let changed = asked.before > 2 && asked.path.contains("pip.txt");
        match asked.headers.get("if-none-match") {
            _ if changed => answer(wire, "200 OK", "", b"other==1\n"),
            Some(_) => answer(wire, "304 Not Modified", "", b""),
            None => good(asked, wire),
        }
    });
    let clone = Clone::with_sources(server.port);
    assert_eq!(clone.run(&["--check"]).status, Some(1), "there is no receipt");
    done(&clone.update("0.13.0"));
    let before = (clone.files(), clone.repository.status());
    let run = clone.run(&["--check"]);
    assert_eq!(run.report()["environments"][0]["check"], json!({"version": "0.13.0", "differences": []}));
    assert_eq!(run.status, Some(0));
    clone.run(&["--check"]);
    let run = clone.run(&["--check"]);
    assert_eq!(run.status, Some(1), "{}", run.text);
    let differences = run.report()["environments"][0]["check"]["differences"].to_string();
    assert!(
        differences.contains("roman-cal.pip: http") && differences.contains("now has sha256:"),
        "{differences}"
    );
    assert_eq!((clone.files(), clone.repository.status()), before);
}

/// It was a yes where there was nothing to compare with.
#[test]
fn check_is_no_yes_if_the_sources_do_not_tell_of_the_version() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    done(&clone.update("latest"));
    let sources = clone.read("sources.json").replace("\"latest\": {", "\"release\": {");
    let begin = sources.find("\"release\"").unwrap();
    let end = sources.rfind("\"release\"").unwrap();
    clone.write("sources.json", &format!("{}{}", &sources[..begin], &sources[end..]));
    let run = clone.run(&["--check"]);
    assert_eq!(run.status, Some(1), "{}", run.text);
    fs::remove_file(clone.repository.at(ENV).join("sources.json")).unwrap();
    let run = clone.run(&["--check"]);
    assert!(run.text.contains("nothing was compared"), "{}", run.text);
}

#[test]
fn latest_records_the_commit_of_each_branch() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    let url = format!("file://{}", clone.repository.root().display()).replace(' ', "%20");
    let text = clone.read("sources.json");
    clone.write("sources.json", &text.replace("\"romancal\"", &format!("\"romancal @ git+{url}@main\"")));
    let report = done(&clone.update("latest"));
    let commit = clone.repository.run_git(&["rev-parse", "main"]);
    assert_eq!(report["environments"][0]["resolved"], json!({format!("git+{url}@main"): commit}));
    assert_eq!(clone.read("roman-cal.pip"), format!("romancal @ git+{url}@main\n"));
    assert_eq!(clone.run(&["--check"]).status, Some(0));
    clone.repository.run_git(&["commit", "-q", "--allow-empty", "-m", "moved on"]);
    assert_eq!(clone.run(&["--check"]).status, Some(1));
    clone.write("sources.json", &text.replace("\"romancal\"", &format!("\"git+{url}@no-such\"")));
    clone.update("latest").failed(69, &["has no revision no-such"]);
}

#[test]
fn what_changed_is_also_written_as_markdown() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    done(&clone.run(&["--cal-version=0.13.0", "--markdown", "changes.md"]));
    let text = clone.repository.read("changes.md");
    assert!(text.starts_with("### roman-cal\n"), "{text}");
    assert!(text.contains("| asdf | pip | >=3 | 3.0.1 |"), "{text}");
}

fn script(clone: &Clone, body: &str) {
    clone.write("update-requirements", &format!("#!/bin/sh\nset -e\n{body}\n"));
    let path = clone.repository.at(ENV).join("update-requirements");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// D12a: a script that failed on the way left empty files behind.
#[test]
fn d12a_a_script_that_fails_or_writes_rubbish_leaves_everything_as_it_was() {
    let clone = Clone::plain();
    script(&clone, "exit 0");
    let clone = clone.git();
    let check = |body: &str, status: i32, parts: &[&str]| {
        script(&clone, body);
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
    script(&clone, "echo 'a==1' >roman-cal.pip; git mv roman-cal.yml roman-cal.yml.disabled");
    let report = done(&clone.update("0.13.0"));
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
    script(&clone, "printf '@EXPLICIT\\nhttps://h/noarch/a-1-0.conda\\n' >roman-cal.explicit; date >notes");
    let clone = clone.git();
    done(&clone.update("0.13.0"));
    clone.repository.run_git(&["commit", "-qam", "release"]);
    let status = clone.repository.status();
    assert!(!status.contains("roman-cal.explicit"), "{status}");
    assert!(status.contains(&format!("?? {ENV}/notes")), "what is no list is left to its author: {status}");
}

#[test]
fn scripts_run_in_place_of_sources_only_when_asked_to() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    script(&clone, "echo \"scripted==$1\" >roman-cal.pip");
    done(&clone.update("0.13.0"));
    done(&clone.run(&["--run-scripts", "--cal-version=1.0"]));
    assert_eq!(clone.read("roman-cal.pip"), "scripted==1.0\n");
    let receipt = clone.repository.at(ENV).join("sources.lock.json");
    assert!(!receipt.exists(), "it tells of other files");
    done(&clone.update("0.13.0"));
    assert_eq!(clone.read("roman-cal.pip"), PIP);
}

fn kept(clone: &Clone) -> Vec<String> {
    let entries = fs::read_dir(clone.repository.at(".image/backup")).into_iter().flatten().flatten();
    let mut kept: Vec<String> = entries.map(|entry| fs::read_to_string(entry.path()).unwrap()).collect();
    kept.sort();
    kept
}

/// They were gone with what had been laid aside for the case that the script fails.
#[test]
fn a_script_that_is_good_destroys_no_uncommitted_edits() {
    let clone = Clone::plain();
    script(&clone, "echo 'a==1' >roman-cal.pip; echo b >tests/imports; rm kernel.name");
    let clone = clone.git();
    clone.write("roman-cal.pip", "mine==1\n");
    clone.write("tests/imports", "mine too\n");
    let run = clone.update("0.13.0");
    assert!(run.text.contains("roman-cal.pip was not committed; it is kept as"), "{}", run.text);
    assert_eq!(clone.read("roman-cal.pip"), "a==1\n");
    assert_eq!(kept(&clone), ["mine too\n", "mine==1\n"], "what was committed is in the commit");
}

#[test]
fn what_somebody_wrote_while_a_script_failed_is_kept() {
    let clone = Clone::plain();
    script(&clone, "echo 'written meanwhile' >roman-cal.pip; exit 3");
    let clone = clone.git();
    let before = clone.files();
    clone.update("0.13.0").failed(3, &["everything is as it was"]);
    assert_eq!(clone.files(), before);
    assert_eq!(kept(&clone), ["written meanwhile\n"]);
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
    assert_eq!(kept(&clone), ["shared==1\n"]);
    done(&clone.update("latest"));
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
        done(&clone.update("0.13.0"));
        assert_eq!(kept(&clone), ["mine==1\n"], "{switch}");
    }
}

/// Nobody knows what a script that was killed would still have done, so its work is put back.
#[test]
fn what_a_killed_run_left_of_a_script_is_put_back_at_the_next_start() {
    let clone = Clone::plain();
    script(&clone, "exit 0");
    let clone = clone.git();
    script(
        &clone,
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

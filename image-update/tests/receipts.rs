//! What the receipt is good for: `--offline`, `--check`, the commits of branches.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;

use serde_json::json;
use support::server::{Server, answer, good};
use support::{Clone, ENV};

#[test]
fn offline_replays_what_was_delivered_and_a_fresh_clone_its_own_tree() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    clone.update("0.13.0").done();
    let release = clone.files();
    let receipt = clone.read("sources.lock.json");
    clone.update("latest").done();
    let count = server.asked().len();
    clone.run(&["--offline", "--cal-version=0.13.0"]).done();
    assert_eq!((clone.files(), clone.read("sources.lock.json")), (release.clone(), receipt));
    assert_eq!(server.asked().len(), count, "nothing was asked");
    fs::remove_dir_all(clone.repository.at(".image")).unwrap();
    clone.run(&["--offline", "--cal-version=0.13.0"]).done();
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
    clone.update("latest").done();
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

/// Earlier builds wrote the login of a mirror's address down.
#[test]
fn a_login_in_an_old_receipt_is_taken_out_and_told() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    clone.update("0.13.0").done();
    let clean = clone.read("sources.lock.json");
    let old = clean.replace("http://", "http://ada:hunter2@");
    assert_ne!(old, clean);
    for args in [&["--cal-version=0.13.0"][..], &["--offline", "--cal-version=0.13.0"]] {
        clone.write("sources.lock.json", &old);
        let run = clone.run(args);
        run.done();
        assert!(run.text.contains("sources.lock.json held a login in an address"), "{}", run.text);
        assert!(!run.text.contains("hunter2"), "{}", run.text);
        assert_eq!(clone.read("sources.lock.json"), clean, "{args:?}");
    }
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
    clone.update("0.13.0").done();
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
    clone.update("latest").done();
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
    let report = clone.update("latest").done();
    let commit = clone.repository.run_git(&["rev-parse", "main"]);
    assert_eq!(report["environments"][0]["resolved"], json!({format!("git+{url}@main"): commit}));
    assert_eq!(clone.read("roman-cal.pip"), format!("romancal @ git+{url}@main\n"));
    assert_eq!(clone.run(&["--check"]).status, Some(0));
    clone.repository.run_git(&["commit", "-q", "--allow-empty", "-m", "moved on"]);
    assert_eq!(clone.run(&["--check"]).status, Some(1));
    clone.write("sources.json", &text.replace("\"romancal\"", &format!("\"git+{url}@no-such\"")));
    clone.update("latest").failed(69, &["has no revision no-such"]);
}

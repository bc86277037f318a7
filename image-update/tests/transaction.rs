//! All of an environment changes, or nothing: files and index.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt as _;

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

/// D12d: `git commit -a` after an update committed a tree without any conda spec.
#[test]
fn d12d_a_release_is_in_place_and_committed_whole_by_commit_all() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    let report = clone.update("0.13.0").done();
    assert_eq!(clone.names(), NAMES);
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
    clone.update("0.13.0").done();
    assert_eq!(clone.repository.read(&format!("{other}/other.pip")), PIP);
    assert_eq!(server.asked().len(), 4);
}

/// D12h: the day came from `date --iso`, which not every system has; `kernel.name` then had none.
#[test]
fn d12h_the_day_in_the_kernels_name_needs_no_program() {
    let server = Server::start(good);
    let mut clone = Clone::with_sources(server.port);
    clone.set("PATH", "/nonexistent");
    clone.update("0.13.0").done();
    assert_eq!(clone.read("kernel.name"), "Roman Calibration 0.13.0 (2023-11-29)\n");
}

/// D12b: release, then latest, without a commit between them, left both specs, or stopped half-way.
/// D12c: latest, then release, kept the development lists.
#[test]
fn d12b_d12c_switching_needs_no_commit_and_mixes_nothing() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    clone.update("0.13.0").done();
    let release = clone.files();
    clone.update("latest").done();
    let latest = [
        "CAL_VERSION",
        "build-hints.pip",
        "kernel.name",
        "roman-cal.pip",
        "roman-cal.yml",
        "romancal-dev-st.pip",
        "sources.json",
    ];
    assert_eq!(clone.names(), latest);
    assert_eq!(
        (clone.read("romancal-dev-st.pip"), clone.read("roman-cal.pip")),
        (DEV.into(), "romancal\n".into())
    );
    let status = clone.repository.status();
    assert!(!status.contains("explicit") && !status.contains("disabled"), "{status}");
    clone.update("0.13.0").done();
    assert_eq!(clone.files(), release);
    assert!(!clone.repository.status().contains("dev-st"), "{}", clone.repository.status());
    // What earlier updates wrote is nobody's work: no copies of it are piled up.
    assert!(!clone.repository.at(".image/backup").exists());
}

#[test]
fn the_same_again_changes_nothing_on_any_day() {
    let server = Server::start(good);
    let mut clone = Clone::with_sources(server.port);
    clone.update("0.13.0").done();
    let (files, receipt, status) =
        (clone.files(), clone.read("sources.lock.json"), clone.repository.status());
    let times = || -> Vec<i64> {
        let entries = fs::read_dir(clone.repository.at(ENV)).unwrap().flatten();
        entries.map(|entry| entry.metadata().unwrap().mtime_nsec()).collect()
    };
    let before = times();
    clone.variables.retain(|(name, _)| name != "SOURCE_DATE_EPOCH");
    let report = clone.update("0.13.0").done();
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
    untracked.update("0.13.0").done();
    assert_eq!(untracked.names(), NAMES);
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
    outside.update("0.13.0").done();
    assert_eq!(outside.names(), NAMES);
    assert!(outside.read("sources.lock.json").contains("\"requested_by\": \"ada\""));
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
fn what_changed_is_also_written_as_markdown() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    clone.run(&["--cal-version=0.13.0", "--markdown", "changes.md"]).done();
    let text = clone.repository.read("changes.md");
    assert!(text.starts_with("### roman-cal\n"), "{text}");
    assert!(text.contains("| asdf | pip | >=3 | 3.0.1 |"), "{text}");
}

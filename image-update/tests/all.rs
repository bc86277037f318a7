//! `image-update --all`: every mission, each by itself.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::document::Document;
use common::settings::Settings;
use tempfile::TempDir;

/// Three missions; the second one in their order is configured, with a version.
fn repository() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "deployments/common/Dockerfile.trailer", "USER root\n");
    for mission in ["jwebbinar", "roman", "tike"] {
        write(root.path(), &format!("deployments/{mission}/Dockerfile.custom"), "FROM base\n");
        fs::create_dir_all(root.path().join(format!("deployments/{mission}/environments/one"))).unwrap();
    }
    let mut settings = Settings::new(root.path(), "roman".parse().unwrap());
    settings.cal_version = "1.0".parse().unwrap();
    fs::write(Document::path_in(root.path()), Document::new(settings).to_json()).unwrap();
    root
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(root: &Path, args: &[&str], ci: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-update"));
    command
        .args(args)
        .current_dir(root)
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("CI", ci)])
        .output()
        .unwrap()
}

fn has_dockerfile(root: &Path) -> [bool; 3] {
    ["jwebbinar", "roman", "tike"]
        .map(|mission| root.join("deployments").join(mission).join("Dockerfile").exists())
}

fn missions(output: &Output) -> usize {
    Document::parse(&output.stdout, "stdout").unwrap().reports.len()
}

#[test]
fn every_mission_is_brought_up_to_date_and_the_configuration_stays() {
    let root = repository();
    let before = fs::read(Document::path_in(root.path())).unwrap();
    let output = run(root.path(), &["--all"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(has_dockerfile(root.path()), [true; 3]);
    assert_eq!(missions(&output), 3);
    assert_eq!(fs::read(Document::path_in(root.path())).unwrap(), before);
}

/// The version of one mission is nothing that another one's servers know.
#[test]
fn the_configured_version_is_the_configured_missions_alone() {
    let root = repository();
    for mission in ["roman", "tike"] {
        write(root.path(), &format!("deployments/{mission}/environments/one/sources.json"), "{");
    }
    let output = run(root.path(), &["--all", "--keep-going"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert_eq!(has_dockerfile(root.path()), [true, false, true], "{said}");
    assert!(said.lines().any(|line| line.starts_with("roman     | ")), "each line has its mission: {said}");
}

#[test]
fn a_failure_ends_it_unless_it_is_to_keep_going_or_nobody_watches() {
    for (args, ci, tried) in
        [(&["--all"][..], "", false), (&["--all", "--keep-going"], "", true), (&["--all"], "true", true)]
    {
        let root = repository();
        write(root.path(), "deployments/roman/environments/one/sources.json", "{");
        let output = run(root.path(), args, ci);
        assert_eq!(output.status.code(), Some(65));
        assert_eq!(has_dockerfile(root.path()), [true, false, tried], "{args:?} CI={ci}");
        assert_eq!(missions(&output), 1 + usize::from(tried));
    }
}

/// Each mission wrote over what the one before had told.
#[test]
fn every_mission_tells_what_changed_in_a_file_of_its_own() {
    let root = repository();
    let output = run(root.path(), &["--all", "--markdown", "news.md"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for mission in ["jwebbinar", "roman", "tike"] {
        assert!(root.path().join(format!("news-{mission}.md")).is_file(), "{mission}");
    }
    assert!(!root.path().join("news.md").exists());
}

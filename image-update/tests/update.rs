//! `image-update` as its users run it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use common::document::Document;
use common::settings::Settings;
use tempfile::TempDir;

fn repository(cal: &str) -> TempDir {
    let root = tempfile::Builder::new().prefix("a clone ").tempdir().unwrap();
    let dir = |name: &str| fs::create_dir_all(root.path().join("deployments").join(name)).unwrap();
    dir("common");
    dir("roman/environments/roman-cal");
    dir("roman/environments/new-env");
    write(&root, "common/Dockerfile.trailer", "USER root\n");
    write(&root, "roman/Dockerfile.custom", "FROM base\n");
    let mut settings = Settings::new(root.path(), "roman".parse().unwrap());
    settings.cal_version = cal.parse().unwrap();
    fs::write(Document::path_in(root.path()), Document::new(settings).to_json()).unwrap();
    root
}

fn write(root: &TempDir, name: &str, text: &str) {
    fs::write(root.path().join("deployments").join(name), text).unwrap();
}

fn read(root: &TempDir, name: &str) -> String {
    fs::read_to_string(root.path().join("deployments").join(name)).unwrap()
}

fn add_script(root: &TempDir, environment: &str, body: &str) {
    let name = format!("roman/environments/{environment}/update-requirements");
    write(root, &name, &format!("#!/bin/sh\nset -e\n{body}\n"));
    let path = root.path().join("deployments").join(name);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-update"));
    command.args(args).current_dir(dir).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap()
}

fn report(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    document["reports"].as_array().unwrap().last().unwrap()["outcome"]["update"].clone()
}

/// D10: an environment without a directory in env-frozen was invisible to updates.
#[test]
fn d10_a_new_environment_is_updated_before_it_was_ever_frozen() {
    let root = repository("0.13.0");
    add_script(&root, "new-env", "echo \"$DEPLOYMENT_NAME==$1\" > new.pip; echo noise");
    let output = run(root.path(), &[]);
    assert_eq!(
        report(&output)["environments"][0]["changed"],
        serde_json::json!(["new.pip", "sources.lock.json"])
    );
    assert_eq!(read(&root, "roman/environments/new-env/new.pip"), "roman==0.13.0\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("noise"), "the script's output is for people");
}

/// D12f: a directory in env-frozen without its environment ended the update; so it did for every
/// version in the newest generation, whose roman-cal is frozen and has no environment any more (D56).
#[test]
fn d12f_d56_frozen_specs_of_no_environment_stop_nothing() {
    let root = repository("0.13.0");
    fs::create_dir_all(root.path().join("deployments/roman/env-frozen/gone")).unwrap();
    add_script(&root, "roman-cal", "echo \"$1\" > CAL_VERSION");
    let report = report(&run(root.path(), &[]));
    let names: Vec<_> =
        report["environments"].as_array().unwrap().iter().map(|e| e["name"].clone()).collect();
    assert_eq!(names, ["new-env", "roman-cal"]);
    assert_eq!(read(&root, "roman/environments/roman-cal/CAL_VERSION"), "0.13.0\n");
    assert!(!root.path().join("deployments/roman/environments/gone").exists());
}

/// D10, D11: the list was that of env-frozen, unsorted, with names repeated or lost; and it was empty,
/// with status 0, where nothing had been frozen.
#[test]
fn d10_d11_the_environments_of_a_mission_are_one_sorted_line() {
    let root = repository("none");
    for dir in ["roman/environments/baseline/tests", "roman/env-frozen/gone", "tike/environments/tess"] {
        fs::create_dir_all(root.path().join("deployments").join(dir)).unwrap();
    }
    let check = |args: &[&str], expected: &str| {
        let output = run(root.path(), args);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    };
    check(&["--list-environments"], "baseline new-env roman-cal\n");
    check(&["--list-environments", "tike"], "tess\n");
    check(&["--list-environments=tike"], "tess\n");
    assert!(!root.path().join("deployments/roman/Dockerfile").exists(), "nothing is updated");
    let unknown = run(root.path(), &["--list-environments", "romna"]);
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(2), 0));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("hint: did you mean `roman`?"));
}

#[test]
fn none_runs_no_script_and_still_generates_the_dockerfile() {
    let root = repository("none");
    add_script(&root, "roman-cal", "touch ran");
    let report = report(&run(&root.path().join("deployments/roman"), &[]));
    assert!(!root.path().join("deployments/roman/environments/roman-cal/ran").exists());
    assert_eq!(report["dockerfile"], "written");
    assert_eq!(read(&root, "roman/Dockerfile"), "FROM base\nUSER root\n");
}

#[test]
fn an_unchanged_dockerfile_is_not_touched() {
    let root = repository("none");
    run(root.path(), &[]);
    let path = root.path().join("deployments/roman/Dockerfile");
    let before = path.metadata().unwrap().modified().unwrap();
    assert_eq!(report(&run(root.path(), &[]))["dockerfile"], "unchanged");
    assert_eq!(before, path.metadata().unwrap().modified().unwrap());
}

#[test]
fn a_dockerfile_edited_by_hand_is_kept_aside() {
    let root = repository("none");
    run(root.path(), &[]);
    write(&root, "roman/Dockerfile", "FROM mine\n");
    run(root.path(), &[]);
    assert_eq!(read(&root, "roman/Dockerfile"), "FROM base\nUSER root\n");
    let kept: Vec<_> = fs::read_dir(root.path().join(".image/backup")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(kept[0].path()).unwrap(), b"FROM mine\n");
    write(&root, "common/Dockerfile.trailer", "USER other\n");
    run(root.path(), &[]);
    assert_eq!(fs::read_dir(root.path().join(".image/backup")).unwrap().count(), 1, "ours needs no backup");
}

/// D12g: a floating update threw away uncommitted edits of env-frozen and env-chilly.
#[test]
fn d12g_uncommitted_frozen_specs_are_left_alone() {
    let root = repository("none");
    for tree in ["env-frozen", "env-chilly"] {
        fs::create_dir_all(root.path().join("deployments/roman").join(tree).join("roman-cal")).unwrap();
        write(&root, &format!("roman/{tree}/roman-cal/requirements.txt"), "committed==1\n");
    }
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@t"]).args(args).current_dir(root.path());
        assert!(command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap().status.success());
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "x"]);
    write(&root, "roman/env-frozen/roman-cal/requirements.txt", "solved==2\n");
    write(&root, "roman/env-chilly/roman-cal/requirements.txt", "solved~=2\n");
    assert!(run(root.path(), &[]).status.success());
    assert_eq!(read(&root, "roman/env-frozen/roman-cal/requirements.txt"), "solved==2\n");
    assert_eq!(read(&root, "roman/env-chilly/roman-cal/requirements.txt"), "solved~=2\n");
}

#[test]
fn a_failing_script_passes_its_status_and_stops_the_rest() {
    let root = repository("0.13.0");
    add_script(&root, "new-env", "echo 'no network' >&2; exit 6");
    add_script(&root, "roman-cal", "touch ran");
    let output = run(root.path(), &[]);
    assert_eq!(output.status.code(), Some(6));
    assert!(output.stdout.is_empty(), "a fault prints no document");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("no network") && text.contains("new-env failed for version 0.13.0"), "{text}");
    assert!(!root.path().join("deployments/roman/environments/roman-cal/ran").exists());
}

#[test]
fn a_script_that_is_not_executable_is_126_with_what_to_type() {
    let root = repository("latest");
    write(&root, "roman/environments/roman-cal/update-requirements", "#!/bin/sh\n");
    let output = run(root.path(), &[]);
    assert_eq!(output.status.code(), Some(126));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: chmod +x '"));
}

#[test]
fn unconfigured_it_says_what_to_do() {
    let root = repository("none");
    fs::remove_file(Document::path_in(root.path())).unwrap();
    let output = run(root.path(), &[]);
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: run image-configure MISSION first"));
}

//! `image-configure` as its users run it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn repository() -> TempDir {
    let root = tempfile::Builder::new().prefix("a clone ").tempdir().unwrap();
    for dir in ["common", "roman/environments/roman-cal", "tike/environments/tess"] {
        fs::create_dir_all(root.path().join("deployments").join(dir)).unwrap();
    }
    root
}

fn configure(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-configure"));
    command.args(args).current_dir(dir).env_clear().env("PATH", "/usr/bin:/bin");
    command.output().unwrap()
}

fn ok(dir: &Path, args: &[&str]) -> serde_json::Value {
    let output = configure(dir, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn files(root: &Path) -> [PathBuf; 2] {
    [root.join("setup-env"), root.join("setup-env.json")]
}

#[test]
fn it_writes_both_files_and_prints_the_document() {
    let root = repository();
    let document = ok(root.path(), &["roman", "--use-frozen=1", "--freeze-chill", "1"]);
    assert_eq!(document["settings"]["use_frozen"], "frozen");
    assert_eq!(document["reports"][0]["tool"], "image-configure");
    assert_eq!(document["reports"][0]["outcome"]["configure"]["document"], "written");
    let text = fs::read_to_string(root.path().join("setup-env")).unwrap();
    assert!(text.contains("\nexport FREEZE_CHILL=1\n") && text.contains("\nexport USE_FROZEN=1\n"));
}

#[test]
fn the_same_again_rewrites_nothing() {
    let root = repository();
    ok(root.path(), &["roman"]);
    let before = files(root.path()).map(|f| f.metadata().unwrap().modified().unwrap());
    let document = ok(root.path(), &["roman"]);
    assert_eq!(document["reports"][0]["outcome"]["configure"]["setup_env"], "unchanged");
    assert_eq!(before, files(root.path()).map(|f| f.metadata().unwrap().modified().unwrap()));
}

/// D1: the template was copied over `setup-env` before its values were checked.
#[test]
fn d1_a_refused_value_leaves_the_old_files() {
    let root = repository();
    ok(root.path(), &["tike"]);
    let before = files(root.path()).map(|f| fs::read(f).unwrap());
    for args in [
        &["roman", r"--cal-version=\1"][..],
        &["roman", "--cal-version", "None"],
        &["roman", "--use-frozen", "3"],
        &["romna"],
        &["common"],
    ] {
        let output = configure(root.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    assert_eq!(before, files(root.path()).map(|f| fs::read(f).unwrap()));
}

/// They were configured, and a build found out when its base was there.
#[test]
fn values_that_no_engine_takes_are_refused_where_they_are_typed() {
    let root = repository();
    ok(root.path(), &["tike"]);
    let before = files(root.path()).map(|f| fs::read(f).unwrap());
    for base in ["a b", "-a"] {
        let output = configure(root.path(), &["roman", &format!("--base-image={base}")]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains(&format!("BASE_IMAGE is {base:?}")) && said.contains("hint: "), "{said}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(before, files(root.path()).map(|f| fs::read(f).unwrap()));
}

/// D4: it only worked in the root of the repository.
#[test]
fn d4_it_runs_from_anywhere() {
    let root = repository();
    ok(&root.path().join("deployments/roman"), &["roman"]);
    assert!(root.path().join("setup-env.json").is_file());
    ok(Path::new("/"), &["tike", "--root", root.path().to_str().unwrap()]);
    let outside = configure(Path::new("/"), &["tike"]);
    assert_eq!(outside.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&outside.stderr).contains("--root DIR"));
}

#[test]
fn a_mistyped_mission_is_answered_with_the_right_one() {
    let root = repository();
    let output = configure(root.path(), &["romna"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("it has roman, tike") && text.contains("did you mean `roman`?"), "{text}");
}

#[test]
fn a_setup_env_that_somebody_wrote_is_kept() {
    let root = repository();
    fs::write(root.path().join("setup-env"), "export MINE=1\n").unwrap();
    ok(root.path(), &["roman"]);
    let kept: Vec<_> = fs::read_dir(root.path().join(".image/backup")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(kept[0].path()).unwrap(), b"export MINE=1\n");
    ok(root.path(), &["tike"]);
    assert_eq!(fs::read_dir(root.path().join(".image/backup")).unwrap().count(), 1, "ours needs no backup");
}

/// Killed anywhere, the tools afterwards see one configuration or the other, whole.
#[test]
fn killed_at_any_point_the_old_or_the_new_configuration_holds() {
    const ROUNDS: u32 = 60;
    let root = repository();
    // What a whole run takes here and now: the kills are spread over a little more than that.
    let begun = std::time::Instant::now();
    ok(root.path(), &["tike", "--use-frozen", "2"]);
    let whole = begun.elapsed();
    for round in 0..ROUNDS {
        let (mission, mode) = if round % 2 == 0 { ("roman", "1") } else { ("tike", "2") };
        let mut child = Command::new(env!("CARGO_BIN_EXE_image-configure"))
            .args([mission, "--use-frozen", mode])
            .current_dir(root.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * round * 5 / (ROUNDS * 4));
        _ = child.kill();
        child.wait().unwrap();
        let script = ". ./setup-env && echo $DEPLOYMENT_NAME $USE_FROZEN";
        let output = Command::new("bash").args(["-c", script]).current_dir(root.path()).output().unwrap();
        let state = String::from_utf8(output.stdout).unwrap();
        assert!(state == "roman 1\n" || state == "tike 2\n", "{state:?}");
        if let Ok(text) = fs::read(root.path().join("setup-env.json")) {
            serde_json::from_slice::<serde_json::Value>(&text).expect("never half a document");
        }
    }
}

/// A clone of an existing repository, with the values that its people have changed.
fn existing(template: &str) -> TempDir {
    let root = repository();
    fs::write(root.path().join("setup-env.template"), template).unwrap();
    let infrequent = "export JUPYTERHUB_DIR=`pwd` CRDS_PATH=/crds\nexport PIP_SWITCHES='--retries 9'\n";
    fs::write(root.path().join("infrequent-env"), infrequent).unwrap();
    root
}

const TEMPLATE_2024: &str = "export DEPLOYMENT_NAME=x\nexport FREEZE_CHILL=1\nsource infrequent-env\n";
const TEMPLATE_NEWEST: &str = "export DEPLOYMENT_NAME=x\nexport FREEZE=0\nexport BASE_NOTEBOOK=\"minimal-notebook\"\nsource infrequent-env\n";

#[test]
fn an_existing_template_reaches_both_files() {
    let root = existing(TEMPLATE_2024);
    let document = ok(root.path(), &["roman"]);
    assert_eq!(document["settings"]["pip_switches"], "--retries 9");
    assert_eq!(document["settings"]["generation"], "2024");
    assert_eq!(document["settings"]["freeze_chill"], false, "configuring without the flag turns it off");
    let text = fs::read_to_string(root.path().join("setup-env")).unwrap();
    assert!(text.contains("export PIP_SWITCHES='--retries 9'") && text.contains("export CRDS_PATH=/crds"));
}

#[test]
fn the_newest_generation_is_recognised_with_its_flags() {
    let root = existing(TEMPLATE_NEWEST);
    let flags =
        ["tike", "--freeze=1", "--repack", "1", "--base-notebook", "scipy-notebook", "--no-docker-caching"];
    let document = ok(root.path(), &flags);
    let settings = &document["settings"];
    assert_eq!((&settings["generation"], &settings["repack"]), (&"newest".into(), &true.into()));
    assert_eq!(settings["base_notebook"], "scipy-notebook");
    assert!(document["templates"].is_string(), "to notice that they moved on");
    assert_eq!(settings["user_cache_dirs"], serde_json::json!([]));
    let text = fs::read_to_string(root.path().join("setup-env")).unwrap();
    assert!(text.contains("\nexport FREEZE=1\n") && !text.contains("FREEZE_CHILL"), "{text}");
    assert_eq!(configure(root.path(), &["tike", "--use-frozen=2"]).status.code(), Some(2));
}

#[test]
fn explain_tells_every_origin_and_writes_nothing() {
    let root = existing(TEMPLATE_2024);
    let output = configure(root.path(), &["roman", "--explain", "--use-frozen=frozen"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("generation of the repository: 2024"), "{text}");
    assert!(text.lines().any(|l| l.starts_with("USE_FROZEN") && l.contains("command line")), "{text}");
    assert!(
        text.lines().any(|l| l.starts_with("PIP_SWITCHES") && l.contains("setup-env.template")),
        "{text}"
    );
    assert!(!root.path().join("setup-env").exists());
}

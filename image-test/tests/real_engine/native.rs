//! `--native`, in containers of images with a Python.

use std::process::Command;

use common::report::TestStatus;
use common::settings::EngineChoice;

use crate::lab::Lab;
use crate::root;

const TESTS: &str = "deployments/roman/environments/roman-cal/tests";

#[test]
fn docker_runs_native_tests() {
    check(EngineChoice::Docker);
}

#[test]
fn podman_runs_native_tests() {
    check(EngineChoice::Podman);
}

#[test]
fn buildah_runs_native_tests() {
    check(EngineChoice::Buildah);
}

fn check(choice: EngineChoice) {
    let Some(lab) = Lab::new(choice) else { return };
    // Of this engine alone: the others are tried at the same time.
    let token = format!("6123{}.{}", choice as u8, std::process::id());
    let hangs = format!(
        "import subprocess, time; subprocess.Popen(['sleep', '{token}'], start_new_session=True); time.sleep(90)"
    );
    let modules = [
        ("numpy", "import json, sqlite3 as _"),
        ("leaves", "import sys; sys.exit(0)"),
        ("crashes", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"),
        ("hangs", hangs.as_str()),
    ];
    let modules = &modules[..];
    let Some(tar) = root::of_python(&[modules, &[("asdf", ""), ("romancal", "")]].concat()) else { return };
    lab.import("python", &tar);
    let passed = lab.run("python", &["--native"]);
    assert_eq!(passed.code(), 0, "{}", passed.stderr());
    assert_eq!(passed.outcome().counts().passed, 3);

    lab.repository.write(&format!("{TESTS}/imports"), "# a comment sys\nnumpy leaves crashes hangs");
    lab.repository.write(&format!("{TESTS}/notebooks"), "check.py gone.ipynb");
    lab.repository.write(&format!("{TESTS}/check.py"), "open('data.txt').read()");
    lab.repository.write(&format!("{TESTS}/data.txt"), "x");
    let failed = lab.run("python", &["--native", "--timeout", "15s", "--jobs", "2"]);
    assert_eq!(failed.code(), 1, "{}", failed.stderr());
    let mut names = failed.failures();
    names.sort_unstable();
    assert_eq!(names, ["crashes", "gone.ipynb", "hangs", "leaves"], "{}", failed.stderr());
    let environments = failed.outcome().environments;
    let passed: Vec<_> =
        environments[0].cases.iter().filter(|c| c.status == TestStatus::Passed).map(|c| &c.name).collect();
    assert_eq!(passed.len(), 2, "{passed:?}");
    let left = Command::new("pgrep").args(["-f", &format!("sleep {token}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "nothing of a test stays");

    let absent = lab.run("python", &["--native", "--python", "no-such-python"]);
    assert_eq!(absent.code(), 127, "{}", absent.stderr());
    assert!(absent.stderr().contains("has no no-such-python to run the tests with"), "{}", absent.stderr());
}

//! The image's own scripts.

use common::settings::EngineChoice;

use crate::lab::Lab;
use crate::root;

/// What the image's tests do, by `$MODE`.
const TEST: &str = "\
#!/bin/sh
echo '========== Testing Environment roman-cal =========='
echo '========== Testing Imports roman-cal =========='
echo 'Importing numpy ... ok'
echo 'Importing asdf ... ok'
case $MODE in
    silent) printf 'Importing romancal ... '; exit 0 ;;
    crash) printf 'Importing romancal ... '; sh -c 'kill -9 $$'; exit $? ;;
    hang) printf 'Importing romancal ... '; sleep 60 ;;
    fail) echo 'Importing romancal ... FAIL'; printf 'Failing imports: 1\\nromancal\\n'; exit 42 ;;
esac
echo 'Importing romancal ... ok'
echo 'Failing imports: 0'
";

#[test]
fn docker_runs_the_tests() {
    check(EngineChoice::Docker);
}

#[test]
fn podman_runs_the_tests() {
    check(EngineChoice::Podman);
}

#[test]
fn buildah_runs_the_tests() {
    check(EngineChoice::Buildah);
}

fn check(choice: EngineChoice) {
    let Some(lab) = Lab::new(choice) else { return };
    lab.import("with", &root::of_scripts(Some(TEST)));
    lab.import("without", &root::of_scripts(None));
    let passed = lab.run("with", &["--env", "MODE=green"]);
    assert_eq!(passed.code(), 0, "{}", passed.stderr());
    assert_eq!(passed.outcome().counts().passed, 3);
    let failed = lab.run("with", &["--env", "MODE=fail"]);
    assert_eq!(failed.code(), 42, "{}", failed.stderr());
    assert_eq!(failed.failures(), ["romancal"]);
    let silent = lab.run("with", &["--env", "MODE=silent"]);
    assert_eq!((silent.code(), silent.outcome().container_status), (1, 0), "{}", silent.stderr());
    assert_eq!(silent.failures(), ["romancal"]);
    let crashed = lab.run("with", &["--env", "MODE=crash"]);
    assert_eq!(crashed.code(), 137, "{}", crashed.stderr());
    assert_eq!(crashed.failures(), ["romancal"]);
    let hung = lab.run("with", &["--env", "MODE=hang", "--timeout", "5s"]);
    assert_eq!(hung.code(), 124, "{}", hung.stderr());
    assert!(
        hung.stderr().contains("the time limit of 5 s passed while importing romancal"),
        "{}",
        hung.stderr()
    );
    let absent = lab.run("without", &[]);
    assert_eq!(absent.code(), 127, "{}", absent.stderr());
    assert!(absent.stderr().contains("has no /opt/environments/test"), "{}", absent.stderr());
    assert!(absent.0.stdout.is_empty());
}

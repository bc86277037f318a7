//! The chain on the engines of this machine. An engine that is not there is skipped.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::settings::{EngineChoice, UseFrozen};
use support::real::{MISSION, Real};
use support::traced::Trace;
use support::{Bench, stderr};

fn check(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    let first = real.build("2024-08-05T10:00:00Z");
    let files = real.files();
    assert_eq!(files["cutoff"], "2024-08-05T10:00:00Z\n");
    assert_eq!(files["bundle-was-at"], "/run/secrets/ca\n");
    assert_eq!(files["listed"], "", "a directory that the tree lacks is there, and empty");
    assert_eq!(files["opt/VERSION"], "1.2.0\n");
    let leaked = files.iter().find(|(_, text)| text.contains("U0VDUkVU"));
    assert_eq!(leaked, None, "the bundle stays out of the image");
    let facts = real.facts();
    assert!(facts.variable("SSL_CERT_FILE").is_none() && facts.variable("INDEX_CUTOFF").is_none());
    assert_eq!(facts.variable("USE_FROZEN"), Some("0"));
    assert_eq!(real.build("2024-08-05T10:00:00Z"), first, "the same moment finds the cached layers");
    assert_ne!(real.build("2024-08-06T10:00:00Z"), first);
    assert_eq!(real.files()["cutoff"], "2024-08-06T10:00:00Z\n", "a new moment meets no old layer");
}

/// The steps that a plan foresees.
fn foreseen(real: &Real, args: &[&str]) -> Vec<String> {
    let output = real.command(&[&["--plan", "--json"], args].concat()).output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let built = plan["images"].as_array().unwrap().iter().filter(|image| image["state"] == "built");
    let names = built.map(|image| image["step"].as_str().unwrap().to_owned());
    names.filter(|name| name != "base").collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

type Change<'a> = (&'a str, &'a [&'a str], &'a dyn Fn(&Bench));

/// Where the engine itself is asked too whether anything changed. It goes by modes and times as well, which
/// differ from clone to clone.
const ASKED: [&str; 2] = ["a file that nobody takes", "what was hidden and is edited"];

/// What a plan tells people.
fn plan(real: &Real, args: &[&str]) -> String {
    String::from_utf8(real.command(&[&["--plan"], args].concat()).output().unwrap().stdout).unwrap()
}

/// A sample of edits: what is foreseen is what the engine was asked for, and what came out holds it;
/// where nothing is foreseen, the engine by itself would find nothing to do either.
fn check_edits(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    let cutoff = ["--index-cutoff", "2024-08-05T10:00:00Z"];
    real.take_specs();
    assert_eq!(real.steps(&cutoff), ["common", "mission", "caches"]);
    let spec = "deployments/build-trial/environments/roman-cal/roman-cal.explicit";
    let all = &["common", "mission", "caches"][..];
    let chilly = |name: &str| format!("deployments/build-trial/env-chilly/roman-cal/{name}");
    let changes: [Change; 16] = [
        ("a file that nobody takes", &[], &|b| b.repository.write("deployments/common/README.md", "x")),
        ("the same content", &[], &|b| b.repository.write("deployments/common/LICENSE", "x")),
        ("a file of the shared image", all, &|b| b.repository.write("deployments/common/VERSION", "2.0.0\n")),
        ("a file that a pattern takes", all, &|b| b.repository.write("deployments/common/nothing.here", "x")),
        ("a file of the mission", &all[1..], &|b| b.repository.write(spec, "@EXPLICIT\n")),
        ("line ends", &all[1..], &|b| b.repository.write(spec, "@EXPLICIT\r\n")),
        ("the mission's Dockerfile", &all[1..], &|b| {
            b.repository.write("deployments/build-trial/Dockerfile", &(MISSION.to_owned() + "# why\n"));
        }),
        ("what is hidden", all, &|b| b.repository.write("deployments/common/.dockerignore", "nothing*\n")),
        ("what was hidden and is edited", &[], &|b| {
            b.repository.write("deployments/common/nothing.here", "y");
        }),
        ("a remark in the rules", &[], &|b| {
            b.repository.write("deployments/common/.dockerignore", "# why\nnothing*\n");
        }),
        ("a mode that git does not keep", &[], &|b| set_mode(&b.repository.at(spec), 0o600)),
        ("executable", &all[1..], &|b| set_mode(&b.repository.at(spec), 0o700)),
        ("no longer, and another time", &all[1..], &|b| set_mode(&b.repository.at(spec), 0o644)),
        ("gone and back", &[], &|b| {
            fs::remove_file(b.repository.at(spec)).unwrap();
            b.repository.write(spec, "@EXPLICIT\r\n");
        }),
        ("a new file in a directory", &all[1..], &|b| b.repository.write(&chilly("a"), "x")),
        ("a rename", &all[1..], &|b| {
            fs::rename(b.repository.at(&chilly("a")), b.repository.at(&chilly("b"))).unwrap();
        }),
    ];
    for (what, expected, change) in changes {
        change(&real.bench);
        let foreseen = foreseen(&real, &cutoff);
        assert_eq!(foreseen, expected, "{choice}: {what}: {}", plan(&real, &cutoff));
        assert_eq!(real.steps(&cutoff), expected, "{choice}: {what}");
        if ASKED.contains(&what) {
            let before = real.id();
            assert_eq!(real.steps(&[&cutoff[..], &["--force"]].concat()), all, "{choice}: {what}");
            assert_eq!(real.id(), before, "{choice}: the engine itself finds no change either: {what}");
        }
    }
    let files = real.files();
    assert_eq!((files["opt/VERSION"].as_str(), files.get("opt/nothing.here")), ("2.0.0\n", None));
    assert_eq!(files["explicit/roman-cal.explicit"], "@EXPLICIT\r\n");
}

/// What a run with nothing to do asks of the kernel: the engine's own program once, which alone may talk to
/// its daemon and write where it keeps its images.
fn check_idle(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    // A floating build would ask for a newer base, which no registry has.
    real.configure(UseFrozen::Frozen);
    for file in ["base/requirements.yml", "roman-cal/requirements.yml", "roman-cal/requirements.txt"] {
        real.bench.repository.write(&format!("deployments/build-trial/env-frozen/{file}"), "# none\n");
    }
    real.run(&[]);
    let home = real.bench.home();
    let Some(trace) = Trace::of(&real.command(&["--plan"]), home) else { return };
    assert_eq!((trace.written(), trace.calls("socket")), (Vec::new(), Vec::new()), "{choice}");
    assert_eq!(trace.started().len(), 1, "{choice}: {:?}", trace.started());
    let trace = Trace::of(&real.command(&[]), home).unwrap();
    assert_eq!(trace.written(), [""; 0], "{choice}");
    let own = real.engine.program.display().to_string();
    assert_eq!(trace.started().iter().filter(|program| **program == own).count(), 1, "{:?}", trace.started());
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let Some(socket) = host.strip_prefix("unix://") else {
        return eprintln!("skipped: DOCKER_HOST is no socket of this machine, so it cannot be told apart");
    };
    // Name services are asked who the user is; there is no daemon behind that.
    let (asked, others): (Vec<_>, Vec<_>) = trace
        .calls("connect")
        .into_iter()
        .filter(|call| !call.contains("/nscd/"))
        .partition(|c| c.contains(socket));
    assert_eq!((others, !asked.is_empty()), (Vec::new(), choice == EngineChoice::Docker), "{choice}");
}

#[test]
fn docker_builds_the_chain() {
    check(EngineChoice::Docker);
}

#[test]
fn docker_builds_what_an_edit_reaches_and_nothing_else() {
    check_edits(EngineChoice::Docker);
}

#[test]
fn docker_is_asked_once_where_there_is_nothing_to_do() {
    check_idle(EngineChoice::Docker);
}

#[test]
fn buildah_builds_the_chain() {
    check(EngineChoice::Buildah);
}

#[test]
fn buildah_builds_what_an_edit_reaches_and_nothing_else() {
    check_edits(EngineChoice::Buildah);
}

#[test]
fn buildah_is_asked_once_where_there_is_nothing_to_do() {
    check_idle(EngineChoice::Buildah);
}

#[test]
fn podman_builds_the_chain() {
    check(EngineChoice::Podman);
}

#[test]
fn a_real_plan_needs_no_engine() {
    let bench = Bench::floating();
    let output = bench.command(&["--plan"]).env("PATH", Path::new("/nonexistent")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

//! The documented route of a release, by its make targets: with a failed test and with drift that are waived.
//! What is built is pretended; tests, comparison, record, checklist and tags are the real programs'.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use common::evidence::{Compared, Tested};
use common::report::Verdict;
use common::testing::{Repository, program};
use serde_json::{Value, json};
use support::{NAME, Release, Remote};
use tempfile::TempDir;

const OF_ROMAN_CAL: &str = "deployments/roman/environments/roman-cal/tests/waivers.json";
const OF_THE_MISSION: &str = "deployments/roman/waivers.json";
const ENV: &str = "opt/conda/envs/roman-cal";

/// What the image's scripts print.
const TRANSCRIPT: &str = "\
========== Testing Environment roman-cal ==========
========== Testing Imports roman-cal ==========
Importing numpy ... ok
Importing asdf ... FAIL
KeyError: 'a'
Importing romancal ... ok
Failing imports: 1
asdf
";

/// A release whose image fails the import of asdf, lacks fftw, and has another conda than was frozen.
struct Route {
    release: Release,
    remote: Remote,
    tools: TempDir,
}

impl Route {
    /// None where the other tools are not built.
    fn new() -> Option<Self> {
        let tools = tools()?;
        let release = Release::ready();
        fs::remove_dir_all(release.repository.at(".image")).unwrap();
        release.engine.print("/opt/environments/test", TRANSCRIPT, 1);
        let files = held();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), &**text)).collect();
        release.engine.serve_files(NAME, "/", &files);
        release.build();
        let remote = release.remote();
        Some(Self { release, remote, tools })
    }

    fn waive(&self, file: &str, what: &[&str], expires: &str) {
        let one = |what| json!({"what": what, "owner": "ada", "reason": "issue 7", "expires": expires});
        let all: Vec<Value> = what.iter().map(one).collect();
        self.release.repository.write(file, &format!("{:#}\n", json!({"waivers": all})));
    }

    /// `make TARGET`, as a repository does that includes `release.mk`.
    fn make(&self, target: &str) -> Output {
        let mut make = std::process::Command::new("make");
        make.arg("-f").arg(self.tools.path().join("release.mk")).args([target, "EXECUTE=1"]);
        make.current_dir(self.release.repository.root()).env_clear().env("PATH", self.release.engine.path());
        make.envs(Repository::GIT_ENV).output().unwrap()
    }
}

/// A directory as `scripts/` is: the targets and the tools. Those that configure and build do nothing.
fn tools() -> Option<TempDir> {
    let own = Path::new(env!("CARGO_BIN_EXE_release-tag"));
    let dir = tempfile::tempdir().unwrap();
    for name in ["image-test", "image-freeze", "release-tag"] {
        let tool = own.with_file_name(name);
        if !tool.is_file() {
            eprintln!("skipped: {name} is not built beside release-tag (cargo build --workspace)");
            return None;
        }
        symlink(tool, dir.path().join(name)).unwrap();
    }
    for name in ["image-configure", "image-update", "image-build"] {
        program(&dir.path().join(name), "#!/bin/sh\nexit 0\n");
    }
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/release.mk");
    fs::copy(targets, dir.path().join("release.mk")).unwrap();
    Some(dir)
}

/// What a build of the frozen specs would hold, but for fftw and conda.
fn held() -> Vec<(String, String)> {
    let record = |prefix: &str, name: &str, version: &str, files: &[&str]| {
        let text = json!({"name": name, "version": version, "build": "h0_0", "files": files});
        (format!("{prefix}/conda-meta/{name}-{version}-h0_0.json"), text.to_string())
    };
    let distribution = |name: &str, version: &str| {
        let path = format!("{ENV}/lib/python3.11/site-packages/{name}-{version}.dist-info/METADATA");
        (path, format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n"))
    };
    vec![
        record("opt/conda", "conda", "24.5.0", &[]),
        record(ENV, "pip", "24.0", &["lib/python3.11/site-packages/pip-24.0.dist-info/METADATA"]),
        record(ENV, "python", "3.11.7", &[]),
        record(ENV, "tzdata", "2024a", &[]),
        distribution("pip", "24.0"),
        distribution("asdf", "3.0.1"),
        distribution("gwcs", "0.21.0"),
        distribution("numpy", "1.26.4"),
        distribution("romancal", "0.13.0"),
    ]
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn what_is_waived_goes_all_the_way_to_the_tags_and_is_told_in_the_record() {
    let Some(route) = Route::new() else { return };
    let output = route.make("tag");
    assert!(!output.status.success() && said(&output).contains("import asdf failed\n"), "{}", said(&output));
    route.waive(OF_ROMAN_CAL, &["import asdf"], "9999-12-31");
    let output = route.make("tag");
    assert!(!output.status.success() && said(&output).contains("missing  conda  fftw"), "{}", said(&output));
    route.waive(OF_ROMAN_CAL, &["import asdf", "drift fftw"], "9999-12-31");
    let output = route.make("tag");
    assert!(!output.status.success() && said(&output).contains("24.1.2 -> 24.5.0"), "{}", said(&output));

    // The base is no environment of the repository: what is wrong with it is waived by the mission.
    route.waive(OF_THE_MISSION, &["drift conda"], "9999-12-31");
    let output = route.make("record");
    assert!(output.status.success(), "{}", said(&output));
    // Tags are of what was merged.
    route.release.repository.run_git(&["push", "-q", "origin", "main"]);
    let output = route.make("tag");
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(route.remote.tags(&route.release).len(), 2);
    let record: Value =
        serde_json::from_str(&route.release.repository.read("deployments/roman/release.json")).unwrap();
    let whats = |list: &Value| -> Vec<String> {
        let of = |one: &Value| format!("{}: {}", one["environment"], one["waiver"]["what"]).replace('"', "");
        list.as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(whats(&record["tests"]["waived"]), ["roman-cal: import asdf"]);
    assert_eq!(whats(&record["drift"]["waived"]), ["base: drift conda", "roman-cal: drift fftw"]);
    let (store, id) = (route.release.store(), &route.release.id);
    assert_eq!(store.read::<Tested>(id).unwrap().unwrap().verdict, Verdict::No, "as it was found");
    assert_eq!(store.read::<Compared>(id).unwrap().unwrap().verdict, Verdict::No);
    // Nothing is left to do, and nothing was dirtied.
    assert!(route.make("tag").status.success());
    assert_eq!(route.release.repository.run_git(&["status", "--porcelain"]), "");
}

/// What was excused at the test is not for that reason excused at the tag.
#[test]
fn a_waiver_that_ends_before_the_tag_stops_the_route() {
    let Some(route) = Route::new() else { return };
    let waive = |expires: &str| {
        route.waive(OF_ROMAN_CAL, &["import asdf", "drift fftw"], expires);
        route.waive(OF_THE_MISSION, &["drift conda"], expires);
    };
    waive("9999-12-31");
    let output = route.make("record");
    assert!(output.status.success(), "{}", said(&output));
    waive("2024-08-05");
    route.release.repository.commit("the day passes");
    route.release.repository.run_git(&["push", "-q", "origin", "main"]);
    let gate = route.release.run(&["check"]);
    assert_eq!((gate.code(), gate.broken()), (1, ["RT050", "RT051", "RT054"].map(str::to_owned).to_vec()));
    let output = route.make("tag");
    assert!(!output.status.success(), "{}", said(&output));
    let ended = "roman-cal: the waiver of import asdf ended on 2024-08-05 (ada)";
    assert!(said(&output).contains(ended), "{}", said(&output));
    assert_eq!(route.remote.tags(&route.release), [""; 0]);
}

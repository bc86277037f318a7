//! The chain on the engines of this machine, upon a base of a few of its own programs. An engine
//! that is not there is skipped, and so is docker where it has images that the test would replace.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::console::Console;
use common::engine::{Engine, choose};
use common::settings::{EngineChoice, UseFrozen};
use common::testing::{FakeEngine, Repository};
use support::{Bench, built, closure, stderr};
use tempfile::TempDir;

const BASE: &str = "image-build-test-base:latest";
const IMAGE: &str = "notebook-build-trial:latest";
const IMAGES: [&str; 4] = [IMAGE, "notebook-build-trial-dirty", "notebook-common", BASE];

const COMMON: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n\
    ARG USE_FROZEN=1\nARG USER_CACHE_DIRS\nENV USE_FROZEN=$USE_FROZEN USER_CACHE_DIRS=$USER_CACHE_DIRS\n\
    ENV NB_UID=1000 NB_GID=100 NB_USER=jovyan PATH=/bin\nUSER root\n\
    # RUN this is a comment\n\
    RUN echo root >/var/cache/apt/by-root && cat /run/secrets/ca >/dev/null && \\\n\
    \x20   echo \"$SSL_CERT_FILE\" >/bundle-was-at\n\
    USER jovyan\nrun touch /home/jovyan/.cache/by-user /opt/conda/pkgs/by-user\n\
    COPY VERSION nothing*.here /opt/\n";

const MISSION: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n\
    COPY environments/*/*.explicit /explicit/\n\
    COPY env-frozen/base/ /opt/env-frozen/base/\nCOPY env-chilly/roman-cal/ /opt/env-chilly/roman-cal/\n\
    USER root\nRUN echo \"$INDEX_CUTOFF\" >/cutoff; ls -A /opt/env-frozen/base >/listed\nUSER jovyan\n";

/// An engine of this machine, with images of its own where it can.
struct Real {
    bench: Bench,
    engine: Engine,
    choice: EngineChoice,
    dir: TempDir,
}

impl Real {
    fn new(choice: EngineChoice) -> Option<Self> {
        let console = Console::silent();
        let engine = choose(choice, &console).inspect_err(|e| eprintln!("skipped: {choice}: {e}")).ok()?;
        if IMAGES.iter().any(|image| engine.inspect(image, &console).unwrap().is_some()) {
            eprintln!("skipped: {choice}: it has images that the test would replace");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("base.tar");
        closure::write(&archive);
        engine.import(&archive, BASE, &console).unwrap();
        let bench = Bench::new(Repository::new(), FakeEngine::docker());
        bench.repository.write("deployments/common/Dockerfile", COMMON);
        // A mission of the test's own: a real one may be in the engine.
        bench.repository.write("deployments/build-trial/Dockerfile", MISSION);
        bench.repository.write("deployments/build-trial/environments/roman-cal/roman-cal.yml", "");
        let bundle = dir.path().join("ca.pem");
        fs::write(&bundle, "-----BEGIN CERTIFICATE-----\nU0VDUkVU\n-----END CERTIFICATE-----\n").unwrap();
        bench.configure(UseFrozen::Floating, |settings| {
            settings.deployment = "build-trial".parse().unwrap();
            settings.base_image = Some(BASE.to_owned().into());
            settings.ca_bundle = common::settings::CaBundle::File(bundle);
            settings.engine = choice;
            settings.freeze_chill = false;
        });
        Some(Self { bench, engine, choice, dir })
    }

    /// Builds against the moment `cutoff`; gives the image's id.
    fn build(&self, cutoff: &str) -> String {
        let mut command = self.bench.command(&["--no-update", "--index-cutoff", cutoff]);
        for (name, value) in std::env::vars_os().filter(|(name, _)| name != "HOME") {
            command.env(name, value);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}: {}", self.choice, stderr(&output));
        assert!(self.bench.staged().is_empty());
        let console = Console::silent();
        self.engine.inspect(IMAGE, &console).unwrap().unwrap().id.to_string()
    }

    /// The small files of the image.
    fn files(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let visit = &mut |entry: &common::engine::FileEntry<'_>, content: &mut dyn std::io::Read| {
            let mut text = Vec::new();
            if entry.link.is_none() && entry.size < 100_000 {
                content.read_to_end(&mut text)?;
            }
            found.insert(entry.path.display().to_string(), String::from_utf8_lossy(&text).into_owned());
            Ok(())
        };
        self.engine.read_all(IMAGE, &Console::silent(), visit).unwrap();
        found
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        for image in IMAGES {
            _ = self.engine.remove_image(image, &Console::silent());
        }
        assert!(self.dir.path().is_dir());
    }
}

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
    let facts = real.engine.inspect(IMAGE, &Console::silent()).unwrap().unwrap();
    assert!(facts.variable("SSL_CERT_FILE").is_none() && facts.variable("INDEX_CUTOFF").is_none());
    assert_eq!(facts.variable("USE_FROZEN"), Some("0"));
    assert_eq!(real.build("2024-08-05T10:00:00Z"), first, "the same moment finds the cached layers");
    assert_ne!(real.build("2024-08-06T10:00:00Z"), first);
    assert_eq!(real.files()["cutoff"], "2024-08-06T10:00:00Z\n", "a new moment meets no old layer");
}

/// Which steps of a build without flags the engine was asked for.
fn steps(real: &Real, args: &[&str]) -> Vec<String> {
    let mut command = real.bench.command(&[&["--no-update"], args].concat());
    for (name, value) in std::env::vars_os().filter(|(name, _)| name != "HOME") {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}: {}", real.choice, stderr(&output));
    let document = common::document::Document::parse(&output.stdout, "standard output").unwrap();
    let done = |step: &&common::report::BuildStep| step.status == common::report::StepStatus::Done;
    let names = built(&document).steps.iter().filter(done).map(|step| step.name.clone());
    names.filter(|name| name != "base").collect()
}

/// The steps that a plan foresees.
fn foreseen(real: &Real, args: &[&str]) -> Vec<String> {
    let output = real.bench.run(&[&["--no-update", "--plan", "--json"], args].concat());
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let built = plan["images"].as_array().unwrap().iter().filter(|image| image["state"] == "built");
    let names = built.map(|image| image["step"].as_str().unwrap().to_owned());
    names.filter(|name| name != "base").collect()
}

type Change<'a> = (&'a str, &'a [&'a str], &'a dyn Fn(&Bench));

/// A sample of edits: what is foreseen is what the engine was asked for, and what came out holds it;
/// where nothing is foreseen, the engine by itself would find nothing to do either.
fn check_edits(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    let cutoff = ["--index-cutoff", "2024-08-05T10:00:00Z"];
    let specs = real.bench.repository.at("deployments/build-trial/environments/roman-cal");
    fs::rename(specs.join("roman-cal.yml"), specs.join("roman-cal.explicit")).unwrap();
    assert_eq!(steps(&real, &cutoff), ["common", "mission", "caches"]);
    let spec = "deployments/build-trial/environments/roman-cal/roman-cal.explicit";
    let all = &["common", "mission", "caches"][..];
    let changes: [Change; 8] = [
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
    ];
    for (what, expected, change) in changes {
        change(&real.bench);
        let foreseen = foreseen(&real, &cutoff);
        assert_eq!(foreseen, expected, "{choice}: {what}");
        assert_eq!(steps(&real, &cutoff), expected, "{choice}: {what}");
        if expected.is_empty() {
            let id = || real.engine.inspect(IMAGE, &Console::silent()).unwrap().unwrap().id;
            let before = id();
            assert_eq!(steps(&real, &[&cutoff[..], &["--force"]].concat()), all, "{choice}: {what}");
            assert_eq!(id(), before, "{choice}: the engine itself finds no change either: {what}");
        }
    }
    let files = real.files();
    assert_eq!((files["opt/VERSION"].as_str(), files.get("opt/nothing.here")), ("2.0.0\n", None));
    assert_eq!(files["explicit/roman-cal.explicit"], "@EXPLICIT\r\n");
}

#[test]
fn docker_builds_the_chain_and_what_changes_of_it() {
    check(EngineChoice::Docker);
    check_edits(EngineChoice::Docker);
}

#[test]
fn buildah_builds_the_chain_and_what_changes_of_it() {
    check(EngineChoice::Buildah);
    check_edits(EngineChoice::Buildah);
}

#[test]
fn a_real_plan_needs_no_engine() {
    let bench = Bench::floating();
    let output = bench.command(&["--plan"]).env("PATH", Path::new("/nonexistent")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

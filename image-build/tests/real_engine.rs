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
use support::{Bench, closure, stderr};
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

#[test]
fn docker_builds_the_chain() {
    check(EngineChoice::Docker);
}

#[test]
fn buildah_builds_the_chain() {
    check(EngineChoice::Buildah);
}

#[test]
fn a_real_plan_needs_no_engine() {
    let bench = Bench::floating();
    let output = bench.command(&["--plan"]).env("PATH", Path::new("/nonexistent")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

//! `release-tag verify --rebuild`: what is built again beside what was tested. The build itself is played.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::process::Command;

use common::digest::Digest;
use common::document::Document;
use common::report::{ImageIdentity, Verdict};
use common::session::{Finding, Session};
use common::testing::Repository;
use support::{NAME, Ran, Release};

const TAG: &str = "roman-12.0.0";

/// A tagged release, and the tool beside an image-build that only says what it made.
struct Bench {
    release: Release,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let release = Release::ready();
        release.run(&["tag", "--execute"]).outcome("tag");
        let dir = tempfile::tempdir().unwrap();
        let (built, tool) = (env!("CARGO_BIN_EXE_release-tag"), dir.path().join("release-tag"));
        fs::hard_link(built, &tool).or_else(|_| fs::copy(built, &tool).map(|_| ())).unwrap();
        Self { release, dir }
    }

    /// Has image-build note how it is called, run `script`, and print what a build of `id` prints.
    fn builds(&self, id: &Digest, script: &str) {
        let image = ImageIdentity { name: NAME.to_owned(), id: id.clone() };
        let session = Session::around("image-build", Document::new(self.release.repository.settings()), true);
        let outcome = common::testing::built(Verdict::Yes, &image).outcome;
        let document = session.conclude(Finding { verdict: Verdict::Yes, image: Some(image), outcome });
        let at = |name: &str| self.dir.path().join(name);
        fs::write(at("printed"), document.to_json()).unwrap();
        let (called, got, printed) = (at("called"), at("got"), at("printed"));
        let text = format!(
            "#!/bin/sh\necho \"$*\" >'{}'\ncat >'{}'\n{script}\ncat '{}'\n",
            called.display(),
            got.display(),
            printed.display()
        );
        common::testing::program(&at("image-build"), &text);
    }

    fn verify(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(self.dir.path().join("release-tag"));
        command.args([&["verify", TAG, "--rebuild"], args].concat());
        command.current_dir(self.release.repository.root()).env_clear();
        command.env("PATH", self.release.engine.path()).envs(Repository::GIT_ENV);
        // The program was just copied, and another test's child may still hold it open for writing.
        for _ in 0..100 {
            match command.output() {
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                output => return Ran(output.unwrap()),
            }
        }
        panic!("the program stays busy")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }
}

fn rebuild(ran: &Ran) -> serde_json::Value {
    ran.report()["outcome"]["verify"]["rebuild"].clone()
}

fn link(ran: &Ran) -> (String, String) {
    let links = ran.report()["outcome"]["verify"]["links"].as_array().unwrap().clone();
    let link = links.into_iter().find(|link| link["code"] == "RV040").unwrap();
    let text = |key: &str| link[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("detail"))
}

#[test]
fn the_same_image_is_told_and_was_built_of_the_commit_without_a_cache() {
    let bench = Bench::new();
    bench.builds(&bench.release.id, "");
    let ran = bench.verify(&[]);
    assert_eq!(rebuild(&ran)["verdict"], "same-id", "{}", ran.said());
    assert_eq!(link(&ran).0, "passed");
    let called = bench.read("called");
    assert!(called.starts_with("--no-update --reproducible="), "{called}");
    let document = Document::parse(bench.read("got").as_bytes(), "test").unwrap();
    let settings = document.settings;
    assert!(settings.build_words().contains(&"--no-cache".to_owned()));
    assert_eq!(settings.base_reference(), NAME, "upon the recorded base");
    assert!(settings.root.starts_with(bench.release.repository.at(".image/stage/rebuild")));
    assert!(!settings.root.exists(), "the clone is gone");
}

#[test]
fn another_image_is_told_with_the_files_that_differ_and_the_step_that_made_them() {
    let bench = Bench::new();
    let other = bench.release.engine.image("other", &["USE_FROZEN=1"]);
    bench.builds(&other, "");
    let ran = bench.verify(&[]);
    assert_eq!(ran.code(), 1, "{}", ran.said());
    let comparison = rebuild(&ran);
    assert_eq!(comparison["verdict"], "different");
    let file = &comparison["files"][0];
    assert_eq!((&file["path"], &file["what"][0]), (&"/etc/image".into(), &"content".into()));
    assert_eq!(file["second"]["step"], "other");
    let (status, detail) = link(&ran);
    assert_eq!(status, "failed");
    assert!(detail.contains("1 of ") && detail.contains("/etc/image: content"), "{detail}");
}

#[test]
fn names_that_the_build_moves_mean_afterwards_what_they_meant_before() {
    let bench = Bench::new();
    let engine = &bench.release.engine;
    let other = engine.image("other", &["USE_FROZEN=1"]);
    let program = engine.program();
    let tag = |name: &str| format!("'{}' tag {other} {name}", program.display());
    bench.builds(&other, &format!("{}\n{}", tag(NAME), tag("notebook-common")));
    bench.verify(&[]);
    let id = |name: &str| {
        let facts = engine.engine().inspect(name, &common::console::Console::silent()).unwrap();
        facts.map(|facts| facts.id)
    };
    assert_eq!(id(NAME), Some(bench.release.id.clone()));
    assert_eq!(id("notebook-common"), None, "it was not there before");
    assert_eq!(id(&format!("{NAME}-rebuilt")), Some(other));
}

#[test]
fn a_build_that_fails_is_no_answer() {
    let bench = Bench::new();
    bench.builds(&bench.release.id, "exit 3");
    let ran = bench.verify(&[]);
    assert_eq!(ran.code(), 69, "{}", ran.said());
    let (status, detail) = link(&ran);
    assert_eq!(status, "skipped");
    assert!(detail.contains("the rebuild failed"), "{detail}");
}

#[test]
fn a_capsule_is_passed_on() {
    let bench = Bench::new();
    bench.builds(&bench.release.id, "");
    bench.verify(&["--capsule", "oci:/capsule"]);
    let called = bench.read("called");
    assert!(called.starts_with("--from-capsule oci:/capsule "), "{called}");
}

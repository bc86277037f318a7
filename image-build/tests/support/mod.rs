//! What the pipeline tests share: the built program beside siblings that only pretend, a fake
//! engine and a repository.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "not every test file uses all of it"
)]

pub mod bridge;
pub mod capsule;
pub mod real;
pub mod stacks;
pub mod traced;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use common::document::Document;
use common::report::{BuildOutcome, Outcome};
use common::settings::{Owner, Settings, UseFrozen};
use common::testing::{FakeEngine, Repository};
use tempfile::TempDir;

/// A place to build in.
pub struct Bench {
    pub repository: Repository,
    pub engine: FakeEngine,
    bin: TempDir,
    home: TempDir,
}

impl Bench {
    /// A committed repository whose siblings do what is expected of them and nothing else.
    pub fn new(repository: Repository, engine: FakeEngine) -> Self {
        let (bin, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let program = bin.path().join("image-build");
        let built = env!("CARGO_BIN_EXE_image-build");
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(|_| ())).unwrap();
        let bench = Self { repository, engine, bin, home };
        let mission = bench.repository.at("deployments/roman");
        let generate = format!(
            "cd '{}' && cat Dockerfile.custom ../common/Dockerfile.trailer >Dockerfile\ncat",
            mission.display()
        );
        bench.sibling("image-update", &generate);
        bench.sibling("image-freeze", "cat");
        // As after an earlier update, so that the tree is clean after this one.
        let text = ["deployments/roman/Dockerfile.custom", "deployments/common/Dockerfile.trailer"];
        bench
            .repository
            .write("deployments/roman/Dockerfile", &text.map(|f| bench.repository.read(f)).concat());
        let repository = bench.repository;
        Self { repository: repository.git(), ..bench }
    }

    /// The documented floating build on a base image that is pulled.
    pub fn floating() -> Self {
        let bench = Self::new(Repository::new(), FakeEngine::docker());
        bench.configure(UseFrozen::Floating, |_| ());
        bench
    }

    /// The documented frozen build, with the base image at hand.
    pub fn frozen() -> Self {
        let bench = Self::new(Repository::new().frozen(), FakeEngine::docker());
        bench.configure(UseFrozen::Frozen, |_| ());
        bench
    }

    /// Configures for a pulled base that is there, with freezing, and no CA bundle of this machine.
    pub fn configure(&self, mode: UseFrozen, change: impl FnOnce(&mut Settings)) -> Document {
        self.engine.image(BASE, &[]);
        self.repository.configure(|settings| {
            settings.use_frozen = mode;
            settings.freeze_chill = true;
            settings.owner = Owner::QuayJupyter;
            settings.ca_bundle = common::settings::CaBundle::None;
            change(settings);
        })
    }

    /// Makes the sibling `name` note its arguments and run `script` with the document on its input.
    pub fn sibling(&self, name: &str, script: &str) {
        let log = self.bin.path().join("log");
        let text = format!("#!/bin/sh\necho {name} $* >>'{}'\n{script}\n", log.display());
        common::testing::program(&self.bin.path().join(name), &text);
    }

    /// The siblings that ran, with their arguments but those that hand over the document.
    pub fn siblings(&self) -> Vec<String> {
        let log = fs::read_to_string(self.bin.path().join("log")).unwrap_or_default();
        log.lines().map(|line| line.trim_end_matches(" --json -").to_owned()).collect()
    }

    /// The user's home directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The tool, hermetic: nothing of the environment that runs the tests.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.bin.path().join("image-build"));
        command.args(args).current_dir(self.repository.root()).env_clear();
        command.env("PATH", self.engine.path()).env("HOME", self.home.path());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs it and expects it to do what it should; gives the document.
    pub fn build(&self, args: &[&str]) -> Document {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        Document::parse(&output.stdout, "standard output").unwrap()
    }

    /// Runs it and expects this status, and nothing on standard output; gives what it said.
    pub fn fails(&self, args: &[&str], status: i32) -> String {
        let output = self.run(args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(output.stdout.is_empty(), "a fault prints no document");
        said
    }

    /// What `--plan` says that each step took, and its last line.
    pub fn planned(&self, args: &[&str]) -> (Vec<String>, String) {
        let output = self.run(&[&["--plan"], args].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let took = |line: &str| Some(line.split_once("(took ")?.1.trim_end_matches(')').to_owned());
        (text.lines().filter_map(took).collect(), text.lines().last().unwrap_or_default().to_owned())
    }

    /// Rewrites how long it is remembered that a build of `image` took.
    pub fn took(&self, image: &str, seconds: f64) {
        let name = format!(".image/keys/{}.json", image.replace(['/', ':'], "%"));
        let mut record: serde_json::Value = serde_json::from_str(&self.repository.read(&name)).unwrap();
        record["seconds"] = serde_json::json!([seconds]);
        self.repository.write(&name, &record.to_string());
    }

    /// Starts it, and waits until a call hangs.
    pub fn start(&self, args: &[&str]) -> Child {
        let child = self.command(args).spawn().unwrap();
        self.engine.wait_until_hanging();
        child
    }

    /// Tells a child to end, as a person or a CI system does, and waits until it has.
    pub fn stop(child: Child) -> Output {
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait_with_output().unwrap()
    }

    /// The staged contexts that are there now.
    pub fn staged(&self) -> Vec<PathBuf> {
        let below =
            |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let stages = below(self.repository.at(".image/stage")).flat_map(below);
        stages.map(|stage| stage.join("new")).collect()
    }

    /// Nothing of the tree changed, and nothing is left of the stage.
    pub fn assert_untouched(&self) {
        assert_eq!(self.repository.status(), "", "the tree is as it was");
        assert!(self.staged().is_empty(), "no staged context is left");
    }
}

/// The base image that the tests pull.
pub const BASE: &str = "quay.io/jupyter/scipy-notebook";

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the last report says was built.
pub fn built(document: &Document) -> &BuildOutcome {
    match &document.reports.last().expect("there is a report").outcome {
        Outcome::Build(outcome) => outcome,
        other => panic!("the last report is {other:?}"),
    }
}

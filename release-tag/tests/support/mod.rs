//! A deployments repository with a release in it, and the tool as its users run it.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::context;
use common::digest::{self, Digest};
use common::evidence::{Built, Compared, Frozen, Materials, Origin, Store, Tested};
use common::report::{CheckOutcome, ImageIdentity, TestStatus, Verdict};
use common::settings::{CalVersion, UseFrozen};
use common::testing::{self, FakeEngine, Repository};
use jiff::Timestamp;

/// The name of the mission's image.
pub const NAME: &str = "notebook-roman:latest";

/// A repository of roman 12.0.0 with infrastructure 1.3.0, committed, whose frozen image a fake
/// engine has, tested green and without drift.
pub struct Release {
    pub repository: Repository,
    pub engine: FakeEngine,
    pub id: Digest,
    /// What the image is called.
    pub name: String,
    /// Its bill of materials, if it matters.
    pub bill: Option<String>,
    /// What the tool gets besides the ordinary environment.
    pub env: Vec<(String, OsString)>,
}

impl Release {
    /// All of it.
    pub fn ready() -> Self {
        Self::on(FakeEngine::docker())
    }

    /// The same on another engine.
    pub fn on(engine: FakeEngine) -> Self {
        let repository = Repository::new().frozen();
        repository.write("deployments/roman/MISSION_VERSION", "roman-12.0.0\n");
        repository.write("deployments/common/VERSION", "1.3.0\n");
        let cal = "deployments/roman/environments/roman-cal/";
        repository.write(&format!("{cal}CAL_VERSION"), "0.13.0\n");
        repository.write(&format!("{cal}kernel.name"), "Roman Calibration 0.13.0 (2024-08-05)\n");
        repository.write(&format!("{cal}sources.lock.json"), &receipt("0.13.0", "a release engineer"));
        // There is no commit yet that they could name.
        for hash in ["deployments/common/HASH", "deployments/roman/MISSION_HASH"] {
            repository.write(hash, "0000000000000000000000000000000000000000\n");
        }
        let repository = repository.git();
        repository.configure(|settings| settings.use_frozen = UseFrozen::Frozen);
        let id = engine.image(NAME, &["USE_FROZEN=1"]);
        let release = Self { repository, engine, id, name: NAME.to_owned(), bill: None, env: Vec::new() };
        release.settle();
        release
    }

    /// Builds of what is in the tree now, tests green, compares, and saves with the record.
    pub fn settle(&self) {
        self.build();
        self.test(Verdict::Yes);
        self.compare();
        self.run(&["save"]).outcome("save");
    }

    /// The digest of the record as it is in the tree.
    pub fn record(&self) -> Digest {
        Digest::of(self.repository.read("deployments/roman/release.json").as_bytes())
    }

    /// The evidence about images.
    pub fn store(&self) -> Store {
        Store::in_state(&self.repository.at(".image"))
    }

    pub fn identity(&self) -> ImageIdentity {
        ImageIdentity { name: self.name.clone(), id: self.id.clone() }
    }

    /// Notes the image as built of what is in the tree now.
    pub fn build(&self) {
        let context = |dir: &str| context::context_digest(&self.repository.at(dir)).unwrap();
        let built = Built {
            image: self.identity(),
            origin: Origin::Built,
            at: Timestamp::UNIX_EPOCH,
            use_frozen: UseFrozen::Frozen,
            cal_version: CalVersion::None,
            common_context: context("deployments/common"),
            mission_context: context("deployments/roman"),
            base: self.identity(),
            engine: "fake".to_owned(),
            materials: Materials::of(&self.repository.settings()).unwrap(),
            index_cutoff: None,
        };
        self.note_built(&built);
    }

    pub fn note_built(&self, built: &Built) {
        self.store().write(&self.id, built).unwrap();
        self.store().set_last_built(&"roman".parse().unwrap(), &self.identity()).unwrap();
    }

    pub fn built(&self) -> Built {
        self.store().read(&self.id).unwrap().unwrap()
    }

    pub fn test(&self, verdict: Verdict) {
        let status = if verdict == Verdict::Yes { TestStatus::Passed } else { TestStatus::Failed };
        let outcome = testing::tested(status);
        let tested =
            Tested { image: self.identity(), at: Timestamp::UNIX_EPOCH, verdict, outcome, inputs: None };
        self.store().write(&self.id, &tested).unwrap();
    }

    /// Another run of the tests had other ones.
    pub fn tested_otherwise(&self) {
        let mut outcome = testing::tested(TestStatus::Passed);
        "scipy".clone_into(&mut outcome.environments[0].cases[0].name);
        let (image, at) = (self.identity(), Timestamp::UNIX_EPOCH);
        let fact = Tested { image, at, verdict: Verdict::Yes, outcome, inputs: None };
        self.store().write(&self.id, &fact).unwrap();
    }

    pub fn compare(&self) {
        let frozen =
            digest::of_tree(&self.repository.at("deployments/roman/env-frozen"), &|_| false).unwrap();
        let outcome = CheckOutcome::of(Vec::new());
        let (image, at) = (self.identity(), Timestamp::UNIX_EPOCH);
        let specs = frozen.clone();
        let compared = Compared { image: image.clone(), at, verdict: Verdict::Yes, frozen, outcome };
        self.store().write(&self.id, &compared).unwrap();
        let bill = self.bill.clone().unwrap_or_else(|| format!("{{\"name\":\"{}\"}}\n", self.id));
        let sbom = Some(self.store().put_beside(&self.id, Frozen::SBOM, bill.as_bytes()).unwrap());
        self.store().write(&self.id, &Frozen { image, at, specs, inventory: None, sbom }).unwrap();
    }

    /// The tool, before it is run: nothing of the environment of whoever runs the tests.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_release-tag"));
        command.args(args).current_dir(self.repository.root()).env_clear().env("PATH", self.engine.path());
        command.envs(Repository::GIT_ENV).envs(self.env.iter().map(|(n, v)| (n, v)));
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).output().unwrap())
    }

    /// A bare repository as the remote `origin`, with the branch pushed, which follows it.
    pub fn remote(&self) -> Remote {
        let remote = self.remote_called("origin");
        self.repository.run_git(&["push", "-q", "-u", "origin", "main"]);
        remote
    }

    /// A bare repository as the remote `name`, with the branch main.
    pub fn remote_called(&self, name: &str) -> Remote {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bare.git");
        self.repository.run_git(&["init", "-q", "--bare", "-b", "main", path.to_str().unwrap()]);
        let url = format!("file://{}", path.display());
        self.repository.run_git(&["remote", "add", name, &url]);
        self.repository.run_git(&["push", "-q", name, "main"]);
        Remote(dir)
    }

    /// Waits until no process works in the repository any more: a git that a killed run had begun goes on
    /// without it, and holds git's locks as long as that takes.
    pub fn wait_for_orphans(&self) {
        let root = self.repository.root().canonicalize().unwrap();
        let works_here = |process: &Path| {
            let line = fs::read(process.join("cmdline")).unwrap_or_default();
            let names = String::from_utf8_lossy(&line).contains(root.to_str().unwrap());
            names || fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&root))
        };
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(2);
        while std::time::Instant::now() < deadline {
            let Ok(all) = fs::read_dir("/proc") else {
                // Elsewhere there is no telling.
                return std::thread::sleep(std::time::Duration::from_secs(2));
            };
            if !all.flatten().any(|process| works_here(&process.path())) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    pub fn head(&self) -> String {
        self.repository.run_git(&["rev-parse", "HEAD"])
    }

    /// Every ref and what it names, here.
    pub fn refs(&self) -> String {
        self.repository.run_git(&["show-ref"])
    }
}

/// A bare repository.
pub struct Remote(tempfile::TempDir);

impl Remote {
    pub fn path(&self) -> std::path::PathBuf {
        self.0.path().join("bare.git")
    }

    /// Its tags and what they lead to.
    pub fn tags(&self, release: &Release) -> Vec<String> {
        let path = self.path();
        let format = "--format=%(refname:short) %(*objectname)";
        let text =
            release.repository.run_git(&["-C", path.to_str().unwrap(), "for-each-ref", format, "refs/tags"]);
        text.lines().map(str::to_owned).collect()
    }

    pub fn hook(&self, name: &str, script: &str) {
        hook(&self.path().join("hooks"), name, script);
    }
}

/// Writes a git hook.
pub fn hook(dir: &Path, name: &str, script: &str) {
    common::testing::program(&dir.join(name), &format!("#!/bin/sh\n{script}\n"));
}

/// A run that ended.
pub struct Ran(pub Output);

impl Ran {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// What it printed, which must be a document, as its last report.
    pub fn report(&self) -> serde_json::Value {
        let document: serde_json::Value =
            serde_json::from_slice(&self.0.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.said()));
        document["reports"].as_array().unwrap().last().unwrap().clone()
    }

    /// The outcome of a run that must have gone well.
    pub fn outcome(&self, kind: &str) -> serde_json::Value {
        assert_eq!(self.code(), 0, "{}\n{}", self.said(), String::from_utf8_lossy(&self.0.stdout));
        self.report()["outcome"][kind].clone()
    }

    /// It failed with `code` and printed nothing for the next tool, but told people why.
    pub fn refused(&self, code: i32, said: &str) {
        assert_eq!(self.code(), code, "{}", self.said());
        assert!(self.0.stdout.is_empty(), "a fault prints nothing");
        assert!(self.said().contains(said), "{}", self.said());
    }

    /// The codes of the rules that a check found broken.
    pub fn broken(&self) -> Vec<String> {
        let rules = self.report()["outcome"]["gate"]["rules"].as_array().unwrap().clone();
        let broken = rules.iter().filter(|rule| rule["status"] == "failed");
        broken.map(|rule| rule["code"].as_str().unwrap().to_owned()).collect()
    }
}

/// What `image-update` notes of a delivery of `version` that `who` asked for.
pub fn receipt(version: &str, who: &str) -> String {
    common::receipt::Receipt::new(version, who, jiff::Timestamp::UNIX_EPOCH).to_json()
}

//! A repository, an engine that only pretends, and the built program between them.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

pub mod channel;
pub mod conda;
pub mod index;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::digest::{self, Digest};
use common::testing::{FakeEngine, Repository};
use serde_json::Value;
use tempfile::TempDir;

/// The mission's image.
pub const IMAGE: &str = "notebook-roman:latest";

/// A repository whose mission image holds `files` in `/opt/env-frozen`.
pub struct Lab {
    pub repository: Repository,
    pub engine: FakeEngine,
    pub id: Digest,
}

/// The specs of a good build: other than those that the repository is frozen with.
pub const SOLVED: &[(&str, &str)] = &[
    ("base/requirements.yml", "name: base\ndependencies:\n  - conda=24.5.0\nprefix: /opt/conda\n"),
    (
        "roman-cal/requirements.yml",
        "name: roman-cal\nchannels:\n  - conda-forge\ndependencies:\n  - fftw=3.3.10\n  - pip=24.2\n  - python=3.11.9\n",
    ),
    (
        "roman-cal/requirements.txt",
        "#\n# made by a solver\n#\nasdf==3.4.0\n    # via romancal\nromancal==0.16.0\n",
    ),
];

impl Lab {
    /// `repository`, configured, with an image of docker's that holds `files`.
    pub fn new(repository: Repository, files: &[(&str, &str)]) -> Self {
        Self::on(FakeEngine::docker(), repository, files)
    }

    /// The same with `engine`.
    pub fn on(engine: FakeEngine, repository: Repository, files: &[(&str, &str)]) -> Self {
        repository.configure(|_| ());
        let id = engine.image(IMAGE, &[]);
        engine.serve_files(IMAGE, "/opt/env-frozen", files);
        Self { repository, engine, id }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
        command.args(args).current_dir(self.repository.root()).env_clear().env("PATH", self.path());
        command.stdin(Stdio::null());
        command
    }

    /// A directory with this tool, and beside it a tool `name` that only runs `script`.
    pub fn with_sibling(name: &str, script: &str) -> TempDir {
        let bin = tempfile::tempdir().unwrap();
        let (built, program) = (env!("CARGO_BIN_EXE_image-freeze"), bin.path().join("image-freeze"));
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(|_| ())).unwrap();
        common::testing::program(&bin.path().join(name), &format!("#!/bin/sh\n{script}\n"));
        bin
    }

    /// As [`Self::command`], with the tool that is in `bin`.
    pub fn command_in(&self, bin: &TempDir, args: &[&str]) -> Command {
        let mut command = Command::new(bin.path().join("image-freeze"));
        command.args(args).current_dir(self.repository.root()).env_clear().env("PATH", self.path());
        command.stdin(Stdio::null());
        command
    }

    pub fn path(&self) -> OsString {
        self.engine.path()
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs, expects success, and gives the last report.
    pub fn report(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        last_report(&output)
    }

    /// Runs, expects the fault `status` and nothing on standard output, and gives what was said.
    pub fn fault(&self, args: &[&str], status: i32) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(status), "{}", errors(&output));
        assert!(output.stdout.is_empty(), "a fault prints nothing");
        errors(&output)
    }

    pub fn frozen_dir(&self) -> PathBuf {
        self.repository.at("deployments/roman/env-frozen")
    }

    pub fn chilly_dir(&self) -> PathBuf {
        self.repository.at("deployments/roman/env-chilly")
    }

    pub fn frozen(&self, path: &str) -> String {
        self.repository.read(&format!("deployments/roman/env-frozen/{path}"))
    }

    pub fn write(&self, path: &str, content: &str) {
        self.repository.write(&format!("deployments/roman/{path}"), content);
    }

    pub fn remove(&self, path: &str) {
        let path = self.repository.at(&format!("deployments/roman/{path}"));
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn last_report(output: &Output) -> Value {
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["reports"].as_array().unwrap().last().unwrap().clone()
}

/// The digest of everything in a tree.
pub fn content(dir: &Path) -> Digest {
    digest::of_tree(dir, &|_| false).unwrap()
}

/// The real release data, if this machine has it: named by a variable, or beside the workspace.
pub fn release_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let named = std::env::var_os("IMAGE_TOOLS_DATA").map(PathBuf::from);
    let found = named.into_iter().chain([beside]).find(|dir| dir.join("2024-08/deployments").is_dir());
    if found.is_none() {
        eprintln!("skipped: no release data (set IMAGE_TOOLS_DATA to a directory with 2024-08/deployments)");
    }
    found.map(|dir| dir.join("2024-08/deployments"))
}

/// A repository with the real specs of `mission` in roman's place, for questions to the real index;
/// its commands have what tells this machine's index and its certificate authorities.
pub fn real(data: &Path, mission: &str) -> Option<RealLab> {
    if std::env::var_os("IMAGE_TOOLS_OFFLINE").is_some() {
        eprintln!("skipped: IMAGE_TOOLS_OFFLINE is set");
        return None;
    }
    let lab = Lab::on(FakeEngine::docker(), Repository::new().git(), &[]);
    for tree in ["environments", "env-frozen"] {
        let target = lab.repository.at(&format!("deployments/roman/{tree}"));
        _ = fs::remove_dir_all(&target);
        common::tree::copy(&data.join(mission).join(tree), &target).unwrap();
    }
    Some(RealLab(lab))
}

/// See [`real`].
pub struct RealLab(pub Lab);

impl RealLab {
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.0.command(args);
        let tells = |name: &str| ["SSL_CERT_", "PIP_", "UV_"].iter().any(|start| name.starts_with(start));
        let known = std::env::vars().filter(|(name, _)| tells(name) || name == "HOME" || name == "PATH");
        command.envs(known);
        command
    }
}

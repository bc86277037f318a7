//! A clone whose environment takes its specs from a server that the test is.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod server;
pub mod tls;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::testing::{Repository, program};
use serde_json::Value;

pub const ENV: &str = "deployments/roman/environments/roman-cal";

pub const EXPLICIT: &str = "# platform: linux-64\n@EXPLICIT\nhttps://h/linux-64/python-3.11.5-h955ad1f_0.conda\n\
                            https://h/linux-64/fftw-3.3.10-h0_0.conda\n";
pub const PIP: &str = "asdf==3.0.1\ngwcs==0.21.0\nromancal==0.13.0\n";
pub const DEV: &str = "rad>=0.19\n";

/// What the roman profile does, from a server on loopback, with a development list that needs no git.
pub const SOURCES: &str = r#"{
  "schema": 1,
  "modes": {
    "release": {
      "base": "http://127.0.0.1:PORT/v{version}",
      "files": [
        {"remote": "explicit.txt", "local": "roman-cal.explicit", "kind": "explicit"},
        {"remote": "pip.txt", "local": "roman-cal.pip", "kind": "pip"}
      ],
      "park": ["roman-cal.yml"]
    },
    "latest": {
      "base": "http://127.0.0.1:PORT/main",
      "files": [
        {"lines": ["romancal"], "local": "roman-cal.pip", "kind": "pip"},
        {"remote": "dev.txt", "local": "romancal-dev-st.pip", "kind": "pip"}
      ],
      "unpark": ["roman-cal.yml"]
    }
  },
  "kernel_name": "Roman Calibration {version} ({date})"
}
"#;

/// A clone and what it is asked with.
pub struct Clone {
    pub repository: Repository,
    pub variables: Vec<(String, String)>,
}

/// What a run came to.
pub struct Run {
    pub status: Option<i32>,
    pub text: String,
    pub stdout: Vec<u8>,
}

impl Run {
    /// The report of a run that was done.
    pub fn report(&self) -> Value {
        assert!(matches!(self.status, Some(0 | 1)), "{:?}: {}", self.status, self.text);
        let document: Value = serde_json::from_slice(&self.stdout).unwrap();
        document["reports"].as_array().unwrap().last().unwrap()["outcome"]["update"].clone()
    }

    /// The report of a run that ended with status 0.
    pub fn done(&self) -> Value {
        assert_eq!(self.status, Some(0), "{}", self.text);
        self.report()
    }

    /// That it ended with `status`, with a document, and said or told `part`.
    pub fn said(&self, status: i32, part: &str) {
        assert_eq!(self.status, Some(status), "{}", self.text);
        let told = self.report().to_string();
        assert!(self.text.contains(part) || told.contains(part), "{part:?} in {} or {told}", self.text);
    }

    /// That it failed with `status` and said all of `parts`, and nothing on standard output.
    pub fn failed(&self, status: i32, parts: &[&str]) {
        assert_eq!((self.status, self.stdout.len()), (Some(status), 0), "{}", self.text);
        assert!(parts.iter().all(|part| self.text.contains(part)), "{parts:?} in {}", self.text);
    }
}

impl Clone {
    /// Under git, with sources at `port`.
    pub fn with_sources(port: u16) -> Self {
        let clone = Self::plain();
        clone.repository.write(&format!("{ENV}/sources.json"), &SOURCES.replace("PORT", &port.to_string()));
        clone.git()
    }

    /// Not under git, without sources.
    pub fn plain() -> Self {
        let repository = Repository::new();
        let home = repository.root().parent().unwrap().to_owned();
        let mut variables: Vec<(String, String)> =
            Repository::GIT_ENV.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        for (name, value) in [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", home.to_str().unwrap()),
            ("TZ", "UTC"),
            ("SOURCE_DATE_EPOCH", "1701216000"),
            ("NO_PROXY", "*"),
        ] {
            variables.push((name.to_owned(), value.to_owned()));
        }
        Self { repository, variables }
    }

    pub fn git(self) -> Self {
        let Self { repository, variables } = self;
        let repository = repository.git();
        for (key, value) in [("user.name", "Ada"), ("user.email", "ada@example.org")] {
            repository.run_git(&["config", key, value]);
        }
        repository.configure(|_| ());
        Self { repository, variables }
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-update"));
        command
            .args(args)
            .current_dir(self.repository.root())
            .env_clear()
            .envs(self.variables.iter().cloned());
        command
    }

    /// Runs with the limits of an impatient user.
    pub fn run(&self, args: &[&str]) -> Run {
        let quick = [
            "--insecure-host=127.0.0.1",
            "--connect-timeout=2",
            "--read-timeout=2",
            "--timeout=12",
            "--retries=2",
        ];
        let all: Vec<&str> = quick.iter().chain(args).copied().collect();
        ran(self.command(&all).output().unwrap())
    }

    pub fn update(&self, version: &str) -> Run {
        self.run(&["--cal-version", version])
    }

    pub fn read(&self, name: &str) -> String {
        self.repository.read(&format!("{ENV}/{name}"))
    }

    pub fn write(&self, name: &str, text: &str) {
        self.repository.write(&format!("{ENV}/{name}"), text);
    }

    /// The files of the environment by name, without the receipt: its times are those of the run.
    pub fn files(&self) -> BTreeMap<String, String> {
        files(&self.repository.at(ENV))
    }

    /// The names of [`Self::files`].
    pub fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    /// Makes `body` the environment's `update-requirements`.
    pub fn script(&self, body: &str) {
        let path = self.repository.at(ENV).join("update-requirements");
        program(&path, &format!("#!/bin/sh\nset -e\n{body}\n"));
    }

    /// The contents of the backups, sorted.
    pub fn kept(&self) -> Vec<String> {
        let entries = fs::read_dir(self.repository.at(".image/backup")).into_iter().flatten().flatten();
        let mut kept: Vec<String> = entries.map(|entry| fs::read_to_string(entry.path()).unwrap()).collect();
        kept.sort();
        kept
    }

    /// Everything below the root but git's own and the state that is kept on purpose.
    pub fn litter(&self) -> Vec<String> {
        let mut found = Vec::new();
        let update = self.repository.at(".image/update");
        for entry in walk(self.repository.root()) {
            let name = entry.to_string_lossy().into_owned();
            if name.contains("unfinished") || (entry.starts_with(&update) && entry != update) {
                found.push(name);
            }
        }
        found
    }
}

pub fn files(dir: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(dir).unwrap().flatten().filter(|entry| entry.path().is_file());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .filter(|(name, _)| name != "sources.lock.json")
        .collect()
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() && !path.ends_with(".git") {
            found.extend(walk(&path));
        }
        found.push(path);
    }
    found
}

pub fn ran(output: Output) -> Run {
    Run {
        status: output.status.code(),
        text: String::from_utf8_lossy(&output.stderr).into_owned(),
        stdout: output.stdout,
    }
}

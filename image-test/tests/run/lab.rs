//! A configured repository with an engine that only pretends, and what a run in it gave.

use std::path::Path;
use std::process::Command;

use common::digest::Digest;
use common::evidence::{Store, Tested};
use common::report::{ImageIdentity, Report, TestEnvironment, TestStatus, Verdict};
use common::testing::{FakeEngine, Repository, program};

use crate::ran::Ran;

pub(crate) const NAME: &str = "notebook-roman:latest";
pub(crate) const TEST: &str = "/opt/environments/test";

/// What the example's scripts print when all is well with `roman-cal` of the repository.
pub(crate) const GREEN: &str = "\
========== Testing Environment roman-cal ==========
========== Testing Imports roman-cal ==========
Importing numpy ... ok
Importing asdf ... ok
Importing romancal ... ok
Failing imports: 0
";

/// A configured repository and an engine with its image.
pub(crate) struct Lab {
    pub(crate) repository: Repository,
    pub(crate) fake: FakeEngine,
    pub(crate) id: Digest,
}

impl Lab {
    pub(crate) fn new(fake: FakeEngine) -> Self {
        let repository = Repository::new();
        repository.configure(|_| ());
        let id = fake.image(NAME, &["USE_FROZEN=0"]);
        Self { repository, fake, id }
    }

    /// On docker, whose container prints `text` and ends with `status`.
    pub(crate) fn printing(text: &str, status: u8) -> Self {
        let lab = Self::new(FakeEngine::docker());
        lab.fake.print(TEST, text, status);
        lab
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-test"));
        command.args(args).current_dir(self.repository.root()).env_clear().env("PATH", self.fake.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).output().unwrap())
    }

    pub(crate) fn evidence(&self, id: &Digest) -> Option<Tested> {
        Store::in_state(&self.repository.at(".image")).read(id).unwrap()
    }

    /// The call that ran the tests.
    pub(crate) fn call(&self) -> String {
        let lines = self.fake.lines();
        let mut runs = lines.iter().filter(|line| line.contains(TEST));
        let call = runs.next().unwrap().clone();
        assert_eq!(runs.next(), None, "the tests run once");
        call
    }
}

pub(crate) fn with(environment: &TestEnvironment, status: TestStatus) -> Vec<&str> {
    environment.cases.iter().filter(|c| c.status == status).map(|c| c.name.as_str()).collect()
}

pub(crate) fn build_report(verdict: Verdict, id: &Digest) -> Report {
    common::testing::built(verdict, &ImageIdentity { name: NAME.to_owned(), id: id.clone() })
}

/// A docker that shows `text` and then hangs, before the pretended one.
pub(crate) fn hanging(lab: &Lab, text: &str) -> std::ffi::OsString {
    let bin = lab.repository.at("bin");
    lab.repository.write("text", text);
    let docker = bin.join("docker");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *{TEST}*) cat '{}'; : > '{}'; exec sleep 60;; esac\nexec '{}' \"$@\"\n",
        lab.repository.at("text").display(),
        lab.repository.at("hangs").display(),
        lab.fake.program().display(),
    );
    program(&docker, &script);
    std::env::join_paths([bin.as_path(), Path::new(&lab.fake.path())]).unwrap()
}

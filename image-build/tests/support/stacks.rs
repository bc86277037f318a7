//! A local repository in the place of docker-stacks.

use std::fs;
use std::path::Path;

use common::console::Console;
use common::process::{self, Invocation};
use common::testing::Repository;
use tempfile::TempDir;

/// The images of the source, lowest first.
pub const STACK: [&str; 4] =
    ["docker-stacks-foundation", "base-notebook", "minimal-notebook", "scipy-notebook"];

/// The repository.
pub struct DockerStacks {
    dir: TempDir,
}

impl DockerStacks {
    /// One whose Dockerfiles take the image below by these names: of the lowest, of the others.
    pub fn new([root, below]: [&str; 2]) -> Self {
        let stacks = Self { dir: tempfile::tempdir().unwrap() };
        stacks.git(&["init", "--quiet", "--initial-branch=main"]);
        for (n, name) in STACK.iter().enumerate() {
            let argument = if n == 0 { root } else { below };
            let text = format!("ARG {argument}=elsewhere/moving\nFROM ${argument}\nRUN echo {name}\n");
            stacks.write(&format!("images/{name}/Dockerfile"), &text);
        }
        stacks.commit("first");
        stacks
    }

    /// Where it is.
    pub fn url(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file and does not commit it.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Commits what is there; gives the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in it.
    pub fn git(&self, args: &[&str]) -> String {
        git(self.dir.path(), args)
    }
}

/// Runs git in `dir` with nobody's configuration.
pub fn git(dir: &Path, args: &[&str]) -> String {
    let mut call = Invocation::new("git").args(args.iter().copied()).dir(dir);
    for (name, value) in Repository::GIT_ENV {
        call = call.env(name, value);
    }
    process::text(&call, &Console::silent()).unwrap()
}

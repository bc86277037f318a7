//! A commit of chosen paths that leaves everything else alone.

use std::path::{Path, PathBuf};

use super::{Change, ChangeKind, GitError, Repo, nul_separated};
use crate::process::{self, Input};

/// As many bytes of paths as surely fit a call.
const MANY: usize = 500_000;

impl Repo<'_> {
    /// Commits `changes` as they are in the work tree, and nothing else: what is staged elsewhere
    /// stays staged, what is changed elsewhere stays changed. The user's hooks run. Gives the commit.
    ///
    /// # Errors
    /// git failed or a hook refused; the index is then as it was.
    pub fn commit_only(&self, changes: &[Change], message: &str) -> Result<String, GitError> {
        let untracked: Vec<&Path> = of_kind(changes, ChangeKind::Untracked);
        // git commits only what it knows. The intent alone puts no content into the index, and is
        // taken back if the commit fails.
        self.feed(["add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul"], &untracked)?;
        let paths: Vec<&Path> = changes.iter().map(|change| change.path.as_path()).collect();
        let call = self.writing(["commit", "--quiet", "--only", "--message"]).arg(message);
        let call = if paths.iter().map(|path| path.as_os_str().len()).sum::<usize>() < MANY {
            // As arguments: were we killed while git reads a list, it would commit half of it.
            call.arg("--").args(paths)
        } else {
            call.args(["--pathspec-from-file=-", "--pathspec-file-nul"])
                .input(Input::Bytes(nul_separated(paths.iter().copied())))
        };
        let captured = process::capture(&call, self.console)?;
        if !captured.exit.is_success() {
            self.forget(&untracked)?;
            return Err(GitError::NotCommitted { source: call.failed(&captured) });
        }
        self.text(&["rev-parse", "--verify", "HEAD"])
    }

    /// The files in which `commit` differs from its parent, sorted.
    ///
    /// # Errors
    /// git failed.
    pub fn files_of(&self, commit: &str) -> Result<Vec<PathBuf>, GitError> {
        let call = self
            .reading(["diff-tree", "--root", "--no-commit-id", "--no-renames", "--name-only", "-r", "-z"])
            .arg(commit);
        let stdout = self.run(&call)?.stdout;
        let mut files: Vec<PathBuf> =
            stdout.split(|b| *b == 0).filter(|p| !p.is_empty()).map(|p| self.below_root(p)).collect();
        files.sort();
        Ok(files)
    }

    fn forget(&self, paths: &[&Path]) -> Result<(), GitError> {
        self.feed(["update-index", "--force-remove", "-z", "--stdin"], paths)
    }

    fn feed<const N: usize>(&self, args: [&str; N], paths: &[&Path]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let call = self.writing(args).input(Input::Bytes(nul_separated(paths.iter().copied())));
        self.run(&call).map(|_| ())
    }
}

fn of_kind(changes: &[Change], kind: ChangeKind) -> Vec<&Path> {
    changes.iter().filter(|c| c.kind == kind).map(|c| c.path.as_path()).collect()
}

//! A git repository, through the git program.
//!
//! Everything is asked for in git's stable, NUL-separated forms, with every option pinned that a
//! user's configuration could turn into another answer. Nothing here stashes, resets, forces or
//! deletes: what a person has in the work tree and in the index stays (D60, D62).

mod branches;
mod checkout;
mod content;
mod error;
mod index;
mod refusal;
mod save;
mod signed;
mod status;
mod tags;
mod upstream;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::console::Console;
use crate::process::{self, Captured, Invocation};

pub use error::GitError;
pub use index::{Blob, IndexEntry};
pub use refusal::Refusal;
pub use signed::Signed;
pub use status::{Change, ChangeKind, Ignored};
pub use tags::Tag;
pub use upstream::{Ancestry, Followed, RemoteRefs, commit_there};

/// A commit's name, for people.
#[must_use]
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// Variables with which a surrounding git (a hook, `rebase --exec`) points at its own repository.
/// Ours is the one at the root that was asked for (D61). And those that give paths another meaning.
const REDIRECTING: [&str; 14] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// The work tree that a deployments repository is in; a linked worktree is as good as the main one.
#[derive(Debug)]
pub struct Repo<'c> {
    root: PathBuf,
    /// Where `root` is below the top of the work tree: empty, or ending in `/`.
    prefix: OsString,
    console: &'c Console,
}

impl<'c> Repo<'c> {
    /// The repository that the directory `root` is in.
    ///
    /// # Errors
    /// It is in none, or git cannot be run.
    pub fn open(root: &Path, console: &'c Console) -> Result<Self, GitError> {
        let mut repo = Self { root: root.to_owned(), prefix: OsString::new(), console };
        let captured = process::capture(&repo.reading(["rev-parse", "--show-prefix"]), console)?;
        if !captured.exit.is_success() {
            return Err(GitError::NoRepository {
                root: root.to_owned(),
                said: String::from_utf8_lossy(&captured.stderr).trim().to_owned(),
            });
        }
        let line = captured.stdout.strip_suffix(b"\n").unwrap_or(&captured.stdout);
        repo.prefix = os(line);
        Ok(repo)
    }

    /// The directory it was opened at; every path is relative to it.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where people are told what is done with it.
    #[must_use]
    pub const fn console(&self) -> &'c Console {
        self.console
    }

    /// The commit that is checked out; none before the first one.
    ///
    /// # Errors
    /// git failed.
    pub fn head(&self) -> Result<Option<String>, GitError> {
        self.commit_of("HEAD")
    }

    /// The commit that `name` leads to, if it leads to one.
    ///
    /// # Errors
    /// git failed.
    pub fn commit_of(&self, name: &str) -> Result<Option<String>, GitError> {
        self.maybe(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])
    }

    /// The branch that is checked out; none on a detached HEAD.
    ///
    /// # Errors
    /// git failed.
    pub fn branch(&self) -> Result<Option<String>, GitError> {
        self.maybe(&["symbolic-ref", "--quiet", "--short", "HEAD"])
    }

    /// Whether this clone lacks the history from some commits on, as a `git clone --depth` does.
    ///
    /// # Errors
    /// git failed.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.text(&["rev-parse", "--is-shallow-repository"])? == "true")
    }

    /// What is underway and must be ended first: a merge, a rebase, a cherry-pick, a revert.
    ///
    /// # Errors
    /// git failed.
    pub fn underway(&self) -> Result<Option<&'static str>, GitError> {
        const SIGNS: [(&str, &str); 5] = [
            ("MERGE_HEAD", "a merge"),
            ("rebase-merge", "a rebase"),
            ("rebase-apply", "a rebase"),
            ("CHERRY_PICK_HEAD", "a cherry-pick"),
            ("REVERT_HEAD", "a revert"),
        ];
        for (sign, what) in SIGNS {
            // Asked of git, since a linked worktree keeps these elsewhere.
            let path = self.text(&["rev-parse", "--git-path", sign])?;
            if self.root.join(path).exists() {
                return Ok(Some(what));
            }
        }
        Ok(None)
    }

    /// The content of the file `path` in `commit`, if it has that file.
    ///
    /// # Errors
    /// git failed.
    pub fn file_at(&self, commit: &str, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        let name = self.inside(commit, path);
        let exists = self.reading(["cat-file", "-e"]).arg(name.clone());
        if !process::capture(&exists, self.console)?.exit.is_success() {
            return Ok(None);
        }
        Ok(Some(self.run(&self.reading(["cat-file", "blob"]).arg(name))?.stdout))
    }

    /// The files that `commit` has below the directory `dir`, sorted.
    ///
    /// # Errors
    /// git failed.
    pub fn files_below(&self, commit: &str, dir: &Path) -> Result<Vec<PathBuf>, GitError> {
        let call = self.reading(["ls-tree", "-r", "-z", "--name-only", commit, "--"]).arg(dir);
        let stdout = self.run(&call)?.stdout;
        Ok(stdout.split(|b| *b == 0).filter(|path| !path.is_empty()).map(|path| os(path).into()).collect())
    }

    /// A call that only reads. It takes no lock for the sake of speed, so that it never stands in
    /// the way of a git that the user runs at the same time.
    fn reading<const N: usize>(&self, args: [&str; N]) -> Invocation {
        self.call(&["--no-optional-locks"]).args(args)
    }

    /// A call that changes something.
    fn writing<const N: usize>(&self, args: [&str; N]) -> Invocation {
        self.call(&[]).args(args)
    }

    fn call(&self, first: &[&str]) -> Invocation {
        let call = Invocation::new("git")
            .args(first.iter().copied())
            // File names are names, whatever brackets and stars they hold.
            .arg("--literal-pathspecs")
            // Names as they are, where a form without NUL shows them.
            .args(["-c", "core.quotepath=off"])
            // Names from the top, wherever the root is.
            .args(["-c", "diff.relative=false"])
            .arg("-C")
            .arg(&self.root);
        pinned(call)
    }

    fn run(&self, call: &Invocation) -> Result<Captured, GitError> {
        let captured = process::capture(call, self.console)?;
        if captured.exit.is_success() { Ok(captured) } else { Err(call.failed(&captured).into()) }
    }

    fn text(&self, args: &[&str]) -> Result<String, GitError> {
        Ok(self.run(&self.reading([]).args(args.iter().copied()))?.text())
    }

    /// The answer of a call that says "there is none" with status 1.
    fn maybe(&self, args: &[&str]) -> Result<Option<String>, GitError> {
        let call = self.reading([]).args(args.iter().copied());
        let captured = process::capture(&call, self.console)?;
        match captured.exit {
            process::Exit::Code(0) => Ok(Some(captured.text())),
            process::Exit::Code(1) => Ok(None),
            _ => Err(call.failed(&captured).into()),
        }
    }

    /// `path` as git tells it (from the top of the work tree), from the root.
    fn below_root(&self, path: &[u8]) -> PathBuf {
        let prefix = self.prefix.as_encoded_bytes();
        PathBuf::from(os(path.strip_prefix(prefix).unwrap_or(path)))
    }
}

/// Our environment without what would lead git elsewhere, and with answers in plain English and
/// without questions: there may be nobody to answer.
fn pinned(call: Invocation) -> Invocation {
    let ours = env::vars_os().filter(|(name, _)| !is_redirecting(name));
    let call = ours.fold(call.only_env(), |call, (name, value)| call.env(name, value));
    call.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0")
}

fn is_redirecting(name: &OsStr) -> bool {
    REDIRECTING.iter().any(|redirecting| name == *redirecting)
}

fn os(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(bytes).to_owned()
}

/// Paths as git reads them from standard input.
fn nul_separated<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests;

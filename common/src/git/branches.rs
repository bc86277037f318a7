//! Branches: where they are, here and elsewhere, in what they differ, and how to begin one.
//!
//! A switch never forces: git refuses it where it would overwrite what is in the work tree.

use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use super::{GitError, Repo};
use crate::process::{Exit, capture};

/// How long a branch may take to come.
const FETCH: Duration = Duration::from_mins(15);

impl Repo<'_> {
    /// The names of the remotes.
    ///
    /// # Errors
    /// git failed.
    pub fn remotes(&self) -> Result<Vec<String>, GitError> {
        Ok(self.text(&["remote"])?.lines().map(str::to_owned).collect())
    }

    /// The tip of the branch `name`: the local one, else that of the only remote that is known here
    /// to have one; else the commit that `name` leads to otherwise. Nothing is switched to.
    ///
    /// # Errors
    /// git failed.
    pub fn tip(&self, name: &str) -> Result<Option<String>, GitError> {
        if let Some(tip) = self.commit_of(&format!("refs/heads/{name}"))? {
            return Ok(Some(tip));
        }
        let mut tips = Vec::new();
        for remote in self.remotes()? {
            tips.extend(self.commit_of(&format!("refs/remotes/{remote}/{name}"))?);
        }
        tips.dedup();
        match &tips[..] {
            [only] => Ok(Some(only.clone())),
            // A name that begins with a dash would be read as a switch.
            [] if !name.starts_with('-') => self.commit_of(name),
            _ => Ok(None),
        }
    }

    /// The tip of `branch` in `remote` (a remote's name, or an address), whose content is here
    /// afterwards. No remote is made, and no ref is left behind. None if it has no such branch.
    ///
    /// # Errors
    /// The remote cannot be reached, or git failed.
    pub fn fetch_branch(&self, remote: &str, branch: &str) -> Result<Option<String>, GitError> {
        let theirs = format!("refs/heads/{branch}");
        let refs = self.remote_refs(remote, std::slice::from_ref(&theirs))?;
        let Some(tip) = refs.object(&theirs).map(str::to_owned) else { return Ok(None) };
        if self.commit_of(&tip)?.is_some() {
            return Ok(Some(tip));
        }
        // Two runs at the same time must not meet.
        let ours = format!("refs/image-tools/fetched/{}", process::id());
        let options =
            ["--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
        let call = self
            .writing(["fetch", "--quiet"])
            .args(options)
            .args(["--", remote])
            .arg(format!("+{theirs}:{ours}"));
        self.talk(remote, call, FETCH)?;
        // It may have moved on since it was asked.
        let tip = self.commit_of(&ours)?;
        self.run(&self.writing(["update-ref", "-d"]).arg(ours))?;
        Ok(tip)
    }

    /// Whether the commits `a` and `b` differ below `path`.
    ///
    /// # Errors
    /// git failed.
    pub fn differs(&self, a: &str, b: &str, path: &Path) -> Result<bool, GitError> {
        let call = self
            .reading(["diff", "--quiet", "--no-ext-diff", "--no-textconv", "--no-renames", a, b, "--"])
            .arg(path);
        let captured = capture(&call, self.console)?;
        match captured.exit {
            Exit::Code(0) => Ok(false),
            Exit::Code(1) => Ok(true),
            _ => Err(call.failed(&captured).into()),
        }
    }

    /// The files below `path` in which the commits `a` and `b` differ, seen from the root, sorted.
    ///
    /// # Errors
    /// git failed.
    pub fn differing(&self, a: &str, b: &str, path: &Path) -> Result<Vec<PathBuf>, GitError> {
        let options = ["--no-ext-diff", "--no-textconv", "--no-renames", "--no-color"];
        let call = self.reading(["diff", "--name-only", "-z"]).args(options).args([a, b, "--"]).arg(path);
        let stdout = self.run(&call)?.stdout;
        let names = stdout.split(|b| *b == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| self.below_root(name)).collect())
    }

    /// The commit before or at `commit` that last changed the file `path`, and the commits that it was made upon.
    ///
    /// # Errors
    /// git failed.
    pub fn last_change(&self, commit: &str, path: &Path) -> Result<Option<(String, Vec<String>)>, GitError> {
        let options = ["-1", "--no-show-signature", "--no-patch", "--format=%H %P"];
        let call = self.reading(["log"]).args(options).args([commit, "--"]).arg(path);
        let text = self.run(&call)?.text();
        let mut ids = text.split_whitespace().map(str::to_owned);
        Ok(ids.next().map(|last| (last, ids.collect())))
    }

    /// Whether `commit` has a file or directory `path`.
    ///
    /// # Errors
    /// git failed.
    pub fn has_path(&self, commit: &str, path: &Path) -> Result<bool, GitError> {
        let call = self.reading(["ls-tree", "-z", "--name-only", commit, "--"]).arg(path);
        Ok(!self.run(&call)?.stdout.is_empty())
    }

    /// The commit at which `a` and `b` parted, if they share a history here.
    ///
    /// # Errors
    /// git failed.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, GitError> {
        self.maybe(&["merge-base", a, b])
    }

    /// Begins the branch `name`, which must be new, at `commit`, and switches to it.
    ///
    /// # Errors
    /// There is such a branch, something in the work tree is in the way, or git failed.
    pub fn begin_branch(&self, name: &str, commit: &str) -> Result<(), GitError> {
        let call = self.writing(["switch", "--quiet", "--no-track", "--create", name, commit]);
        self.run(&call).map(|_| ())
    }

    /// Switches to the branch `name`, which is there.
    ///
    /// # Errors
    /// Something in the work tree is in the way, or git failed.
    pub fn switch_to(&self, name: &str) -> Result<(), GitError> {
        self.run(&self.writing(["switch", "--quiet", "--no-guess", name])).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Fixture, remote};
    use std::path::Path;

    /// D37: a branch of an address was fetched through a remote that was made for it.
    #[test]
    fn d37_a_branch_comes_from_an_address_and_leaves_no_remote_and_no_ref() {
        let (here, there) = (Fixture::new(), Fixture::new());
        there.write("other/c", "theirs\n");
        there.git(&["commit", "-qam", "second"]);
        let (tip, refs) = (there.git(&["rev-parse", "HEAD"]), here.git(&["show-ref"]));
        let url = format!("file://{}", there.path().display());
        let repo = here.repo();
        for _ in 0..2 {
            assert_eq!(repo.fetch_branch(&url, "main").unwrap().as_deref(), Some(tip.as_str()));
        }
        assert_eq!(repo.fetch_branch(&url, "no-such").unwrap(), None);
        assert_eq!((here.git(&["show-ref"]), here.git(&["remote"])), (refs, String::new()));
        let differs = |path: &str| repo.differs("HEAD", &tip, Path::new(path)).unwrap();
        assert_eq!((differs("other"), differs("deployments"), differs("nothing")), (true, false, false));
        assert!(repo.has_path(&tip, Path::new("other/c")).unwrap());
        assert!(!repo.has_path(&tip, Path::new("nothing")).unwrap());
    }

    #[test]
    fn a_tip_is_the_local_branchs_else_the_only_remotes_else_what_the_name_means() {
        let f = Fixture::new();
        let first = f.git(&["rev-parse", "HEAD"]);
        let _bare = remote(&f, "origin");
        f.git(&["push", "-q", "origin", "main:theirs"]);
        f.git(&["fetch", "-q", "origin"]);
        f.git(&["tag", "1.3.0"]);
        f.git(&["commit", "-q", "--allow-empty", "-m", "second"]);
        let second = f.git(&["rev-parse", "HEAD"]);
        let check = |name: &str, tip: Option<&String>| assert_eq!(f.repo().tip(name).unwrap().as_ref(), tip);
        check("main", Some(&second));
        check("theirs", Some(&first));
        check("1.3.0", Some(&first));
        check("no-such", None);
        check("--all", None);
        assert_eq!(f.repo().merge_base(&first, &second).unwrap(), Some(first.clone()));
    }

    #[test]
    fn a_branch_begins_and_nothing_in_the_work_tree_is_lost() {
        let f = Fixture::new();
        let first = f.git(&["rev-parse", "HEAD"]);
        f.write("other/c", "committed\n");
        f.git(&["commit", "-qam", "second"]);
        f.write("other/c", "edited\n");
        assert!(f.repo().begin_branch("next", &first).is_err(), "the edit is in the way");
        assert_eq!(f.repo().branch().unwrap().as_deref(), Some("main"));
        f.git(&["commit", "-qam", "third"]);
        f.repo().begin_branch("next", &first).unwrap();
        assert_eq!(f.repo().head().unwrap(), Some(first.clone()));
        assert!(f.repo().begin_branch("next", &first).is_err(), "there is one");
    }
}

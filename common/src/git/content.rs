//! What a commit holds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{GitError, Repo};

impl Repo<'_> {
    /// The names in the directory `path` of `commit`, sorted; none if there is no such directory.
    ///
    /// # Errors
    /// git failed.
    pub fn names_in(&self, commit: &str, path: &Path) -> Result<Vec<String>, GitError> {
        if !self.has_path(commit, path)? {
            return Ok(Vec::new());
        }
        let call = self.reading(["ls-tree", "-z", "--name-only"]).arg(self.inside(commit, path));
        let stdout = self.run(&call)?.stdout;
        let names = stdout.split(|b| *b == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Puts what a checkout of `commit` has in the directory `path` below the empty directory `into`, and
    /// gives where it is: git's filters and line endings are applied as for anybody who checks it out here,
    /// by the attributes of that commit. The work tree and the index stay what they are.
    ///
    /// # Errors
    /// git failed, or there is no such directory.
    pub fn check_out(&self, commit: &str, path: &Path, into: &Path) -> Result<PathBuf, GitError> {
        let mut inside = PathBuf::from(&self.prefix);
        inside.push(path);
        let (tree, index) = (into.join("tree"), into.join("index"));
        // Git makes the index and what is in the tree, but not its top.
        _ = std::fs::create_dir(&tree);
        let call = |words: &[&str]| {
            let call = self.reading(["-c", "core.sparseCheckout=false", "-c", "core.hooksPath=/dev/null"]);
            call.args(words.iter().copied()).env("GIT_INDEX_FILE", &index).env("GIT_WORK_TREE", &tree)
        };
        self.run(&call(&["read-tree", commit]))?;
        self.run(&call(&["checkout", "--quiet", "--"]).arg(&inside))?;
        Ok(tree.join(inside))
    }

    /// The attributes that git gives the file `path`: `text=auto`, `eol=crlf`, `filter=lfs`.
    ///
    /// # Errors
    /// git failed.
    pub fn attributes(&self, path: &Path) -> Result<Vec<String>, GitError> {
        let stdout = self.run(&self.reading(["check-attr", "-z", "--all", "--"]).arg(path))?.stdout;
        let words: Vec<&[u8]> = stdout.split(|b| *b == 0).collect();
        let told = words.chunks_exact(3).map(|three| (three[1], three[2]));
        Ok(told
            .map(|(name, value)| match (String::from_utf8_lossy(name), String::from_utf8_lossy(value)) {
                (name, value) if value == "set" => name.into_owned(),
                (name, value) if value == "unset" => format!("-{name}"),
                (name, value) => format!("{name}={value}"),
            })
            .collect())
    }

    pub(super) fn inside(&self, commit: &str, path: &Path) -> OsString {
        let mut name = OsString::from(format!("{commit}:"));
        name.push(&self.prefix);
        name.push(path);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Fixture;
    use crate::digest;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    #[test]
    fn a_commits_directory_has_the_digest_of_the_work_trees() {
        let f = Fixture::new();
        f.write("deployments/roman/run", "#!/bin/sh\n");
        let run = f.path().join("deployments/roman/run");
        std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("a.pip", f.path().join("deployments/roman/link")).unwrap();
        f.git(&["add", "."]);
        f.git(&["commit", "-qm", "second"]);
        let dir = Path::new("deployments/roman");
        assert_eq!(checked_out(&f, dir), digest::of_tree(&f.path().join(dir), &|_| false).unwrap());
        assert_eq!(f.repo().names_in("HEAD", dir).unwrap(), ["a.pip", "link", "run", "sub"]);
        assert_eq!(f.repo().names_in("HEAD", Path::new("nothing")).unwrap(), [""; 0]);
    }

    /// The digest of what a checkout of the commit puts into `dir`; nothing else may change.
    fn checked_out(f: &Fixture, dir: &Path) -> digest::Digest {
        let (status, index) = (f.git(&["status", "--porcelain"]), f.git(&["ls-files", "--stage"]));
        let into = tempfile::tempdir().unwrap();
        let there = f.repo().check_out("HEAD", dir, into.path()).unwrap();
        assert_eq!((f.git(&["status", "--porcelain"]), f.git(&["ls-files", "--stage"])), (status, index));
        digest::of_tree(&there, &|_| false).unwrap()
    }

    /// `git archive` leaves out, writes into, and does not see what a checkout has.
    #[test]
    fn attributes_change_what_a_checkout_has_and_nothing_but_that() {
        let f = Fixture::new();
        f.write(".gitattributes", "*.txt eol=crlf\n");
        f.write("deployments/roman/.gitattributes", "a.pip export-ignore\nid export-subst\n");
        f.write("deployments/roman/id", "$Format:%H$\n");
        f.write("deployments/roman/crlf.txt", "one\r\ntwo\r\n");
        f.git(&["add", "."]);
        f.git(&["commit", "-qm", "second"]);
        let dir = Path::new("deployments/roman");
        let here = || digest::of_tree(&f.path().join(dir), &|_| false).unwrap();
        assert_eq!(checked_out(&f, dir), here());
        // git takes this for the same, and nobody else's checkout has it.
        f.write("deployments/roman/crlf.txt", "one\ntwo\n");
        assert_ne!(checked_out(&f, dir), here());
        assert_eq!(f.repo().attributes(&dir.join("crlf.txt")).unwrap(), ["eol=crlf"]);
        assert!(f.repo().check_out("HEAD", Path::new("nothing"), f.path()).is_err());
    }
}

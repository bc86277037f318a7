//! What a commit holds.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::{GitError, Repo};
use crate::digest::{Digest, Entry, EntryKind};

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

    /// The files in the directory `path` of `commit`, from there.
    ///
    /// # Errors
    /// git failed, or what it gave is no archive.
    pub fn files_in(&self, commit: &str, path: &Path) -> Result<io::Result<Vec<Entry>>, GitError> {
        let call = self.reading(["archive", "--format=tar"]).arg(self.inside(commit, path));
        Ok(entries(&self.run(&call)?.stdout))
    }

    /// Writes the directory `path` of `commit` to `file` as a tar archive: the same bytes each time, with the time
    /// of the commit.
    ///
    /// # Errors
    /// git failed.
    pub fn archive(&self, commit: &str, path: &Path, file: &Path) -> Result<(), GitError> {
        // The mask is a user's to set, and would be in every mode.
        let call = self.reading(["-c", "tar.umask=0022", "archive", "--format=tar", "--output"]);
        self.run(&call.arg(file).arg(commit).arg("--").arg(path))?;
        Ok(())
    }

    pub(super) fn inside(&self, commit: &str, path: &Path) -> OsString {
        let mut name = OsString::from(format!("{commit}:"));
        name.push(&self.prefix);
        name.push(path);
        name
    }
}

fn entries(archive: &[u8]) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let executable = entry.header().mode()? & 0o100 != 0;
        let (kind, content) = match entry.header().entry_type() {
            tar::EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                (EntryKind::Link, Digest::of(&target))
            }
            tar::EntryType::Regular => {
                let kind = if executable { EntryKind::Executable } else { EntryKind::File };
                (kind, Digest::of_reader(&mut entry)?)
            }
            _ => continue,
        };
        found.push(Entry { path, kind, content });
    }
    Ok(found)
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
        let entries = f.repo().files_in("HEAD", dir).unwrap().unwrap();
        let tree = digest::of_tree(&f.path().join(dir), &|_| false).unwrap();
        assert_eq!(digest::of_entries(entries), tree);
        assert_eq!(f.repo().names_in("HEAD", dir).unwrap(), ["a.pip", "link", "run", "sub"]);
        assert_eq!(f.repo().names_in("HEAD", Path::new("nothing")).unwrap(), [""; 0]);
    }
}

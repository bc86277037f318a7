//! The index, path by path: read, and set in one step, so that a renaming is staged whole or not at all.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{GitError, Repo};
use crate::process::{self, Input};

/// How long another git may hold the index.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the index holds for a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The mode, in octal digits: `100644`, `100755`, `120000`.
    pub mode: String,
    /// The name of the content.
    pub id: String,
}

/// A path, and what the index holds for it; none if it does not know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The path, relative to the root.
    pub path: PathBuf,
    /// What it holds.
    pub blob: Option<Blob>,
}

impl Repo<'_> {
    /// What the index holds below `path`, sorted. Paths with a conflict are left out.
    ///
    /// # Errors
    /// git failed.
    pub fn index_below(&self, path: &Path) -> Result<Vec<IndexEntry>, GitError> {
        let call = self.reading(["ls-files", "--stage", "-z", "--"]).arg(path);
        let stdout = self.run(&call)?.stdout;
        let entries = stdout.split(|b| *b == 0).filter_map(|entry| {
            let at = entry.iter().position(|b| *b == b'\t')?;
            let (about, path) = (String::from_utf8_lossy(&entry[..at]).into_owned(), &entry[at + 1..]);
            let mut fields = about.split(' ');
            let (mode, id, stage) = (fields.next()?, fields.next()?, fields.next()?);
            let blob = Blob { mode: mode.to_owned(), id: id.to_owned() };
            (stage == "0").then(|| IndexEntry { path: PathBuf::from(super::os(path)), blob: Some(blob) })
        });
        Ok(entries.collect())
    }

    /// Puts the content of `file` into the repository as git would store it under `path`, and gives its
    /// name. No path leads to it yet.
    ///
    /// # Errors
    /// git failed.
    pub fn store(&self, file: &Path, path: &Path) -> Result<String, GitError> {
        let mut name = std::ffi::OsString::from("--path=");
        name.push(path);
        let call = self.writing(["hash-object", "-w"]).arg(name).arg("--").arg(file);
        Ok(self.run(&call)?.text())
    }

    /// Makes the index hold `entries`, all in one step, and leaves every other path as it is. It is also
    /// done after a signal, since it may be what puts things back.
    ///
    /// # Errors
    /// git failed; the index is as it was.
    pub fn set_index(&self, entries: &[IndexEntry]) -> Result<(), GitError> {
        let mut text = Vec::new();
        for entry in entries {
            let blob = entry.blob.as_ref();
            let (mode, id) = blob.map_or(("0", ZERO), |blob| (blob.mode.as_str(), blob.id.as_str()));
            text.extend_from_slice(format!("{mode} {id}\t").as_bytes());
            text.extend_from_slice(self.prefix.as_encoded_bytes());
            text.extend_from_slice(entry.path.as_os_str().as_encoded_bytes());
            text.push(0);
        }
        if text.is_empty() {
            return Ok(());
        }
        let call = self.writing(["update-index", "-z", "--index-info"]).input(Input::Bytes(text)).cleanup();
        let begun = Instant::now();
        loop {
            let captured = process::capture(&call, self.console)?;
            if captured.exit.is_success() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&captured.stderr);
            if !said.contains("index.lock") || begun.elapsed() >= PATIENCE {
                return Err(call.failed(&captured).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The user's name and address, as commits would carry them; none if git does not know them.
    ///
    /// # Errors
    /// git failed.
    pub fn user(&self) -> Result<Option<String>, GitError> {
        let Some(text) = self.maybe(&["config", "--get-regexp", "^user\\.(name|email)$"])? else {
            return Ok(None);
        };
        // Of several, the last counts.
        let value = |key: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.rev().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
        };
        Ok(match (value("user.name"), value("user.email")) {
            (Some(name), Some(email)) => Some(format!("{name} <{email}>")),
            (name, email) => name.or(email),
        })
    }
}

/// The name of no content.
const ZERO: &str = "0000000000000000000000000000000000000000";

#[cfg(test)]
mod tests {
    use super::super::tests::{Fixture, remote};
    use super::*;
    use crate::console::Console;

    #[test]
    fn a_renaming_is_staged_with_the_indexs_own_content_and_nothing_else_moves() {
        let f = Fixture::new();
        f.write("deployments/roman/a.pip", "edited\n");
        f.write("deployments/roman/new.explicit", "new\n");
        let repo = f.repo();
        let (old, new) =
            (Path::new("deployments/roman/a.pip"), Path::new("deployments/roman/a.pip.disabled"));
        let before = repo.index_below(Path::new("deployments/roman")).unwrap();
        let blob = before.iter().find(|e| e.path == old).unwrap().blob.clone();
        let added = Path::new("deployments/roman/new.explicit");
        let id = repo.store(&f.path().join(added), added).unwrap();
        let entry = |path: &Path, blob| IndexEntry { path: path.to_owned(), blob };
        let added = entry(added, Some(Blob { mode: "100644".to_owned(), id }));
        repo.set_index(&[entry(old, None), entry(new, blob), added]).unwrap();
        let staged = f.git(&["diff", "--cached", "--name-status", "-M100%"]);
        assert_eq!(
            staged,
            "R100\tdeployments/roman/a.pip\tdeployments/roman/a.pip.disabled\nA\tdeployments/roman/new.explicit"
        );
        let mut back = before;
        back.extend([entry(new, None), entry(Path::new("deployments/roman/new.explicit"), None)]);
        repo.set_index(&back).unwrap();
        assert_eq!(f.git(&["diff", "--cached", "--name-status"]), "");
        assert_eq!(repo.user().unwrap().as_deref(), Some("T <t@e>"));
    }

    #[test]
    fn a_revision_elsewhere_is_found_by_any_of_its_names() {
        let f = Fixture::new();
        let first = f.git(&["rev-parse", "HEAD"]);
        f.git(&["tag", "-a", "v1", "-m", "x"]);
        let bare = remote(&f, "origin");
        f.git(&["push", "-q", "origin", "v1"]);
        let url = format!("file://{}", bare.path().display());
        let check = |revision, expected: Option<&String>| {
            let found = super::super::commit_there(&url, revision, &Console::silent()).unwrap();
            assert_eq!(found.as_ref(), expected, "{revision:?}");
        };
        check(None, Some(&first));
        check(Some("main"), Some(&first));
        check(Some("v1"), Some(&first));
        check(Some("refs/heads/main"), Some(&first));
        check(Some("no-such"), None);
    }
}

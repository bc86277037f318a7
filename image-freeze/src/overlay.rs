//! A tree with new files over it: what the new ones do not replace is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::report::Written;
use common::state_file::StateFileError;
use common::tree::Staged;

use crate::error::Error;

/// A regular file's content and whether it is a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether its owner may execute it.
    pub executable: bool,
}

impl Content {
    /// A file that is no program.
    pub(crate) fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), executable: false }
    }
}

/// New files by their path in the tree.
pub(crate) type Files = BTreeMap<PathBuf, Content>;

/// A tree as it stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Its regular files.
    files: Files,
    /// Its symbolic links, and whatever else is neither file nor directory.
    others: BTreeSet<PathBuf>,
    /// Its directories.
    directories: BTreeSet<PathBuf>,
}

impl Standing {
    /// Reads the tree at `root`; a missing one is empty.
    ///
    /// # Errors
    /// Something in it cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self, Error> {
        let mut standing = Self::default();
        if root.exists() {
            standing.take(root, Path::new(""))?;
        }
        Ok(standing)
    }

    fn take(&mut self, root: &Path, below: &Path) -> Result<(), Error> {
        let dir = root.join(below);
        let failed = |source| Error::Read { path: dir.clone(), source };
        for entry in fs::read_dir(&dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (relative, kind) = (below.join(entry.file_name()), entry.file_type().map_err(failed)?);
            if kind.is_dir() {
                self.directories.insert(relative.clone());
                self.take(root, &relative)?;
            } else if kind.is_file() {
                let mode = entry.metadata().map_err(failed)?.permissions().mode();
                let bytes =
                    fs::read(entry.path()).map_err(|source| Error::Read { path: entry.path(), source })?;
                self.files.insert(relative, Content { bytes, executable: mode & 0o100 != 0 });
            } else {
                self.others.insert(relative);
            }
        }
        Ok(())
    }

    /// What has no place among the new `files`: it is kept. Sorted.
    pub(crate) fn kept(&self, files: &Files) -> Vec<PathBuf> {
        let mut kept: Vec<PathBuf> = self
            .files
            .keys()
            .chain(&self.others)
            .filter(|path| !files.contains_key(*path))
            .cloned()
            .collect();
        kept.sort_unstable();
        kept
    }

    /// The text of the file `path`, if it is there and is text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(&self.files.get(Path::new(path))?.bytes).ok()
    }

    /// Whether laying `files` over the tree would change it.
    pub(crate) fn change(&self, files: &Files) -> Written {
        let same = files.iter().all(|(path, content)| self.files.get(path) == Some(content));
        if same { Written::Unchanged } else { Written::Written }
    }

    /// The top directories, each with something in it.
    pub(crate) fn tops(&self) -> BTreeSet<&str> {
        let leaves = self.files.keys().chain(&self.others);
        leaves.filter(|path| path.components().count() > 1).filter_map(|path| top(path)).collect()
    }

    /// Refuses `files` that need a directory where something else is, or the other way round.
    fn fits(&self, files: &Files, target: &Path) -> Result<(), Error> {
        let in_the_way = |path: &Path, reason| Err(Error::InTheWay { path: target.join(path), reason });
        for path in files.keys() {
            if self.directories.contains(path) {
                return in_the_way(path, "it is a directory, and a file of this name is to be written");
            }
            for above in path.ancestors().skip(1) {
                if self.files.contains_key(above) || self.others.contains(above) {
                    return in_the_way(above, "it is no directory, and a directory of this name is needed");
                }
            }
        }
        Ok(())
    }

    /// Replaces the tree at `target`, which is as read, by itself with `files` over it: in one step,
    /// or not at all if nothing would change. `stage` is where the new tree is made.
    ///
    /// # Errors
    /// The files do not fit, or the new tree cannot be made; the old one then stands.
    pub(crate) fn replace(&self, files: &Files, target: &Path, stage: &Path) -> Result<Written, Error> {
        if self.change(files) == Written::Unchanged {
            return Ok(Written::Unchanged);
        }
        self.fits(files, target)?;
        // A link stays one: the tree that it points to is replaced.
        let target = &fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let staged = Staged::new(stage)?;
        for directory in &self.directories {
            common::state_file::make_dir(&staged.path().join(directory))?;
        }
        let same = |path: &&PathBuf| files.get(*path).is_none_or(|new| self.files.get(*path) == Some(new));
        for path in self.files.keys().chain(&self.others).filter(same) {
            staged.keep(&target.join(path), path)?;
        }
        for (path, content) in files.iter().filter(|(path, new)| self.files.get(*path) != Some(*new)) {
            staged.write(path, &content.bytes)?;
            if content.executable {
                let path = staged.path().join(path);
                let executable = fs::set_permissions(&path, fs::Permissions::from_mode(0o755));
                executable.map_err(|source| StateFileError::new("make executable", &path, source))?;
            }
        }
        staged.exchange(target)?;
        Ok(Written::Written)
    }
}

/// The first component of `path`.
pub(crate) fn top(path: &Path) -> Option<&str> {
    path.components().next()?.as_os_str().to_str()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    struct Place {
        root: tempfile::TempDir,
    }

    impl Place {
        fn new(files: &[(&str, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            for (path, content) in files {
                let path = root.path().join("tree").join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            Self { root }
        }

        fn tree(&self) -> PathBuf {
            self.root.path().join("tree")
        }

        fn lay(&self, files: &[(&str, &str)]) -> Result<Written, Error> {
            let files = files.iter().map(|(p, c)| (PathBuf::from(p), Content::plain(*c))).collect();
            Standing::read(&self.tree())?.replace(&files, &self.tree(), &self.root.path().join("stage"))
        }

        fn holds(&self, path: &str) -> String {
            fs::read_to_string(self.tree().join(path)).unwrap()
        }
    }

    #[test]
    fn what_is_not_replaced_is_kept_as_the_very_same_file() {
        let place =
            Place::new(&[("docker-stacks.hash", "h"), ("x/requirements.txt", "old"), ("x/notes", "n")]);
        symlink("notes", place.tree().join("x/link")).unwrap();
        fs::create_dir(place.tree().join("empty")).unwrap();
        let inode = place.tree().join("docker-stacks.hash").metadata().unwrap().ino();
        assert_eq!(place.lay(&[("x/requirements.txt", "new"), ("y/z", "1")]).unwrap(), Written::Written);
        assert_eq!(place.holds("x/requirements.txt") + &place.holds("y/z"), "new1");
        assert_eq!(place.holds("x/link"), "n");
        assert_eq!(place.tree().join("docker-stacks.hash").metadata().unwrap().ino(), inode);
        assert!(place.tree().join("empty").is_dir());
    }

    #[test]
    fn a_tree_that_would_not_change_is_not_touched() {
        let place = Place::new(&[("a", "1"), ("b", "2")]);
        let inode = place.tree().metadata().unwrap().ino();
        assert_eq!(place.lay(&[("a", "1")]).unwrap(), Written::Unchanged);
        assert_eq!(place.tree().metadata().unwrap().ino(), inode);
    }

    #[test]
    fn a_link_in_the_tree_is_replaced_and_never_written_through() {
        let place = Place::new(&[("a", "1")]);
        fs::write(place.root.path().join("outside"), "precious").unwrap();
        symlink("../outside", place.tree().join("l")).unwrap();
        place.lay(&[("l", "new")]).unwrap();
        assert_eq!(place.holds("l"), "new");
        assert_eq!(fs::read_to_string(place.root.path().join("outside")).unwrap(), "precious");
    }

    #[test]
    fn a_linked_tree_stays_linked() {
        let place = Place::new(&[]);
        let real = place.root.path().join("real");
        fs::create_dir(&real).unwrap();
        symlink("real", place.tree()).unwrap();
        place.lay(&[("a", "1")]).unwrap();
        assert!(place.tree().symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(real.join("a")).unwrap(), "1");
    }

    #[test]
    fn what_is_in_the_way_is_named_and_nothing_is_discarded() {
        let place = Place::new(&[("a", "1"), ("d/b", "2")]);
        let error = place.lay(&[("a/x", "1")]).unwrap_err().to_string();
        assert!(
            error.ends_with("tree/a: it is no directory, and a directory of this name is needed"),
            "{error}"
        );
        assert!(place.lay(&[("d", "1")]).unwrap_err().to_string().contains("it is a directory"));
        assert_eq!(place.holds("a") + &place.holds("d/b"), "12");
    }

    #[test]
    fn a_missing_tree_is_made() {
        let place = Place::new(&[]);
        assert_eq!(place.lay(&[("x/a", "1")]).unwrap(), Written::Written);
        assert_eq!(place.holds("x/a"), "1");
    }
}

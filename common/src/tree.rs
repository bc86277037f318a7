//! Directory trees replaced whole: staged beside, exchanged in one step, the old one deleted after.
//! Whoever looks, and whenever we are killed, sees the old tree or the new one.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use thiserror::Error;

use crate::fault::{Fault, Status, io_status};
use crate::state_file::{UNFINISHED, sync_dir};

/// A tree could not be staged or exchanged; the old one is still in its place.
#[derive(Debug, Error)]
#[error("cannot {verb} {}", path.display())]
pub struct TreeError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Fault for TreeError {
    fn status(&self) -> Status {
        io_status(&self.source)
    }
}

fn failed<'a>(verb: &'static str, path: &'a Path) -> impl Fn(io::Error) -> TreeError + 'a {
    move |source| TreeError { verb, path: path.to_owned(), source }
}

/// A tree in the making. Dropped without [`Staged::exchange`], it is removed.
#[derive(Debug)]
pub struct Staged {
    dir: tempfile::TempDir,
}

impl Staged {
    /// An empty tree in `stage_dir`, which must be on the file system of the tree to replace.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(stage_dir: &Path) -> Result<Self, TreeError> {
        let make = || {
            fs::create_dir_all(stage_dir)?;
            let dir = tempfile::Builder::new().prefix("tree.").tempdir_in(stage_dir)?;
            // The temporary directory itself is private; the tree in it is not.
            fs::create_dir(dir.path().join("new"))?;
            Ok(Self { dir })
        };
        make().map_err(failed("stage a tree in", stage_dir))
    }

    /// Where to put the new tree's content.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("new")
    }

    /// Writes a file of the new tree, with the directories above it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, relative: &Path, content: &[u8]) -> Result<(), TreeError> {
        let path = self.path().join(relative);
        let write = || {
            let mut file = in_directory(&path, || fs::File::create(&path))?;
            file.write_all(content)?;
            begin_writing_out(&file);
            Ok(())
        };
        write().map_err(failed("write", &path))
    }

    /// Copies a file, link or tree from `source` to `relative` in the new tree.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn copy(&self, source: &Path, relative: &Path) -> Result<(), TreeError> {
        let target = self.path().join(relative);
        copy(source, &target).map_err(failed("copy", source))
    }

    /// Takes over a file or link that does not change: the very same file where it can be linked, so
    /// that its times hold, else a copy.
    ///
    /// # Errors
    /// It cannot be copied either.
    pub fn keep(&self, source: &Path, relative: &Path) -> Result<(), TreeError> {
        let target = self.path().join(relative);
        let linked = in_directory(&target, || fs::hard_link(source, &target));
        linked.or_else(|_| self.copy(source, relative))
    }

    /// Puts the new tree where `target` is, in one step; the old one is then removed.
    ///
    /// # Errors
    /// It could not be exchanged; `target` is as it was.
    pub fn exchange(self, target: &Path) -> Result<(), TreeError> {
        let new = self.path();
        sync(&new).map_err(failed("sync", &new))?;
        swap(&new, target, &self.dir.path().join("old")).map_err(failed("replace", target))?;
        let parent = target.parent().unwrap_or_else(|| Path::new("."));
        sync_dir(parent).map_err(failed("sync", parent))
        // Dropping the temporary directory removes the old tree.
    }
}

/// Exchanges `new` and `target`, or moves `new` to `target` if nothing is there. Where the system
/// cannot exchange, the old tree is moved to `aside` first, and put back if the second move fails.
fn swap(new: &Path, target: &Path, aside: &Path) -> io::Result<()> {
    if target.symlink_metadata().is_err() {
        return fs::rename(new, target);
    }
    match renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            fs::rename(target, aside)?;
            fs::rename(new, target).inspect_err(|_| _ = fs::rename(aside, target))
        }
        Err(error) => Err(error.into()),
    }
}

/// Copies a file with its mode, a link as a link, a directory with all that is in it.
///
/// # Errors
/// Something cannot be read or written.
pub fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let metadata = source.symlink_metadata()?;
    if let Some(dir) = target.parent() {
        fs::create_dir_all(dir)?;
    }
    if metadata.is_symlink() {
        std::os::unix::fs::symlink(source.read_link()?, target)
    } else if metadata.is_dir() {
        fs::create_dir_all(target)?;
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            copy(&entry.path(), &target.join(entry.file_name()))?;
        }
        Ok(())
    } else {
        fs::copy(source, target).map(|_| ())
    }
}

/// Puts a copy of the file or link `source` where `target` is, in one step, with its mode and times.
///
/// # Errors
/// It cannot be read or written; `target` is as it was.
pub fn replace_entry(source: &Path, target: &Path) -> io::Result<()> {
    let parent = target.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(parent)?;
    let beside = tempfile::Builder::new().suffix(UNFINISHED).tempfile_in(parent)?.into_temp_path();
    fs::remove_file(&beside)?;
    copy(source, &beside)?;
    let metadata = source.symlink_metadata()?;
    if !metadata.is_symlink() {
        let file = fs::File::open(&beside)?;
        file.set_times(fs::FileTimes::new().set_modified(metadata.modified()?))?;
        file.sync_all()?;
    }
    beside.persist(target).map_err(|error| error.error)?;
    sync_dir(parent)
}

/// Removes what earlier runs that were killed left in `stage_dir`, if they are over: call it with
/// the lock held.
pub fn sweep(stage_dir: &Path) {
    let entries = fs::read_dir(stage_dir).into_iter().flatten().flatten();
    for entry in entries.filter(|e| e.file_name().to_string_lossy().starts_with("tree.")) {
        // What cannot be removed now is tried again the next time.
        _ = fs::remove_dir_all(entry.path());
    }
}

/// Has the system begin to write `file` out: waiting for many in turn then costs half as much. What it
/// does not do now is done when the tree is synchronised.
#[cfg(target_os = "linux")]
fn begin_writing_out(file: &fs::File) {
    _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

/// Only Linux can be asked to begin.
#[cfg(not(target_os = "linux"))]
const fn begin_writing_out(_file: &fs::File) {}

/// Makes something at `path`, and first its directory if that is missing.
fn in_directory<T>(path: &Path, make: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match (make(), path.parent()) {
        (Err(error), Some(dir)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(dir)?;
            make()
        }
        (result, _) => result,
    }
}

/// Makes sure that all below `root` is there after a power cut. A file that has another name too was
/// there before: only the name is new, and that is its directory's.
///
/// # Errors
/// Something cannot be read or synced.
pub fn sync(root: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(root).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_dir() {
            sync_dir(entry.path())?;
        } else if entry.file_type().is_file() && entry.metadata()?.nlink() == 1 {
            fs::File::open(entry.path())?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_replaced_whole_and_nothing_is_left_behind() {
        let root = tempfile::tempdir().unwrap();
        let (target, stage) = (root.path().join("env-frozen"), root.path().join("stage"));
        for (name, content) in [("a", "1"), ("d/b", "2")] {
            let staged = Staged::new(&stage).unwrap();
            staged.write(Path::new(name), content.as_bytes()).unwrap();
            staged.exchange(&target).unwrap();
            assert_eq!(fs::read_to_string(target.join(name)).unwrap(), content);
        }
        assert!(!target.join("a").exists(), "the old tree is gone");
        assert_eq!(fs::read_dir(&stage).unwrap().count(), 0, "no litter");
    }

    #[test]
    fn a_tree_that_is_not_exchanged_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("t");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("keep"), "x").unwrap();
        drop(Staged::new(root.path()).unwrap());
        assert_eq!(fs::read_to_string(target.join("keep")).unwrap(), "x");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_run_left_is_swept() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("tree.left")).unwrap();
        fs::create_dir(root.path().join("other")).unwrap();
        sweep(root.path());
        assert!(!root.path().join("tree.left").exists() && root.path().join("other").exists());
    }
}

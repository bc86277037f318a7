//! Staged contexts: what an engine builds from is a copy, so that the tree is never dirtied. The
//! original wrote `Dockerfile.cached` beside the Dockerfile, and left it there when a build failed.

use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use thiserror::Error;

use common::context;
use common::fault::{Fault, Status, io_status};
use common::receipt::Receipt;
use common::requirement::SpecKind;
use common::tree::{self, Staged, TreeError};

use crate::dockerfile::{Dockerfile, DockerfileError, EMPTY_DIRECTORY, Edits};

/// What the edited Dockerfile is called, as the original called it.
pub(crate) const CACHED: &str = "Dockerfile.cached";

/// A context cannot be staged. The tree is as it was.
#[derive(Debug, Error)]
pub(crate) enum StageError {
    /// The directory for it cannot be made.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A file cannot be copied or written.
    #[error("cannot stage {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The Dockerfile is none.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
}

impl Fault for StageError {
    fn status(&self) -> Status {
        match self {
            Self::Tree(error) => error.status(),
            Self::File { source, .. } => io_status(source),
            Self::Dockerfile(error) => error.status(),
        }
    }
}

/// A staged context, removed when dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    tree: Staged,
}

impl Stage {
    /// An empty directory in `stage_dir`, which is removed when dropped.
    pub(crate) fn empty(stage_dir: &Path) -> Result<Self, StageError> {
        Ok(Self { tree: Staged::new(stage_dir)? })
    }

    /// A copy in `stage_dir` of what counts of the context `source`.
    pub(crate) fn copy(source: &Path, stage_dir: &Path) -> Result<Self, StageError> {
        let stage = Self::empty(stage_dir)?;
        let copy = || {
            copy_input(source, Path::new(""), &stage.path())?;
            keep_times(&stage.path(), &source.metadata()?)
        };
        copy().map_err(failed(source))?;
        Ok(stage)
    }

    /// Where the context is.
    pub(crate) fn path(&self) -> PathBuf {
        self.tree.path()
    }

    /// Makes the directories `dirs` that are missing: git keeps no empty ones, and a COPY of a
    /// directory that is not there fails. They stay empty, since what they held would come back
    /// out of the image as if it had been solved.
    pub(crate) fn add_directories(&self, dirs: &[PathBuf]) -> Result<(), StageError> {
        dirs.iter().try_for_each(|dir| make_dir(&self.path().join(dir)))
    }

    /// Writes `Dockerfile` with `edits` as [`CACHED`].
    pub(crate) fn add_edited(&self, edits: &Edits) -> Result<(), StageError> {
        add_edited(&self.path(), edits)
    }

    /// Writes the commits of the receipts into the floating specs of the copy: what is solved, and then
    /// frozen, is what was asked for when the requirements were brought up to date, and not what a
    /// branch holds meanwhile.
    pub(crate) fn pin_references(&self) -> Result<(), StageError> {
        let Ok(environments) = fs::read_dir(self.path().join("environments")) else { return Ok(()) };
        for environment in environments.flatten() {
            let dir = environment.path();
            let Ok(Some(receipt)) = Receipt::of_environment(&dir) else { continue };
            for entry in fs::read_dir(&dir).map_err(failed(&dir))?.flatten() {
                let path = entry.path();
                if let Some(kind) = entry.file_name().to_str().and_then(SpecKind::of_name)
                    && let Some(pinned) = receipt.pin(kind, &fs::read(&path).map_err(failed(&path))?)
                {
                    fs::write(&path, pinned).map_err(failed(&path))?;
                }
            }
        }
        Ok(())
    }

    /// Gives everything one time and one of two modes, for the last thing before a build that is to be repeated
    /// elsewhere: what a checkout's umask and clock left goes into layers.
    pub(crate) fn settle(&self, epoch: i64) -> Result<(), StageError> {
        for entry in walkdir::WalkDir::new(self.path()).contents_first(true) {
            let entry = entry.map_err(|error| failed(&self.path())(error.into()))?;
            settle_one(entry.path(), epoch).map_err(failed(entry.path()))?;
        }
        Ok(())
    }

    /// Puts a copy of the file `source` at the top.
    pub(crate) fn add_file(&self, source: &Path) -> Result<(), StageError> {
        let name = PathBuf::from(source.file_name().unwrap_or_default());
        let copy = || {
            let times = self.path().metadata()?;
            let target = self.path().join(&name);
            fs::copy(source, &target)?;
            keep_times(&target, &source.metadata()?)?;
            keep_times(&self.path(), &times)
        };
        copy().map_err(failed(source))
    }
}

/// Writes the `Dockerfile` of the staged context `dir` with `edits` as [`CACHED`] beside it.
pub(crate) fn add_edited(dir: &Path, edits: &Edits) -> Result<(), StageError> {
    let path = dir.join("Dockerfile");
    let text = fs::read(&path).map_err(failed(&path))?;
    let times = dir.metadata().map_err(failed(dir))?;
    let own = dir.join("Dockerfile.dockerignore");
    if own.is_file() {
        // A Dockerfile's own rules go by its name.
        fs::copy(&own, dir.join(format!("{CACHED}.dockerignore"))).map_err(failed(&own))?;
    }
    if edits.no_empty_copies {
        add_empty_directory(dir)?;
    }
    let edited = edits.apply(&Dockerfile::parse(text, &path)?, dir, CACHED);
    let path = dir.join(CACHED);
    fs::write(&path, edited).map_err(failed(&path))?;
    keep_times(dir, &times).map_err(failed(dir))
}

/// Makes the directory `path` and those above it that are missing, all with the same fixed time, and
/// without a trace in the time of the one that was there: buildah's cache goes by times too.
fn make_dir(path: &Path) -> Result<(), StageError> {
    let (false, Some(parent)) = (path.is_dir(), path.parent()) else { return Ok(()) };
    make_dir(parent)?;
    let make = || {
        let times = parent.metadata()?;
        fs::create_dir(path)?;
        File::open(path)?.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH))?;
        keep_times(parent, &times)
    };
    make().map_err(failed(path))
}

fn settle_one(path: &Path, epoch: i64) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = path.symlink_metadata()?;
    if !metadata.is_symlink() {
        let is_open = metadata.is_dir() || metadata.permissions().mode() & 0o100 != 0;
        fs::set_permissions(path, fs::Permissions::from_mode(if is_open { 0o755 } else { 0o644 }))?;
    }
    let time = Timespec { tv_sec: epoch, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn add_empty_directory(dir: &Path) -> Result<(), StageError> {
    make_dir(&dir.join(EMPTY_DIRECTORY))?;
    for rules in [".dockerignore".to_owned(), format!("{CACHED}.dockerignore")] {
        let rules = dir.join(rules);
        if let Ok(mut text) = fs::read_to_string(&rules) {
            text.push_str("\n!");
            text.push_str(EMPTY_DIRECTORY);
            text.push('\n');
            fs::write(&rules, text).map_err(failed(&rules))?;
        }
    }
    Ok(())
}

/// Removes what killed builds left in `stage_dir`: call it with the build lock held.
pub(crate) fn sweep(stage_dir: &Path) {
    tree::sweep(stage_dir);
}

fn failed(path: &Path) -> impl Fn(io::Error) -> StageError + '_ {
    move |source| StageError::File { path: path.to_owned(), source }
}

/// Copies files, links and directories below `below` of the context `source` with mode and time.
/// Times are kept because they are part of layers: two builds of one tree must not differ by when
/// they were staged.
fn copy_input(source: &Path, below: &Path, target: &Path) -> io::Result<()> {
    for entry in fs::read_dir(source.join(below))? {
        let entry = entry?;
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        let inside = below.join(entry.file_name());
        if !context::is_input(&inside) {
            continue;
        }
        let metadata = from.symlink_metadata()?;
        if metadata.is_symlink() {
            std::os::unix::fs::symlink(from.read_link()?, &to)?;
        } else if metadata.is_dir() {
            fs::create_dir(&to)?;
            copy_input(source, &inside, &to)?;
            fs::set_permissions(&to, metadata.permissions())?;
            keep_times(&to, &metadata)?;
        } else if metadata.is_file() {
            fs::copy(&from, &to)?;
            keep_times(&to, &metadata)?;
        }
        // A socket or a pipe cannot be in an image.
    }
    Ok(())
}

fn keep_times(path: &Path, of: &Metadata) -> io::Result<()> {
    let modified = of.modified()?;
    match File::open(path).and_then(|file| file.set_times(FileTimes::new().set_modified(modified))) {
        // What the user may not read in the tree was not copied; this is a file only others may read.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    fn context() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("tools")).unwrap();
        fs::write(dir.path().join("tools/run"), "x").unwrap();
        fs::set_permissions(dir.path().join("tools/run"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(dir.path().join("Dockerfile"), "FROM a\nCOPY x*.y /d/\nRUN b\n").unwrap();
        fs::write(dir.path().join("build.log"), "litter").unwrap();
        std::os::unix::fs::symlink("tools/run", dir.path().join("link")).unwrap();
        dir
    }

    #[test]
    fn a_staged_context_has_modes_times_and_links_and_no_litter() {
        let (context, stages) = (context(), tempfile::tempdir().unwrap());
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let run = File::open(context.path().join("tools/run")).unwrap();
        run.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
        let stage = Stage::copy(context.path(), stages.path()).unwrap();
        let copied = stage.path().join("tools/run").metadata().unwrap();
        assert_eq!(copied.permissions().mode() & 0o777, 0o755);
        assert_eq!(copied.modified().unwrap(), long_ago);
        assert!(stage.path().join("link").symlink_metadata().unwrap().is_symlink());
        assert!(!stage.path().join("build.log").exists());
        drop(stage);
        assert_eq!(fs::read_dir(stages.path()).unwrap().count(), 0, "no litter");
    }

    #[test]
    fn a_settled_context_tells_nothing_of_the_checkout() {
        let (context, stages) = (context(), tempfile::tempdir().unwrap());
        let set = |name: &str, mode| {
            fs::set_permissions(context.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        for (name, mode) in [("Dockerfile", 0o600), ("tools/run", 0o700), ("tools", 0o700)] {
            set(name, mode);
        }
        let stage = Stage::copy(context.path(), stages.path()).unwrap();
        stage.settle(7).unwrap();
        for (name, mode) in [("", 0o755), ("tools", 0o755), ("tools/run", 0o755), ("Dockerfile", 0o644)] {
            let metadata = stage.path().join(name).metadata().unwrap();
            let time = metadata.modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!((metadata.permissions().mode() & 0o7777, time.as_secs()), (mode, 7), "{name}");
        }
    }

    #[test]
    fn the_edited_dockerfile_stands_in_the_copy_only() {
        let (context, stages) = (context(), tempfile::tempdir().unwrap());
        let stage = Stage::copy(context.path(), stages.path()).unwrap();
        let edits = Edits { cache_dirs: vec!["/c".to_owned()], no_empty_copies: true, ..Edits::default() };
        stage.add_edited(&edits).unwrap();
        let edited = fs::read_to_string(stage.path().join(CACHED)).unwrap();
        assert!(edited.contains("COPY .image-empty/ /d/") && edited.contains("target=/c b"), "{edited}");
        assert!(stage.path().join(EMPTY_DIRECTORY).is_dir());
        assert!(!context.path().join(CACHED).exists() && !context.path().join(EMPTY_DIRECTORY).exists());
    }

    #[test]
    fn the_empty_directory_is_seen_whatever_dockerignore_hides() {
        let (context, stages) = (context(), tempfile::tempdir().unwrap());
        fs::write(context.path().join(".dockerignore"), ".*\n*").unwrap();
        let stage = Stage::copy(context.path(), stages.path()).unwrap();
        stage.add_edited(&Edits { no_empty_copies: true, ..Edits::default() }).unwrap();
        let rules = fs::read_to_string(stage.path().join(".dockerignore")).unwrap();
        assert_eq!(rules, ".*\n*\n!.image-empty\n");
    }

    /// They were not seen: the staged Dockerfile has another name.
    #[test]
    fn a_dockerfiles_own_ignore_rules_hold_in_the_copy() {
        let (context, stages) = (context(), tempfile::tempdir().unwrap());
        fs::write(context.path().join("Dockerfile.dockerignore"), "tools").unwrap();
        let stage = Stage::copy(context.path(), stages.path()).unwrap();
        stage.add_edited(&Edits { no_empty_copies: true, ..Edits::default() }).unwrap();
        let rules = fs::read_to_string(stage.path().join("Dockerfile.cached.dockerignore")).unwrap();
        assert_eq!(rules, "tools\n!.image-empty\n");
    }

    #[test]
    fn floating_specs_are_held_at_the_commits_of_their_receipt_in_the_copy_only() {
        let (context, stages) = (context(), tempfile::tempdir().unwrap());
        let dir = context.path().join("environments/roman-cal");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("a.pip"), "git+https://h/a.git@main\nb==1\n").unwrap();
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let receipt = format!(
            r#"{{"$schema": "s", "schema": 1, "version": "latest", "requested_by": "a", "files": [],
            "requested_at": "2024-01-01T00:00:00Z", "resolved": {{"git+https://h/a.git@main": "{commit}"}}}}"#
        );
        fs::write(dir.join("sources.lock.json"), receipt).unwrap();
        let stage = Stage::copy(context.path(), stages.path()).unwrap();
        stage.pin_references().unwrap();
        let read = |root: &Path| fs::read_to_string(root.join("environments/roman-cal/a.pip")).unwrap();
        assert_eq!(read(&stage.path()), format!("git+https://h/a.git@{commit}\nb==1\n"));
        assert!(read(context.path()).contains("@main"));
    }

    #[test]
    fn missing_directories_are_made_empty_and_others_left_alone() {
        let (context, stages) = (context(), tempfile::tempdir().unwrap());
        let stage = Stage::copy(context.path(), stages.path()).unwrap();
        let time = |name: &str| stage.path().join(name).metadata().unwrap().modified().unwrap();
        let before = [time(""), time("tools")];
        let dirs = ["env-frozen/base", "tools/a", "tools"].map(PathBuf::from);
        stage.add_directories(&dirs).unwrap();
        assert_eq!(fs::read_dir(stage.path().join("env-frozen/base")).unwrap().count(), 0);
        assert!(stage.path().join("tools/run").is_file());
        assert_eq!([time(""), time("tools")], before);
        for made in ["env-frozen", "env-frozen/base", "tools/a"] {
            assert_eq!(time(made), SystemTime::UNIX_EPOCH, "two builds do not differ by it");
        }
    }
}

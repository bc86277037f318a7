//! One file's way into its place, and back.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use common::digest::Digest;
use common::state_file;
use serde::{Deserialize, Serialize};

use super::Stage;
use crate::desired::{New, Standing};
use crate::error::Error;

/// What becomes of one name. What is to come lies in the stage's `new`, what was there in its `old`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    name: String,
    old: Option<Digest>,
    new: Option<Digest>,
    /// Where the link that was there pointed: it gives way itself, and what it points at is left alone.
    #[serde(default)]
    old_link: Option<PathBuf>,
    /// Where the link that comes points: one that was parked stays one.
    #[serde(default)]
    new_link: Option<PathBuf>,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Write { path, source }
}

/// Lays both sides of a change into `stage`.
pub fn prepare(
    stage: &Stage,
    dir: &Path,
    (name, new): (&str, &New<'_>),
    standing: &Standing,
) -> Result<Step, Error> {
    let target = dir.join(name);
    let (old, old_link) = (standing.get(name), target.read_link().ok());
    if old.is_some() && old_link.is_none() {
        lay(&target, &stage.old_dir().join(name))?;
    }
    let mut new_link = None;
    let to = stage.new_dir().join(name);
    let new = match new {
        New::Absent => None,
        New::Content(content) => {
            write(&to, content, mode(&target)).map_err(failed(&to))?;
            Some(Digest::of(content))
        }
        New::From(from) => {
            let from_path = dir.join(from);
            new_link = from_path.read_link().ok();
            if new_link.is_none() {
                lay(&from_path, &to)?;
            }
            standing.get(from).map(|content| Digest::of(content))
        }
    };
    let old = old.map(|content| Digest::of(content));
    Ok(Step { name: name.to_owned(), old, new, old_link, new_link })
}

fn mode(path: &Path) -> u32 {
    path.metadata().map_or(0o644, |metadata| metadata.permissions().mode() & 0o777)
}

fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// The very same file under a second name, so that its times hold; else a copy.
fn lay(from: &Path, to: &Path) -> Result<(), Error> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    // It may have been made and not be told.
    _ = fs::remove_file(to);
    fs::copy(from, to).map(|_| ()).map_err(failed(to))
}

/// Makes sure that what lies in `stage` is there after a power cut.
pub fn sync(stage: &Stage) -> Result<(), Error> {
    for dir in [stage.new_dir(), stage.old_dir()] {
        for entry in fs::read_dir(&dir).map_err(failed(&dir))? {
            let path = entry.map_err(failed(&dir))?.path();
            File::open(&path).and_then(|file| file.sync_all()).map_err(failed(&path))?;
        }
        sync_dir(&dir)?;
    }
    sync_dir(&stage.path)
}

/// Makes sure that what was moved in `dir` stays moved after a power cut.
pub fn sync_dir(dir: &Path) -> Result<(), Error> {
    state_file::sync_dir(dir).map_err(failed(dir))
}

impl Step {
    /// The name in the environment.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the place holds what this step found or what it puts there.
    pub fn is_undisturbed(&self, dir: &Path) -> Result<bool, Error> {
        let now = digest(&dir.join(&self.name))?;
        Ok(now == self.old || now == self.new)
    }

    /// Puts in place what is to come.
    pub fn go(&self, dir: &Path, stage: &Stage) -> Result<(), Error> {
        let (target, laid) = (dir.join(&self.name), stage.new_dir().join(&self.name));
        match &self.new_link {
            Some(link) => put_link(&target, link, &laid),
            None => put(&target, self.new.as_ref(), &laid),
        }
    }

    /// Puts back what was there.
    pub fn back(&self, dir: &Path, stage: &Stage) -> Result<(), Error> {
        let (target, laid) = (dir.join(&self.name), stage.old_dir().join(&self.name));
        match &self.old_link {
            Some(link) => put_link(&target, link, &laid),
            None => put(&target, self.old.as_ref(), &laid),
        }
    }
}

/// Makes `target` a link to `link`; it is made at `laid`, so that it comes in one step.
fn put_link(target: &Path, link: &Path, laid: &Path) -> Result<(), Error> {
    if target.read_link().is_ok_and(|now| now == link) {
        return Ok(());
    }
    if !laid.is_symlink() {
        symlink(link, laid).map_err(failed(laid))?;
    }
    match fs::rename(laid, target) {
        // The environment's directory is a link to another file system.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::remove_file(target).or_else(ignore_absent).map_err(failed(target))?;
            symlink(link, target).map_err(failed(target))
        }
        other => other.map_err(failed(target)),
    }
}

fn ignore_absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Makes `target` a file with the content of the digest `wanted`, which lies at `laid`; or nothing. A
/// link there gives way; what it points at is left alone.
fn put(target: &Path, wanted: Option<&Digest>, laid: &Path) -> Result<(), Error> {
    if wanted.is_none() {
        return fs::remove_file(target).or_else(ignore_absent).map_err(failed(target));
    }
    if !target.is_symlink() && digest(target)?.as_ref() == wanted {
        return Ok(());
    }
    if digest(laid)?.as_ref() != wanted {
        return Err(Error::Lost { path: laid.to_owned() });
    }
    match fs::rename(laid, target) {
        // The environment's directory is a link to another file system.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            if target.is_symlink() {
                fs::remove_file(target).map_err(failed(target))?;
            }
            let content = fs::read(laid).map_err(failed(laid))?;
            state_file::replace(target, &content, mode(laid))?;
            Ok(())
        }
        other => other.map_err(failed(target)),
    }
}

/// Makes `name` in `dir` hold `content`. It is made in `stage`, so that it comes in one step.
pub fn bring(stage: &Stage, dir: &Path, name: &str, content: &[u8]) -> Result<(), Error> {
    let (target, laid) = (dir.join(name), stage.new_dir().join(name));
    state_file::replace(&laid, content, mode(&target))?;
    put(&target, Some(&Digest::of(content)), &laid)?;
    sync_dir(dir)
}

/// Of what is at `path`, read piece by piece: what was delivered is still in memory.
fn digest(path: &Path) -> Result<Option<Digest>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    match File::open(path) {
        Ok(mut file) => Digest::of_reader(&mut file).map(Some).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

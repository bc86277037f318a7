//! Files of an image as they are written, one by one as they pass.

use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use common::engine::{EngineError, FileEntry};
use tempfile::{Builder, NamedTempFile};

use super::landing::{Landing, Place, Source};
use crate::error::Error;

/// What a copy came to.
#[derive(Debug)]
pub(super) struct Copied {
    /// How many files and links were written.
    pub(super) files: usize,
    /// Where.
    pub(super) to: PathBuf,
    /// What was not written, and why.
    pub(super) left_out: Vec<(PathBuf, &'static str)>,
}

/// Takes files, and writes them to where the first of them shows that they go.
pub(super) struct Writer<'a> {
    source: &'a Source,
    landing: &'a Landing,
    place: Option<Place>,
    files: usize,
    left_out: Vec<(PathBuf, &'static str)>,
    /// Why it was given up.
    fault: Option<Error>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(source: &'a Source, landing: &'a Landing) -> Self {
        Self { source, landing, place: None, files: 0, left_out: Vec::new(), fault: None }
    }

    /// Writes one file.
    pub(super) fn take(&mut self, entry: &FileEntry<'_>, content: &mut dyn Read) -> io::Result<()> {
        self.write(entry, content).map_err(|fault| {
            let error = io::Error::other(fault.to_string());
            self.fault = Some(fault);
            error
        })
    }

    /// What came of it, after `read` came to its end.
    pub(super) fn finish(self, read: Result<(), EngineError>) -> Result<Copied, Error> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        read?;
        let place = if let Some(place) = self.place {
            place
        } else {
            // A directory without a file.
            let place = self.landing.of_directory(self.source)?;
            directory(&place.root, &place.below)?;
            place
        };
        // Joining nothing would leave a `/` at the end.
        let to: PathBuf = place.root.components().chain(place.below.components()).collect();
        Ok(Copied { files: self.files, to, left_out: self.left_out })
    }

    fn write(&mut self, entry: &FileEntry<'_>, content: &mut dyn Read) -> Result<(), Error> {
        let place = match &self.place {
            Some(place) => place,
            None => self.place.insert(if entry.is_top {
                self.landing.of_file(self.source)?
            } else {
                self.landing.of_directory(self.source)?
            }),
        };
        let path = if entry.is_top { place.below.clone() } else { place.below.join(entry.path) };
        let written = match entry.link {
            None => file(&place.root, &path, entry.executable, content).map(|()| true),
            Some(target) if entry.is_hard => again(place, &path, target),
            Some(target) if stays_inside(entry.path, target) => {
                link(&place.root, &path, target).map(|()| true)
            }
            Some(_) => {
                self.left_out.push((entry.path.to_owned(), "it is a link that leads out of what is copied"));
                return Ok(());
            }
        }?;
        if written {
            self.files += 1;
        } else {
            self.left_out.push((entry.path.to_owned(), "it is a link to what is not copied"));
        }
        Ok(())
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| Error::Write { path: path.to_owned(), source }
}

/// The directory `below` in `root`, made if it is not there. A link on the way could lead out.
fn directory(root: &Path, below: &Path) -> Result<PathBuf, Error> {
    let mut dir = root.to_owned();
    if !dir.as_os_str().is_empty() && !dir.is_dir() {
        fs::create_dir(&dir).map_err(failed(&dir))?;
    }
    for component in below.components() {
        let Component::Normal(name) = component else {
            return Err(Error::NoPlace { path: below.to_owned(), reason: "it leads out of the directory" });
        };
        dir.push(name);
        match dir.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                let reason = "a directory is needed here, and this is a link or a file";
                return Err(Error::InTheWay { path: dir, reason });
            }
            Err(_) => fs::create_dir(&dir).map_err(failed(&dir))?,
        }
    }
    Ok(if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir })
}

/// The directory for `path` in `root`, and the whole path.
fn parent(root: &Path, path: &Path) -> Result<(PathBuf, PathBuf), Error> {
    let dir = directory(root, path.parent().unwrap_or(Path::new("")))?;
    let whole = dir.join(path.file_name().unwrap_or_default());
    Ok((dir, whole))
}

/// Written beside and renamed, so that it is there whole or not at all, and no link is written through.
fn file(root: &Path, path: &Path, executable: bool, content: &mut dyn Read) -> Result<(), Error> {
    let (dir, whole) = parent(root, path)?;
    let mode = if executable { 0o755 } else { 0o644 };
    let mut write = || {
        let mut file = NamedTempFile::new_in(&dir)?;
        io::copy(content, &mut file)?;
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
        file.persist(&whole)?;
        Ok(())
    };
    write().map_err(failed(&whole))
}

fn link(root: &Path, path: &Path, target: &Path) -> Result<(), Error> {
    let (dir, whole) = parent(root, path)?;
    let make = || {
        let made = Builder::new().make_in(&dir, |at| symlink(target, at))?;
        made.into_temp_path().persist(&whole)?;
        Ok(())
    };
    make().map_err(failed(&whole))
}

/// A further name of a file that passed by earlier; false if it did not.
fn again(place: &Place, path: &Path, target: &Path) -> Result<bool, Error> {
    let first = place.root.join(&place.below).join(target);
    if !first.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(false);
    }
    let executable = fs::metadata(&first).is_ok_and(|m| m.permissions().mode() & 0o111 != 0);
    let mut content = fs::File::open(&first).map_err(failed(&first))?;
    file(&place.root, path, executable, &mut content)?;
    Ok(true)
}

/// Whether a link at `path` to `target` leads to something below the same top.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count() - 1;
    for component in target.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    !target.as_os_str().is_empty()
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

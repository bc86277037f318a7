//! Where a copy comes to lie, by the rules of `docker cp`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// What is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    path: String,
    contents: bool,
}

impl Source {
    /// As it was typed.
    pub(super) fn new(typed: &str) -> Self {
        let contents = typed == "." || typed.ends_with("/.");
        let path = typed.strip_suffix('.').filter(|_| contents).unwrap_or(typed).trim_end_matches('/');
        Self { path: if path.is_empty() { "/".to_owned() } else { path.to_owned() }, contents }
    }

    /// Its path in the image.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Its name; the root of an image has none.
    fn name(&self) -> Option<&OsStr> {
        Path::new(&self.path).file_name()
    }
}

/// What was found where the copy shall go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// A directory.
    Directory(PathBuf),
    /// A file, by its real name.
    File(PathBuf),
    /// Nothing, in a directory that is there; whether the name is one of a directory.
    Free(PathBuf, bool),
}

/// Where something is written: nothing outside `root`, in which `below` is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) below: PathBuf,
}

impl Landing {
    /// Looks at `dest`.
    ///
    /// # Errors
    /// Nothing can be put there.
    pub(super) fn look_at(dest: &Path) -> Result<Self, Error> {
        let refused = |reason| Error::NoPlace { path: dest.to_owned(), reason };
        if dest == Path::new("-") {
            return Err(refused("an archive on standard output is not made; name a directory"));
        }
        if dest.is_dir() {
            return Ok(Self::Directory(dest.to_owned()));
        }
        let named_directory = dest.as_os_str().as_encoded_bytes().ends_with(b"/");
        if dest.is_file() {
            return dest.canonicalize().map(Self::File).map_err(|_| refused("it cannot be read"));
        }
        if dest.symlink_metadata().is_ok() {
            return Err(refused("it is no file and no directory, or a link to nowhere"));
        }
        let parent = dest.parent().filter(|parent| !parent.as_os_str().is_empty());
        if parent.unwrap_or(Path::new(".")).is_dir() {
            Ok(Self::Free(dest.to_owned(), named_directory))
        } else {
            Err(refused("the directory that it should be in is not there"))
        }
    }

    /// Where the directory `source` goes.
    ///
    /// # Errors
    /// A file is in the way.
    pub(super) fn of_directory(&self, source: &Source) -> Result<Place, Error> {
        match self {
            Self::Directory(root) => {
                let name = source.name().filter(|_| !source.contents);
                Ok(Place { root: root.clone(), below: name.map(PathBuf::from).unwrap_or_default() })
            }
            Self::Free(root, _) => Ok(Place { root: root.clone(), below: PathBuf::new() }),
            Self::File(path) => Err(Error::NoPlace {
                path: path.clone(),
                reason: "it is a file, and what is copied is a directory",
            }),
        }
    }

    /// Where the file `source` goes.
    ///
    /// # Errors
    /// A directory is meant that is not there.
    pub(super) fn of_file(&self, source: &Source) -> Result<Place, Error> {
        match self {
            Self::Directory(root) => {
                Ok(Place { root: root.clone(), below: source.name().unwrap_or_default().into() })
            }
            Self::File(path) | Self::Free(path, false) => Ok(Place {
                root: path.parent().map(Path::to_owned).unwrap_or_default(),
                below: path.file_name().unwrap_or_default().into(),
            }),
            Self::Free(path, true) => {
                Err(Error::NoPlace { path: path.clone(), reason: "there is no such directory" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(root: &str, below: &str) -> Place {
        Place { root: root.into(), below: below.into() }
    }

    #[test]
    fn a_directory_lands_by_its_name_or_with_its_contents() {
        let there = Landing::Directory("d".into());
        let check = |source: &str, landing: &Landing, expected: Place| {
            assert_eq!(landing.of_directory(&Source::new(source)).unwrap(), expected, "{source}");
        };
        check("/opt/x", &there, place("d", "x"));
        check("/opt/x/", &there, place("d", "x"));
        check("/opt/x/.", &there, place("d", ""));
        check("/", &there, place("d", ""));
        check(".", &there, place("d", ""));
        check("/opt/x", &Landing::Free("d".into(), true), place("d", ""));
        assert!(Landing::File("d".into()).of_directory(&Source::new("/opt/x")).is_err());
    }

    #[test]
    fn a_file_lands_in_a_directory_or_under_the_new_name() {
        let source = Source::new("/opt/x.yml");
        let check = |landing: Landing, expected: Place| {
            assert_eq!(landing.of_file(&source).unwrap(), expected);
        };
        check(Landing::Directory("d".into()), place("d", "x.yml"));
        check(Landing::File("/d/f".into()), place("/d", "f"));
        check(Landing::Free("d/f".into(), false), place("d", "f"));
        check(Landing::Free("f".into(), false), place("", "f"));
        assert!(Landing::Free("d/".into(), true).of_file(&source).is_err());
    }

    #[test]
    fn what_is_there_is_looked_at_first() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
        let check = |name: &str, is_good: bool| {
            assert_eq!(Landing::look_at(&at(name)).is_ok(), is_good, "{name}");
        };
        check("", true);
        check("file", true);
        check("new", true);
        check("new/", true);
        check("new/below", false);
        check("dangling", false);
        assert!(matches!(Landing::look_at(&at("new/")), Ok(Landing::Free(_, true))));
        assert!(matches!(Landing::look_at(Path::new("new-name")), Ok(Landing::Free(_, false))));
        assert!(Landing::look_at(Path::new("-")).is_err());
    }
}

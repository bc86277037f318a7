//! The names of all files, each kept once for both images, and numbers for them.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

/// All names together, in bytes: far more than any image has.
const MOST_NAMES: usize = 1 << 30;
/// No image has more files.
const MOST_PATHS: usize = 4_000_000;

/// The number of a path. That of a directory is always lower than those of what is in it.
pub(super) type PathId = u32;

/// The root of all paths.
pub(super) const ROOT: PathId = 0;

/// A tree of names.
#[derive(Debug)]
pub(super) struct Paths {
    /// The directory of each path, and where its name begins and ends in `names`.
    all: Vec<(PathId, u32, u32)>,
    names: Vec<u8>,
    /// By what the directory and the name hash to; a taken place leads to the next number.
    known: HashMap<u64, PathId>,
    /// Its key is random, so that nobody can make paths collide.
    hasher: RandomState,
}

impl Default for Paths {
    fn default() -> Self {
        Self { all: vec![(ROOT, 0, 0)], names: Vec::new(), known: HashMap::new(), hasher: RandomState::new() }
    }
}

impl Paths {
    /// How many there are, the root and all directories included.
    pub(super) const fn count(&self) -> usize {
        self.all.len()
    }

    /// The number of `path`, which is cleaned: see [`crate::archive::clean`].
    ///
    /// # Errors
    /// There are more than any image has.
    pub(super) fn number(&mut self, path: &[u8]) -> io::Result<PathId> {
        let parts = path.split(|b| *b == b'/').filter(|part| !part.is_empty());
        parts.into_iter().try_fold(ROOT, |parent, name| self.below(parent, name))
    }

    fn below(&mut self, parent: PathId, name: &[u8]) -> io::Result<PathId> {
        let mut hash = self.hasher.hash_one((parent, name));
        while let Some(&found) = self.known.get(&hash) {
            if self.all[found as usize].0 == parent && self.name(found) == name {
                return Ok(found);
            }
            hash = hash.wrapping_add(1);
        }
        let full = || io::Error::new(io::ErrorKind::InvalidData, "more files than any image has");
        let end = self.names.len() + name.len();
        if self.all.len() >= MOST_PATHS || end > MOST_NAMES {
            return Err(full());
        }
        let number = |n: usize| u32::try_from(n).map_err(|_| full());
        let (new, begin) = (number(self.all.len())?, number(self.names.len())?);
        self.all.push((parent, begin, number(end)?));
        self.names.extend_from_slice(name);
        self.known.insert(hash, new);
        Ok(new)
    }

    /// The directory that `path` is in; the root is in itself.
    pub(super) fn parent(&self, path: PathId) -> PathId {
        self.all[path as usize].0
    }

    fn name(&self, path: PathId) -> &[u8] {
        let (_, begin, end) = self.all[path as usize];
        &self.names[begin as usize..end as usize]
    }

    /// `path` for people.
    pub(super) fn text(&self, mut path: PathId) -> String {
        let mut names = Vec::new();
        while path != ROOT {
            names.push(String::from_utf8_lossy(self.name(path)).escape_debug().to_string());
            path = self.parent(path);
        }
        names.iter().rev().fold(String::new(), |text, name| text + "/" + name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_number_and_its_directory_a_lower_one() {
        let mut paths = Paths::default();
        let file = paths.number(b"opt/env/a.py").unwrap();
        assert_eq!(paths.number(b"opt/env/a.py").unwrap(), file);
        assert_eq!(paths.number(b"").unwrap(), ROOT);
        assert_ne!(paths.number(b"a.py").unwrap(), file);
        let dir = paths.number(b"opt/env").unwrap();
        assert_eq!(paths.parent(file), dir);
        assert!(dir < file);
        assert_eq!((paths.text(file).as_str(), paths.count()), ("/opt/env/a.py", 5));
        assert_eq!(paths.text(ROOT), "");
    }

    #[test]
    fn a_name_cannot_forge_a_line_of_the_report() {
        let mut paths = Paths::default();
        let odd = paths.number(b"a\nb\x1b[31m").unwrap();
        assert_eq!(paths.text(odd), "/a\\nb\\u{1b}[31m");
    }
}

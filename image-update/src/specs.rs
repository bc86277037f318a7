//! The floating specs of an environment as they are at one moment, to tell afterwards which changed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use common::digest::Digest;

use crate::error::Error;

/// The digests of the files of one directory, by name.
#[derive(Debug, PartialEq, Eq)]
pub struct Specs(BTreeMap<String, Digest>);

impl Specs {
    /// The files of `dir` now; not those of directories in it, which hold tests.
    pub fn of(dir: &Path) -> Result<Self, Error> {
        let read = || -> io::Result<_> {
            let mut files = BTreeMap::new();
            for entry in fs::read_dir(dir)? {
                let path = entry?.path();
                if let (true, Some(name)) = (path.is_file(), path.file_name()) {
                    files.insert(name.to_string_lossy().into_owned(), Digest::of(&fs::read(&path)?));
                }
            }
            Ok(Self(files))
        };
        read().map_err(|source| Error::Read { path: dir.to_owned(), source })
    }

    /// The names that `later` has with other content, has not, or has and we have not; sorted.
    pub fn changed(&self, later: &Self) -> Vec<String> {
        let names = self.0.keys().chain(later.0.keys().filter(|n| !self.0.contains_key(*n)));
        let mut changed: Vec<String> = names.filter(|n| self.0.get(*n) != later.0.get(*n)).cloned().collect();
        changed.sort_unstable();
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_removed_and_edited_files_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("a.pip", "1");
        write("b.yml", "1");
        write("same", "1");
        let before = Specs::of(dir.path()).unwrap();
        write("a.pip", "2");
        fs::rename(dir.path().join("b.yml"), dir.path().join("b.yml.disabled")).unwrap();
        let after = Specs::of(dir.path()).unwrap();
        assert_eq!(before.changed(&after), ["a.pip", "b.yml", "b.yml.disabled"]);
        assert!(after.changed(&after).is_empty());
    }
}

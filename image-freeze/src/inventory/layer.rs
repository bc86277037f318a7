//! What one layer of an image tells, as its files pass by. Only what they told is kept.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};

use common::digest::Hasher;

use super::claims::{self, Sum};
use super::fact::{self, Fact};
use super::place;

/// No image has more files, nor more that tell what is installed.
const MOST_MEMBERS: usize = 4_000_000;
const MOST_FACTS: usize = 200_000;
/// What a removed file leaves in the layer that removed it, and a directory that is all new.
const REMOVED: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// How a layer is read; the same for all layers of an image.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Turns paths into numbers. The key is random, so that nobody can make two paths collide.
    paths: RandomState,
    /// Whether all contents are digested.
    pub digests: bool,
}

impl Reading {
    /// With `digests`, the contents of all files are digested.
    pub(super) fn new(digests: bool) -> Self {
        Self { paths: RandomState::new(), digests }
    }

    /// The number that stands for `path`.
    pub(super) fn number(&self, path: &[u8]) -> u64 {
        self.paths.hash_one(path)
    }
}

/// What passes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// A file with content.
    File,
    /// A further name of the file at this path.
    HardLink(&'a [u8]),
    /// A link to this place, as it is written.
    Symlink(&'a [u8]),
    /// A directory.
    Directory,
    /// Something without content.
    Other,
}

/// A link that stands where a file could tell something.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Where to.
    pub target: String,
}

/// What one layer tells. The numbers are sorted once it was read.
#[derive(Debug)]
pub(super) struct Layer {
    reading: Reading,
    /// Whether marks of removal mean something: not where a whole file system is read.
    is_one_of_many: bool,
    /// By path.
    pub facts: BTreeMap<String, Fact>,
    /// By path.
    pub links: BTreeMap<String, Link>,
    /// What hides the same path and all below it in lower layers: everything but directories.
    covers: Vec<u64>,
    /// Directories that hide all below them in lower layers.
    opaque: Vec<u64>,
    /// Directories that hide a file of the same path in lower layers.
    exact: Vec<u64>,
    /// The digests of contents.
    sums: Vec<(u64, Sum)>,
    /// Hard links.
    same: Vec<(u64, u64)>,
    members: usize,
}

impl Layer {
    /// One of the layers of an image, or (`is_one_of_many` false) a whole file system.
    pub(super) fn new(reading: &Reading, is_one_of_many: bool) -> Self {
        Self {
            reading: reading.clone(),
            is_one_of_many,
            facts: BTreeMap::new(),
            links: BTreeMap::new(),
            covers: Vec::new(),
            opaque: Vec::new(),
            exact: Vec::new(),
            sums: Vec::new(),
            same: Vec::new(),
            members: 0,
        }
    }

    /// Takes what is at `path`, relative to the root.
    ///
    /// # Errors
    /// Its content cannot be read, or the layer is no honest one.
    pub(super) fn take(&mut self, path: &[u8], entry: Entry<'_>, content: &mut dyn Read) -> io::Result<()> {
        self.members += 1;
        if self.members > MOST_MEMBERS || self.facts.len() + self.links.len() > MOST_FACTS {
            return Err(refused("more files than any image has"));
        }
        let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
        if self.is_one_of_many && name.starts_with(REMOVED.as_bytes()) {
            return self.removal(path, name);
        }
        let text = String::from_utf8_lossy(path);
        let kind = place::kind(&text);
        if kind.is_some() {
            // Of two members of a name, the later one counts.
            self.facts.remove(&*text);
            self.links.remove(&*text);
        }
        if entry == Entry::Directory {
            if kind.is_some() && self.is_one_of_many {
                self.exact.push(self.reading.number(path));
            }
            return Ok(());
        }
        if self.is_one_of_many {
            self.covers.push(self.reading.number(path));
        }
        match (entry, kind) {
            (Entry::File, None) if self.reading.digests => self.digest(path, content),
            (Entry::File, Some(kind)) => {
                let mut passing = Passing::new(content, self.reading.digests);
                let fact = fact::read(kind, &mut passing, self.reading.digests)?;
                self.facts.insert(text.into_owned(), fact);
                self.note_sum(path, passing)
            }
            (Entry::HardLink(target), kind) => {
                if self.reading.digests {
                    self.same.push((self.reading.number(path), self.reading.number(target)));
                }
                self.link(kind, text.into_owned(), target);
                Ok(())
            }
            (Entry::Symlink(target), kind) => {
                self.link(kind, text.into_owned(), target);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn link(&mut self, kind: Option<place::Kind>, path: String, target: &[u8]) {
        if kind.is_some() {
            let target = String::from_utf8_lossy(target).into_owned();
            self.links.insert(path, Link { target });
        }
    }

    fn removal(&mut self, path: &[u8], name: &[u8]) -> io::Result<()> {
        let dir = &path[..path.len() - name.len()];
        if name == OPAQUE.as_bytes() {
            let dir = dir.strip_suffix(b"/").unwrap_or(dir);
            self.opaque.push(self.reading.number(dir));
            return Ok(());
        }
        let removed = &name[REMOVED.len()..];
        if removed.starts_with(REMOVED.as_bytes()) {
            // What a file system that layers are made with keeps for itself.
            return Ok(());
        }
        if matches!(removed, b"" | b"." | b"..") {
            return Err(refused("a mark of removal without a name"));
        }
        self.covers.push(self.reading.number(&[dir, removed].concat()));
        Ok(())
    }

    fn digest(&mut self, path: &[u8], content: &mut dyn Read) -> io::Result<()> {
        self.note_sum(path, Passing::new(content, true))
    }

    fn note_sum(&mut self, path: &[u8], passing: Passing<'_>) -> io::Result<()> {
        if let Some(sum) = passing.finish()? {
            self.sums.push((self.reading.number(path), sum));
        }
        Ok(())
    }

    /// Ends the reading.
    pub(super) fn close(&mut self) {
        for numbers in [&mut self.covers, &mut self.opaque, &mut self.exact] {
            numbers.sort_unstable();
            numbers.dedup();
            numbers.shrink_to_fit();
        }
        // Stable: of two members of a name, the later one stays behind.
        self.sums.sort_by_key(|(path, _)| *path);
        self.same.sort_by_key(|(path, _)| *path);
        self.sums.shrink_to_fit();
    }

    /// Whether this layer, above another one, hides what that has at the path of these numbers: those
    /// of the root, of each directory on the way, and of the path itself.
    pub(super) fn hides(&self, way: &[u64]) -> bool {
        let Some((path, above)) = way.split_last() else { return false };
        let has = |numbers: &[u64], number| numbers.binary_search(number).is_ok();
        has(&self.covers, path)
            || has(&self.exact, path)
            || above.iter().any(|dir| has(&self.covers, dir) || has(&self.opaque, dir))
    }

    /// The digest of what this layer has at the path of this number, or to which it links there.
    pub(super) fn sum(&self, number: u64) -> Option<Result<Sum, u64>> {
        let last = |at: usize| at.checked_sub(1);
        let found = last(self.sums.partition_point(|(path, _)| *path <= number))
            .map(|at| self.sums[at])
            .filter(|(path, _)| *path == number);
        if let Some((_, sum)) = found {
            return Some(Ok(sum));
        }
        let link = last(self.same.partition_point(|(path, _)| *path <= number)).map(|at| self.same[at]);
        link.filter(|(path, _)| *path == number).map(|(_, target)| Err(target))
    }
}

fn refused(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Content that is digested as it passes, if that is asked for.
struct Passing<'r> {
    reader: &'r mut dyn Read,
    hasher: Option<Hasher>,
}

impl<'r> Passing<'r> {
    fn new(reader: &'r mut dyn Read, digests: bool) -> Self {
        Self { reader, hasher: digests.then(Hasher::default) }
    }

    /// The digest of all the content, also of what was not read yet.
    fn finish(mut self) -> io::Result<Option<Sum>> {
        if self.hasher.is_none() {
            return Ok(None);
        }
        let mut buffer = [0; 16 << 10];
        while self.read(&mut buffer)? > 0 {}
        Ok(self.hasher.and_then(|hasher| claims::half(&hasher.bytes())))
    }
}

impl Read for Passing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..count]);
        }
        Ok(count)
    }
}

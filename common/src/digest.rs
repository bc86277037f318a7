//! SHA-256 digests in the `sha256:<hex>` spelling that engines and registries use.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A SHA-256 digest, always 64 lower-case hexadecimal digits behind `sha256:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^sha256:[0-9a-f]{64}$"))]
pub struct Digest(String);

/// The text is not a digest.
#[derive(Debug, Error)]
#[error("{0:?} is not a digest of the form sha256:<64 hex digits>")]
pub struct NotADigest(String);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The digest of all that `reader` still gives.
    ///
    /// # Errors
    /// Reading failed.
    pub fn of_reader(reader: &mut dyn Read) -> io::Result<Self> {
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(hasher.finish()),
                n => hasher.update(&buffer[..n]),
            }
        }
    }

    /// The 64 hexadecimal digits alone.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }

    /// The first twelve hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    /// The whole, with its `sha256:`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    /// Takes the digits with or without `sha256:` (podman and buildah print image ids without).
    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() == 64 && hex.bytes().all(is_hex) {
            Ok(Self(format!("sha256:{hex}")))
        } else {
            Err(NotADigest(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

/// Digests bytes as they pass.
#[derive(Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes in `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The bytes of the digest of all that was taken in, for whoever keeps many.
    #[must_use]
    pub fn bytes(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// The digest of all that was taken in.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in self.0.finalize() {
            use fmt::Write as _;
            // Writing to a String cannot fail.
            _ = write!(text, "{byte:02x}");
        }
        Digest(text)
    }
}

/// The digest of a directory's content: relative paths (sorted bytewise), kind, executable bit, and
/// bytes or link target. Times, owners and the other mode bits do not matter; nor does `skip`.
///
/// # Errors
/// A file cannot be read.
pub fn of_tree(root: &Path, skip: &dyn Fn(&Path) -> bool) -> io::Result<Digest> {
    Ok(of_entries(entries(root, skip)?))
}

/// The files of a directory and of those in it, but for what `skip` says, in no order.
///
/// # Errors
/// A file cannot be read.
pub fn entries(root: &Path, skip: &dyn Fn(&Path) -> bool) -> io::Result<Vec<Entry>> {
    let mut files: Vec<PathBuf> = Vec::new();
    let walk = walkdir::WalkDir::new(root).follow_links(false).into_iter();
    for entry in walk.filter_entry(|e| e.depth() == 0 || !skip(relative(e.path(), root))) {
        let entry = entry?;
        if !entry.file_type().is_dir() {
            files.push(relative(entry.path(), root).to_owned());
        }
    }
    let entry = |file: PathBuf| {
        let (kind, content) = of_entry(&root.join(&file))?;
        Ok(Entry { path: file, kind, content })
    };
    files.into_iter().map(entry).collect()
}

/// What a file of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A file that its owner may execute.
    Executable,
    /// A symbolic link.
    Link,
}

impl EntryKind {
    /// What it is called where a tree is written down.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Executable => "exec",
            Self::Link => "link",
        }
    }
}

/// A file of a tree: where, what, and the digest of its bytes or of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path, from the top of the tree.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// The digest of its bytes, or of a link's target.
    pub content: Digest,
}

/// The digest of a tree of these entries, wherever they are kept: as [`of_tree`] has it.
#[must_use]
pub fn of_entries(mut entries: Vec<Entry>) -> Digest {
    let bytes = |entry: &Entry| entry.path.as_os_str().as_encoded_bytes().to_vec();
    entries.sort_by_cached_key(bytes);
    let mut hasher = Hasher::default();
    for entry in entries {
        hasher.update(entry.kind.name().as_bytes());
        hasher.update(b" ");
        hasher.update(entry.path.as_os_str().as_encoded_bytes());
        hasher.update(b"\0");
        hasher.update(entry.content.as_str().as_bytes());
        hasher.update(b"\n");
    }
    hasher.finish()
}

fn relative<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// What the file or link at `path` is, and the digest of its bytes or of where it leads: what git keeps of it.
///
/// # Errors
/// It cannot be read.
pub fn of_entry(path: &Path) -> io::Result<(EntryKind, Digest)> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = path.symlink_metadata()?;
    if metadata.is_symlink() {
        let target = path.read_link()?;
        return Ok((EntryKind::Link, Digest::of(target.as_os_str().as_encoded_bytes())));
    }
    let executable = metadata.permissions().mode() & 0o100 != 0;
    let kind = if executable { EntryKind::Executable } else { EntryKind::File };
    Ok((kind, Digest::of_reader(&mut std::fs::File::open(path)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_and_without_the_algorithm_are_one() {
        let bare: Digest = Digest::of(b"").hex().parse().unwrap();
        assert_eq!(bare, Digest::of(b""));
        assert_eq!(bare.short(), "e3b0c44298fc");
        assert!("sha256:abc".parse::<Digest>().is_err());
    }

    #[test]
    fn a_trees_digest_depends_on_names_bytes_and_the_executable_bit_only() {
        let one = tempfile::tempdir().unwrap();
        let two = tempfile::tempdir().unwrap();
        for root in [one.path(), two.path()] {
            std::fs::create_dir(root.join("d")).unwrap();
            std::fs::write(root.join("d/a"), "x").unwrap();
        }
        let all = |_: &Path| false;
        let before = of_tree(one.path(), &all).unwrap();
        assert_eq!(before, of_tree(two.path(), &all).unwrap());
        std::fs::write(two.path().join("d/a"), "y").unwrap();
        assert_ne!(before, of_tree(two.path(), &all).unwrap());
        let skip = |p: &Path| p.ends_with("a");
        assert_eq!(of_tree(one.path(), &skip).unwrap(), of_tree(two.path(), &skip).unwrap());
    }
}

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
    let mut files: Vec<PathBuf> = Vec::new();
    let walk = walkdir::WalkDir::new(root).follow_links(false).into_iter();
    for entry in walk.filter_entry(|e| e.depth() == 0 || !skip(relative(e.path(), root))) {
        let entry = entry?;
        if !entry.file_type().is_dir() {
            files.push(relative(entry.path(), root).to_owned());
        }
    }
    files.sort_unstable_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    let mut hasher = Hasher::default();
    for file in files {
        let (kind, content) = content_of(&root.join(&file))?;
        hasher.update(kind.as_bytes());
        hasher.update(file.as_os_str().as_encoded_bytes());
        hasher.update(b"\0");
        hasher.update(content.as_str().as_bytes());
        hasher.update(b"\n");
    }
    Ok(hasher.finish())
}

fn relative<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

fn content_of(path: &Path) -> io::Result<(&'static str, Digest)> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = path.symlink_metadata()?;
    if metadata.is_symlink() {
        let target = path.read_link()?;
        return Ok(("link ", Digest::of(target.as_os_str().as_encoded_bytes())));
    }
    let kind = if metadata.permissions().mode() & 0o100 == 0 { "file " } else { "exec " };
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

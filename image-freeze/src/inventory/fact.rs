//! What one file of an image tells.

use std::io::{self, Read};
use std::sync::Arc;

use common::digest::{Digest, Hasher};
use common::inventory::{DebianPackage, Origin};

use super::claims::{self, Claims};
use super::conda_record::CondaRecord;
use super::debian;
use super::distribution::{self, Identity};
use super::kernel::KernelFile;
use super::npm::NpmFile;
use super::place::Kind;

/// What a file told, or why it makes no sense.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// conda installed a package here.
    CondaRecord(Result<Arc<CondaRecord>, String>),
    /// This is an environment of conda's.
    CondaHistory,
    /// Name and version of a distribution.
    Identity(Result<Identity, String>),
    /// Who installed it.
    Installer(String),
    /// Where it came from.
    Origin(Result<Origin, String>),
    /// Which files it has.
    Record(Digest, Arc<Claims>),
    /// Where a distribution in development is.
    EggLink(String),
    /// This is an environment of `venv`'s, with this version of Python.
    VenvConfig(Option<String>),
    /// A kernel.
    Kernel(Result<KernelFile, String>),
    /// Debian's packages.
    Debian(Result<Arc<Vec<DebianPackage>>, String>),
    /// A package of npm's.
    Npm(Result<NpmFile, String>),
    /// Which distribution this is: its `ID` and `VERSION_ID`.
    Release(String),
}

/// Headers come first and are short; what follows in a metadata file is a description. Bytes.
const METADATA_LIMIT: u64 = 256 << 10;
/// Small files of one line or a few. Bytes.
const SMALL_LIMIT: u64 = 64 << 10;
/// The records of the largest packages list tens of thousands of files. Bytes.
const RECORD_LIMIT: u64 = 16 << 20;

impl Kind {
    /// As much as is read of such a file, in bytes, and whether it may go on behind that.
    const fn limit(self) -> (u64, bool) {
        match self {
            Self::Metadata => (METADATA_LIMIT, true),
            Self::CondaRecord | Self::Record | Self::Debian => (RECORD_LIMIT, false),
            Self::CondaHistory => (0, true),
            Self::Npm => (METADATA_LIMIT * 4, false),
            _ => (SMALL_LIMIT, false),
        }
    }
}

/// Reads what a file of `kind` tells; `passing` takes in all that is read. With `claims`, also what is
/// recorded about other files is kept.
///
/// # Errors
/// Its content cannot be read.
pub(super) fn read(kind: Kind, content: &mut dyn Read, claims: bool) -> io::Result<Fact> {
    let (limit, goes_on) = kind.limit();
    let mut bytes = Vec::new();
    content.take(limit + 1).read_to_end(&mut bytes)?;
    let too_large = bytes.len() as u64 > limit && !goes_on;
    let large = || format!("it is larger than {limit} bytes");
    let checked = || if too_large { Err(large()) } else { Ok(bytes.as_slice()) };
    Ok(match kind {
        Kind::CondaRecord => {
            Fact::CondaRecord(checked().and_then(|b| CondaRecord::parse(b, claims)).map(Arc::new))
        }
        Kind::CondaHistory => Fact::CondaHistory,
        Kind::Metadata => Fact::Identity(Identity::parse(&bytes)),
        Kind::Installer => Fact::Installer(String::from_utf8_lossy(&bytes).trim().to_owned()),
        Kind::DirectUrl => Fact::Origin(checked().and_then(distribution::origin)),
        Kind::Record => Fact::Record(digest(&bytes), Arc::new(claims::of_record(&bytes, claims))),
        Kind::EggLink => {
            let text = String::from_utf8_lossy(&bytes);
            Fact::EggLink(text.lines().next().unwrap_or_default().trim().to_owned())
        }
        Kind::VenvConfig => Fact::VenvConfig(venv_version(&String::from_utf8_lossy(&bytes))),
        Kind::Kernel => Fact::Kernel(checked().and_then(KernelFile::parse)),
        Kind::Debian => Fact::Debian(checked().and_then(debian::parse).map(Arc::new)),
        Kind::Npm => Fact::Npm(checked().and_then(NpmFile::parse)),
        Kind::Release => Fact::Release(debian::release(&String::from_utf8_lossy(&bytes))),
    })
}

fn digest(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// The version in a `pyvenv.cfg`; virtualenv and uv call it `version_info`.
fn venv_version(text: &str) -> Option<String> {
    let values = text.lines().filter_map(|line| line.split_once('='));
    let mut versions = values.filter(|(key, _)| matches!(key.trim(), "version" | "version_info"));
    let version = versions.next()?.1.trim();
    let numbers: Vec<&str> = version.split('.').take(3).collect();
    Some(numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_larger_than_it_can_honestly_be_is_a_flaw_and_not_read_on() {
        let endless = || io::repeat(b'[');
        for kind in [Kind::CondaRecord, Kind::Kernel, Kind::Npm, Kind::DirectUrl] {
            let fact = read(kind, &mut endless(), true).unwrap();
            let reason = match fact {
                Fact::CondaRecord(Err(reason))
                | Fact::Kernel(Err(reason))
                | Fact::Npm(Err(reason))
                | Fact::Origin(Err(reason)) => reason,
                other => panic!("{other:?}"),
            };
            assert!(reason.contains("larger than"), "{reason}");
        }
    }

    #[test]
    fn deeply_nested_json_is_a_flaw() {
        let deep = format!("{{\"name\": {}", "[".repeat(60_000));
        let fact = read(Kind::Kernel, &mut deep.as_bytes(), false).unwrap();
        assert!(matches!(fact, Fact::Kernel(Err(_))));
    }

    #[test]
    fn the_version_of_a_venv_is_told_in_two_ways() {
        assert_eq!(venv_version("home = /usr/bin\nversion = 3.11.2\n").as_deref(), Some("3.11.2"));
        assert_eq!(venv_version("uv = 0.4\nversion_info = 3.12.1.final.0\n").as_deref(), Some("3.12.1"));
        assert_eq!(venv_version("home = /usr\n"), None);
    }
}

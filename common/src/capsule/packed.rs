//! A capsule in one file: a tar archive of a layout, read in place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::archive::{Member, MemberKind, Members, Section};
use crate::oci::OciError;
use crate::oci::blobs::Blobs;

/// A capsule has a part for each answer; nobody asks so often.
const MOST: usize = 200_000;

/// Where in an archive each part is.
#[derive(Debug)]
pub struct Packed {
    path: PathBuf,
    file: File,
    places: BTreeMap<String, (u64, u64)>,
}

impl Packed {
    /// Reads the headers of the archive at `path`.
    ///
    /// # Errors
    /// It cannot be read, is cut off, or holds anything besides the parts of a capsule.
    pub fn open(path: &Path) -> Result<Self, OciError> {
        let failed = |source| OciError::Io { verb: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let places = places(&file, path)?;
        Ok(Self { path: path.to_owned(), file, places })
    }
}

fn places(file: &File, path: &Path) -> Result<BTreeMap<String, (u64, u64)>, OciError> {
    let failed = |source| OciError::Io { verb: "read", path: path.to_owned(), source };
    let damaged = |name: &str, reason: String| {
        let (place, name) = (path.display().to_string(), name.to_owned());
        OciError::Content { place, name, reason }
    };
    let mut found = BTreeMap::new();
    let mut members = Members::of(Box::new(Section::whole(file).map_err(failed)?));
    while let Some(member) = members.next_member().map_err(|e| damaged("the archive", e.to_string()))? {
        crate::process::check_interrupted()?;
        let name = String::from_utf8_lossy(&member.name).into_owned();
        if member.kind == MemberKind::Directory
            && ["blobs", "blobs/sha256"].contains(&name.trim_end_matches('/'))
        {
            continue;
        }
        if !is_part(&member, &name) {
            return Err(damaged(&name, "it is no part of a capsule".to_owned()));
        }
        if found.len() >= MOST || found.insert(name.clone(), (members.position(), member.size)).is_some() {
            return Err(damaged(&name, "it is there twice, or one of too many".to_owned()));
        }
    }
    Ok(found)
}

fn is_part(member: &Member, name: &str) -> bool {
    let is_blob = || {
        let hex = name.strip_prefix("blobs/sha256/");
        hex.is_some_and(|hex| format!("sha256:{hex}").parse::<crate::digest::Digest>().is_ok())
    };
    member.kind == MemberKind::File && (["index.json", "oci-layout"].contains(&name) || is_blob())
}

impl Blobs for Packed {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, OciError> {
        let place = self.places.get(name);
        Ok(place.map(|(offset, size)| Box::new(Section::new(&self.file, *offset, *size)) as Box<dyn Read>))
    }
}

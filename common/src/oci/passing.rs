//! An archive with images in it, read in one pass from its beginning to its end: nothing is unpacked, and
//! nothing is looked at twice. So a pipe is as good as a file.

use std::collections::BTreeMap;
use std::io::Read;

use super::blobs::Blobs;
use super::{MAX_JSON, OciError};
use crate::archive::{self, ArchiveError, Begun, Member, MemberKind, Members, Stream};

/// All JSON of an archive together. Bytes.
const MOST_JSON: usize = 32 << 20;
/// Docker allows 127 layers in one image, and an archive may have a few images.
const MOST_LAYERS: usize = 4096;

/// What is made of the parts of an archive.
pub trait Taker {
    /// What a layer becomes.
    type Layer;

    /// Takes a layer, compressed or not.
    ///
    /// # Errors
    /// It is none, or cannot be read.
    fn layer(&mut self, stream: Box<dyn Stream + '_>) -> Result<Self::Layer, ArchiveError>;

    /// Takes a member at `path` that is not of an image.
    ///
    /// # Errors
    /// It cannot be read.
    fn other(&mut self, members: &mut Members<'_>, member: &Member, path: &[u8]) -> Result<(), ArchiveError>;
}

/// What an archive holds of images.
#[derive(Debug)]
pub struct Passed<L> {
    place: String,
    /// Small files that begin as JSON does.
    json: BTreeMap<String, Vec<u8>>,
    /// Names for other names: old docker archives have a layer that was there before as a link to it.
    links: BTreeMap<String, String>,
    /// Everything else of an image, read as layers; why not, if that failed.
    layers: BTreeMap<String, Result<L, ArchiveError>>,
}

/// Reads all of the archive `place` that `stream` gives.
///
/// # Errors
/// It cannot be read or is damaged.
pub fn pass<'r, T: Taker>(
    stream: Box<dyn Stream + 'r>,
    place: &str,
    taker: &mut T,
) -> Result<Passed<T::Layer>, ArchiveError> {
    let mut members = Members::of(archive::plain(stream).map_err(ArchiveError::Read)?);
    let mut passed = Passed {
        place: place.to_owned(),
        json: BTreeMap::new(),
        links: BTreeMap::new(),
        layers: BTreeMap::new(),
    };
    while let Some(member) = members.next_member()? {
        let path = members.cleaned(member.name.clone())?;
        match std::str::from_utf8(&path) {
            Ok(name) if is_of_image(name) => passed.take(&mut members, &member, name, taker)?,
            _ if path.is_empty() => {}
            _ => taker.other(&mut members, &member, &path)?,
        }
    }
    Ok(passed)
}

/// Whether an archive of an image has such a file: what is in none of them is of a root file system.
fn is_of_image(name: &str) -> bool {
    let is_hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let (first, rest) = name.split_once('/').unwrap_or((name, ""));
    match first {
        "manifest.json" | "index.json" | "oci-layout" | "repositories" => rest.is_empty(),
        "blobs" => true,
        _ => is_hex(first.split('.').next().unwrap_or(first)) || name.ends_with("/layer.tar"),
    }
}

impl<L> Passed<L> {
    fn take<T: Taker<Layer = L>>(
        &mut self,
        members: &mut Members<'_>,
        member: &Member,
        name: &str,
        taker: &mut T,
    ) -> Result<(), ArchiveError> {
        match member.kind {
            MemberKind::HardLink => {
                let target = members.cleaned(member.link.clone())?;
                self.links.insert(name.to_owned(), String::from_utf8_lossy(&target).into_owned());
            }
            MemberKind::Symlink => {
                if let Some(target) = beside(name, &String::from_utf8_lossy(&member.link)) {
                    self.links.insert(name.to_owned(), target);
                }
            }
            MemberKind::File => return self.file(members, member, name, taker),
            MemberKind::Directory | MemberKind::Other => {}
        }
        Ok(())
    }

    fn file<T: Taker<Layer = L>>(
        &mut self,
        members: &mut Members<'_>,
        member: &Member,
        name: &str,
        taker: &mut T,
    ) -> Result<(), ArchiveError> {
        let damaged = |reason: &str| {
            let reason = format!("{name}: {reason}");
            Err(ArchiveError::Damaged { offset: 0, reason })
        };
        // A blob's name says what it holds, so it does not matter which of two is taken.
        if self.json.contains_key(name) || self.layers.contains_key(name) {
            return if name.starts_with("blobs/") { Ok(()) } else { damaged("it is there twice") };
        }
        let mut begin = Vec::new();
        let small = member.size <= MAX_JSON;
        if small {
            members.content().take(512).read_to_end(&mut begin).map_err(ArchiveError::Read)?;
        }
        let is_json =
            begin.trim_ascii_start().starts_with(b"{") || begin.trim_ascii_start().starts_with(b"[");
        let is_packed = begin.starts_with(&[0x1f, 0x8b]) || begin.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        if is_json || (small && begin.len() < 512 && !is_packed) {
            members.content().read_to_end(&mut begin).map_err(ArchiveError::Read)?;
            let held: usize = self.json.values().map(|bytes| bytes.len() + 64).sum();
            if held + begin.len() > MOST_JSON {
                return damaged("there is too much JSON before it");
            }
            self.json.insert(name.to_owned(), begin);
            return Ok(());
        }
        if self.layers.len() >= MOST_LAYERS {
            return damaged("there are too many layers before it");
        }
        let whole = Begun::new(begin, members.content());
        match taker.layer(Box::new(whole)) {
            Err(interrupted @ ArchiveError::Interrupted(_)) => return Err(interrupted),
            // It counts only if an image has it as a layer.
            layer => _ = self.layers.insert(name.to_owned(), layer),
        }
        Ok(())
    }

    /// The layer in the file `name`, through links.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn layer(&self, name: &str) -> Result<&L, OciError> {
        let name = self.resolve(name);
        match self.layers.get(name) {
            Some(Ok(layer)) => Ok(layer),
            Some(Err(error)) => {
                let cause = std::error::Error::source(error);
                Err(self.unreadable(name, cause.map_or_else(|| error.to_string(), ToString::to_string)))
            }
            None if self.json.contains_key(name) => Err(self.unreadable(name, "it is no layer".to_owned())),
            None => Err(OciError::Missing { place: self.place.clone(), name: name.to_owned() }),
        }
    }

    fn unreadable(&self, name: &str, reason: String) -> OciError {
        OciError::Content { place: self.place.clone(), name: name.to_owned(), reason }
    }

    fn resolve<'n>(&'n self, mut name: &'n str) -> &'n str {
        for _ in 0..8 {
            match self.links.get(name) {
                Some(target) => name = target,
                None => break,
            }
        }
        name
    }
}

impl<L: Sync> Blobs for Passed<L> {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, OciError> {
        let bytes = self.json.get(self.resolve(name));
        Ok(bytes.map(|bytes| Box::new(bytes.as_slice()) as Box<dyn Read>))
    }
}

/// `target` as seen from beside the file `name`; none if it leads out of the archive.
fn beside(name: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    (!target.starts_with('/')).then(|| parts.join("/"))
}

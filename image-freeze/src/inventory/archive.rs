//! An archive with an image in it, or a bare root file system, read in one pass from its beginning to
//! its end: nothing is unpacked, and nothing is looked at twice.

use std::collections::BTreeMap;
use std::io::{self, Read};

use common::archive::{self, ArchiveError, Begun, Member, MemberKind, Members, Stream};
use common::digest::Digest;
use common::oci::blobs::Blobs;
use common::oci::{MAX_JSON, OciError};

use super::layer::{Entry, Layer, Reading};
use super::watched::Watched;

/// All JSON of an archive together. Bytes.
const MOST_JSON: usize = 32 << 20;
/// Docker allows 127 layers in one image, and an archive may have a few images.
const MOST_LAYERS: usize = 4096;

/// What an archive holds.
pub(super) struct Content {
    place: String,
    /// Small files that begin as JSON does.
    json: BTreeMap<String, Vec<u8>>,
    /// Names for other names: old docker archives have a layer that was there before as a link to it.
    links: BTreeMap<String, String>,
    /// Everything else of an image, read as layers; why not, if that failed.
    layers: BTreeMap<String, Result<(Layer, Option<Digest>), ArchiveError>>,
    /// What is not of an image: then all of it is a root file system.
    pub root: Option<Layer>,
}

/// Reads the layer that `stream` gives, compressed or not; with its digest if contents are digested.
pub(super) fn layer<'r>(
    stream: Box<dyn Stream + 'r>,
    reading: &Reading,
) -> Result<(Layer, Option<Digest>), ArchiveError> {
    let plain = archive::plain(stream).map_err(ArchiveError::Read)?;
    let mut layer = Layer::new(reading, true);
    if !reading.digests {
        pour(&mut Members::of(plain), &mut layer)?;
        return Ok((layer, None));
    }
    let mut watched = Watched::new(plain);
    pour(&mut Members::of(Box::new(&mut watched)), &mut layer)?;
    let digest = watched.finish().map_err(ArchiveError::Read)?;
    Ok((layer, Some(digest)))
}

/// Shows `layer` all that is left of `members`.
fn pour(members: &mut Members<'_>, layer: &mut Layer) -> Result<(), ArchiveError> {
    while let Some(member) = members.next_member()? {
        let path = cleaned(members, member.name.clone())?;
        put(members, &member, &path, layer)?;
    }
    layer.close();
    Ok(())
}

fn cleaned(members: &Members<'_>, name: Vec<u8>) -> Result<Vec<u8>, ArchiveError> {
    archive::clean(name).map_err(|reason| ArchiveError::Damaged { offset: members.position(), reason })
}

/// Shows `layer` one member.
fn put(
    members: &mut Members<'_>,
    member: &Member,
    path: &[u8],
    layer: &mut Layer,
) -> Result<(), ArchiveError> {
    if path.is_empty() {
        return Ok(());
    }
    let target = if member.kind == MemberKind::HardLink {
        cleaned(members, member.link.clone())?
    } else {
        member.link.clone()
    };
    let entry = match member.kind {
        MemberKind::File => Entry::File,
        MemberKind::HardLink => Entry::HardLink(&target),
        MemberKind::Symlink => Entry::Symlink(&target),
        MemberKind::Directory => Entry::Directory,
        MemberKind::Other => Entry::Other,
    };
    layer.take(path, entry, &mut members.content()).map_err(|error| {
        let shown = path.iter().take(200).flat_map(|b| b.escape_ascii()).map(char::from);
        let shown: String = shown.collect();
        ArchiveError::Read(io::Error::new(error.kind(), format!("{shown}: {error}")))
    })
}

/// Reads all of the archive `place` that `stream` gives.
///
/// # Errors
/// It cannot be read or is damaged.
pub(super) fn read<'r>(
    stream: Box<dyn Stream + 'r>,
    place: &str,
    reading: &Reading,
) -> Result<Content, ArchiveError> {
    let mut members = Members::of(archive::plain(stream).map_err(ArchiveError::Read)?);
    let mut content = Content {
        place: place.to_owned(),
        json: BTreeMap::new(),
        links: BTreeMap::new(),
        layers: BTreeMap::new(),
        root: None,
    };
    while let Some(member) = members.next_member()? {
        let path = cleaned(&members, member.name.clone())?;
        match std::str::from_utf8(&path) {
            Ok(name) if is_of_image(name) => content.take(&mut members, &member, name, reading)?,
            _ if path.is_empty() => {}
            _ => {
                let root = content.root.get_or_insert_with(|| Layer::new(reading, false));
                put(&mut members, &member, &path, root)?;
            }
        }
    }
    if let Some(root) = &mut content.root {
        root.close();
    }
    Ok(content)
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

impl Content {
    fn take(
        &mut self,
        members: &mut Members<'_>,
        member: &Member,
        name: &str,
        reading: &Reading,
    ) -> Result<(), ArchiveError> {
        match member.kind {
            MemberKind::HardLink => {
                let target = cleaned(members, member.link.clone())?;
                self.links.insert(name.to_owned(), String::from_utf8_lossy(&target).into_owned());
            }
            MemberKind::Symlink => {
                if let Some(target) = beside(name, &String::from_utf8_lossy(&member.link)) {
                    self.links.insert(name.to_owned(), target);
                }
            }
            MemberKind::File => return self.file(members, member, name, reading),
            MemberKind::Directory | MemberKind::Other => {}
        }
        Ok(())
    }

    fn file(
        &mut self,
        members: &mut Members<'_>,
        member: &Member,
        name: &str,
        reading: &Reading,
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
        match layer(Box::new(whole), reading) {
            Err(interrupted @ ArchiveError::Interrupted(_)) => return Err(interrupted),
            // It counts only if an image has it as a layer.
            layer => _ = self.layers.insert(name.to_owned(), layer),
        }
        Ok(())
    }

    /// The layer in the file `name`, through links, with its digest if contents were digested.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(super) fn layer(&self, name: &str) -> Result<&(Layer, Option<Digest>), OciError> {
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

impl Blobs for Content {
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

//! An archive with an image in it, or a bare root file system: what its layers tell as they pass by.

use std::io;

use common::archive::{self, ArchiveError, Member, MemberKind, Members, Stream, Watched};
use common::digest::Digest;
use common::oci::{self, Passed, Taker};

use super::layer::{Entry, Layer, Reading};

/// A layer, with its digest if contents are digested.
type Read = (Layer, Option<Digest>);

/// What an archive holds.
pub(super) struct Content {
    /// What is of images.
    pub images: Passed<Read>,
    /// What is not of an image: then all of it is a root file system.
    pub root: Option<Layer>,
}

/// Reads the layer that `stream` gives, compressed or not; with its digest if contents are digested.
pub(super) fn layer<'r>(stream: Box<dyn Stream + 'r>, reading: &Reading) -> Result<Read, ArchiveError> {
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
        let path = members.cleaned(member.name.clone())?;
        put(members, &member, &path, layer)?;
    }
    layer.close();
    Ok(())
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
        members.cleaned(member.link.clone())?
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

struct Telling<'a> {
    reading: &'a Reading,
    root: Option<Layer>,
}

impl Taker for Telling<'_> {
    type Layer = Read;

    fn layer(&mut self, stream: Box<dyn Stream + '_>) -> Result<Read, ArchiveError> {
        layer(stream, self.reading)
    }

    fn other(&mut self, members: &mut Members<'_>, member: &Member, path: &[u8]) -> Result<(), ArchiveError> {
        let root = self.root.get_or_insert_with(|| Layer::new(self.reading, false));
        put(members, member, path, root)
    }
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
    let mut telling = Telling { reading, root: None };
    let images = oci::pass(stream, place, &mut telling)?;
    if let Some(root) = &mut telling.root {
        root.close();
    }
    Ok(Content { images, root: telling.root })
}

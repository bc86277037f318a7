//! What one layer puts upon, and takes off, those below it.

use std::io;

use crate::archive::{self, ArchiveError, Member, MemberKind, Members, Stream, Watched};
use crate::digest::{Digest, Hasher};
use crate::oci::Taker;

use super::node::{Node, Sum, half};
use super::paths::{PathId, Paths};

/// What a removed file leaves in the layer that removed it, and a directory that is all new.
const REMOVED: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// What a layer has at a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Put {
    /// This.
    Node(Node),
    /// What it has at this other path; what is known of the link where there is nothing.
    Same(PathId, Node),
}

/// One layer.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// In the order in which it has them: of two at one path the later one counts.
    pub(super) puts: Vec<(PathId, Put)>,
    /// Paths that lower layers have and this one removed, with all below them.
    pub(super) removed: Vec<PathId>,
    /// Directories of which nothing that lower layers have in them is left.
    pub(super) opaque: Vec<PathId>,
}

/// Reads layers, and keeps the names in them.
pub(super) struct Reader<'p>(pub(super) &'p mut Paths);

impl Taker for Reader<'_> {
    /// With the digest of all its bytes, uncompressed.
    type Layer = (Layer, Digest);

    fn layer(&mut self, stream: Box<dyn Stream + '_>) -> Result<Self::Layer, ArchiveError> {
        let mut watched = Watched::new(archive::plain(stream).map_err(ArchiveError::Read)?);
        let mut members = Members::of(Box::new(&mut watched));
        let mut layer = Layer::default();
        while let Some(member) = members.next_member()? {
            let path = members.cleaned(member.name.clone())?;
            self.take(&mut layer, &mut members, &member, &path)?;
        }
        drop(members);
        let digest = watched.finish().map_err(ArchiveError::Read)?;
        Ok((layer, digest))
    }

    fn other(&mut self, _: &mut Members<'_>, _: &Member, _: &[u8]) -> Result<(), ArchiveError> {
        Ok(())
    }
}

impl Reader<'_> {
    fn take(
        &mut self,
        layer: &mut Layer,
        members: &mut Members<'_>,
        member: &Member,
        path: &[u8],
    ) -> Result<(), ArchiveError> {
        let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
        if name.starts_with(REMOVED.as_bytes()) {
            return self.removal(layer, path, name).map_err(ArchiveError::Read);
        }
        let number = self.number(path)?;
        let put = match member.kind {
            MemberKind::HardLink => {
                let target = members.cleaned(member.link.clone())?;
                Put::Same(self.number(&target)?, Node::of(member, Sum::default()))
            }
            MemberKind::File => {
                let mut hasher = Hasher::default();
                members.each_piece(&mut |piece| hasher.update(piece))?;
                Put::Node(Node::of(member, half(hasher)))
            }
            _ => Put::Node(Node::of(member, Sum::default())),
        };
        // A directory leaves what lower layers have in it.
        if member.kind != MemberKind::Directory {
            layer.removed.push(number);
        }
        layer.puts.push((number, put));
        Ok(())
    }

    fn number(&mut self, path: &[u8]) -> Result<PathId, ArchiveError> {
        self.0.number(path).map_err(ArchiveError::Read)
    }

    fn removal(&mut self, layer: &mut Layer, path: &[u8], name: &[u8]) -> io::Result<()> {
        let dir = &path[..path.len() - name.len()];
        if name == OPAQUE.as_bytes() {
            layer.opaque.push(self.0.number(dir)?);
            return Ok(());
        }
        let removed = &name[REMOVED.len()..];
        // What a file system that layers are made with keeps for itself.
        if removed.starts_with(REMOVED.as_bytes()) {
            return Ok(());
        }
        if matches!(removed, b"" | b"." | b"..") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a mark of removal without a name"));
        }
        layer.removed.push(self.0.number(&[dir, removed].concat())?);
        Ok(())
    }
}

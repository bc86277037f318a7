//! What is at one path of an image, in a few numbers.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::archive::{Member, MemberKind, Stat};
use crate::digest::Hasher;

use super::model::Aspect;

/// Half of a SHA-256: enough to tell two contents apart.
pub(super) type Sum = [u8; 16];

/// What is at one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    kind: Kind,
    sum: Sum,
    mode: u32,
    owner: [u32; 2],
    mtime: u64,
    attributes: u64,
    /// The layer that it comes from, counted from 0.
    pub(super) layer: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Symlink,
    Directory,
    Device,
    /// A pipe or a socket.
    Other,
    /// A further name of a file that is not there.
    Dangling,
}

impl Node {
    /// What `member` is, whose content has the sum `content`.
    pub(super) fn of(member: &Member, content: Sum) -> Self {
        let Stat { mode, user, group, mtime, device, attributes } = &member.stat;
        let (kind, sum) = match (member.kind, device) {
            (MemberKind::File, _) => (Kind::File, content),
            (MemberKind::Symlink, _) => (Kind::Symlink, sum_of(&member.link)),
            (MemberKind::Directory, _) => (Kind::Directory, Sum::default()),
            (MemberKind::HardLink, _) => (Kind::Dangling, sum_of(&member.link)),
            (MemberKind::Other, Some([major, minor])) => {
                (Kind::Device, sum_of(&[major.to_le_bytes(), minor.to_le_bytes()].concat()))
            }
            (MemberKind::Other, None) => (Kind::Other, Sum::default()),
        };
        let id = |number: &u64| u32::try_from(*number).unwrap_or(u32::MAX);
        // A link has no rights of its own: builders write down what they like.
        let mode = if kind == Kind::Symlink { 0o777 } else { *mode };
        let owner = [id(user), id(group)];
        Self { kind, sum, mode, owner, mtime: *mtime, attributes: hash(attributes), layer: 0 }
    }

    /// The same from the layer `layer`.
    pub(super) const fn in_layer(self, layer: u16) -> Self {
        Self { layer, ..self }
    }

    /// What differs from `other`.
    pub(super) fn differences(&self, other: &Self) -> Vec<Aspect> {
        let aspects = [
            (Aspect::Kind, self.kind != other.kind),
            (Aspect::Content, self.kind == other.kind && self.sum != other.sum),
            (Aspect::Mode, self.mode != other.mode),
            (Aspect::Owner, self.owner != other.owner),
            (Aspect::Attributes, self.attributes != other.attributes),
            (Aspect::Time, self.mtime != other.mtime),
        ];
        aspects.into_iter().filter(|(_, differs)| *differs).map(|(aspect, _)| aspect).collect()
    }
}

/// The half that is kept of a digest.
pub(super) fn half(hasher: Hasher) -> Sum {
    let mut sum = Sum::default();
    sum.copy_from_slice(&hasher.bytes()[..16]);
    sum
}

fn sum_of(bytes: &[u8]) -> Sum {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    half(hasher)
}

/// The same for both images of a comparison, and of no use elsewhere.
fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

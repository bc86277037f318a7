//! Documents beside the facts: too long for a fact, which holds their digests.

use std::path::PathBuf;

use super::{EvidenceError, Frozen, Store};
use crate::digest::Digest;
use crate::state_file;

impl Store {
    /// Keeps `content` as `name` beside the facts about the image `id`; gives its digest.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_beside(&self, id: &Digest, name: &str, content: &[u8]) -> Result<Digest, EvidenceError> {
        state_file::make_dir(&self.dir_of(id))?;
        state_file::replace(&self.beside(id, name), content, 0o644)?;
        Ok(Digest::of(content))
    }

    /// Whether `name` is there beside the facts about the image `id`, with the digest `expected`.
    #[must_use]
    pub fn has_beside(&self, id: &Digest, name: &str, expected: Option<&Digest>) -> bool {
        let there = std::fs::read(self.beside(id, name)).ok().map(|content| Digest::of(&content));
        there.is_some() && there.as_ref() == expected
    }

    /// Whether all that `fact` tells of the image's content is there as it tells it.
    #[must_use]
    pub fn has_inventory(&self, fact: &Frozen) -> bool {
        let id = &fact.image.id;
        self.has_beside(id, Frozen::INVENTORY, fact.inventory.as_ref())
            && self.has_beside(id, Frozen::SBOM, fact.sbom.as_ref())
    }

    fn beside(&self, id: &Digest, name: &str) -> PathBuf {
        self.dir_of(id).join(name)
    }
}

impl Frozen {
    /// The file beside it with the inventory.
    pub const INVENTORY: &'static str = "inventory.json";
    /// The file beside it with the bill of materials.
    pub const SBOM: &'static str = "image.spdx.json";
}

//! What an environment gets: the content of its files, and where it came from.

mod gather;
mod login;
mod offline;
mod resolve;
mod store;

use std::collections::BTreeMap;

use common::digest::Digest;
use common::receipt::{Delivery as Journey, ReceivedFile};
use common::sources::{Content, Mode, SourceFile};

pub use gather::gather;
pub use offline::replay;
pub use resolve::commits;
pub use store::Store;

/// What an environment is to get.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The environment.
    pub environment: &'a str,
    /// Its files.
    pub mode: &'a Mode,
    /// The version that is asked for.
    pub version: &'a str,
}

/// What it gets: checked, and in memory; nothing was written yet.
#[derive(Debug, Default)]
pub struct Delivery {
    /// The files, in the order of the sources.
    pub files: Vec<Delivered>,
    /// The commits that references which can move led to.
    pub resolved: BTreeMap<String, String>,
}

/// One file.
#[derive(Debug)]
pub struct Delivered {
    /// Its content.
    pub bytes: Vec<u8>,
    /// What the receipt says of it.
    pub received: ReceivedFile,
}

impl Delivered {
    fn new(file: &SourceFile, bytes: Vec<u8>, from: Option<Journey>) -> Self {
        let received = ReceivedFile {
            local: file.local.clone(),
            kind: file.kind,
            length: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            from,
        };
        Self { bytes, received }
    }

    /// What `file` itself says that it holds, if it needs no download.
    fn literal(file: &SourceFile) -> Option<Self> {
        let Content::Lines(lines) = &file.content else { return None };
        let text = lines.join("\n") + "\n";
        Some(Self::new(file, text.into_bytes(), None))
    }
}

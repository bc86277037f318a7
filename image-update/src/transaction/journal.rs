//! What is to be done, written down before it is.

use std::fs;
use std::path::{Path, PathBuf};

use common::git::Blob;
use common::state_file;
use serde::{Deserialize, Serialize};

use super::Place;
use super::files::Step;
use crate::error::Error;

const FILE_NAME: &str = "journal.json";

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Files are put in place: a start goes through with it.
    Swap,
    /// A script is at work: a start puts everything back.
    Script,
}

/// A change of one environment.
#[derive(Debug, Serialize, Deserialize)]
pub struct Journal {
    pub kind: Kind,
    /// The environment's directory, from the root: the repository may be moved meanwhile.
    pub dir: PathBuf,
    pub files: Vec<Step>,
    pub index: Vec<IndexStep>,
}

/// What the index says of a path, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexStep {
    pub path: PathBuf,
    pub old: Option<StoredBlob>,
    pub new: Option<StoredBlob>,
}

/// A blob as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBlob {
    mode: String,
    id: String,
}

impl From<Blob> for StoredBlob {
    fn from(blob: Blob) -> Self {
        Self { mode: blob.mode, id: blob.id }
    }
}

impl From<StoredBlob> for Blob {
    fn from(blob: StoredBlob) -> Self {
        Self { mode: blob.mode, id: blob.id }
    }
}

impl Journal {
    pub fn new(kind: Kind, place: Place<'_>, files: Vec<Step>, index: Vec<IndexStep>) -> Self {
        let dir = place.dir.strip_prefix(place.root).unwrap_or(place.dir).to_owned();
        Self { kind, dir, files, index }
    }

    pub fn write(&self, stage: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).expect("names and digests are text");
        state_file::replace(&stage.join(FILE_NAME), &text, 0o600)?;
        Ok(())
    }

    /// The journal in `stage`, if it was finished.
    pub fn read(stage: &Path) -> Result<Option<Self>, Error> {
        let path = stage.join(FILE_NAME);
        let Some(text) = state_file::read(&path)? else { return Ok(None) };
        let journal = serde_json::from_slice(&text);
        journal.map(Some).map_err(|error| Error::Journal { path, reason: error.to_string() })
    }

    pub fn is_in(stage: &Path) -> bool {
        stage.join(FILE_NAME).exists()
    }

    pub fn remove(stage: &Path) -> Result<(), Error> {
        let path = stage.join(FILE_NAME);
        fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
        super::files::sync_dir(stage)
    }
}

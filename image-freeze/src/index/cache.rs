//! What indexes said, kept in `.image/index`: one small file a project, with what names the state
//! that it was in, so that asking again costs little or nothing.

use std::path::{Path, PathBuf};

use common::digest::Digest;
use common::requirement::PackageName;
use common::state_file;
use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::Project;
use super::error::IndexError;

/// The answers of one index.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    dir: PathBuf,
}

/// An answer as kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// When it was given, or last confirmed.
    pub asked: Timestamp,
    /// For how many seconds it was said to be good.
    #[serde(default)]
    pub max_age: Option<u64>,
    /// What names the state.
    #[serde(default)]
    pub etag: Option<String>,
    /// The answer.
    pub project: Project,
}

impl Cache {
    /// The answers of the index at `url` among those in `dir`.
    pub(super) fn of(url: &Url, dir: &Path) -> Self {
        // The address may hold credentials: its digest tells nobody.
        Self { dir: dir.join(&Digest::of(url.as_str().as_bytes()).hex()[..16]) }
    }

    /// What is kept of `name`; what cannot be read is as good as nothing.
    pub(super) fn get(&self, name: &PackageName) -> Option<Kept> {
        let content = std::fs::read(self.path(name)).ok()?;
        serde_json::from_slice(&content).ok()
    }

    /// Keeps what was said of `name`.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn put(&self, name: &PackageName, kept: &Kept) -> Result<(), IndexError> {
        state_file::make_dir(&self.dir)?;
        let content = serde_json::to_vec(kept).unwrap_or_default();
        state_file::replace(&self.path(name), &content, 0o600)?;
        Ok(())
    }

    fn path(&self, name: &PackageName) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }
}

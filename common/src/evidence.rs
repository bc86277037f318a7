//! Facts about images that this clone made or tested, kept below `.image/evidence`, one directory
//! for each image id. A fact about one image never speaks for another.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::deployment::Mission;
use crate::digest::Digest;
use crate::fault::{Fault, Status};
use crate::report::{CheckOutcome, ImageIdentity, TestOutcome, Verdict};
use crate::settings::{CalVersion, UseFrozen};
use crate::state_file::{self, StateFileError};

/// A kind of fact: what it holds and what its file is called.
pub trait Fact: Serialize + DeserializeOwned {
    /// The file's name, without directory and ending.
    const NAME: &'static str;
}

/// How an image was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Built {
    /// The image.
    pub image: ImageIdentity,
    /// When, in UTC.
    pub at: Timestamp,
    /// Whether its versions were solved or taken as frozen.
    pub use_frozen: UseFrozen,
    /// The calibration version that was asked for.
    pub cal_version: CalVersion,
    /// The content of `deployments/common` that went in.
    pub common_context: Digest,
    /// The content of `deployments/<mission>` that went in.
    pub mission_context: Digest,
    /// The base image.
    pub base: ImageIdentity,
    /// The engine, in words.
    pub engine: String,
}

/// How an image's tests went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tested {
    /// The image.
    pub image: ImageIdentity,
    /// When, in UTC.
    pub at: Timestamp,
    /// Whether it passed.
    pub verdict: Verdict,
    /// Every result.
    pub outcome: TestOutcome,
}

/// How an image compared with the frozen specs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The image.
    pub image: ImageIdentity,
    /// When, in UTC.
    pub at: Timestamp,
    /// Whether there was no drift.
    pub verdict: Verdict,
    /// The content of `env-frozen` that it was compared with.
    pub frozen: Digest,
    /// Every difference.
    pub outcome: CheckOutcome,
}

impl Fact for Built {
    const NAME: &'static str = "built";
}

impl Fact for Tested {
    const NAME: &'static str = "tested";
}

impl Fact for Compared {
    const NAME: &'static str = "compared";
}

/// A fact cannot be written, or what is there is not one.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// The file does not hold such a fact.
    #[error("{} does not hold what it should: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Fault for EvidenceError {
    fn status(&self) -> Status {
        match self {
            Self::File(error) => error.status(),
            Self::Content { .. } => Status::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Content { path, .. } => {
                Some(format!("rm {} and run the step again", crate::shell::quote_os(path.as_os_str())))
            }
        }
    }
}

/// The facts that a clone keeps.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// The store below `state_dir`, which is a clone's `.image`.
    #[must_use]
    pub fn in_state(state_dir: &Path) -> Self {
        Self { dir: state_dir.join("evidence") }
    }

    /// Writes a fact about the image `id`, over an older one of its kind.
    ///
    /// # Errors
    /// It cannot be written.
    ///
    /// # Panics
    /// Never: facts have only string keys.
    pub fn write<F: Fact>(&self, id: &Digest, fact: &F) -> Result<(), EvidenceError> {
        let path = self.path::<F>(id);
        let mut text = serde_json::to_vec_pretty(fact).expect("a fact has only string keys");
        text.push(b'\n');
        state_file::make_dir(path.parent().unwrap_or(&self.dir))?;
        state_file::replace(&path, &text, 0o644)?;
        Ok(())
    }

    /// The fact of kind `F` about the image `id`, if there is one.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn read<F: Fact>(&self, id: &Digest) -> Result<Option<F>, EvidenceError> {
        read_json(&self.path::<F>(id))
    }

    /// Notes that `id` is the image that was last built for `mission`.
    ///
    /// # Errors
    /// It cannot be written.
    ///
    /// # Panics
    /// Never: an identity has only string keys.
    pub fn set_last_built(&self, mission: &Mission, image: &ImageIdentity) -> Result<(), EvidenceError> {
        let path = self.last_built_path(mission);
        state_file::make_dir(path.parent().unwrap_or(&self.dir))?;
        let mut text = serde_json::to_vec_pretty(image).expect("an identity has only string keys");
        text.push(b'\n');
        state_file::replace(&path, &text, 0o644)?;
        Ok(())
    }

    /// The image that was last built for `mission` in this clone.
    ///
    /// # Errors
    /// The note cannot be read, or is damaged.
    pub fn last_built(&self, mission: &Mission) -> Result<Option<ImageIdentity>, EvidenceError> {
        read_json(&self.last_built_path(mission))
    }

    fn path<F: Fact>(&self, id: &Digest) -> PathBuf {
        self.dir.join(id.hex()).join(format!("{}.json", F::NAME))
    }

    fn last_built_path(&self, mission: &Mission) -> PathBuf {
        self.dir.join("last-built").join(format!("{mission}.json"))
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EvidenceError> {
    let Some(text) = state_file::read(path)? else { return Ok(None) };
    let content = |source| EvidenceError::Content { path: path.to_owned(), source };
    serde_json::from_slice(&text).map(Some).map_err(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_speaks_for_its_own_image_only() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::in_state(dir.path());
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let fact = Tested {
            image: ImageIdentity { name: "notebook-roman:latest".to_owned(), id: one.clone() },
            at: Timestamp::UNIX_EPOCH,
            verdict: Verdict::Yes,
            outcome: TestOutcome::default(),
        };
        store.write(&one, &fact).unwrap();
        assert_eq!(store.read::<Tested>(&one).unwrap(), Some(fact));
        assert_eq!(store.read::<Tested>(&two).unwrap(), None);
    }

    #[test]
    fn a_damaged_fact_is_not_taken_for_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::in_state(dir.path());
        let id = Digest::of(b"1");
        let path = dir.path().join("evidence").join(id.hex());
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("tested.json"), "{").unwrap();
        assert_eq!(store.read::<Tested>(&id).unwrap_err().status(), Status::Data);
    }
}

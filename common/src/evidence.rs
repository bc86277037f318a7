//! Facts about images that this clone made or tested, kept below `.image/evidence`, one directory
//! for each image id. A fact about one image never speaks for another, and one that was changed
//! after it was signed off speaks for none.

mod beside;
mod facts;
mod materials;
mod statement;
mod test_inputs;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::deployment::Mission;
use crate::digest::Digest;
use crate::fault::{Fault, Status};
use crate::report::ImageIdentity;
use crate::state_file::{self, StateFileError};

pub use facts::{Built, Compared, Frozen, Origin, Tested};
pub use materials::{Materials, locks, receipts};
pub use statement::{STATEMENT_TYPE, SignOff, Statement, Subject, SubjectDigest, TOOL, open, seal};
pub use test_inputs::TestInputs;

/// A kind of fact: what it holds and what its file is called.
pub trait Fact: Serialize + DeserializeOwned {
    /// The file's name, without directory and ending.
    const NAME: &'static str;
    /// What its statement calls it.
    const PREDICATE: &'static str;

    /// The image that it is about.
    fn image(&self) -> &ImageIdentity;
}

/// A fact cannot be written, or what is there is not one.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// The file does not hold such a fact.
    #[error("{} does not hold what it should: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
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

/// Which image was built last, and where it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastBuilt {
    name: String,
    id: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
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

    /// Writes a fact about the image `id`, over an older one of its kind, and signs it off.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write<F: Fact>(&self, id: &Digest, fact: &F) -> Result<(), EvidenceError> {
        let path = self.path::<F>(id);
        state_file::make_dir(path.parent().unwrap_or(&self.dir))?;
        state_file::replace(&path, &seal(fact), 0o644)?;
        Ok(())
    }

    /// The fact of kind `F` about the image `id`, if there is one. One that was written before facts
    /// were signed off is none: the step makes it again.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or was changed after it was signed off.
    pub fn read<F: Fact>(&self, id: &Digest) -> Result<Option<F>, EvidenceError> {
        let path = self.path::<F>(id);
        let Some(text) = state_file::read(&path)? else { return Ok(None) };
        match statement::open(&text, id) {
            Ok(statement) => Ok(Some(statement.predicate)),
            Err(_) if statement::is_older(&text) => Ok(None),
            Err(reason) => Err(EvidenceError::Content { path, reason }),
        }
    }

    /// The bytes of the fact of kind `F` about the image `id`, if there is one, as [`Self::read`]
    /// finds it good.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn bytes<F: Fact>(&self, id: &Digest) -> Result<Option<Vec<u8>>, EvidenceError> {
        match self.read::<F>(id)? {
            Some(_) => Ok(state_file::read(&self.path::<F>(id))?),
            None => Ok(None),
        }
    }

    /// The facts of kind `F` about all images, in no order. What cannot be read is left out: this is for
    /// estimates, not for answers.
    #[must_use]
    pub fn all<F: Fact>(&self) -> Vec<F> {
        let images = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let id = |image: std::fs::DirEntry| -> Option<Digest> { image.file_name().to_str()?.parse().ok() };
        images.filter_map(id).filter_map(|id| self.read(&id).ok().flatten()).collect()
    }

    /// Notes that `image` is the one that was last built for `mission`, where the environment leads.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn set_last_built(&self, mission: &Mission, image: &ImageIdentity) -> Result<(), EvidenceError> {
        self.set_last_built_in(None, mission, image)
    }

    /// Notes that `image` is the one that was last built for `mission`, in the docker context `context`.
    ///
    /// # Errors
    /// It cannot be written.
    ///
    /// # Panics
    /// Never: a note has only string keys.
    pub fn set_last_built_in(
        &self,
        context: Option<&str>,
        mission: &Mission,
        image: &ImageIdentity,
    ) -> Result<(), EvidenceError> {
        let path = self.last_built_path(mission);
        state_file::make_dir(path.parent().unwrap_or(&self.dir))?;
        let ImageIdentity { name, id } = image.clone();
        let note = LastBuilt { name, id, context: context.map(str::to_owned) };
        let mut text = serde_json::to_vec_pretty(&note).expect("a note has only string keys");
        text.push(b'\n');
        state_file::replace(&path, &text, 0o644)?;
        Ok(())
    }

    /// The image that was last built for `mission` in this clone.
    ///
    /// # Errors
    /// The note cannot be read, or is damaged.
    pub fn last_built(&self, mission: &Mission) -> Result<Option<ImageIdentity>, EvidenceError> {
        let note: Option<LastBuilt> = read_json(&self.last_built_path(mission))?;
        Ok(note.map(|LastBuilt { name, id, .. }| ImageIdentity { name, id }))
    }

    /// The docker context that has the image of [`Self::last_built`], if it was built in one that was chosen for it.
    ///
    /// # Errors
    /// As [`Self::last_built`].
    pub fn last_context(&self, mission: &Mission) -> Result<Option<String>, EvidenceError> {
        let note: Option<LastBuilt> = read_json(&self.last_built_path(mission))?;
        Ok(note.and_then(|note| note.context))
    }

    /// Where everything about the image `id` is kept.
    #[must_use]
    pub fn dir_of(&self, id: &Digest) -> PathBuf {
        self.dir.join(id.hex())
    }

    fn path<F: Fact>(&self, id: &Digest) -> PathBuf {
        self.dir_of(id).join(format!("{}.json", F::NAME))
    }

    fn last_built_path(&self, mission: &Mission) -> PathBuf {
        self.dir.join("last-built").join(format!("{mission}.json"))
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EvidenceError> {
    let Some(text) = state_file::read(path)? else { return Ok(None) };
    let content =
        |e: serde_json::Error| EvidenceError::Content { path: path.to_owned(), reason: e.to_string() };
    serde_json::from_slice(&text).map(Some).map_err(content)
}

/// The JSON Schema of an evidence file, as text with a final newline.
///
/// # Panics
/// Never: a schema is plain JSON.
#[must_use]
pub fn json_schema() -> String {
    /// Every kind of fact.
    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[allow(dead_code, reason = "only its schema is of interest")]
    enum AnyFact {
        Built(Box<Built>),
        Frozen(Box<Frozen>),
        Tested(Box<Tested>),
        Compared(Box<Compared>),
    }
    let schema = schemars::schema_for!(Statement<AnyFact>);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

#[cfg(test)]
#[path = "evidence/tests.rs"]
mod tests;

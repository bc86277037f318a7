//! What is remembered of the images that this clone built: `.image/keys/<image>.json`.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use common::digest::Digest;
use common::report::BuiltImage;
use common::state_file::{self, StateFileError};

use super::manifest::Manifest;
use super::outputs::Outputs;
use super::times::Times;

/// The variables that say which machine's engine is spoken to.
const PLACES: [&str; 3] = ["DOCKER_CONTEXT", "DOCKER_HOST", "CONTAINER_HOST"];

/// An image as it was built last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Its name.
    pub(crate) image: String,
    /// Its id, where somebody asked: the mission's image without its caches mended is soon gone.
    pub(crate) id: Option<Digest>,
    /// The key of what it was built from.
    pub(crate) key: Digest,
    /// What it was built from.
    pub(crate) inputs: Manifest,
    /// The engine that built it: `docker`, `podman`, `buildah`.
    pub(crate) engine: String,
    /// How long that took when it was really built; of an old record, how long the last run took.
    pub(crate) seconds: Times,
    /// Whether this clone did not build it, nor all that is below it upon the base: its label was believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) adopted: bool,
    /// The most memory that a build of it was seen to take, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<u64>,
    /// For a base image from source: the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    /// For the image that is used: those of its chain, base first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) images: Vec<BuiltImage>,
    /// For the image that is used: how long each step that follows took.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) follow_ups: BTreeMap<String, Times>,
    /// For the image that is used: what followed, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) followed: Option<Followed>,
}

impl Record {
    /// Whether `steps` were done with the image, and what they wrote is still `outputs`.
    pub(crate) fn has_followed(&self, steps: &[&str], outputs: &Outputs) -> bool {
        let done = |followed: &Followed| steps.iter().all(|step| followed.steps.iter().any(|s| s == step));
        steps.is_empty()
            || self.followed.as_ref().is_some_and(|followed| done(followed) && followed.outputs == *outputs)
    }
}

/// What followed a build, to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Followed {
    /// The steps: `freeze`, `chill`, `check`.
    pub(crate) steps: Vec<String>,
    /// What stood in the frozen and chilly specs then.
    pub(crate) outputs: Outputs,
}

/// The records of a clone about one engine's images.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    dir: PathBuf,
}

impl Records {
    /// Those below `state_dir`, which is a clone's `.image`, about the engine that this process's
    /// environment leads to. Nothing is made.
    pub(crate) fn in_state(state_dir: &Path) -> Self {
        let dir = state_dir.join("keys");
        Self { dir: place().map_or(dir.clone(), |place| dir.join(place)) }
    }

    /// The record of `image`. One that cannot be read is none: the image is then built once more.
    pub(crate) fn read(&self, image: &str) -> Option<Record> {
        let text = std::fs::read(self.path(image)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps `record` in place of an older one of its image.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&self, record: &Record) -> Result<(), StateFileError> {
        state_file::make_dir(&self.dir)?;
        let mut text = serde_json::to_vec_pretty(record).expect("a record has only string keys");
        text.push(b'\n');
        state_file::replace(&self.path(&record.image), &text, 0o644)?;
        let marker = self.marker(&record.image);
        match std::fs::remove_file(&marker) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StateFileError::new("remove", &marker, error))
            }
            _ => Ok(()),
        }
    }

    /// Notes that `image` is about to be made here. Until its record is written, whatever has that
    /// name may be one that was not finished, or that was found to be wrong.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn begin(&self, image: &str) -> Result<(), StateFileError> {
        state_file::make_dir(&self.dir)?;
        state_file::replace(&self.marker(image), b"", 0o644)?;
        Ok(())
    }

    /// Whether `image` was begun here and never finished.
    pub(crate) fn is_begun(&self, image: &str) -> bool {
        self.marker(image).exists()
    }

    fn marker(&self, image: &str) -> PathBuf {
        self.path(image).with_extension("begun")
    }

    fn path(&self, image: &str) -> PathBuf {
        self.dir.join(format!("{}.json", image.replace(['/', ':'], "%")))
    }
}

/// The engine's place as a directory's name; none for the one of this machine.
pub(crate) fn place() -> Option<String> {
    let set = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
    let text: Vec<String> = PLACES.iter().filter_map(set).collect();
    let text = text.join("@");
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    (!text.is_empty()).then(|| format!("at-{plain}-{}", Digest::of(text.as_bytes()).short()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_by_its_image_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records { dir: dir.path().join("keys") };
        let record = Record {
            image: "quay.io/a/b:1".to_owned(),
            id: None,
            key: Digest::of(b""),
            inputs: Manifest::default(),
            engine: "docker".to_owned(),
            seconds: Times::default(),
            adopted: false,
            memory: Some(7),
            commit: None,
            images: Vec::new(),
            follow_ups: BTreeMap::new(),
            followed: None,
        };
        assert_eq!(records.read("quay.io/a/b:1"), None);
        records.write(&record).unwrap();
        assert_eq!(records.read("quay.io/a/b:1"), Some(record.clone()));
        records.begin("quay.io/a/b:1").unwrap();
        assert!(records.is_begun("quay.io/a/b:1") && !records.is_begun("quay.io/a/b:2"));
        records.write(&record).unwrap();
        assert!(!records.is_begun("quay.io/a/b:1"));
        std::fs::write(dir.path().join("keys/quay.io%a%b%1.json"), "{").unwrap();
        assert_eq!(records.read("quay.io/a/b:1"), None);
    }
}

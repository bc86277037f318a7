//! All that goes into an image, by name, and how two such lists differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use common::digest::{self, Digest, Hasher};

use super::input::Input;

/// What keys of this kind are digests of. Another number makes every image a new one.
const KIND: &[u8] = b"image-tools key 1\0";

/// Above this many characters a value says nothing to people.
const SHOWN: usize = 60;

/// All that goes into an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Manifest(BTreeMap<Input, String>);

impl Manifest {
    /// Adds `value` as `input`.
    pub(crate) fn set(&mut self, input: Input, value: impl Into<String>) {
        self.0.insert(input, value.into());
    }

    /// Adds the file or link `path` of the context `dir`.
    pub(crate) fn add_file(&mut self, dir: &Path, path: String) -> io::Result<()> {
        let (kind, digest) = digest::of_entry(&dir.join(&path))?;
        self.set(Input::File(path), format!("{} {}", kind.name(), digest.hex()));
        Ok(())
    }

    /// The value of `input`.
    pub(crate) fn get(&self, input: &Input) -> Option<&str> {
        self.0.get(input).map(String::as_str)
    }

    /// The paths of all files in it, as they are now.
    pub(crate) fn files(&self) -> impl Iterator<Item = String> + use<> {
        let path = |input: &Input| if let Input::File(path) = input { Some(path.clone()) } else { None };
        let files: Vec<String> = self.0.keys().filter_map(path).collect();
        files.into_iter()
    }

    /// The digest of all of it.
    pub(crate) fn key(&self) -> Digest {
        let mut hasher = Hasher::default();
        hasher.update(KIND);
        for (input, value) in &self.0 {
            hasher.update(input.to_string().as_bytes());
            hasher.update(b"\0");
            hasher.update(value.as_bytes());
            hasher.update(b"\0");
        }
        hasher.finish()
    }

    /// How this differs from what it was `before`, in the order of the inputs.
    pub(crate) fn differences(&self, before: &Self) -> Vec<Difference> {
        let inputs: BTreeSet<&Input> = self.0.keys().chain(before.0.keys()).collect();
        let both = inputs.into_iter().map(|input| Difference {
            input: input.clone(),
            before: before.get(input).map(str::to_owned),
            now: self.get(input).map(str::to_owned),
        });
        both.filter(|difference| difference.before != difference.now).collect()
    }
}

/// One input that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// Which.
    pub(crate) input: Input,
    /// What it was; none if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// What it is; none if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = &self.input;
        match (&self.before, &self.now, input) {
            (None, _, _) => write!(f, "{input} is new"),
            (_, None, _) => write!(f, "{input} is gone"),
            (Some(before), Some(now), Input::Argument(_) | Input::Setting(_))
                if before.len() + now.len() < SHOWN =>
            {
                write!(f, "{input} is {now:?}, was {before:?}")
            }
            _ => write!(f, "{input} changed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Manifest {
        Manifest(pairs.iter().map(|(name, value)| ((*name).to_owned().into(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_key_is_that_of_names_and_values() {
        let one = of(&[("Dockerfile", "1"), ("file a", "2")]);
        assert_eq!(one.key(), of(&[("file a", "2"), ("Dockerfile", "1")]).key());
        assert_ne!(one.key(), of(&[("Dockerfile", "1"), ("file b", "2")]).key());
        assert_ne!(of(&[("file a", "b")]).key(), of(&[("file ab", "")]).key());
    }

    #[test]
    fn differences_say_what_a_person_would() {
        let before = of(&[("Dockerfile", "1"), ("argument X", "1"), ("file a", "1"), ("file b", "1")]);
        let now = of(&[("Dockerfile", "2"), ("argument X", "2"), ("file b", "1"), ("file c", "1")]);
        let said: Vec<String> = now.differences(&before).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["Dockerfile changed", "file a is gone", "file c is new", "argument X is \"2\", was \"1\""]
        );
        assert!(now.differences(&now).is_empty());
    }

    #[test]
    fn of_a_files_mode_only_the_executable_bit_counts() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "x").unwrap();
        let key = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut manifest = Manifest::default();
            manifest.add_file(dir.path(), "a".to_owned()).unwrap();
            manifest.key()
        };
        assert_eq!(key(0o644), key(0o600));
        assert_eq!(key(0o755), key(0o700));
        assert_ne!(key(0o644), key(0o755), "a script that cannot run is another image");
    }
}

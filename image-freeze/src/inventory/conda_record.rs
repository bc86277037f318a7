//! One record of `conda-meta`: what conda installed and which files came with it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

/// The part of a record that matters here.
#[derive(Debug, Deserialize)]
pub(super) struct CondaRecord {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its build.
    #[serde(default, alias = "build_string")]
    pub build: String,
    /// The metadata files of Python distributions among its files, below the environment.
    #[serde(default, deserialize_with = "metadata_files")]
    pub files: Vec<String>,
}

impl CondaRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// It is none; the message says why.
    pub(super) fn parse(content: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(content).map_err(|error| format!("not a record of conda: {error}"))
    }
}

/// Keeps of thousands of names the few that are asked for.
fn metadata_files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of file names")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            while let Some(name) = names.next_element::<String>()? {
                let is_metadata = [".dist-info/METADATA", ".egg-info", ".egg-info/PKG-INFO"];
                if is_metadata.iter().any(|ending| name.ends_with(ending)) {
                    kept.push(name);
                }
            }
            Ok(kept)
        }
    }

    deserializer.deserialize_seq(Names)
}

#[cfg(test)]
mod tests {
    use super::CondaRecord;

    #[test]
    fn only_what_tells_of_python_packages_is_kept_of_the_files() {
        let text = r#"{"name": "click", "version": "8.1.7", "build": "py_0", "channel": "c", "depends": [],
            "files": ["bin/x", "lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA", "a/b.py"]}"#;
        let record = CondaRecord::parse(text.as_bytes()).unwrap();
        assert_eq!((record.version.as_str(), record.build.as_str()), ("8.1.7", "py_0"));
        assert_eq!(record.files, ["lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA"]);
    }

    #[test]
    fn a_cut_off_record_is_no_record() {
        assert!(CondaRecord::parse(br#"{"name": "click", "ver"#).is_err());
        assert!(CondaRecord::parse(br#"{"name": "click"}"#).unwrap_err().contains("version"));
    }
}

//! One record of `conda-meta`: what conda installed and which files came with it.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::claims::{self, Claims};

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
    /// The channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// The platform directory of the channel.
    #[serde(default)]
    pub subdir: Option<String>,
    /// The package's address.
    #[serde(default)]
    pub url: Option<String>,
    /// The package's SHA-256.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The package's MD5.
    #[serde(default)]
    pub md5: Option<String>,
    /// The metadata files of Python distributions among its files, below the environment.
    #[serde(default, deserialize_with = "metadata_files")]
    pub files: Vec<String>,
    /// Its files with their sums; empty unless asked for.
    #[serde(skip)]
    pub claims: Claims,
}

impl CondaRecord {
    /// Reads a record, with the sums of its files if `claims`.
    ///
    /// # Errors
    /// It is none; the message says why.
    pub(super) fn parse(content: &[u8], claims: bool) -> Result<Self, String> {
        let wrong = |error| format!("not a record of conda: {error}");
        let mut record: Self = serde_json::from_slice(content).map_err(wrong)?;
        if claims {
            let mut json = serde_json::Deserializer::from_slice(content);
            Paths(&mut record.claims).deserialize(&mut json).map_err(wrong)?;
        }
        Ok(record)
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

/// One file in `paths_data`.
#[derive(Deserialize)]
struct PathEntry {
    #[serde(rename = "_path")]
    path: String,
    #[serde(default)]
    path_type: Option<String>,
    /// As the package has it.
    #[serde(default)]
    sha256: Option<String>,
    /// As it is after the environment's own path was written into it.
    #[serde(default)]
    sha256_in_prefix: Option<String>,
    #[serde(default)]
    prefix_placeholder: Option<String>,
}

impl PathEntry {
    /// What it claims; nothing about links, nor where conda did not note what it wrote.
    fn claim(self) -> Option<(Box<str>, claims::Sum)> {
        if self.path_type.is_some_and(|kind| kind != "hardlink") {
            return None;
        }
        let untouched = if self.prefix_placeholder.is_none() { self.sha256 } else { None };
        let sum = claims::of_hex(&self.sha256_in_prefix.or(untouched)?)?;
        Some((self.path.into_boxed_str(), sum))
    }
}

/// Finds `paths_data.paths` in a record and keeps what they claim, one after the other.
struct Paths<'c>(&'c mut Claims);

impl<'de> DeserializeSeed<'de> for Paths<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Paths<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record of conda")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if matches!(key.as_str(), "paths_data" | "paths") {
                map.next_value_seed(Paths(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut paths: A) -> Result<(), A::Error> {
        while let Some(entry) = paths.next_element::<PathEntry>()? {
            self.0.extend(entry.claim());
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::CondaRecord;

    #[test]
    fn only_what_tells_of_python_packages_is_kept_of_the_files() {
        let text = r#"{"name": "click", "version": "8.1.7", "build": "py_0", "channel": "c", "depends": [],
            "files": ["bin/x", "lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA", "a/b.py"]}"#;
        let record = CondaRecord::parse(text.as_bytes(), false).unwrap();
        assert_eq!((record.version.as_str(), record.build.as_str()), ("8.1.7", "py_0"));
        assert_eq!(record.files, ["lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA"]);
    }

    #[test]
    fn sums_are_those_of_the_files_as_conda_wrote_them() {
        let sum = |digit: &str| digit.repeat(64);
        let text = serde_json::json!({
            "name": "x", "version": "1", "depends": [{"deep": [1]}], "paths_data": {"paths_version": 1, "paths": [
                {"_path": "a", "path_type": "hardlink", "sha256": sum("1"), "sha256_in_prefix": sum("2"), "size_in_bytes": 3},
                {"_path": "b", "path_type": "hardlink", "sha256": sum("3")},
                {"_path": "c", "path_type": "softlink", "sha256": sum("4")},
                {"_path": "d", "path_type": "hardlink", "sha256": sum("5"), "prefix_placeholder": "/opt/anaconda"},
                {"_path": "e.pyc", "path_type": "hardlink"},
            ]},
        });
        let record = CondaRecord::parse(text.to_string().as_bytes(), true).unwrap();
        let kept: Vec<(&str, u8)> = record.claims.iter().map(|(path, sum)| (&**path, sum[0])).collect();
        assert_eq!(kept, [("a", 0x22), ("b", 0x33)]);
        let old = CondaRecord::parse(br#"{"name": "x", "version": "1", "paths_data": null}"#, true);
        assert!(old.unwrap().claims.is_empty());
    }

    #[test]
    fn a_cut_off_record_is_no_record() {
        assert!(CondaRecord::parse(br#"{"name": "click", "ver"#, true).is_err());
        assert!(CondaRecord::parse(br#"{"name": "click"}"#, true).unwrap_err().contains("version"));
        assert!(CondaRecord::parse(b"[]", true).is_err());
    }
}

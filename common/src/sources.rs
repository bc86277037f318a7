//! `sources.json`: where an environment's floating specs come from, for a formal release of the
//! calibration software and for its newest state.

mod base;
mod file;
mod kernel_name;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::settings::CalVersion;
use crate::strict_json::{self, StrictJsonError};

pub use base::Base;
pub use file::{Content, LocalName, SourceFile};
pub use kernel_name::KernelName;

/// The file's name, in the directory of an environment.
pub const FILE_NAME: &str = "sources.json";

/// The version of the form that this build reads.
pub const SCHEMA: u32 = 1;

/// What an environment's floating specs are made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Where the schema stands, for editors.
    #[serde(rename = "$schema", default)]
    pub schema_url: Option<String>,
    /// The version of the form: 1.
    pub schema: u32,
    /// What is taken in which case.
    pub modes: Modes,
    /// What `kernel.name` says: `{version}` and `{date}` are filled in. Without it, that file is left alone.
    #[serde(default)]
    pub kernel_name: Option<KernelName>,
}

/// The two cases. A version that falls under one that is not there cannot be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Modes {
    /// A formal delivery.
    #[serde(default)]
    #[schemars(with = "Option<file::RawMode>")]
    pub release: Option<Mode>,
    /// The newest state.
    #[serde(default)]
    #[schemars(with = "Option<file::RawMode>")]
    pub latest: Option<Mode>,
}

/// What an environment holds in one case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "file::RawMode")]
pub struct Mode {
    /// The address that remote names are below; `{version}` and `{environment}` are filled in.
    pub base: Option<Base>,
    /// The files, in order.
    pub files: Vec<SourceFile>,
    /// Files that are set aside as `NAME.disabled`.
    pub park: Vec<LocalName>,
    /// Files that are taken back from `NAME.disabled`.
    pub unpark: Vec<LocalName>,
    /// Files that must not be there.
    pub absent: Vec<LocalName>,
}

impl Sources {
    /// Reads a `sources.json`; `origin` is what messages call it.
    ///
    /// # Errors
    /// It is not of the form; the error names the key.
    pub fn parse(text: &[u8], origin: &str) -> Result<Self, StrictJsonError> {
        strict_json::parse(text, origin, SCHEMA)
    }

    /// The case that `version` falls under, if it is described.
    #[must_use]
    pub const fn mode(&self, version: &CalVersion) -> Option<&Mode> {
        match version {
            CalVersion::None => None,
            CalVersion::Latest => self.modes.latest.as_ref(),
            CalVersion::Release(_) => self.modes.release.as_ref(),
        }
    }

    /// The names that must not be there in `mode`: those it lists, and what only the other one writes
    /// (D12c: development constraints stayed behind and were solved into a formal release).
    #[must_use]
    pub fn absent<'a>(&'a self, mode: &'a Mode) -> Vec<&'a LocalName> {
        let both = [&self.modes.release, &self.modes.latest].into_iter().flatten();
        let written = both.flat_map(|mode| &mode.files).map(|file| &file.local);
        let kept = |name: &&LocalName| {
            let moved = mode.park.iter().chain(&mode.unpark);
            !mode.files.iter().map(|file| &file.local).chain(moved).any(|other| other == *name)
        };
        let mut names: Vec<&LocalName> = mode.absent.iter().chain(written.filter(kept)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The JSON Schema of the form.
    #[must_use]
    pub fn json_schema() -> String {
        strict_json::schema_text::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"schema": 1, "kernel_name": "K {version} ({date})", "modes": {
        "release": {"base": "https://h/v{version}", "park": ["a.yml"],
            "files": [{"remote": "r.txt", "local": "a.pip", "kind": "pip"}]},
        "latest": {"unpark": ["a.yml"], "absent": ["x.explicit"],
            "files": [{"lines": ["a @ git+https://h/a@main"], "local": "a.pip", "kind": "pip"},
                      {"lines": ["b"], "local": "b.pip", "kind": "pip"}]}}}"#;

    fn refused(from: &str, to: &str, expected: &[&str]) {
        assert!(GOOD.contains(from), "{from}");
        let message =
            Sources::parse(GOOD.replacen(from, to, 1).as_bytes(), "s.json").unwrap_err().to_string();
        assert!(expected.iter().all(|part| message.contains(part)), "{message}");
    }

    #[test]
    fn both_cases_are_read_and_what_only_the_other_writes_must_be_absent() {
        let sources = Sources::parse(GOOD.as_bytes(), "s.json").unwrap();
        let absent = |version: &str| -> Vec<String> {
            let mode = sources.mode(&version.parse().unwrap()).unwrap();
            sources.absent(mode).iter().map(ToString::to_string).collect()
        };
        assert_eq!(absent("0.13.0"), ["b.pip"]);
        assert_eq!(absent("latest"), ["x.explicit"]);
        assert_eq!(sources.mode(&CalVersion::None), None);
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        refused("\"park\"", "\"prak\"", &["s.json:2: at `modes.release", "unknown field `prak`"]);
        refused("a.pip", "../a.pip", &["`modes.release", "\"../a.pip\""]);
        refused("a.pip", ".a.pip", &["plain file name"]);
        refused("a.pip", "CAL_VERSION", &["written by itself"]);
        refused("\"remote\": \"r.txt\"", "\"lines\": []", &["no lines"]);
        refused("\"remote\": \"r.txt\", ", "", &["`remote` or `lines`"]);
        refused("\"lines\": [\"b\"]", "\"remote\": \"b\"", &["needs a `base`"]);
        refused("b.pip", "a.pip", &["`modes.latest", "a.pip stands twice"]);
        refused("x.explicit", "a.pip", &["a.pip stands twice"]);
        refused("https://h/", "https://u:p@h/", &["`base`", "credentials"]);
        refused("https://h/", "ftp://h/", &["base"]);
        refused("{version}\"", "{verison}\"", &["{verison}"]);
        refused("({date})", "({day})", &["kernel_name", "{day}"]);
        refused("\"schema\": 1", "\"schema\": 2", &["version 2"]);
        refused("\"r.txt\"", "\"../r.txt\"", &["remote name"]);
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        strict_json::check_schema("sources-1.json", &Sources::json_schema());
    }
}

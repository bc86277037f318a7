//! How far frozen pins are loosened: `chill.json` beside an environment's floating specs. What it
//! does not say is as if there were no such file.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fault::{Fault, Status};
use crate::requirement::PackageName;
use crate::state_file::{self, StateFileError};

/// The name of the file.
pub const FILE_NAME: &str = "chill.json";

/// How far pins are loosened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChillPolicy {
    /// Where the schema of this file is.
    #[serde(default, rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What holds for packages that are not named.
    #[serde(default)]
    pub default: ChillRule,
    /// Packages that pip installs, in any spelling of their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pip: BTreeMap<String, ChillRule>,
    /// Packages that conda installs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conda: BTreeMap<String, ChillRule>,
}

/// How far one pin is loosened: `exact`, `last`, `patch`, `minor`, `any`, or a range of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum ChillRule {
    /// It stays.
    Exact,
    /// A version of three or more numbers may grow in its last one.
    #[default]
    Last,
    /// Its first two numbers stay.
    Patch,
    /// Its first number stays.
    Minor,
    /// Any later version.
    Any,
    /// This range, which must hold what is frozen.
    Range(String),
}

impl From<String> for ChillRule {
    fn from(text: String) -> Self {
        match text.as_str() {
            "exact" => Self::Exact,
            "last" => Self::Last,
            "patch" => Self::Patch,
            "minor" => Self::Minor,
            "any" => Self::Any,
            _ => Self::Range(text),
        }
    }
}

impl From<ChillRule> for String {
    fn from(rule: ChillRule) -> Self {
        match rule {
            ChillRule::Exact => "exact".to_owned(),
            ChillRule::Last => "last".to_owned(),
            ChillRule::Patch => "patch".to_owned(),
            ChillRule::Minor => "minor".to_owned(),
            ChillRule::Any => "any".to_owned(),
            ChillRule::Range(range) => range,
        }
    }
}

/// A policy makes no sense.
#[derive(Debug, Error)]
pub enum ChillPolicyError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// It is no policy.
    #[error("{origin}:{}: {reason}", reason.line())]
    Json {
        /// The file.
        origin: String,
        /// Why not.
        reason: serde_json::Error,
    },
    /// A rule is none.
    #[error(
        "{origin}: {rule:?} for {name} is neither a range (as \">=1.2,<2\") nor exact, last, patch, minor or any"
    )]
    Rule {
        /// The file.
        origin: String,
        /// What the rule is for.
        name: String,
        /// The rule.
        rule: String,
    },
}

impl Fault for ChillPolicyError {
    fn status(&self) -> Status {
        match self {
            Self::File(error) => error.status(),
            Self::Json { .. } | Self::Rule { .. } => Status::Data,
        }
    }
}

impl ChillPolicy {
    /// The policy at `path`; the default one if there is no such file.
    ///
    /// # Errors
    /// It cannot be read, or makes no sense.
    pub fn read(path: &Path) -> Result<Self, ChillPolicyError> {
        match state_file::read(path)? {
            None => Ok(Self::default()),
            Some(content) => Self::parse(&content, &path.display().to_string()),
        }
    }

    /// Reads a policy; `origin` is what messages call it.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn parse(content: &[u8], origin: &str) -> Result<Self, ChillPolicyError> {
        let policy: Self = serde_json::from_slice(content)
            .map_err(|reason| ChillPolicyError::Json { origin: origin.to_owned(), reason })?;
        let named = policy.pip.iter().chain(&policy.conda).map(|(name, rule)| (name.as_str(), rule));
        for (name, rule) in named.chain([("default", &policy.default)]) {
            let is_range =
                |text: &str| text.starts_with(['<', '>', '=', '!', '~']) && !text.contains([' ', '#', ';']);
            match rule {
                ChillRule::Range(range) if name == "default" || !is_range(range) => {
                    let (name, rule) = (name.to_owned(), range.clone());
                    return Err(ChillPolicyError::Rule { origin: origin.to_owned(), name, rule });
                }
                _ => {}
            }
        }
        Ok(policy)
    }

    /// The rule for what pip installs as `name`.
    #[must_use]
    pub fn for_pip(&self, name: &PackageName) -> &ChillRule {
        let named = self.pip.iter().find(|(text, _)| PackageName::new(text).as_ref() == Some(name));
        named.map_or(&self.default, |(_, rule)| rule)
    }

    /// The rule for what conda installs as `name`, which is in lower case.
    #[must_use]
    pub fn for_conda(&self, name: &str) -> &ChillRule {
        let named = self.conda.iter().find(|(text, _)| text.eq_ignore_ascii_case(name));
        named.map_or(&self.default, |(_, rule)| rule)
    }

    /// The published schema, as JSON text.
    #[must_use]
    pub fn json_schema() -> String {
        let schema = schemars::schema_for!(Self);
        let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_any_spelling_of_a_name() {
        let text = br#"{"default": "exact", "pip": {"Ruamel_Yaml": "minor", "x": ">=1,<2"}, "conda": {"Python": "patch"}}"#;
        let policy = ChillPolicy::parse(text, "chill.json").unwrap();
        let rule = |name: &str| policy.for_pip(&PackageName::new(name).unwrap()).clone();
        assert_eq!(rule("ruamel.yaml"), ChillRule::Minor);
        assert_eq!(rule("x"), ChillRule::Range(">=1,<2".to_owned()));
        assert_eq!(rule("python"), ChillRule::Exact, "that is conda's");
        assert_eq!(policy.for_conda("python"), &ChillRule::Patch);
    }

    #[test]
    fn what_is_no_policy_is_told_with_its_place() {
        let refused = |text: &str| ChillPolicy::parse(text.as_bytes(), "chill.json").unwrap_err().to_string();
        assert!(refused("{\n \"colour\": 1}").starts_with("chill.json:2: unknown field"));
        assert!(refused(r#"{"pip": {"a": "loose"}}"#).starts_with("chill.json: \"loose\" for a is neither"));
        assert!(refused(r#"{"default": ">=1"}"#).contains("for default"));
        assert!(refused(r#"{"pip": {"a": ">=1 ; os_name"}}"#).contains("for a"));
    }

    /// The committed schema is what the types say: regenerate with `UPDATE_SCHEMA=1 cargo test`.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/chill-1.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, ChillPolicy::json_schema()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(committed == ChillPolicy::json_schema(), "{} is stale: make schema", path.display());
    }
}

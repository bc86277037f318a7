//! The version of the calibration software that a floating build is for.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `none`, `latest`, or a version such as `0.13.0`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^(none|latest|[0-9][0-9A-Za-z.+]*)$"))]
pub enum CalVersion {
    /// The specs stay as they are.
    None,
    /// The development version.
    Latest,
    /// A formal delivery. Kept as typed: it is part of a URL.
    Release(String),
}

/// The text is not a calibration version.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{given:?} is not a calibration version: use `none`, `latest`, or a version such as 0.13.0{}",
    suggestion.as_ref().map(|s| format!(" (did you mean `{s}`?)")).unwrap_or_default())]
pub struct BadCalVersion {
    given: String,
    suggestion: Option<String>,
}

impl FromStr for CalVersion {
    type Err = BadCalVersion;

    fn from_str(text: &str) -> Result<Self, BadCalVersion> {
        match text {
            "none" => return Ok(Self::None),
            "latest" => return Ok(Self::Latest),
            _ if is_version(text) => return Ok(Self::Release(text.to_owned())),
            _ => {}
        }
        Err(BadCalVersion { given: text.to_owned(), suggestion: suggest(text) })
    }
}

/// At least two numbers, then whatever a Python release may add (`rc1`, `.dev3`, `.post1`, `+local`).
fn is_version(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_digit());
    let two = text.split('.').take(2).filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'+');
    starts && plain && two.count() == 2 && pep440_rs::Version::from_str(text).is_ok()
}

fn suggest(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    if lower.is_empty() {
        return Some("none".to_owned());
    }
    let bare = lower.strip_prefix('v').unwrap_or(&lower);
    if is_version(bare) {
        return Some(bare.to_owned());
    }
    let near = |word: &&str| strsim::damerau_levenshtein(word, &lower) <= 2;
    ["none", "latest"].iter().find(|w| near(w)).map(|w| (*w).to_owned())
}

impl CalVersion {
    /// Whether it is `none`.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl fmt::Display for CalVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Latest => "latest",
            Self::Release(version) => version,
        })
    }
}

impl TryFrom<String> for CalVersion {
    type Error = BadCalVersion;

    fn try_from(text: String) -> Result<Self, BadCalVersion> {
        text.parse()
    }
}

impl From<CalVersion> for String {
    fn from(version: CalVersion) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_kept_as_typed() {
        for text in ["none", "latest", "0.13.0", "1.0.0rc1", "0.20.2.dev3"] {
            assert_eq!(text.parse::<CalVersion>().unwrap().to_string(), text);
        }
    }

    /// D2 and D3: these were taken as release numbers, and some of them ran as shell code.
    #[test]
    fn d3_odd_spellings_are_refused_with_the_right_one() {
        let check = |text: &str, suggestion: Option<&str>| {
            let error = text.parse::<CalVersion>().unwrap_err();
            assert_eq!(error.suggestion.as_deref(), suggestion, "{text:?}");
        };
        check("", Some("none"));
        check("None", Some("none"));
        check("NONE", Some("none"));
        check("v0.13.0", Some("0.13.0"));
        check("lastest", Some("latest"));
        check("1; touch f", None);
        check("0.13.0 beta", None);
        check(r"\1", None);
        check("13", None);
    }
}

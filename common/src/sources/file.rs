//! The files of one case: what they are called, and where their content comes from.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Base, Mode};
use crate::receipt;
use crate::requirement::SpecKind;

/// One file of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawFile")]
pub struct SourceFile {
    /// What it is called in the environment.
    pub local: LocalName,
    /// What it must be.
    pub kind: SpecKind,
    /// Where its content comes from.
    pub content: Content,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// From this name below the base.
    Remote(String),
    /// It is just this.
    Lines(Vec<String>),
}

/// A file as it is written down.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SourceFile")]
pub(super) struct RawFile {
    /// What it is called in the environment.
    local: LocalName,
    /// What it must be.
    kind: SpecKind,
    /// Its name below `base`; either this or `lines`.
    #[serde(default)]
    remote: Option<String>,
    /// Its lines; either this or `remote`.
    #[serde(default)]
    lines: Option<Vec<String>>,
}

impl TryFrom<RawFile> for SourceFile {
    type Error = String;

    fn try_from(raw: RawFile) -> Result<Self, String> {
        let RawFile { local, kind, remote, lines } = raw;
        let content = match (remote, lines) {
            (Some(remote), None) if is_remote(&remote) => Content::Remote(remote),
            (Some(remote), None) => return Err(format!("not a remote name: {remote:?}")),
            (None, Some(lines)) if lines.is_empty() => return Err(format!("{local} has no lines")),
            (None, Some(lines)) if lines.iter().any(|line| line.contains(['\n', '\r'])) => {
                return Err(format!("a line of {local} holds a line end"));
            }
            (None, Some(lines)) => Content::Lines(lines),
            _ => return Err(format!("{local} needs either `remote` or `lines`")),
        };
        Ok(Self { local, kind, content })
    }
}

/// A path below the base that stays there.
fn is_remote(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"?#\\{}".contains(&b));
    plain && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A case as it is written down.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mode")]
pub(super) struct RawMode {
    /// The address that remote names are below; `{version}` and `{environment}` are filled in.
    #[serde(default)]
    base: Option<Base>,
    /// The files.
    #[schemars(with = "Vec<RawFile>")]
    files: Vec<SourceFile>,
    /// Files that are set aside as `NAME.disabled`, so that no build takes them.
    #[serde(default)]
    park: Vec<LocalName>,
    /// Files that are taken back from `NAME.disabled`.
    #[serde(default)]
    unpark: Vec<LocalName>,
    /// Files that must not be there; those that only the other case writes are meant in any case.
    #[serde(default)]
    absent: Vec<LocalName>,
}

impl TryFrom<RawMode> for Mode {
    type Error = String;

    fn try_from(raw: RawMode) -> Result<Self, String> {
        let RawMode { base, files, park, unpark, absent } = raw;
        if base.is_none() && files.iter().any(|file| matches!(file.content, Content::Remote(_))) {
            return Err("a file with a `remote` name needs a `base`".to_owned());
        }
        let mut seen = BTreeSet::new();
        let names = files.iter().map(|file| &file.local).chain(&park).chain(&unpark).chain(&absent);
        for name in names {
            if !seen.insert(name) {
                return Err(format!("{name} stands twice"));
            }
        }
        Ok(Self { base, files, park, unpark, absent })
    }
}

/// What a file is called in an environment: a plain name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[A-Za-z0-9_][A-Za-z0-9._+-]*$"))]
pub struct LocalName(String);

/// What we write ourselves, or must not.
const RESERVED: [&str; 5] =
    ["CAL_VERSION", "kernel.name", super::FILE_NAME, receipt::FILE_NAME, "update-requirements"];

impl LocalName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is called while it is set aside.
    #[must_use]
    pub fn parked(&self) -> String {
        format!("{}.disabled", self.0)
    }
}

impl fmt::Display for LocalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LocalName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let may = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if !begins || !text.bytes().all(|b| may(b) || b == b'_') {
            return Err(format!("{text:?} is not a plain file name in the environment"));
        }
        if RESERVED.contains(&text.as_str()) {
            return Err(format!("{text} is written by itself and cannot be a source"));
        }
        Ok(Self(text))
    }
}

impl From<LocalName> for String {
    fn from(name: LocalName) -> Self {
        name.0
    }
}

/// The first `{…}` in `text` that is not among `known`.
pub(super) fn unknown_blank(text: &str, known: &[&str]) -> Option<String> {
    let rest = known.iter().fold(text.to_owned(), |rest, blank| rest.replace(blank, ""));
    let at = rest.find(['{', '}'])?;
    let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
    Some(rest[at..end].to_owned())
}

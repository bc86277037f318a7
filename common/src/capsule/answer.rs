//! What a server answered to what a build asked it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Blob;
use crate::digest::Digest;

/// What was asked: the same question has one answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `GET`, `HEAD`, `POST` …
    pub method: String,
    /// The address, without logins and tokens.
    pub url: String,
    /// The part that was asked for, as the client said it: `bytes=0-99`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The forms that the client takes: an index has a page for people and one for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// The digest of what the client sent, if it sent anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Digest>,
}

/// An answer, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What kind of thing it is, by its address.
    pub kind: AnswerKind,
    /// What was asked.
    pub asked: Asked,
    /// The status: also that something is not there is an answer.
    pub status: u16,
    /// The headers that matter to a client, in the server's order.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Blob,
}

/// What an answer is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// A Python wheel.
    Wheel,
    /// A Python package's source.
    Source,
    /// A conda package.
    Conda,
    /// A Debian package.
    Deb,
    /// An index, a page, metadata: what leads to packages.
    Index,
    /// Where else to look.
    Redirect,
    /// That it is not there.
    Absence,
    /// Anything else.
    Other,
}

impl AnswerKind {
    /// The kind of what has this address and status.
    #[must_use]
    pub fn of(url: &str, status: u16) -> Self {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let name = path.rsplit('/').next().unwrap_or_default();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        match status {
            300..=399 => Self::Redirect,
            400.. => Self::Absence,
            _ if ends(&[".whl"]) => Self::Wheel,
            _ if ends(&[".conda"]) || (ends(&[".tar.bz2"]) && path.contains("/noarch/")) => Self::Conda,
            _ if ["/linux-64/", "/linux-aarch64/"].iter().any(|dir| path.contains(dir))
                && ends(&[".tar.bz2"]) =>
            {
                Self::Conda
            }
            _ if ends(&[".deb"]) => Self::Deb,
            _ if ends(&[".tar.gz", ".tar.xz", ".tar.bz2", ".zip", ".tgz"]) => Self::Source,
            _ if name.is_empty()
                || ends(&[".metadata", ".json", ".json.zst", ".json.bz2", "InRelease", "Release"]) =>
            {
                Self::Index
            }
            _ if name.starts_with("Packages") || path.contains("/simple/") => Self::Index,
            _ => Self::Other,
        }
    }

    /// What several are called: `wheels`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Wheel => "wheels",
            Self::Source => "sources",
            Self::Conda => "conda packages",
            Self::Deb => "Debian packages",
            Self::Index => "index pages",
            Self::Redirect => "redirects",
            Self::Absence => "absences",
            Self::Other => "others",
        }
    }
}

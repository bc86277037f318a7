//! A package index (PEP 503, PEP 691, PEP 700): which files it has of a project, and where it is.

mod address;
mod cache;
mod client;
mod error;
mod file_name;
mod http;
mod page;

use serde::{Deserialize, Serialize};

pub(crate) use address::{Address, Origins};
pub(crate) use client::{Freshness, Index};
pub(crate) use error::IndexError;
pub(crate) use file_name::{FileKind, FileName, WheelTags};
pub(crate) use http::{Answer as HttpAnswer, Http, redacted};

/// What an index has of one project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Project {
    /// Whether the index knows it at all.
    pub known: bool,
    /// Its files, in the index's order.
    pub files: Vec<IndexFile>,
}

/// One file of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexFile {
    /// Its name.
    #[serde(rename = "n")]
    pub name: String,
    /// Its digests, `sha256:…`; none if the index tells none.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<String>,
    /// Which Pythons it is for, as it stands.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<String>,
    /// That it was withdrawn, and why (perhaps with no word).
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
}

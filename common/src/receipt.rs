//! `sources.lock.json`: what an environment's floating specs came from, exactly: tracked, so that it
//! travels with a release.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::fetch::without_logins;
use crate::requirement::{DirectReference, PipItem, SpecKind};
use crate::sources::LocalName;
use crate::state_file::{self, StateFileError};
use crate::strict_json::{self, StrictJsonError};

/// The file's name, in the directory of an environment.
pub const FILE_NAME: &str = "sources.lock.json";

/// The version of the form that this build reads and writes.
pub const SCHEMA: u32 = 1;

/// Where the schema of this version stands.
const SCHEMA_URL: &str = "docs/schema/sources-lock-1.json";

/// What was delivered, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Where the schema stands, for editors.
    #[serde(rename = "$schema")]
    pub schema_url: String,
    /// The version of the form.
    pub schema: u32,
    /// The version that was asked for: `latest`, or a release.
    pub version: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// The digest of the `update-requirements` that made the files; none if they were delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Digest>,
    /// Every file: in the order of `sources.json`, or the lists that the script wrote, sorted by name.
    pub files: Vec<ReceivedFile>,
    /// The commits that references which can move led to, by reference.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resolved: BTreeMap<String, String>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedFile {
    /// What it is called in the environment.
    pub local: LocalName,
    /// What it is.
    pub kind: SpecKind,
    /// Its size in bytes.
    pub length: u64,
    /// Its digest.
    pub sha256: Digest,
    /// Where it came from; none if `sources.json` itself says what it holds, or a script wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Delivery>,
}

/// How a file came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The address that was asked, without credentials.
    pub url: String,
    /// The address that answered, after redirects; without its query, which may be signed.
    pub final_url: String,
    /// The HTTP status.
    pub status: u16,
    /// `ETag`, if the server told one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`, if the server told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// When it came.
    pub at: Timestamp,
}

impl Receipt {
    /// A receipt without files for `version`.
    #[must_use]
    pub fn new(version: &str, requested_by: &str, requested_at: Timestamp) -> Self {
        Self {
            schema_url: SCHEMA_URL.to_owned(),
            schema: SCHEMA,
            version: version.to_owned(),
            requested_by: requested_by.to_owned(),
            requested_at,
            script: None,
            files: Vec::new(),
            resolved: BTreeMap::new(),
        }
    }

    /// Reads a receipt; `origin` is what messages call it.
    ///
    /// # Errors
    /// It is none; the error names the key.
    pub fn parse(text: &[u8], origin: &str) -> Result<Self, StrictJsonError> {
        strict_json::parse(text, origin, SCHEMA)
    }

    /// The receipt of the environment whose floating specs are in `dir`; none if there is none that
    /// can be read: whoever needs one says so.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_environment(dir: &Path) -> Result<Option<Self>, StateFileError> {
        let path = dir.join(FILE_NAME);
        let text = state_file::read(&path)?;
        Ok(text.and_then(|text| Self::parse(&text, &path.display().to_string()).ok()))
    }

    /// Its JSON text, indented, with a final newline.
    ///
    /// # Panics
    /// Never: every key is text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("every key is text");
        text.push('\n');
        text
    }

    /// Whether `other` is for the same version and content, whenever and by whomever it was asked for.
    #[must_use]
    pub fn is_same_content(&self, other: &Self) -> bool {
        let of = |receipt: &Self| -> Vec<(LocalName, Digest)> {
            receipt.files.iter().map(|file| (file.local.clone(), file.sha256.clone())).collect()
        };
        self.version == other.version
            && self.script == other.script
            && self.resolved == other.resolved
            && of(self) == of(other)
    }

    /// Takes the logins out of its addresses, where an earlier build of this tool left them; whether there were any.
    pub fn forget_logins(&mut self) -> bool {
        let mut had = false;
        for from in self.files.iter_mut().filter_map(|file| file.from.as_mut()) {
            for url in [&mut from.url, &mut from.final_url] {
                let plain = without_logins(url);
                had |= plain != *url;
                *url = plain;
            }
        }
        had
    }

    /// `requirements`, a file of this `kind`, with the commit in each reference that was resolved; none if
    /// it holds no such reference.
    #[must_use]
    pub fn pin(&self, kind: SpecKind, requirements: &[u8]) -> Option<Vec<u8>> {
        pin_by(kind, requirements, &|_, reference| self.resolved.get(reference.url()).cloned())
    }

    /// The JSON Schema of the form.
    #[must_use]
    pub fn json_schema() -> String {
        strict_json::schema_text::<Self>()
    }
}

/// `requirements`, a file of this `kind`, with the commit that `commit_of` gives for a reference in the
/// place of what may move; none if it gives none.
#[must_use]
pub fn pin_by(
    kind: SpecKind,
    requirements: &[u8],
    commit_of: &dyn Fn(&PipItem, &DirectReference) -> Option<String>,
) -> Option<Vec<u8>> {
    let mut text = requirements.to_vec();
    let mut pinned = false;
    // From the end, so that what stands before keeps its place.
    for item in kind.pip_items(requirements).iter().rev() {
        let Some((span, reference)) = reference(item, requirements) else { continue };
        let held = commit_of(item, &reference).and_then(|commit| reference.at_commit(&commit));
        if let Some(held) = held {
            text.splice(span, held.into_bytes());
            pinned = true;
        }
    }
    pinned.then_some(text)
}

/// Where the address of an item stands in `text`, and the address.
fn reference(item: &PipItem, text: &[u8]) -> Option<(std::ops::Range<usize>, DirectReference)> {
    let reference = item.reference()?;
    let line = match item {
        PipItem::Requirement(requirement) => return Some((requirement.span.clone(), reference)),
        PipItem::Unnamed { line, .. } | PipItem::Option { line, .. } => line,
    };
    let before: usize = text.split_inclusive(|b| *b == b'\n').take(line - 1).map(<[u8]>::len).sum();
    let url = reference.url().as_bytes();
    let at = before + text[before..].windows(url.len()).position(|window| window == url)?;
    Some((at..at + url.len(), reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn receipt() -> Receipt {
        let mut receipt = Receipt::new("latest", "Ada <ada@example.org>", Timestamp::UNIX_EPOCH);
        for reference in ["git+https://h/a.git@main", "https://h/b/archive/main.zip"] {
            receipt.resolved.insert(reference.to_owned(), COMMIT.to_owned());
        }
        receipt
    }

    #[test]
    fn references_that_were_resolved_get_their_commit_and_nothing_else_changes() {
        let text = "# π\nb @ https://h/b/archive/main.zip ; os_name == 'posix'\n    # via x\ngit+https://h/a.git@main\n\
                    a @ git+https://h/a.git@main  # note\nc @ git+https://h/c.git@main\n-e git+https://h/a.git@main\nd==1";
        let expected = format!(
            "# π\nb @ https://h/b/archive/{COMMIT}.zip ; os_name == 'posix'\n    # via x\ngit+https://h/a.git@{COMMIT}\n\
             a @ git+https://h/a.git@{COMMIT}  # note\nc @ git+https://h/c.git@main\n-e git+https://h/a.git@{COMMIT}\nd==1"
        );
        let pinned = receipt().pin(SpecKind::Pip, text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(pinned).unwrap(), expected);
        assert_eq!(receipt().pin(SpecKind::Pip, b"d==1\n"), None);
    }

    #[test]
    fn so_do_those_in_an_environment_file() {
        let text = "dependencies:\n  - python\n  - pip:\n      - git+https://h/a.git@main\n      - a @ git+https://h/a.git@main\n";
        let pinned = receipt().pin(SpecKind::CondaYml, text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(pinned).unwrap(), text.replace("main", COMMIT));
        assert_eq!(receipt().pin(SpecKind::Explicit, text.as_bytes()), None);
    }

    #[test]
    fn a_receipt_survives_its_file_and_later_requests_for_the_same_are_the_same() {
        let mut first = receipt();
        let json = first.to_json();
        assert_eq!(Receipt::parse(json.as_bytes(), "x").unwrap(), first);
        first.requested_by = "Bob".to_owned();
        assert!(first.is_same_content(&receipt()));
        first.resolved.clear();
        assert!(!first.is_same_content(&receipt()));
        let message =
            Receipt::parse(json.replace("\"version\"", "\"v\"").as_bytes(), "x").unwrap_err().to_string();
        assert!(message.contains("`v`"), "{message}");
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        strict_json::check_schema("sources-lock-1.json", &Receipt::json_schema());
    }
}

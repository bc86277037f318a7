//! The form of a fact in its file: an in-toto statement about one image, signed off with a digest
//! over every byte of it, so that a fact that was changed afterwards is not taken for one.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fact;
use crate::clock;
use crate::digest::Digest;
use crate::report::ImageIdentity;

/// What every statement says it is.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Which tools sign off.
pub const TOOL: &str = concat!("image-tools ", env!("CARGO_PKG_VERSION"));

/// What stands for the digest while it is made.
const NONE_YET: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A fact about one image, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    /// Always `https://in-toto.io/Statement/v1`.
    #[serde(rename = "_type")]
    pub kind: String,
    /// The image: exactly one.
    pub subject: Vec<Subject>,
    /// What kind of fact it is.
    pub predicate_type: String,
    /// The fact.
    pub predicate: P,
    /// Who stands for it. It is the last, and its digest its end.
    pub signed_off: SignOff,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The name that the image had.
    pub name: String,
    /// Its id.
    pub digest: SubjectDigest,
}

/// The image's id as in-toto spells digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// Who stands for a fact since when, and the digest that binds all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOff {
    /// Who ran the tool: `ada@host`.
    pub by: String,
    /// When, in UTC.
    pub at: Timestamp,
    /// The tools and their version.
    pub tool: String,
    /// The digest of the file's bytes, with the hexadecimal digits of this one all 0.
    pub digest: Digest,
}

impl Subject {
    /// `image` as a subject.
    #[must_use]
    pub fn of(image: &ImageIdentity) -> Self {
        let digest = SubjectDigest { sha256: image.id.hex().to_owned() };
        Self { name: image.name.clone(), digest }
    }
}

/// The bytes of the file that keeps `fact`.
///
/// # Panics
/// Never: facts have only string keys.
#[must_use]
pub fn seal<F: Fact>(fact: &F) -> Vec<u8> {
    let none_yet = NONE_YET.parse().expect("it is written as one");
    let statement = Statement {
        kind: STATEMENT_TYPE.to_owned(),
        subject: vec![Subject::of(fact.image())],
        predicate_type: F::PREDICATE.to_owned(),
        predicate: fact,
        signed_off: SignOff { by: who(), at: clock::now(), tool: TOOL.to_owned(), digest: none_yet },
    };
    let mut text = serde_json::to_string_pretty(&statement).expect("a fact has only string keys");
    text.push('\n');
    let digest = Digest::of(text.as_bytes());
    let at = text.rfind(NONE_YET).expect("the statement ends with it");
    text.replace_range(at..at + NONE_YET.len(), digest.as_str());
    text.into_bytes()
}

/// The statement in `text`, which must be of kind `F`, about the image `id`, and as it was signed off.
///
/// # Errors
/// It is something else; in words.
pub fn open<F: Fact>(text: &[u8], id: &Digest) -> Result<Statement<F>, String> {
    let statement: Statement<F> = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    if statement.kind != STATEMENT_TYPE || statement.predicate_type != F::PREDICATE {
        return Err(format!("it is no statement of {}", F::PREDICATE));
    }
    if statement.subject != [Subject::of(statement.predicate.image())]
        || statement.predicate.image().id != *id
    {
        return Err(format!("it is not about {id}"));
    }
    if sealed(text, &statement.signed_off.digest) {
        Ok(statement)
    } else {
        Err("it was changed after it was signed off".to_owned())
    }
}

/// Whether `digest` is what `text` had when it was signed off.
fn sealed(text: &[u8], digest: &Digest) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let Some(at) = text.rfind(digest.as_str()) else { return false };
    let (before, after) = (&text[..at], &text[at + digest.as_str().len()..]);
    Digest::of([before, NONE_YET, after].concat().as_bytes()) == *digest
}

/// Whether `text` is a fact as it was kept before there were statements: nobody stands for it.
#[must_use]
pub fn is_older(text: &[u8]) -> bool {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(text);
    value.is_ok_and(|value| value.get("_type").is_none() && value["image"]["id"].is_string())
}

fn who() -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let user = user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    format!("{user}@{}", rustix::system::uname().nodename().to_string_lossy())
}

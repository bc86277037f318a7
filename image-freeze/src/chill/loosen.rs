//! Loosening a frozen file: its pins, and nothing else in it.
//!
//! The file is parsed, and only where a pin's operator stands is the text replaced. Comments, URLs,
//! channels, markers and layout come through byte for byte. A conda file's pip block stays exact:
//! what pip installs is decided by the pip file, which is loosened itself.

use common::requirement::{CondaFile, PipFile, PipRequirement, PipSource, Span, SpecError};

use pep440_rs::Operator;

use super::rule;

/// A loosened file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Loosened {
    /// Its text.
    pub text: String,
    /// How many pins it had.
    pub pins: u32,
    /// How many of them were loosened.
    pub freed: u32,
}

/// Loosens a pip requirement file; `origin` is what messages call it.
pub(crate) fn pip(content: &str, origin: &str) -> Result<Loosened, SpecError> {
    let file = PipFile::parse(content.as_bytes(), origin)?;
    let mut edits = Vec::new();
    let (mut pins, mut freed) = (0, 0);
    for requirement in file.requirements() {
        let found = exact_operators(requirement, content);
        pins += u32::from(requirement.pin().is_some());
        freed += u32::from(!found.is_empty());
        edits.extend(found);
    }
    Ok(Loosened { text: replaced(content, &edits), pins, freed })
}

/// Where the `==` stand that become `~=`.
fn exact_operators(requirement: &PipRequirement, content: &str) -> Vec<Span> {
    // pip checks digests only of exact pins, so a pin with digests stays one.
    let PipSource::Specifiers(parsed) = &requirement.source else { return Vec::new() };
    if !requirement.hashes.is_empty() {
        return Vec::new();
    }
    let only = match &parsed[..] {
        [one] if *one.operator() == Operator::Equal => Some(one.version()),
        _ => None,
    };
    let specifiers = &content[requirement.span.clone()];
    let mut found = Vec::new();
    let mut start = requirement.span.start;
    for clause in specifiers.split(',') {
        let trimmed = clause.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '(');
        let at = start + clause.len() - trimmed.len();
        start += clause.len() + 1;
        let version = trimmed.strip_prefix("==").filter(|v| !v.starts_with('='));
        let version = version.map(|v| v.trim_end_matches(|c: char| c.is_ascii_whitespace() || c == ')'));
        if version.is_some_and(|version| rule::loosens_pip(version, only)) {
            found.push(at..at + 2);
        }
    }
    found
}

/// Loosens a conda environment file; `origin` is what messages call it.
pub(crate) fn conda(content: &str, origin: &str) -> Result<Loosened, SpecError> {
    let file = CondaFile::parse(content.as_bytes(), origin)?;
    let pins = file.conda.iter().filter(|spec| spec.pin().is_some()).count();
    let edits: Vec<Span> = file
        .plain_pins()
        // With a blank behind the operator the original left the pin alone, and so do we.
        .filter(|(_, version, operator)| content[operator.end..].starts_with(version))
        .filter(|(_, version, _)| rule::loosens_conda(version))
        .map(|(_, _, operator)| operator.clone())
        .collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Loosened { text: replaced(content, &edits), pins: count(pins), freed: count(edits.len()) })
}

/// `content` with `~=` at each of the spans, which are in order.
fn replaced(content: &str, spans: &[Span]) -> String {
    let mut text = String::with_capacity(content.len() + spans.len());
    let mut at = 0;
    for span in spans {
        text.push_str(&content[at..span.start]);
        text.push_str("~=");
        at = span.end;
    }
    text.push_str(&content[at..]);
    text
}

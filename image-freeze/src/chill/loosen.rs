//! Loosening a frozen file: its pins, and nothing else in it.
//!
//! The file is parsed, and only where a pin stands is the text replaced. Comments, URLs, channels,
//! markers and layout come through byte for byte. A conda file's pip block stays exact: what pip
//! installs is decided by the pip file, which is loosened itself.

use std::str::FromStr as _;

use common::chill_policy::{ChillPolicy, ChillRule};
use common::requirement::{
    CondaConstraint, CondaFile, CondaSpec, PipFile, PipRequirement, PipSource, Span, SpecError,
};

use pep440_rs::{Operator, Version};

use super::rule;
use crate::hashes;

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

/// A piece of the file, and what stands there instead.
type Edit = (Span, String);

/// Loosens a pip requirement file by `policy`; `origin` is what messages call it.
///
/// If anything in it is loosened, no digest stays: pip checks those only of exact pins, and where
/// one has digests it demands them of all.
pub(crate) fn pip(content: &str, origin: &str, policy: &ChillPolicy) -> Result<Loosened, SpecError> {
    let file = PipFile::parse(content.as_bytes(), origin)?;
    let mut edits = Vec::new();
    let (mut pins, mut freed, mut hashed) = (0, 0, false);
    for requirement in file.requirements() {
        let rule = policy.for_pip(&requirement.name);
        let found = of_requirement(requirement, content, rule).map_err(|message| {
            let message = format!("the policy for {}: {message}", requirement.name);
            SpecError { origin: origin.to_owned(), line: requirement.line, message }
        })?;
        pins += u32::from(requirement.pin().is_some());
        freed += u32::from(!found.is_empty());
        hashed |= !requirement.hashes.is_empty();
        edits.extend(found);
    }
    let text = replaced(content, &edits);
    let text = if hashed && freed > 0 { hashes::without(&text) } else { text };
    Ok(Loosened { text, pins, freed })
}

/// What becomes of the `==` clauses of one requirement.
fn of_requirement(
    requirement: &PipRequirement,
    content: &str,
    rule: &ChillRule,
) -> Result<Vec<Edit>, String> {
    let PipSource::Specifiers(parsed) = &requirement.source else { return Ok(Vec::new()) };
    let only = match &parsed[..] {
        [one] if *one.operator() == Operator::Equal => Some(one.version()),
        _ => None,
    };
    let mut found = Vec::new();
    let mut start = requirement.span.start;
    for clause in content[requirement.span.clone()].split(',') {
        let trimmed = clause.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '(');
        let at = start + clause.len() - trimmed.len();
        start += clause.len() + 1;
        let version = trimmed.strip_prefix("==").filter(|v| !v.starts_with('='));
        let version = version.map(|v| v.trim_end_matches(|c: char| c.is_ascii_whitespace() || c == ')'));
        let Some(version) = version else { continue };
        match rule {
            ChillRule::Last if rule::loosens_pip(version, only) => found.push((at..at + 2, "~=".to_owned())),
            ChillRule::Exact | ChillRule::Last => {}
            ChillRule::Patch | ChillRule::Minor | ChillRule::Any | ChillRule::Range(_) => {
                // `==1.2.*` is a range already.
                let Ok(parsed) = Version::from_str(version.trim()) else { continue };
                let range = rule::range_for_pip(rule, &parsed)?;
                found.extend(range.map(|range| (at..at + 2 + version.len(), range)));
            }
        }
    }
    Ok(found)
}

/// Loosens a conda environment file by `policy`; `origin` is what messages call it.
pub(crate) fn conda(content: &str, origin: &str, policy: &ChillPolicy) -> Result<Loosened, SpecError> {
    let file = CondaFile::parse(content.as_bytes(), origin)?;
    let pins = file.conda.iter().filter(|spec| spec.pin().is_some()).count();
    let edits: Vec<Edit> = file.conda.iter().filter_map(|spec| of_spec(spec, content, policy)).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Loosened { text: replaced(content, &edits), pins: count(pins), freed: count(edits.len()) })
}

fn of_spec(spec: &CondaSpec, content: &str, policy: &ChillPolicy) -> Option<Edit> {
    let CondaConstraint::Exact { version, build, operator } = &spec.constraint else { return None };
    let rest = &content[operator.end..];
    // With a blank behind the operator the original left the pin alone, and so do we.
    rest.starts_with(version.as_str()).then_some(())?;
    match policy.for_conda(&spec.name) {
        ChillRule::Last if build.is_none() && rule::loosens_conda(version) => {
            Some((operator.clone(), "~=".to_owned()))
        }
        ChillRule::Exact | ChillRule::Last => None,
        rule => {
            let with_build = build.as_ref().map(|build| format!("{version}={build}"));
            let whole = with_build.as_ref().unwrap_or(version);
            rest.starts_with(whole.as_str()).then_some(())?;
            let range = rule::range_for_conda(rule, version)?;
            Some((operator.start..operator.end + whole.len(), range))
        }
    }
}

/// `content` with the edits, which are in order.
fn replaced(content: &str, edits: &[Edit]) -> String {
    let mut text = String::with_capacity(content.len() + 8 * edits.len());
    let mut at = 0;
    for (span, new) in edits {
        text.push_str(&content[at..span.start]);
        text.push_str(new);
        at = span.end;
    }
    text.push_str(&content[at..]);
    text
}

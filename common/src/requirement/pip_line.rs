//! One item of a pip requirement file (PEP 508, and what pip adds to it).

use std::str::FromStr as _;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use super::name::is_name_byte;
use super::pip_file::{LogicalLine, PipItem};
use super::{DirectReference, Flaw, Marker, PackageName, Span, shown};

/// A package by name, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipRequirement {
    /// The line, from 1.
    pub line: usize,
    /// Which package.
    pub name: PackageName,
    /// The optional parts of it, as they stand.
    pub extras: Vec<String>,
    /// Which version, or where from.
    pub source: PipSource,
    /// Where the version specifiers or the address stand in the file; empty if there are none.
    pub span: Span,
    /// When it counts.
    pub marker: Option<Marker>,
    /// The digests of its artifacts, `sha256:…`, as they stand.
    pub hashes: Vec<String>,
}

/// What is asked of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipSource {
    /// Any version.
    Any,
    /// A version that satisfies all of these.
    Specifiers(VersionSpecifiers),
    /// What stands at an address.
    Direct(DirectReference),
}

impl PipRequirement {
    /// The one version that it allows, if there is just one.
    #[must_use]
    pub fn pin(&self) -> Option<&Version> {
        let PipSource::Specifiers(specifiers) = &self.source else { return None };
        let pinned =
            specifiers.iter().find(|s| matches!(s.operator(), Operator::Equal | Operator::ExactEqual));
        pinned.map(VersionSpecifier::version)
    }

    /// The address it comes from, if it names one.
    #[must_use]
    pub const fn direct(&self) -> Option<&DirectReference> {
        match &self.source {
            PipSource::Direct(reference) => Some(reference),
            PipSource::Any | PipSource::Specifiers(_) => None,
        }
    }
}

/// Reads one line; a blank one is `None`.
pub(super) fn parse(line: &LogicalLine<'_>) -> Result<Option<PipItem>, Flaw> {
    let text = line.text.trim_end();
    let start = text.len() - text.trim_start().len();
    if start == text.len() {
        return Ok(None);
    }
    let flaw = |message: String| Flaw::new(line.number, message);
    if text[start..].starts_with('-') {
        let option = text[start..].to_owned();
        let named = option.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphabetic());
        return if named {
            Ok(Some(PipItem::Option { line: line.number, text: option }))
        } else {
            Err(flaw(format!("not a switch: {}", shown(&option))))
        };
    }
    if is_nameless(&text[start..]) {
        let address = text[start..].split_ascii_whitespace().next().unwrap_or_default();
        let reference = DirectReference::new(address);
        return Ok(Some(PipItem::Unnamed { line: line.number, reference }));
    }
    let mut scanner = Scanner { text, at: start };
    let requirement = requirement(&mut scanner, line).map_err(flaw)?;
    Ok(Some(PipItem::Requirement(requirement)))
}

/// An address or a path with no `name @` before it.
fn is_nameless(text: &str) -> bool {
    let name = text.bytes().take_while(|b| is_name_byte(*b)).count();
    let word = || text.split(|c: char| c.is_ascii_whitespace() || c == ';').next().unwrap_or(text);
    let is_archive = || [".whl", ".zip", ".tar.gz"].iter().any(|ending| text[..name].ends_with(ending));
    // `a@https://…` has a name; `git+https://…` and `https://…` have none.
    text.starts_with(['.', '/'])
        || match text.as_bytes().get(name) {
            Some(b'+' | b':') => word().contains("://"),
            None | Some(b';') => is_archive(),
            Some(byte) => byte.is_ascii_whitespace() && is_archive(),
        }
}

fn requirement(scanner: &mut Scanner<'_>, line: &LogicalLine<'_>) -> Result<PipRequirement, String> {
    let start = scanner.at;
    let word = scanner.take_while(|b| is_name_byte(*b));
    let name = PackageName::new(word).ok_or_else(|| not_a_requirement(&scanner.text[start..]))?;
    scanner.skip_blanks();
    let extras = extras(scanner)?;
    scanner.skip_blanks();
    let (source, span) = source(scanner)?;
    scanner.skip_blanks();
    let marker = marker(scanner)?;
    let hashes = hashes(scanner)?;
    let span = span.start + line.offset..span.end + line.offset;
    Ok(PipRequirement { line: line.number, name, extras, source, span, marker, hashes })
}

fn not_a_requirement(text: &str) -> String {
    format!("not a requirement: {}", shown(text))
}

fn extras(scanner: &mut Scanner<'_>) -> Result<Vec<String>, String> {
    if !scanner.eat(b'[') {
        return Ok(Vec::new());
    }
    let start = scanner.at;
    let list = scanner.take_while(|b| *b != b']');
    if !scanner.eat(b']') {
        return Err(format!("no `]` after {}", shown(&scanner.text[start..])));
    }
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|n| {
            PackageName::new(n).map(|_| n.to_owned()).ok_or_else(|| format!("not an extra: {}", shown(n)))
        })
        .collect()
}

fn source(scanner: &mut Scanner<'_>) -> Result<(PipSource, Span), String> {
    if scanner.eat(b'@') {
        scanner.skip_blanks();
        let start = scanner.at;
        let url = scanner.take_while(|b| !b.is_ascii_whitespace());
        if url.is_empty() {
            return Err("no address after `@`".to_owned());
        }
        return Ok((PipSource::Direct(DirectReference::new(url)), start..scanner.at));
    }
    let start = scanner.at;
    let end = specifiers_end(&scanner.text[start..]) + start;
    let text = scanner.text[start..end].trim_end();
    scanner.at = end;
    let span = start..start + text.len();
    if text.is_empty() {
        return Ok((PipSource::Any, span));
    }
    if let Some(pin) = pin(text) {
        return Ok((PipSource::Specifiers(pin.into()), span));
    }
    let bare = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text);
    let specifiers = match VersionSpecifiers::from_str(bare) {
        Ok(specifiers) => specifiers,
        Err(error) if bare.starts_with(['=', '<', '>', '!', '~']) => {
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default().trim_end_matches(':');
            return Err(format!("{}: {reason}", shown(text)));
        }
        Err(_) => return Err(not_a_requirement(scanner.text)),
    };
    Ok((PipSource::Specifiers(specifiers), span))
}

/// One release, `==1.2.3`, as nearly every line of a lock has it: that needs no search for more.
fn pin(text: &str) -> Option<VersionSpecifier> {
    let version = text.strip_prefix("==")?;
    let is_plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    is_plain.then(|| Version::from_str(version).ok().map(VersionSpecifier::equals_version)).flatten()
}

/// Where the specifiers end: at a marker, or at the switches of a requirement.
fn specifiers_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: &usize| bytes[*at] == b';' || bytes[*at..].starts_with(b" --");
    (0..bytes.len()).find(ends).unwrap_or(text.len())
}

fn marker(scanner: &mut Scanner<'_>) -> Result<Option<Marker>, String> {
    if !scanner.eat(b';') {
        return Ok(None);
    }
    let rest = &scanner.text[scanner.at..];
    let end = rest.find(" --").unwrap_or(rest.len());
    scanner.at += end;
    Marker::parse(rest[..end].trim()).map(Some)
}

/// The switches behind a requirement; only the digests among them matter here.
fn hashes(scanner: &mut Scanner<'_>) -> Result<Vec<String>, String> {
    let rest = scanner.text[scanner.at..].trim();
    if !rest.is_empty() && !rest.starts_with("--") {
        return Err(not_a_requirement(scanner.text));
    }
    let mut found = Vec::new();
    let mut words = rest.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if let Some(hash) = word.strip_prefix("--hash=") {
            found.push(hash.to_owned());
        } else if word == "--hash" {
            found.push(words.next().ok_or("no digest after `--hash`")?.to_owned());
        }
    }
    Ok(found)
}

#[derive(Debug)]
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn take_while(&mut self, keep: impl Fn(&u8) -> bool) -> &'a str {
        let start = self.at;
        self.at += self.text.as_bytes()[start..].iter().take_while(|b| keep(b)).count();
        &self.text[start..self.at]
    }

    fn skip_blanks(&mut self) {
        self.take_while(u8::is_ascii_whitespace);
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }
}

//! Changes to a list of pip's, in a file of its own or in the pip block of conda's.

use std::ops::Range;

use common::inventory::{Distribution, Environment, Owner};
use common::report::{Difference, DriftClass};
use common::requirement::{DirectReference, PackageName, PipItem, PipRequirement};

use super::lines::Lines;
use crate::provenance;

/// Changes `lines`, which hold `items`, so that they say what is `held` wherever something differs.
pub(super) fn edit(
    lines: &mut Lines<'_>,
    items: &[PipItem],
    differences: &[&Difference],
    held: &Environment,
) {
    let requirements: Vec<&PipRequirement> = items
        .iter()
        .filter_map(|item| match item {
            PipItem::Requirement(requirement) => Some(requirement),
            PipItem::Unnamed { .. } | PipItem::Option { .. } => None,
        })
        .collect();
    for difference in differences {
        let found = held.python.iter().filter(|d| d.name == difference.name);
        // Where there are two, the one that is not conda's was meant to be there.
        let found = found.max_by_key(|d| d.owner == Owner::Pip);
        let asked: Vec<&&PipRequirement> =
            requirements.iter().filter(|r| r.name.as_str() == difference.name).collect();
        if let Some((line, reference)) = by_address(items, difference, found) {
            let commit = found.and_then(|found| found.origin.as_ref()?.commit.as_ref());
            match commit {
                Some(commit) => replace_address(lines, line, (reference, commit)),
                None if difference.class == DriftClass::Missing => lines.remove(line - 1..line),
                // Another archive at the same address has no other address.
                None => {}
            }
            continue;
        }
        match (found, asked.as_slice()) {
            (Some(found), []) => insert(lines, &requirements, found),
            (Some(found), asked) => {
                for requirement in asked {
                    lines.replace(logical(lines, requirement), replaced(lines, requirement, found));
                }
            }
            (None, asked) if difference.class == DriftClass::Missing => {
                for requirement in asked {
                    let end = with_remarks(lines, requirement);
                    lines.remove(requirement.line - 1..end);
                }
            }
            (None, _) => {}
        }
    }
}

/// The line that asks for what differs by its address alone: by where `found` came from, or, where
/// nothing was found, by what the address is called.
fn by_address<'i>(
    items: &'i [PipItem],
    difference: &Difference,
    found: Option<&Distribution>,
) -> Option<(usize, &'i DirectReference)> {
    items.iter().find_map(|item| {
        let PipItem::Unnamed { line, reference } = item else { return None };
        let is_it = match found {
            Some(found) => found.origin.as_ref().is_some_and(|o| provenance::is_of(o, reference)),
            None => provenance::label(reference) == difference.name,
        };
        is_it.then_some((*line, reference))
    })
}

/// The same address at `commit`.
fn replace_address(lines: &mut Lines<'_>, line: usize, (reference, commit): (&DirectReference, &str)) {
    let (address, fragment) = reference.url().split_once('#').unwrap_or((reference.url(), ""));
    let bare = reference.revision().and_then(|old| address.strip_suffix(old)?.strip_suffix('@'));
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    let new = format!("{}@{commit}{fragment}", bare.unwrap_or(address));
    let old = lines.line(line - 1).trim_end_matches(['\n', '\r']);
    lines.replace(line - 1..line, old.replacen(reference.url(), &new, 1));
}

/// The lines of one requirement: those that end in a backslash go on.
fn logical(lines: &Lines<'_>, requirement: &PipRequirement) -> Range<usize> {
    let first = requirement.line - 1;
    let goes_on = |at: &usize| lines.line(*at).trim_end_matches(['\n', '\r']).ends_with('\\');
    let last = (first..lines.len()).find(|at| !goes_on(at)).unwrap_or(first);
    first..last + 1
}

/// The end of a requirement's lines, with the remarks that a solver put below them.
fn with_remarks(lines: &Lines<'_>, requirement: &PipRequirement) -> usize {
    let end = logical(lines, requirement).end;
    let is_remark = |at: &usize| {
        let line = lines.line(*at);
        line.starts_with([' ', '\t']) && line.trim_start().starts_with('#')
    };
    (end..lines.len()).find(|at| !is_remark(at)).unwrap_or(lines.len())
}

/// The requirement as it must be: what stands before the version and the marker stay, hashes of
/// another artifact go.
fn replaced(lines: &Lines<'_>, requirement: &PipRequirement, found: &Distribution) -> String {
    let logical = logical(lines, requirement);
    let end = lines.start(logical.end);
    let head = lines.slice(lines.start(logical.start)..requirement.span.start);
    let head = head.trim_end_matches([' ', '@', '\t']);
    let tail = lines.slice(requirement.span.end..end);
    let tail = tail.split("--hash").next().unwrap_or(tail);
    let tail = tail.trim_end_matches(['\\', ' ', '\n', '\r', '\t']);
    format!("{head}{}{tail}", asked(found))
}

/// What pins `found`: its version, or where it came from.
fn asked(found: &Distribution) -> String {
    let origin = found.origin.as_ref().filter(|origin| !origin.editable);
    match origin.map(|origin| (&origin.url, &origin.commit, &origin.sha256)) {
        Some((url, Some(commit), _)) => format!(" @ git+{url}@{commit}"),
        Some((url, None, Some(sha256))) => format!(" @ {url}#sha256={sha256}"),
        _ => format!("=={}", found.version),
    }
}

/// A new requirement, where it belongs in a sorted list, in the form of those beside it.
fn insert(lines: &mut Lines<'_>, requirements: &[&PipRequirement], found: &Distribution) {
    let Some(name) = PackageName::new(&found.name) else { return };
    let before = requirements.iter().rev().find(|requirement| requirement.name < name);
    let at = match (before, requirements.first()) {
        (Some(before), _) => with_remarks(lines, before),
        (None, Some(first)) => first.line - 1,
        (None, None) => lines.len(),
    };
    let begin = requirements.first().map_or("", |first| {
        let line = lines.line(first.line - 1);
        // In a pip block: the blanks and the dash.
        &line[..line.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or_default()]
    });
    lines.insert(at, format!("{begin}{name}{}", asked(found)));
}

//! What becomes of the files: the pins that change, each with its reason, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use common::frozen::PIP_FILE;
use common::report::{EnvironmentRot, ThawedPin};
use common::requirement::{PackageName, PipItem, PipRequirement};
use common::state_file;
use pep440_rs::Version;

use super::FILES;
use super::least::Least;
use crate::error::Error;
use crate::hashes;
use crate::hunks::Edit;
use crate::index::Index;
use crate::lock::Lock;
use crate::rot::findings;
use crate::specs::Specs;

/// What the pip tools of old leave out of a list; it is not missing from one.
const LEFT_OUT: [&str; 4] = ["pip", "setuptools", "wheel", "distribute"];

/// What changes, and how.
pub(super) struct Edits {
    /// Each pin that changes or is added.
    pub changes: Vec<ThawedPin>,
    /// File, its text, its edits.
    pub files: Vec<(&'static str, String, Vec<Edit>)>,
}

type Found = Least<BTreeMap<PackageName, Version>>;

/// What is known about why.
type Known<'a> = (&'a EnvironmentRot, &'a Specs, &'a Index);

/// The edits that make `lock` what was `found`.
///
/// # Errors
/// A file cannot be read, or the index cannot be asked for digests.
pub(super) fn of(
    lock: &Lock,
    pins: &[&PipRequirement],
    found: &Found,
    known: Known<'_>,
) -> Result<Edits, Error> {
    let mut changes: Vec<(usize, ThawedPin)> = Vec::new();
    for at in &found.relaxed {
        let (pin, new) = (pins[*at], found.solution.get(&pins[*at].name));
        let (Some(old), Some(new)) = (pin.pin(), new) else { continue };
        if old != new {
            let reason = clean(&reason(*at, pins, found, lock, known));
            let (name, from) = (pin.name.to_string(), Some(old.to_string()));
            changes.push((pin.line, ThawedPin { name, from, to: new.to_string(), reason }));
        }
    }
    let mut edits = Edits { changes: Vec::new(), files: Vec::new() };
    for file in FILES {
        let path = lock.pip_path().with_file_name(file);
        let text = state_file::read(&path)?.unwrap_or_default();
        let text = String::from_utf8(text).map_err(|_| Error::NotText { path })?;
        let mut of_file = match file {
            PIP_FILE => in_pip_file(&text, pins, &changes, known.2)?,
            _ => in_conda_file(lock, &text, &changes),
        };
        if file == PIP_FILE {
            let added = added(lock, pins, found, (&changes, known.2))?;
            of_file.extend(added.iter().map(|(edit, _)| edit.clone()));
            of_file.sort_by_key(|edit| (edit.at, edit.count));
            changes.extend(added.into_iter().map(|(edit, pin)| (edit.at + 1, pin)));
        }
        edits.files.push((file, text, of_file));
    }
    changes.sort_by_key(|(line, _)| *line);
    edits.changes = changes.into_iter().map(|(_, change)| change).collect();
    Ok(edits)
}

/// What others wrote stays on its line.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn reason(
    at: usize,
    pins: &[&PipRequirement],
    found: &Found,
    lock: &Lock,
    (rot, specs, _): Known<'_>,
) -> String {
    let pin = pins[at];
    let file = lock.shown(PIP_FILE);
    let lost = findings(rot).find(|finding| finding.file == file && finding.line as usize == pin.line);
    let mut text = if let Some(finding) = lost {
        let reason = finding.reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default();
        format!("{}{reason}", finding.class.word())
    } else {
        let mut conflicts = found.conflicts.iter().filter(|conflict| conflict.contains(&at));
        let others = conflicts.next().into_iter().flatten().filter(|other| **other != at);
        let names: Vec<&str> = others.map(|other| pins[*other].name.as_str()).collect();
        if names.is_empty() {
            let lost =
                findings(rot).filter(|finding| finding.file == file).map(|finding| finding.name.as_str());
            format!(
                "cannot stay together with anything in the place of {}",
                lost.collect::<Vec<_>>().join(", ")
            )
        } else {
            format!("cannot stay together with {}", names.join(", "))
        }
    };
    let asked = specs.asking_for(&pin.name).find(|(_, asked)| asked.pin() == pin.pin());
    if let Some((file, asked)) = asked {
        text = format!("{text}; {}:{} asks for it too", file.shown, asked.line);
    }
    text
}

fn comment(from: &str, reason: &str) -> String {
    format!("    # thawed from {from}: {reason}\n")
}

fn in_pip_file(
    text: &str,
    pins: &[&PipRequirement],
    changes: &[(usize, ThawedPin)],
    index: &Index,
) -> Result<Vec<Edit>, Error> {
    let mut edits = Vec::new();
    for (line, change) in changes {
        let Some(pin) = pins.iter().find(|pin| pin.line == *line) else { continue };
        let (at, count) = hashes::lines_of(text, pin);
        let begins = text.split_inclusive('\n').take(at).map(str::len).sum::<usize>();
        let ends = begins + text.split_inclusive('\n').skip(at).take(count).map(str::len).sum::<usize>();
        let (before, behind) = (&text[begins..pin.span.start], &text[pin.span.end..ends]);
        let mut new = format!("{before}=={}{behind}", change.to);
        if !pin.hashes.is_empty() {
            let digests = hashes::of_version(index, &pin.name, &change.to)?;
            new = hashes::replaced(&new, &digests);
        }
        let mut lines: Vec<String> = new.split_inclusive('\n').map(str::to_owned).collect();
        if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        lines.push(comment(change.from.as_deref().unwrap_or_default(), &change.reason));
        edits.push(Edit { at, count, lines });
    }
    Ok(edits)
}

/// The same pins where conda's export repeats them in its pip block.
fn in_conda_file(lock: &Lock, text: &str, changes: &[(usize, ThawedPin)]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let items = lock.specs.conda.iter().flat_map(|file| &file.pip);
    let requirements = items.filter_map(|item| match item {
        PipItem::Requirement(requirement) => Some(requirement),
        PipItem::Unnamed { .. } | PipItem::Option { .. } => None,
    });
    for requirement in requirements {
        let same = |change: &ThawedPin| {
            let pinned = requirement.pin().map(ToString::to_string);
            change.name == requirement.name.as_str() && change.from == pinned
        };
        let Some((_, change)) = changes.iter().find(|(_, change)| same(change)) else { continue };
        let at = requirement.line - 1;
        let begins = text.split_inclusive('\n').take(at).map(str::len).sum::<usize>();
        let line = text[begins..].split_inclusive('\n').next().unwrap_or_default();
        let span = requirement.span.start - begins..requirement.span.end - begins;
        let rest = line[span.end..].trim_end_matches(['\n', '\r']);
        let from = change.from.as_deref().unwrap_or_default();
        let new = format!(
            "{}=={}{rest}  # thawed from {from}: {}\n",
            &line[..span.start],
            change.to,
            change.reason
        );
        edits.push(Edit { at, count: 1, lines: vec![new] });
    }
    edits
}

/// What only the new versions need.
fn added(
    lock: &Lock,
    pins: &[&PipRequirement],
    found: &Found,
    (changes, index): (&[(usize, ThawedPin)], &Index),
) -> Result<Vec<(Edit, ThawedPin)>, Error> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let requirements: Vec<_> =
        lock.specs.pip.iter().flat_map(common::requirement::PipFile::requirements).collect();
    let known: BTreeSet<&PackageName> = requirements.iter().map(|requirement| &requirement.name).collect();
    let hashed = pins.iter().any(|pin| !pin.hashes.is_empty());
    let names: Vec<&str> = changes.iter().map(|(_, change)| change.name.as_str()).collect();
    let end = lock.pip_text.lines().count();
    let mut edits = Vec::new();
    for (name, version) in &found.solution {
        if known.contains(name) || LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let digests =
            if hashed { hashes::of_version(index, name, &version.to_string())? } else { Vec::new() };
        let reason = format!("needed with the new {}", names.join(", "));
        let text = hashes::replaced(&format!("{name}=={version}\n"), &digests);
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        lines.push(format!("    # thawed: {reason}\n"));
        let next = requirements.iter().find(|requirement| requirement.name > *name);
        let at = next.map_or(end, |next| next.line - 1);
        let pin = ThawedPin { name: name.to_string(), from: None, to: version.to_string(), reason };
        edits.push((Edit { at, count: 0, lines }, pin));
    }
    Ok(edits)
}

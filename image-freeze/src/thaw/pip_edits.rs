//! What becomes of pip's half in the files: the pins that change, each with its reason, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use common::frozen::{CONDA_FILE, PIP_FILE};
use common::report::{PackageKind, ThawedPin};
use common::requirement::{PackageName, PipFile, PipItem, PipRequirement};
use pep440_rs::Version;

use super::half::{self, Half, Known};
use super::least::Least;
use crate::error::Error;
use crate::hashes;
use crate::hunks::Edit;
use crate::index::Index;
use crate::lock::Lock;
use crate::specs::Specs;

/// What the pip tools of old leave out of a list; it is not missing from one.
const LEFT_OUT: [&str; 4] = ["pip", "setuptools", "wheel", "distribute"];

type Found = Least<BTreeMap<PackageName, Version>>;

/// A change with the line at which it is made, from 1.
type Change = (usize, ThawedPin);

/// The edits that make `lock` what was `found`.
///
/// # Errors
/// The index cannot be asked for digests.
pub(super) fn of(
    lock: &Lock,
    pins: &[&PipRequirement],
    found: &Found,
    (known, specs, index): (&Known<'_>, &Specs, &Index),
) -> Result<Half, Error> {
    let mut changes: Vec<Change> = Vec::new();
    for at in &found.relaxed {
        let (pin, new) = (pins[*at], found.solution.get(&pins[*at].name));
        let (Some(old), Some(new)) = (pin.pin(), new) else { continue };
        if old != new {
            let reason = known.reason(*at, found) + &also_asked_for(pin, specs);
            let (name, from) = (pin.name.to_string(), Some(old.to_string()));
            let kind = PackageKind::Pip;
            changes.push((pin.line, ThawedPin { kind, name, from, to: new.to_string(), reason }));
        }
    }
    let mut in_list = in_pip_file(&lock.pip_text, pins, &changes, index)?;
    let in_block = in_conda_file(lock, &changes);
    let added = added(lock, pins, found, (&changes, index))?;
    in_list.extend(added.iter().map(|(edit, _)| edit.clone()));
    in_list.sort_by_key(|edit| (edit.at, edit.count));
    changes.extend(added.into_iter().map(|(edit, pin)| (edit.at + 1, pin)));
    changes.sort_by_key(|(line, _)| *line);
    Ok(Half {
        changes: changes.into_iter().map(|(_, change)| change).collect(),
        edits: BTreeMap::from([(PIP_FILE, in_list), (CONDA_FILE, in_block)]),
    })
}

/// That a floating spec names the very version that is given up, if one does.
fn also_asked_for(pin: &PipRequirement, specs: &Specs) -> String {
    let asked = specs.asking_for(&pin.name).find(|(_, asked)| asked.pin() == pin.pin());
    let told = asked.map(|(file, asked)| format!("; {}:{} asks for it too", file.shown, asked.line));
    half::on_one_line(&told.unwrap_or_default())
}

fn in_pip_file(
    text: &str,
    pins: &[&PipRequirement],
    changes: &[Change],
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
        lines.push(format!("    {}\n", half::remark(change.from.as_deref(), &change.reason)));
        edits.push(Edit { at, count, lines });
    }
    Ok(edits)
}

/// The same pins where conda's export repeats them in its pip block.
fn in_conda_file(lock: &Lock, changes: &[Change]) -> Vec<Edit> {
    let text = &lock.conda_text;
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
        let remark = half::remark(change.from.as_deref(), &change.reason);
        let new = format!("{}=={}{rest}  {remark}\n", &line[..span.start], change.to);
        edits.push(Edit { at, count: 1, lines: vec![new] });
    }
    edits
}

/// What only the new versions need.
fn added(
    lock: &Lock,
    pins: &[&PipRequirement],
    found: &Found,
    (changes, index): (&[Change], &Index),
) -> Result<Vec<(Edit, ThawedPin)>, Error> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let requirements: Vec<_> = lock.specs.pip.iter().flat_map(PipFile::requirements).collect();
    let known: BTreeSet<&PackageName> = requirements.iter().map(|requirement| &requirement.name).collect();
    let hashed = pins.iter().any(|pin| !pin.hashes.is_empty());
    let moved: Vec<&str> = changes.iter().map(|(_, change)| change.name.as_str()).collect();
    let end = lock.pip_text.lines().count();
    let mut edits = Vec::new();
    for (name, version) in &found.solution {
        if known.contains(name) || LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let digests =
            if hashed { hashes::of_version(index, name, &version.to_string())? } else { Vec::new() };
        let reason = half::needed_with(&moved);
        let text = hashes::replaced(&format!("{name}=={version}\n"), &digests);
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        lines.push(format!("    {}\n", half::remark(None, &reason)));
        let next = requirements.iter().find(|requirement| requirement.name > *name);
        let at = next.map_or(end, |next| next.line - 1);
        let (kind, name) = (PackageKind::Pip, name.to_string());
        let pin = ThawedPin { kind, name, from: None, to: version.to_string(), reason };
        edits.push((Edit { at, count: 0, lines }, pin));
    }
    Ok(edits)
}

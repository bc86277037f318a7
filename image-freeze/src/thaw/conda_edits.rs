//! What becomes of conda's half in the files: the pins that change, each with its reason, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use common::frozen::{CONDA_FILE, EXPLICIT_FILE};
use common::report::{PackageKind, ThawedPin};
use common::requirement::{CondaConstraint, CondaSpec, ExplicitPackage, PackageDigest, PackageName, PipItem};

use super::conda::CondaPin;
use super::half::{self, Half, Known};
use super::least::Least;
use crate::conda_solver::Package;
use crate::hunks::Edit;
use crate::lock::Lock;

type Found = Least<BTreeMap<String, Package>>;

/// The edits that make `lock` what was `found`, and the packages that its list cannot name any more,
/// since the solver does not say where they are.
pub(super) fn of(
    lock: &Lock,
    pins: &[CondaPin<'_>],
    found: &Found,
    known: &Known<'_>,
) -> (Half, Vec<String>) {
    let mut half = Half::default();
    let mut placeless = Vec::new();
    for at in &found.relaxed {
        let pin = &pins[*at];
        let Some(new) = found.solution.get(pin.name).filter(|new| moved(pin, new)) else { continue };
        let reason = known.reason(*at, found);
        // Only where the version is the same does the build tell them apart.
        let (from, to) = if pin.version == new.version {
            (pin.text(), format!("{} {}", new.version, new.build))
        } else {
            (pin.version.to_owned(), new.version.clone())
        };
        let remark = half::remark(Some(&from), &reason);
        let mut put = |file, edit: Option<Edit>| half.edits.entry(file).or_insert_with(Vec::new).extend(edit);
        put(CONDA_FILE, pin.spec.and_then(|spec| in_file(&lock.conda_text, spec, new, &remark)));
        if let Some(listed) = pin.listed {
            let edit = in_list(listed, new, &remark);
            if edit.is_none() {
                placeless.push(pin.name.to_owned());
            }
            put(EXPLICIT_FILE, edit);
        }
        let (kind, name) = (PackageKind::Conda, pin.name.to_owned());
        half.changes.push(ThawedPin { kind, name, from: Some(from), to, reason });
    }
    add(lock, found, &mut half);
    for edits in half.edits.values_mut() {
        edits.sort_by_key(|edit| (edit.at, edit.count));
    }
    (half, placeless)
}

/// Whether `new` is another package than `pin`, as far as the lock tells.
fn moved(pin: &CondaPin<'_>, new: &Package) -> bool {
    pin.version != new.version || pin.build.is_some_and(|build| build != new.build)
}

/// The line of `spec` with what is `new`; none if that says the same.
fn in_file(text: &str, spec: &CondaSpec, new: &Package, remark: &str) -> Option<Edit> {
    let CondaConstraint::Exact { version, build, operator } = &spec.constraint else { return None };
    if *version == new.version && build.as_ref().is_none_or(|build| *build == new.build) {
        return None;
    }
    let at = spec.line - 1;
    let begins = text.split_inclusive('\n').take(at).map(str::len).sum::<usize>();
    let line = text[begins..].split_inclusive('\n').next()?.trim_end_matches(['\n', '\r']);
    let (head, behind) = line.split_at_checked(operator.end.checked_sub(begins)?)?;
    let (blank, behind) = behind.split_at(behind.find(version.as_str())?);
    let behind = &behind[version.len()..];
    let behind = match build {
        Some(build) => behind.replacen(build.as_str(), &new.build, 1),
        None => behind.to_owned(),
    };
    let line = format!("{head}{blank}{}{behind}  {remark}\n", new.version);
    Some(Edit { at, count: 1, lines: vec![line] })
}

/// The line of `listed` with what is `new`, below a remark; none if the solver does not say where that is.
fn in_list(listed: &ExplicitPackage, new: &Package, remark: &str) -> Option<Edit> {
    let line = address(new, listed.digest.as_ref())?;
    Some(Edit { at: listed.line - 1, count: 1, lines: vec![format!("{remark}\n"), line] })
}

/// The address of `new`, with a digest of the kind of `like`.
fn address(new: &Package, like: Option<&PackageDigest>) -> Option<String> {
    let url = new.url.as_ref()?;
    let sha256 = new.sha256.as_ref().map(|digest| format!("#sha256:{digest}"));
    let md5 = new.md5.as_ref().map(|digest| format!("#{digest}"));
    let digest = match like {
        Some(PackageDigest::Sha256(_)) => sha256.or(md5),
        Some(PackageDigest::Md5(_)) | None => md5.or(sha256),
    };
    Some(format!("{url}{}\n", digest.unwrap_or_default()))
}

/// What only the new versions need. Only a lock that holds every package can miss one.
fn add(lock: &Lock, found: &Found, half: &mut Half) {
    let changed: Vec<String> = half.changes.iter().map(|change| change.name.clone()).collect();
    let specs = lock.specs.conda.iter().flat_map(|file| &file.conda).collect::<Vec<_>>();
    if changed.is_empty() || specs.iter().any(|spec| spec.pin().is_none()) {
        return;
    }
    let listed = lock.specs.explicit.iter().flat_map(|file| &file.packages);
    let known: BTreeSet<&str> = specs
        .iter()
        .map(|spec| spec.name.as_str())
        .chain(listed.clone().map(|one| one.name.as_str()))
        .collect();
    let by_pip = pip_names(lock);
    let names: Vec<&str> = changed.iter().map(String::as_str).collect();
    let reason = half::needed_with(&names);
    let remark = half::remark(None, &reason);
    for new in found.solution.values() {
        // An export leaves out what pip has put its own in the place of.
        let is_pips = PackageName::new(&new.name).is_some_and(|name| by_pip.contains(&name));
        if known.contains(new.name.as_str()) || is_pips {
            continue;
        }
        half.edits.entry(CONDA_FILE).or_default().extend(inserted(&lock.conda_text, &specs, new, &remark));
        if let Some(last) = listed.clone().last()
            && let Some(line) = address(new, last.digest.as_ref())
        {
            let lines = vec![format!("{remark}\n"), line];
            half.edits.entry(EXPLICIT_FILE).or_default().push(Edit { at: last.line, count: 0, lines });
        }
        let (kind, name) = (PackageKind::Conda, new.name.clone());
        let to = new.version.clone();
        half.changes.push(ThawedPin { kind, name, from: None, to, reason: reason.clone() });
    }
}

fn pip_names(lock: &Lock) -> BTreeSet<PackageName> {
    let block = lock.specs.conda.iter().flat_map(|file| &file.pip);
    let list = lock.specs.pip.iter().flat_map(|file| &file.items);
    block
        .chain(list)
        .filter_map(|item| match item {
            PipItem::Requirement(requirement) => Some(requirement.name.clone()),
            PipItem::Unnamed { .. } | PipItem::Option { .. } => None,
        })
        .collect()
}

/// A line for `new` where it belongs among `specs`, in the form of those beside it.
fn inserted(text: &str, specs: &[&CondaSpec], new: &Package, remark: &str) -> Option<Edit> {
    let first = specs.first()?;
    let at = specs.iter().rev().find(|spec| spec.name < new.name).map_or(first.line - 1, |spec| spec.line);
    let line = text.lines().nth(first.line - 1)?;
    let indent = &line[..line.find('-')?];
    let has_build = matches!(&first.constraint, CondaConstraint::Exact { build: Some(_), .. });
    let build = if has_build { format!("={}", new.build) } else { String::new() };
    let line = format!("{indent}- {}={}{build}  {remark}\n", new.name, new.version);
    Some(Edit { at, count: 0, lines: vec![line] })
}

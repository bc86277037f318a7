//! Frozen specs against an inventory, package by package.
//!
//! What is *not* drift, because a clean build does it: a package of conda's that pip replaced by
//! the version which the pip list names; one that synchronising to the list took out, because the
//! list does not name it; a Python distribution that conda installed and the pip list does not name.

use std::collections::{BTreeMap, BTreeSet};

use common::frozen::{FrozenEnvironment, FrozenTree};
use common::report::{CheckOutcome, Difference, DriftClass, EnvironmentDrift, PackageKind};
use common::requirement::{
    CondaConstraint, CondaSpec, DirectReference, ExplicitPackage, MarkerTarget, PackageDigest, PackageName,
};
use common::settings::Platform;

use super::expectation::{self, Expectation};
use crate::inventory::{CondaPackage, Distribution, Installed, Owner};
use crate::provenance;

/// Never taken out when an environment is synchronised to a list: its absence is drift.
const KEPT_BY_SYNC: &str = "pip";

/// Compares every environment that either side has.
pub(crate) fn all(
    frozen: &FrozenTree,
    environments: &BTreeMap<String, Installed>,
    platform: Platform,
) -> CheckOutcome {
    let names: BTreeSet<&String> = frozen.environments.keys().chain(environments.keys()).collect();
    let (no_specs, nothing) = (FrozenEnvironment::default(), Installed::default());
    let environments = names.into_iter().map(|name| {
        let frozen = frozen.environments.get(name).unwrap_or(&no_specs);
        let installed = environments.get(name).unwrap_or(&nothing);
        one(name, frozen, installed, platform)
    });
    CheckOutcome::of(environments.collect())
}

fn one(
    name: &str,
    frozen: &FrozenEnvironment,
    installed: &Installed,
    platform: Platform,
) -> EnvironmentDrift {
    let mut drift = Drift::default();
    conda(frozen, installed, &mut drift);
    pip(frozen, installed, platform, &mut drift);
    drift.differences.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    EnvironmentDrift { name: name.to_owned(), same: drift.same, differences: drift.differences }
}

#[derive(Debug, Default)]
struct Drift {
    same: u32,
    differences: Vec<Difference>,
}

impl Drift {
    fn missing(&mut self, kind: PackageKind, name: &str, frozen: String) {
        self.differs((kind, DriftClass::Missing), name, Some(frozen), None);
    }

    fn differs(
        &mut self,
        (kind, class): (PackageKind, DriftClass),
        name: &str,
        frozen: Option<String>,
        built: Option<String>,
    ) {
        self.differences.push(Difference { kind, class, name: name.to_owned(), frozen, built, path: None });
    }
}

fn conda(frozen: &FrozenEnvironment, installed: &Installed, drift: &mut Drift) {
    let specs: BTreeMap<&str, &CondaSpec> =
        frozen.conda.iter().flat_map(|file| &file.conda).map(|spec| (spec.name.as_str(), spec)).collect();
    let listed = frozen.explicit.iter().flat_map(|file| &file.packages);
    let listed: BTreeMap<&str, &ExplicitPackage> = listed.map(|one| (one.name.as_str(), one)).collect();
    for (name, spec) in &specs {
        let wanted = text(spec);
        match installed.conda.get(*name).map(Vec::as_slice) {
            None => drift.missing(PackageKind::Conda, name, wanted),
            Some(found) if !matches!(found, [one] if satisfies(spec, one)) => {
                let built =
                    found.iter().map(|package| shown(spec, package)).collect::<Vec<_>>().join(" and ");
                drift.differs((PackageKind::Conda, class(spec, found)), name, Some(wanted), Some(built));
            }
            Some(found) if found.iter().any(|package| is_taken_out(package, name, frozen, installed)) => {
                drift.missing(PackageKind::Conda, name, wanted);
            }
            Some(found) => match listed.get(name).and_then(|listed| by_address(listed, found)) {
                Some(difference) => drift.differences.push(difference),
                None => drift.same += 1,
            },
        }
    }
    // What was exported has been compared; what was not, since pip replaced it, is in the list alone.
    for (name, package) in listed.iter().filter(|(name, _)| !specs.contains_key(*name)) {
        match installed.conda.get(*name) {
            None => drift.missing(PackageKind::Conda, name, package.version.clone()),
            Some(found) => drift.differences.extend(by_address(package, found)),
        }
    }
    for (name, packages) in &installed.conda {
        let is_frozen = specs.contains_key(name.as_str()) || listed.contains_key(name.as_str());
        // An ousted package is not in an export either: pip's is, in its place.
        for package in packages.iter().filter(|p| !is_frozen && p.ousted.is_empty()) {
            let extra = (PackageKind::Conda, DriftClass::Extra);
            drift.differs(extra, name, None, Some(package.version.clone()));
        }
    }
}

/// How `found` differs from the package that `listed` names by its address and digest. A digest that
/// only one of them tells is not compared.
fn by_address(listed: &ExplicitPackage, found: &[CondaPackage]) -> Option<Difference> {
    let [found] = found else { return None };
    let (class, frozen, built) = if listed.version != found.version {
        (DriftClass::Version, listed.version.clone(), found.version.clone())
    } else if listed.build != found.build {
        let shown = |build: &str| format!("{} {build}", listed.version);
        (DriftClass::Build, shown(&listed.build), shown(&found.build))
    } else {
        let (what, wanted, built) = match listed.digest.as_ref()? {
            PackageDigest::Md5(md5) => ("md5", md5, found.md5.as_ref()?),
            PackageDigest::Sha256(sha256) => ("sha256", sha256, found.sha256.as_ref()?),
        };
        if wanted.eq_ignore_ascii_case(built) {
            return None;
        }
        (DriftClass::Hash, format!("{what} {wanted}"), format!("{what} {built}"))
    };
    let (kind, name) = (PackageKind::Conda, listed.name.clone());
    Some(Difference { kind, class, name, frozen: Some(frozen), built: Some(built), path: None })
}

/// Whether the package's distributions were taken out though nothing in a clean build does that.
fn is_taken_out(
    package: &CondaPackage,
    name: &str,
    frozen: &FrozenEnvironment,
    installed: &Installed,
) -> bool {
    let synchronised = frozen.pip.is_some() && name != KEPT_BY_SYNC;
    !synchronised && package.ousted.iter().any(|name| !installed.python.contains_key(name))
}

fn text(spec: &CondaSpec) -> String {
    match &spec.constraint {
        CondaConstraint::Any => "any version".to_owned(),
        CondaConstraint::Exact { version, build: None, .. } => version.clone(),
        CondaConstraint::Exact { version, build: Some(build), .. } => format!("{version} {build}"),
        CondaConstraint::Other(text) => text.clone(),
    }
}

fn satisfies(spec: &CondaSpec, package: &CondaPackage) -> bool {
    match &spec.constraint {
        // What a range means is the solver's to say; an exported file has none.
        CondaConstraint::Any | CondaConstraint::Other(_) => true,
        CondaConstraint::Exact { version, build, .. } => {
            *version == package.version && build.as_ref().is_none_or(|build| *build == package.build)
        }
    }
}

/// What is wrong with `found`, which is not what `spec` asks for.
fn class(spec: &CondaSpec, found: &[CondaPackage]) -> DriftClass {
    let CondaConstraint::Exact { version, .. } = &spec.constraint else { return DriftClass::Version };
    let same_version = found.len() == 1 && found.iter().all(|package| package.version == *version);
    if same_version { DriftClass::Build } else { DriftClass::Version }
}

fn shown(spec: &CondaSpec, package: &CondaPackage) -> String {
    match &spec.constraint {
        CondaConstraint::Exact { build: Some(_), .. } => format!("{} {}", package.version, package.build),
        _ => package.version.clone(),
    }
}

fn pip(frozen: &FrozenEnvironment, installed: &Installed, platform: Platform, drift: &mut Drift) {
    let target = installed.python_version().and_then(|v| MarkerTarget::linux(v, machine(platform)));
    let mut expected = expectation::of(frozen, target.as_ref());
    for (reference, demanded) in expectation::unnamed(frozen) {
        match came_from(reference, installed).find(|name| !expected.contains_key(name)) {
            Some(name) => _ = expected.insert(name, Expectation::at(reference)),
            // The block repeats what the list has already found.
            None if demanded && provenance::is_noted(reference) => {
                let name = provenance::label(reference);
                drift.missing(PackageKind::Pip, name, reference.url().to_owned());
            }
            None => {}
        }
    }
    for (name, what) in &expected {
        match installed.python.get(*name).map(Vec::as_slice) {
            None if what.demanded => {
                drift.missing(PackageKind::Pip, name.as_str(), what.what.text());
            }
            None => {}
            Some([one]) if what.is(one) => drift.same += 1,
            Some(found) => {
                let built = found.iter().map(|d| what.found(d)).collect::<Vec<_>>().join(" and ");
                let frozen = match found {
                    [one] => what.text(one),
                    _ => what.what.text(),
                };
                let class = match found {
                    [one] => what.class(one),
                    _ if found.iter().any(|d| d.owner == Owner::Conda) => DriftClass::BothCondaAndPip,
                    _ => DriftClass::Version,
                };
                drift.differs((PackageKind::Pip, class), name.as_str(), Some(frozen), Some(built));
            }
        }
    }
    let unexpected = |(name, _): &(&PackageName, &Vec<Distribution>)| !expected.contains_key(name);
    for (name, found) in installed.python.iter().filter(unexpected) {
        // What conda installed is compared as conda's.
        for distribution in found.iter().filter(|d| d.owner == Owner::Pip) {
            let twice = installed.conda.values().flatten().any(|package| package.ousted.contains(name))
                || found.iter().any(|other| other.owner == Owner::Conda);
            let class = if twice { DriftClass::BothCondaAndPip } else { DriftClass::Extra };
            drift.differs((PackageKind::Pip, class), name.as_str(), None, Some(distribution.version.clone()));
        }
    }
}

/// The distributions that were installed from what `reference` leads to.
fn came_from<'i>(
    reference: &DirectReference,
    installed: &'i Installed,
) -> impl Iterator<Item = &'i PackageName> {
    let is_ours = |one: &Distribution| one.origin.as_ref().is_some_and(|o| provenance::is_of(o, reference));
    installed.python.iter().filter(move |(_, found)| found.iter().any(is_ours)).map(|(name, _)| name)
}

/// The machine's name as Python tells it.
const fn machine(platform: Platform) -> &'static str {
    match platform {
        Platform::Amd64 => "x86_64",
        Platform::Aarch64 => "aarch64",
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;

//! Frozen specs against an inventory, package by package.
//!
//! What is *not* drift, because a clean build does it: a package of conda's that pip replaced by
//! the version which the pip list names; one that synchronising to the list took out, because the
//! list does not name it; a Python distribution that conda installed and the pip list does not name.

use std::collections::{BTreeMap, BTreeSet};

use common::frozen::{FrozenEnvironment, FrozenTree};
use common::report::{CheckOutcome, Difference, EnvironmentDrift, PackageKind};
use common::requirement::{CondaConstraint, CondaSpec, MarkerTarget, PackageName};
use common::settings::Platform;

use super::expectation;
use crate::inventory::{CondaPackage, Distribution, Installed, Inventory, Owner};

/// Never taken out when an environment is synchronised to a list: its absence is drift.
const KEPT_BY_SYNC: &str = "pip";

/// Compares every environment that either side has.
pub(super) fn all(frozen: &FrozenTree, inventory: &Inventory, platform: Platform) -> CheckOutcome {
    let names: BTreeSet<&String> = frozen.environments.keys().chain(inventory.environments.keys()).collect();
    let (no_specs, nothing) = (FrozenEnvironment::default(), Installed::default());
    let environments = names.into_iter().map(|name| {
        let frozen = frozen.environments.get(name).unwrap_or(&no_specs);
        let installed = inventory.environments.get(name).unwrap_or(&nothing);
        one(name, frozen, installed, platform)
    });
    CheckOutcome { environments: environments.collect() }
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
    fn differs(&mut self, kind: PackageKind, name: &str, frozen: Option<String>, built: Option<String>) {
        self.differences.push(Difference { kind, name: name.to_owned(), frozen, built });
    }
}

fn conda(frozen: &FrozenEnvironment, installed: &Installed, drift: &mut Drift) {
    let specs: BTreeMap<&str, &CondaSpec> =
        frozen.conda.iter().flat_map(|file| &file.conda).map(|spec| (spec.name.as_str(), spec)).collect();
    for (name, spec) in &specs {
        let wanted = Some(text(spec));
        match installed.conda.get(*name).map(Vec::as_slice) {
            None => drift.differs(PackageKind::Conda, name, wanted, None),
            Some(found) if !matches!(found, [one] if satisfies(spec, one)) => {
                let built =
                    found.iter().map(|package| shown(spec, package)).collect::<Vec<_>>().join(" and ");
                drift.differs(PackageKind::Conda, name, wanted, Some(built));
            }
            Some(found) if found.iter().any(|package| is_taken_out(package, name, frozen, installed)) => {
                drift.differs(PackageKind::Conda, name, wanted, None);
            }
            Some(_) => drift.same += 1,
        }
    }
    for (name, packages) in &installed.conda {
        // An ousted package is not in an export either: pip's is, in its place.
        for package in packages.iter().filter(|p| !specs.contains_key(name.as_str()) && p.ousted.is_empty()) {
            drift.differs(PackageKind::Conda, name, None, Some(package.version.clone()));
        }
    }
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

fn shown(spec: &CondaSpec, package: &CondaPackage) -> String {
    match &spec.constraint {
        CondaConstraint::Exact { build: Some(_), .. } => format!("{} {}", package.version, package.build),
        _ => package.version.clone(),
    }
}

fn pip(frozen: &FrozenEnvironment, installed: &Installed, platform: Platform, drift: &mut Drift) {
    let target = installed.python_version().and_then(|v| MarkerTarget::linux(v, machine(platform)));
    let expected = expectation::of(frozen, target.as_ref());
    for (name, expectation) in &expected {
        let what = &expectation.what;
        match installed.python.get(*name).map(Vec::as_slice) {
            None if expectation.demanded => {
                drift.differs(PackageKind::Pip, name.as_str(), Some(what.text()), None);
            }
            None => {}
            Some([one]) if what.is(one) => drift.same += 1,
            Some(found) => {
                let built = found.iter().map(|d| what.found(d)).collect::<Vec<_>>().join(" and ");
                drift.differs(PackageKind::Pip, name.as_str(), Some(what.text()), Some(built));
            }
        }
    }
    let unexpected = |(name, _): &(&PackageName, &Vec<Distribution>)| !expected.contains_key(name);
    for (name, found) in installed.python.iter().filter(unexpected) {
        // What conda installed is compared as conda's.
        for distribution in found.iter().filter(|d| d.owner == Owner::Pip) {
            drift.differs(PackageKind::Pip, name.as_str(), None, Some(distribution.version.clone()));
        }
    }
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

//! Frozen specs against frozen specs.

use std::collections::{BTreeMap, BTreeSet};

use common::frozen::{FrozenEnvironment, FrozenTree};
use common::report::{CheckOutcome, Difference, DriftClass, EnvironmentDrift, PackageKind};
use common::requirement::{
    CondaConstraint, CondaSpec, DirectReference, PackageDigest, PipItem, PipRequirement, PipSource,
};

use super::sorted;
use crate::check::base;
use crate::provenance;

/// What is asked for: the words, and what they are compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    text: String,
    build: Option<String>,
    commit: Option<String>,
    hashes: BTreeSet<String>,
}

type Packages = BTreeMap<(PackageKind, String), Asked>;

/// Every difference between what `a` and `b` ask for.
pub(super) fn compare(a: &FrozenTree, b: &FrozenTree) -> CheckOutcome {
    let names: BTreeSet<&String> = a.environments.keys().chain(b.environments.keys()).collect();
    let none = FrozenEnvironment::default();
    let environments = names.into_iter().map(|name| {
        let side = |tree: &FrozenTree| packages(tree.environments.get(name).unwrap_or(&none));
        one(name, &side(a), &side(b))
    });
    let locked = |tree: &FrozenTree| tree.base.as_ref().and_then(base::locked);
    CheckOutcome::of(environments.chain(base::compare(locked(a), locked(b))).collect())
}

fn packages(environment: &FrozenEnvironment) -> Packages {
    let conda = environment.conda.iter().flat_map(|file| &file.conda);
    let mut packages: Packages =
        conda.map(|spec| ((PackageKind::Conda, spec.name.clone()), of_conda(spec))).collect();
    for package in environment.explicit.iter().flat_map(|file| &file.packages) {
        let exported = packages.entry((PackageKind::Conda, package.name.clone()));
        let asked = exported.or_insert_with(|| Asked {
            text: package.version.clone(),
            build: None,
            commit: None,
            hashes: BTreeSet::new(),
        });
        asked.build = Some(package.build.clone());
        asked.hashes.extend(package.digest.as_ref().map(|digest| match digest {
            PackageDigest::Md5(md5) => format!("md5:{md5}"),
            PackageDigest::Sha256(sha256) => format!("sha256:{sha256}"),
        }));
    }
    let block = environment.conda.iter().flat_map(|file| &file.pip);
    let list = environment.pip.iter().flat_map(|file| &file.items);
    // The list wins over the block, as when an environment is made.
    for item in block.chain(list) {
        let (name, asked) = match item {
            PipItem::Requirement(requirement) => (requirement.name.as_str(), of_pip(requirement)),
            PipItem::Unnamed { reference, .. } => (provenance::label(reference), of_address(reference)),
            PipItem::Option { .. } => continue,
        };
        packages.insert((PackageKind::Pip, name.to_owned()), asked);
    }
    packages
}

fn of_conda(spec: &CondaSpec) -> Asked {
    let (text, build) = match &spec.constraint {
        CondaConstraint::Any => ("any version".to_owned(), None),
        CondaConstraint::Exact { version, build, .. } => (version.clone(), build.clone()),
        CondaConstraint::Other(text) => (text.clone(), None),
    };
    Asked { text, build, commit: None, hashes: BTreeSet::new() }
}

fn of_pip(requirement: &PipRequirement) -> Asked {
    let text = match (&requirement.source, requirement.pin()) {
        (_, Some(version)) => version.to_string(),
        (PipSource::Any, None) => "any version".to_owned(),
        (PipSource::Specifiers(range), None) => range.to_string(),
        (PipSource::Direct(reference), None) => return of_address(reference),
    };
    Asked { text, build: None, commit: None, hashes: requirement.hashes.iter().cloned().collect() }
}

fn of_address(reference: &DirectReference) -> Asked {
    let commit = reference.commit().map(str::to_owned);
    Asked { text: reference.url().to_owned(), build: None, commit, hashes: BTreeSet::new() }
}

fn one(name: &str, a: &Packages, b: &Packages) -> EnvironmentDrift {
    let mut differences = Vec::new();
    let mut same = 0;
    let keys: BTreeSet<&(PackageKind, String)> = a.keys().chain(b.keys()).collect();
    for key in keys {
        let class = match (a.get(key), b.get(key)) {
            (Some(_), None) => DriftClass::Missing,
            (None, _) => DriftClass::Extra,
            (Some(a), Some(b)) => {
                let Some(class) = class(a, b) else {
                    same += 1;
                    continue;
                };
                class
            }
        };
        let shown = |asked: &Asked| match (class, &asked.build) {
            (DriftClass::Build, Some(build)) => format!("{} {build}", asked.text),
            _ => asked.text.clone(),
        };
        let (frozen, built) = (a.get(key).map(shown), b.get(key).map(shown));
        differences.push(Difference { kind: key.0, class, name: key.1.clone(), frozen, built, path: None });
    }
    sorted(name, same, differences)
}

fn class(a: &Asked, b: &Asked) -> Option<DriftClass> {
    if a.commit != b.commit && a.commit.is_some() {
        Some(DriftClass::SourceCommit)
    } else if a.text != b.text {
        Some(DriftClass::Version)
    } else if a.build.is_some() && b.build.is_some() && a.build != b.build {
        Some(DriftClass::Build)
    } else {
        (!a.hashes.is_empty() && !b.hashes.is_empty() && a.hashes != b.hashes).then_some(DriftClass::Hash)
    }
}

//! The part of an inventory that locks are compared with, by name.

use std::collections::BTreeMap;

use common::inventory::{self, EnvironmentKind, Inventory};
use common::requirement::PackageName;

pub(crate) use common::inventory::{Origin, Owner};

/// What each environment of `inventory` holds that a mission can freeze: those that conda made, by name.
pub(crate) fn environments(inventory: &Inventory) -> BTreeMap<String, Installed> {
    let of_conda = inventory.environments.iter().filter(|e| e.kind == EnvironmentKind::Conda);
    of_conda.map(|environment| (environment.name.clone(), Installed::of(environment))).collect()
}

/// What one environment holds. There is more than one package of a name only if something went
/// wrong when it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Installed {
    /// conda's packages, by name in lower case.
    pub conda: BTreeMap<String, Vec<CondaPackage>>,
    /// Python distributions, whoever installed them.
    pub python: BTreeMap<PackageName, Vec<Distribution>>,
}

impl Installed {
    /// What `environment` holds.
    pub(crate) fn of(environment: &inventory::Environment) -> Self {
        let mut installed = Self::default();
        for package in &environment.conda {
            let (version, build) = (package.version.clone(), package.build.clone());
            let ousted = package.ousted.iter().filter_map(|name| PackageName::new(name)).collect();
            let same_name = installed.conda.entry(package.name.clone()).or_default();
            let (sha256, md5) = (package.sha256.clone(), package.md5.clone());
            same_name.push(CondaPackage { version, build, sha256, md5, ousted });
        }
        for distribution in &environment.python {
            let Some(name) = PackageName::new(&distribution.name) else { continue };
            let (version, origin) = (distribution.version.clone(), distribution.origin.clone());
            let same_name = installed.python.entry(name).or_default();
            same_name.push(Distribution { version, owner: distribution.owner, origin });
        }
        installed
    }

    /// The version of the interpreter, as conda recorded it.
    pub(crate) fn python_version(&self) -> Option<&str> {
        self.conda.get("python")?.first().map(|package| package.version.as_str())
    }
}

/// A package that conda recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CondaPackage {
    /// Its version.
    pub version: String,
    /// Its build.
    pub build: String,
    /// The SHA-256 of the package, in hexadecimal digits, as far as it was recorded.
    pub sha256: Option<String>,
    /// The MD5.
    pub md5: Option<String>,
    /// The Python distributions that it brought and that are not as it brought them: pip has put others
    /// in their place, or taken them out. conda's record knows nothing of it.
    pub ousted: Vec<PackageName>,
}

/// A Python distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Its version, as it tells itself.
    pub version: String,
    /// Who installed it.
    pub owner: Owner,
    /// Where it came from, if not from an index.
    pub origin: Option<Origin>,
}

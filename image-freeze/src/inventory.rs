//! What an image holds, as told by its own bytes: per environment the packages that conda recorded
//! and the Python distributions that are installed, whoever put them there.

mod collector;
mod conda_record;
mod distribution;
mod place;

use std::collections::BTreeMap;

use common::requirement::PackageName;

pub(crate) use collector::Collector;

/// What an image holds, by environment; `base` is conda's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// The environments.
    pub environments: BTreeMap<String, Installed>,
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

/// Who installed a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// conda: a record lists it, or it says so itself.
    Conda,
    /// pip, uv or another installer of Python packages.
    Pip,
}

/// Where a distribution came from, as its installer noted (PEP 610).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The address.
    pub url: String,
    /// The commit, if it came out of version control.
    pub commit: Option<String>,
    /// The SHA-256 of the archive, in hexadecimal digits.
    pub sha256: Option<String>,
}

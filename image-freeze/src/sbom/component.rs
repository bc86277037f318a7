//! What a bill of materials lists: one entry for each package, whoever installed it.

use common::inventory::{CondaPackage, Distribution, Inventory, Owner};

use super::purl;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub name: String,
    pub version: String,
    pub purl: String,
    /// The environment, or where it is.
    pub place: String,
    /// The SHA-256 of what was installed, where that is known.
    pub sha256: Option<String>,
    /// The MD5 of what was installed, where that is known.
    pub md5: Option<String>,
    /// Where it came from.
    pub url: Option<String>,
}

/// Everything in `inventory`. A distribution that conda or Debian brought is in their package.
pub(super) fn of(inventory: &Inventory) -> Vec<Component> {
    let mut components = Vec::new();
    for environment in &inventory.environments {
        components.extend(environment.conda.iter().map(|package| conda(package, &environment.prefix)));
        let own = environment.python.iter().filter(|d| d.owner == Owner::Pip);
        components.extend(own.map(|distribution| python(distribution, &environment.prefix)));
    }
    let release = inventory.image.distribution.as_deref().unwrap_or_default();
    let installed = inventory.debian.iter().filter(|package| package.state.is_none());
    components.extend(installed.map(|package| Component {
        purl: purl::debian(package, release),
        ..bare(&package.name, &package.version, "/")
    }));
    components.extend(inventory.npm.iter().map(|package| Component {
        purl: purl::npm(package),
        ..bare(&package.name, &package.version, &package.location)
    }));
    components
}

fn bare(name: &str, version: &str, place: &str) -> Component {
    Component {
        name: name.to_owned(),
        version: version.to_owned(),
        purl: String::new(),
        place: place.to_owned(),
        sha256: None,
        md5: None,
        url: None,
    }
}

fn conda(package: &CondaPackage, place: &str) -> Component {
    Component {
        purl: purl::conda(package),
        sha256: package.sha256.clone(),
        md5: package.md5.clone(),
        url: package.url.clone(),
        ..bare(&package.name, &package.version, place)
    }
}

fn python(distribution: &Distribution, place: &str) -> Component {
    let origin = distribution.origin.as_ref();
    Component {
        purl: purl::python(distribution),
        sha256: origin.and_then(|origin| origin.sha256.clone()),
        url: origin.map(|origin| origin.url.clone()),
        ..bare(&distribution.name, &distribution.version, place)
    }
}

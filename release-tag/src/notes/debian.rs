//! Debian's packages, from the bill of materials that a record names.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a bill of materials calls them.
const PURL: &str = "pkg:deb/";

/// The packages, by name (with the machine where a name comes twice), and their versions.
pub type Debian = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Spdx {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    name: String,
    #[serde(default)]
    version_info: String,
    #[serde(default)]
    external_refs: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_locator: String,
}

/// Debian's packages in the SPDX document `bill`.
///
/// # Errors
/// It is none; in words.
pub fn packages(bill: &[u8]) -> Result<Debian, String> {
    let bill: Spdx = serde_json::from_slice(bill).map_err(|e| format!("the bill of materials: {e}"))?;
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for package in bill.packages {
        let purls = package.external_refs.iter().map(|reference| &reference.reference_locator);
        if let Some(purl) = purls.into_iter().find(|purl| purl.starts_with(PURL)) {
            let machine = purl.split(['?', '&']).find_map(|part| part.strip_prefix("arch="));
            let of = found.entry(package.name).or_default();
            of.push((machine.unwrap_or("any").to_owned(), package.version_info));
        }
    }
    let mut packages = Debian::new();
    for (name, mut versions) in found {
        if let [(_, version)] = &mut versions[..] {
            packages.insert(name, std::mem::take(version));
            continue;
        }
        packages
            .extend(versions.into_iter().map(|(machine, version)| (format!("{name}:{machine}"), version)));
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debians_packages_are_taken_and_two_of_a_name_are_told_apart() {
        let of = |name: &str, version: &str, purl: &str| {
            serde_json::json!({"name": name, "versionInfo": version,
                "externalRefs": [{"referenceType": "purl", "referenceLocator": purl}]})
        };
        let bill = serde_json::json!({"packages": [
            of("numpy", "1.0", "pkg:pypi/numpy@1.0"),
            of("zlib1g", "1:1.2-1", "pkg:deb/debian/zlib1g@1:1.2-1?arch=amd64&distro=debian-12"),
            of("libc6", "2.36-9", "pkg:deb/debian/libc6@2.36-9?arch=amd64"),
            of("libc6", "2.36-8", "pkg:deb/debian/libc6@2.36-8?arch=i386"),
        ]});
        let found = packages(bill.to_string().as_bytes()).unwrap();
        let told: Vec<String> = found.iter().map(|(name, version)| format!("{name} {version}")).collect();
        assert_eq!(told, ["libc6:amd64 2.36-9", "libc6:i386 2.36-8", "zlib1g 1:1.2-1"]);
        assert!(packages(b"{}").is_err());
    }
}

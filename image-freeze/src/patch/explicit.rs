//! Changes to the list of conda's packages by address.

use common::inventory::{CondaPackage, Environment};
use common::report::Difference;
use common::requirement::{ExplicitPackage, PackageDigest};

use super::lines::Lines;

/// Changes `lines`, which hold `packages`, so that they name what is `held` wherever something
/// differs. A package that was recorded without its address stays as it is listed.
pub(super) fn edit(
    lines: &mut Lines<'_>,
    packages: &[ExplicitPackage],
    differences: &[&Difference],
    held: &Environment,
) {
    for difference in differences {
        let found = held.conda.iter().find(|package| package.name == difference.name);
        let listed = packages.iter().find(|package| package.name == difference.name);
        match (listed, found) {
            (Some(listed), None) => lines.remove(listed.line - 1..listed.line),
            (Some(listed), Some(found)) => {
                if let Some(line) = line(found, listed.digest.as_ref()) {
                    lines.replace(listed.line - 1..listed.line, line);
                }
            }
            (None, Some(found)) => {
                let last = packages.last();
                if let (Some(last), Some(line)) = (last, line(found, last.and_then(|p| p.digest.as_ref()))) {
                    lines.insert(last.line, line);
                }
            }
            (None, None) => {}
        }
    }
}

/// The line of `found`, with a digest of the kind of `like`.
fn line(found: &CondaPackage, like: Option<&PackageDigest>) -> Option<String> {
    let url = found.url.as_ref()?;
    let sha256 = found.sha256.as_ref().map(|sha256| format!("{url}#sha256:{sha256}"));
    let md5 = found.md5.as_ref().map(|md5| format!("{url}#{md5}"));
    let digest = match like {
        Some(PackageDigest::Sha256(_)) => sha256.or(md5),
        Some(PackageDigest::Md5(_)) | None => md5.or(sha256),
    };
    Some(digest.unwrap_or_else(|| url.clone()))
}

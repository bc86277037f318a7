//! When a pin is loosened: one rule for pip's and conda's versions.
//!
//! `==1.2.3` becomes `~=1.2.3`, "this or later, but still 1.2". The rule is that of the files which
//! people know: a release of three or more numbers is loosened in its last one, whatever comes
//! behind it (`2.9.0.post0`, `4.10.0.84`). What has one or two numbers stays: `~=1.2` would let in
//! every 1.x. What names a build stays too, because no later version is that build: a PEP 440 local
//! version, a conda build string, a hash.

use std::str::FromStr as _;

use pep440_rs::Version;

/// Whether `text` begins with three numbers separated by dots: `1.2.3`, perhaps more.
pub(super) fn is_triple(text: &[u8]) -> bool {
    let mut rest = text;
    for part in 0..3 {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        rest = &rest[digits..];
        if part < 2 {
            match rest.split_first() {
                Some((b'.', behind)) => rest = behind,
                _ => return false,
            }
        }
    }
    true
}

/// Whether a pip pin to `version` is loosened: then `~=` before it is valid PEP 440, and the pinned
/// version satisfies it. `parsed` is the version, where somebody has read it already.
pub(super) fn loosens_pip(version: &str, parsed: Option<&Version>) -> bool {
    let is_public = |version: &Version| version.local().is_empty();
    is_triple(version.as_bytes())
        && match parsed {
            Some(version) => is_public(version),
            None => Version::from_str(version).is_ok_and(|version| is_public(&version)),
        }
}

/// Whether a conda pin to `version`, which names no build, is loosened.
pub(super) fn loosens_conda(version: &str) -> bool {
    is_triple(version.as_bytes()) && !version.contains('+')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, pip: bool, conda: bool) {
        assert_eq!((loosens_pip(version, None), loosens_conda(version)), (pip, conda), "{version}");
    }

    #[test]
    fn each_form_of_a_version_has_its_rule() {
        check("1.2.3", true, true);
        check("1.2.3.4", true, true);
        check("0.2024.8.5.0.32.23", true, true);
        check("2.9.0.post0", true, true);
        check("1.2.3rc1", true, true);
        check("1.2.3.dev0", true, true);
        check("3.1.20191231", true, true);
        // Too short to be loosened without letting in other releases.
        check("1", false, false);
        check("1.2", false, false);
        check("2023.3.post1", false, false);
        check("2024a", false, false);
        check("0.1b4", false, false);
        // A build, an epoch, a prefix, a wildcard.
        check("1.2.3+cu118", false, false);
        check("1!2.3.4", false, false);
        check("v1.2.3", false, false);
        check("1.2.3.*", false, true);
        // No version to pip, though one to conda.
        check("1.2.3_hotfix", false, true);
    }
}

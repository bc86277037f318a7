//! When a pin is loosened: one rule for pip's and conda's versions.
//!
//! `==1.2.3` becomes `~=1.2.3`, "this or later, but still 1.2". The rule is that of the files which
//! people know: a release of three or more numbers is loosened in its last one, whatever comes
//! behind it (`2.9.0.post0`, `4.10.0.84`). What has one or two numbers stays: `~=1.2` would let in
//! every 1.x. What names a build stays too, because no later version is that build: a PEP 440 local
//! version, a conda build string, a hash.

use std::str::FromStr as _;

use common::chill_policy::ChillRule;
use pep440_rs::{Version, VersionSpecifiers};

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

/// What a pip pin to `version`, which stands as `text`, becomes by a rule other than the default;
/// `None` if it stays.
///
/// # Errors
/// The rule is a range that is none, or that does not hold what is frozen; the message says so.
pub(super) fn range_for_pip(rule: &ChillRule, version: &Version) -> Result<Option<String>, String> {
    let text = version.to_string();
    let public = text.split('+').next().unwrap_or_default();
    let number = |at: usize| version.release().get(at).copied().unwrap_or(0);
    let epoch = if version.epoch() == 0 { String::new() } else { format!("{}!", version.epoch()) };
    let range = match rule {
        ChillRule::Exact | ChillRule::Last => return Ok(None),
        // Bounds, since not every pip holds 6b0 for a `6.*`.
        ChillRule::Patch => format!(">={public},<{epoch}{}.{}", number(0), number(1) + 1),
        ChillRule::Minor => format!(">={public},<{epoch}{}", number(0) + 1),
        ChillRule::Any => format!(">={public}"),
        ChillRule::Range(range) => range.clone(),
    };
    match VersionSpecifiers::from_str(&range) {
        Ok(parsed) if parsed.contains(version) => Ok(Some(range)),
        Ok(_) => Err(format!("{range} does not hold {version}, which is frozen")),
        Err(error) => Err(format!("{range:?}: {}", error.to_string().lines().next().unwrap_or_default())),
    }
}

/// The same for a conda pin. A version that does not begin with two numbers stays: what a range of
/// it would hold is not plain.
pub(super) fn range_for_conda(rule: &ChillRule, version: &str) -> Option<String> {
    let mut numbers = version.split('.');
    let mut number = || numbers.next().filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let (first, second) = (number(), number());
    match (rule, first, second) {
        (ChillRule::Range(range), ..) => Some(range.clone()),
        (ChillRule::Any, Some(_), _) => Some(format!(">={version}")),
        (ChillRule::Patch, Some(first), Some(second)) => Some(format!(">={version},{first}.{second}.*")),
        (ChillRule::Minor, Some(first), Some(_)) => Some(format!(">={version},{first}.*")),
        _ => None,
    }
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

    #[test]
    fn each_rule_makes_a_range_that_holds_what_is_frozen() {
        let check = |version: &str, rule: ChillRule, expected: Option<&str>| {
            let parsed = Version::from_str(version).unwrap();
            assert_eq!(range_for_pip(&rule, &parsed).unwrap().as_deref(), expected, "{version}");
        };
        check("1.2.3", ChillRule::Patch, Some(">=1.2.3,<1.3"));
        check("1.2.3", ChillRule::Minor, Some(">=1.2.3,<2"));
        check("1.2.3", ChillRule::Any, Some(">=1.2.3"));
        check("1!2.3", ChillRule::Patch, Some(">=1!2.3,<1!2.4"));
        check("5", ChillRule::Patch, Some(">=5,<5.1"));
        check("1.2.3+cu118", ChillRule::Patch, Some(">=1.2.3,<1.3"));
        check("1.2.3rc1", ChillRule::Minor, Some(">=1.2.3rc1,<2"));
        check("1.2.3", ChillRule::Exact, None);
        let range = |text: &str| {
            range_for_pip(&ChillRule::Range(text.to_owned()), &Version::from_str("1.2").unwrap())
        };
        assert_eq!(range(">=1,<2").unwrap().unwrap(), ">=1,<2");
        assert_eq!(range(">=2").unwrap_err(), ">=2 does not hold 1.2, which is frozen");
        assert!(range("=>2").is_err());
    }

    #[test]
    fn conda_ranges_are_made_of_plain_numbers() {
        let check = |version: &str, rule: ChillRule, expected: Option<&str>| {
            assert_eq!(range_for_conda(&rule, version).as_deref(), expected, "{version}");
        };
        check("3.11.9", ChillRule::Patch, Some(">=3.11.9,3.11.*"));
        check("3.11.9", ChillRule::Minor, Some(">=3.11.9,3.*"));
        check("9e", ChillRule::Any, None);
        check("2024a", ChillRule::Minor, None);
        check("1!2.3", ChillRule::Patch, None);
    }
}

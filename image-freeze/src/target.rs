//! What a lock is for: an interpreter, a machine and its C library. Which wheels run there.

use std::fmt;
use std::str::FromStr;

use common::requirement::MarkerTarget;
use common::settings::Platform;
use pep440_rs::{Version, VersionSpecifiers};

use crate::index::WheelTags;

/// A version of the GNU C library. Wheels say which one they need at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glibc(pub u32, pub u32);

impl Glibc {
    /// That of the Ubuntu release `tag`, if we know it; else one that any image of the last years has.
    pub(crate) fn of_ubuntu(tag: &str) -> Self {
        match tag {
            "20.04" => Self(2, 31),
            "22.04" => Self(2, 35),
            "24.04" => Self(2, 39),
            _ => Self(2, 28),
        }
    }
}

impl FromStr for Glibc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('.').and_then(|(a, b)| Some(Self(a.parse().ok()?, b.parse().ok()?)));
        numbers.ok_or_else(|| format!("not a version of glibc: {text:?}; it is two numbers, as 2.31"))
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// `CPython` on Linux.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The interpreter's version, as the lock says it: `3.11.9`, or `3.11`.
    pub python: String,
    minor: u32,
    full: Version,
    machine: &'static str,
    /// Its C library.
    pub glibc: Glibc,
    /// For markers.
    pub markers: MarkerTarget,
}

impl Target {
    /// `python` on `platform` with `glibc`; `None` if `python` is no version of Python 3.
    pub(crate) fn new(python: &str, platform: Platform, glibc: Glibc) -> Option<Self> {
        let machine = match platform {
            Platform::Amd64 => "x86_64",
            Platform::Aarch64 => "aarch64",
        };
        let minor = python.strip_prefix("3.")?.split('.').next()?.parse().ok()?;
        let full = Version::from_str(python).ok()?;
        let markers = MarkerTarget::linux(python, machine)?;
        Some(Self { python: python.to_owned(), minor, full, machine, glibc, markers })
    }

    /// As uv names the platform.
    pub(crate) fn uv_platform(&self) -> String {
        let Self { machine, glibc, .. } = self;
        // Those that uv knows; between and above them the next lower one fits.
        let known = [Glibc(2, 17), Glibc(2, 28)].into_iter().chain((31..=40).map(|minor| Glibc(2, minor)));
        let fits = known.rev().find(|known| known <= glibc);
        fits.map_or_else(
            || format!("{machine}-unknown-linux-gnu"),
            |Glibc(major, minor)| format!("{machine}-manylinux_{major}_{minor}"),
        )
    }

    /// Whether a file with this `Requires-Python` is for the interpreter. One that makes no sense
    /// forbids nothing, as with pip.
    pub(crate) fn allows(&self, requires_python: Option<&str>) -> bool {
        let parsed = requires_python.and_then(|text| VersionSpecifiers::from_str(text).ok());
        // `3.11` is any 3.11: it must not fail `>=3.11.2`.
        let open = self.python.split('.').count() < 3;
        parsed.is_none_or(|asked| {
            asked.contains(&self.full)
                || (open && asked.contains(&Version::new([3, u64::from(self.minor), 99])))
        })
    }

    /// Whether a wheel with these tags can be installed.
    pub(crate) fn runs(&self, tags: &WheelTags) -> bool {
        let python = |abi: &str| tags.python.iter().any(|python| self.interprets(python, abi));
        tags.abi.iter().any(|abi| python(abi)) && tags.platform.iter().any(|platform| self.carries(platform))
    }

    fn interprets(&self, python: &str, abi: &str) -> bool {
        let (kind, numbers) = python.split_at(python.len().min(2));
        let minor = numbers.strip_prefix('3').and_then(|minor| minor.parse::<u32>().ok());
        let ours = minor == Some(self.minor);
        match (kind, abi) {
            ("cp", "abi3") => minor.is_some_and(|minor| minor <= self.minor),
            ("cp", "none") => ours,
            ("cp", abi) => ours && abi == python,
            ("py", "none") => numbers == "3" || minor.is_some_and(|minor| minor <= self.minor),
            _ => false,
        }
    }

    fn carries(&self, platform: &str) -> bool {
        if platform == "any" {
            return true;
        }
        let Some(system) = platform.strip_suffix(self.machine).and_then(|p| p.strip_suffix('_')) else {
            return false;
        };
        let needed = match system {
            "linux" => return true,
            "manylinux1" => Glibc(2, 5),
            "manylinux2010" => Glibc(2, 12),
            "manylinux2014" => Glibc(2, 17),
            _ => {
                let numbers = system.strip_prefix("manylinux_").and_then(|numbers| numbers.split_once('_'));
                let Some((major, minor)) = numbers else { return false };
                match (major.parse(), minor.parse()) {
                    (Ok(major), Ok(minor)) => Glibc(major, minor),
                    _ => return false,
                }
            }
        };
        needed <= self.glibc
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{FileKind, FileName};
    use common::requirement::PackageName;

    fn check(tags: &str, expected: bool) {
        let target = Target::new("3.11.9", Platform::Amd64, Glibc(2, 28)).unwrap();
        let file = FileName::read(&format!("a-1-{tags}.whl"), &PackageName::new("a").unwrap()).unwrap();
        let FileKind::Wheel(tags) = file.kind else { panic!("{tags}") };
        assert_eq!(target.runs(&tags), expected, "{tags:?}");
    }

    #[test]
    fn pure_wheels_run_on_their_python_and_later() {
        check("py3-none-any", true);
        check("py2.py3-none-any", true);
        check("py39-none-any", true);
        check("py2-none-any", false);
        check("py312-none-any", false);
        check("cp311-none-any", true);
        check("cp310-none-any", false);
    }

    #[test]
    fn compiled_wheels_need_their_abi_machine_and_library() {
        check("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", true);
        check("cp311-cp311-manylinux_2_28_x86_64", true);
        check("cp311-cp311-manylinux_2_34_x86_64", false);
        check("cp311-cp311-manylinux1_x86_64", true);
        check("cp311-cp311-musllinux_1_2_x86_64", false);
        check("cp311-cp311-manylinux_2_17_aarch64", false);
        check("cp311-cp311-win_amd64", false);
        check("cp311-cp311-macosx_11_0_arm64", false);
        check("cp311-cp311-linux_x86_64", true);
        check("cp310-cp310-manylinux_2_17_x86_64", false);
        check("cp37-abi3-manylinux_2_17_x86_64", true);
        check("cp312-abi3-manylinux_2_17_x86_64", false);
        check("cp313-cp313t-manylinux_2_17_x86_64", false);
        check("pp310-pypy310_pp73-manylinux_2_17_x86_64", false);
    }

    #[test]
    fn requires_python_is_asked_about_the_locks_interpreter() {
        let allows = |python: &str, asked: &str| {
            Target::new(python, Platform::Amd64, Glibc(2, 28)).unwrap().allows(Some(asked))
        };
        assert!(allows("3.11.9", ">=3.9,<3.12"));
        assert!(!allows("3.11.9", ">=3.12"));
        assert!(!allows("3.11.1", ">=3.11.2"));
        assert!(allows("3.11", ">=3.11.2"), "some 3.11 is meant");
        assert!(allows("3.11", "no sense at all"));
        assert!(Target::new("2.7", Platform::Amd64, Glibc(2, 28)).is_none());
    }

    #[test]
    fn uv_is_told_a_platform_that_it_knows() {
        let named = |glibc| Target::new("3.11", Platform::Aarch64, glibc).unwrap().uv_platform();
        assert_eq!(named(Glibc(2, 31)), "aarch64-manylinux_2_31");
        assert_eq!(named(Glibc(2, 30)), "aarch64-manylinux_2_28");
        assert_eq!(named(Glibc(2, 99)), "aarch64-manylinux_2_40");
        assert_eq!(named(Glibc(2, 5)), "aarch64-unknown-linux-gnu");
    }
}

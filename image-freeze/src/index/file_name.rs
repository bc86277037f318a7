//! What the name of a file on an index says: version, and for a wheel what it runs on.

use std::str::FromStr as _;

use common::requirement::PackageName;
use pep440_rs::Version;

/// How source archives end.
const SOURCES: [&str; 6] = [".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z"];

/// The name of a wheel or a source archive, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileName {
    /// The version that it holds.
    pub version: Version,
    /// What it is.
    pub kind: FileKind,
}

/// What a file on an index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Ready to be installed where its tags fit.
    Wheel(WheelTags),
    /// To be built first.
    Source,
}

/// What a wheel runs on: any combination of one tag of each list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WheelTags {
    /// `cp311`, `py3` …
    pub python: Vec<String>,
    /// `cp311`, `abi3`, `none` …
    pub abi: Vec<String>,
    /// `any`, `manylinux_2_17_x86_64` …
    pub platform: Vec<String>,
}

impl FileName {
    /// Reads the name of a file of `project`; `None` for what neither pip nor uv would take.
    pub(crate) fn read(name: &str, project: &PackageName) -> Option<Self> {
        if let Some(stem) = name.strip_suffix(".whl") {
            return wheel(stem, project);
        }
        let stem = SOURCES.iter().find_map(|ending| name.strip_suffix(ending))?;
        // Old archives have dashes in the project's name too.
        let ends = stem.match_indices('-').map(|(at, _)| at);
        let mut fits = ends.filter(|at| PackageName::new(&stem[..*at]).as_ref() == Some(project));
        let version = fits.find_map(|at| Version::from_str(&stem[at + 1..]).ok())?;
        Some(Self { version, kind: FileKind::Source })
    }
}

fn wheel(stem: &str, project: &PackageName) -> Option<FileName> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, [python, abi, platform]) = match parts[..] {
        [name, version, python, abi, platform] | [name, version, _, python, abi, platform] => {
            (name, version, [python, abi, platform])
        }
        _ => return None,
    };
    let list = |tags: &str| tags.split('.').map(str::to_owned).collect();
    let tags = WheelTags { python: list(python), abi: list(abi), platform: list(platform) };
    let of_project = PackageName::new(name).as_ref() == Some(project);
    let version = Version::from_str(version).ok().filter(|_| of_project)?;
    Some(FileName { version, kind: FileKind::Wheel(tags) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_in(name: &str, project: &str) -> Option<String> {
        FileName::read(name, &PackageName::new(project).unwrap()).map(|file| file.version.to_string())
    }

    #[test]
    fn names_of_every_age_tell_their_version() {
        let check = |name, project, version: &str| {
            assert_eq!(version_in(name, project).as_deref(), Some(version), "{name}");
        };
        check("python-dateutil-2.9.0.post0.tar.gz", "python-dateutil", "2.9.0.post0");
        check("python_dateutil-2.9.0.post0-py2.py3-none-any.whl", "python-dateutil", "2.9.0.post0");
        check("GalSim-2.5.3.tar.gz", "galsim", "2.5.3");
        check("a-1.0-1-py3-none-any.whl", "a", "1.0");
        check("torch-2.1.0+cu118-cp311-cp311-linux_x86_64.whl", "torch", "2.1.0+cu118");
        check("backports.zoneinfo-0.2.1.zip", "backports-zoneinfo", "0.2.1");
    }

    #[test]
    fn what_is_no_distribution_of_the_project_is_passed_over() {
        for name in
            ["a-1.0.exe", "a-1.0-py3.7.egg", "b-1.0.tar.gz", "a-x.tar.gz", "a.whl", "b-1-py3-none-any.whl"]
        {
            assert_eq!(version_in(name, "a"), None, "{name}");
        }
    }
}

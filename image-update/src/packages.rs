//! The packages that an environment's floating specs ask for, and what became of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::str::FromStr as _;

use common::report::{ChangeDirection, PackageChange, PackageKind};
use common::requirement::{
    CondaConstraint, CondaFile, CondaSpec, ExplicitFile, PipFile, PipItem, PipRequirement, PipSource,
    SpecKind,
};
use pep440_rs::Version;

use crate::desired::Standing;

/// What is asked of each package, by kind and name. A file that cannot be read says nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Packages(BTreeMap<(PackageKind, String), String>);

impl Packages {
    /// The packages that the spec files in `standing` ask for.
    pub fn of(standing: &Standing) -> Self {
        let mut packages = Self::default();
        for (name, content) in standing {
            match SpecKind::of_name(name) {
                Some(SpecKind::Explicit) => packages.explicit(content),
                Some(SpecKind::CondaYml) => packages.yml(content),
                // Hints bound what others ask for.
                Some(SpecKind::Pip) if !name.ends_with("hints.pip") => packages.pip(content),
                _ => {}
            }
        }
        packages
    }

    fn explicit(&mut self, content: &[u8]) {
        for package in ExplicitFile::parse(content, "").into_iter().flat_map(|file| file.packages) {
            self.0.insert((PackageKind::Conda, package.name), package.version);
        }
    }

    fn yml(&mut self, content: &[u8]) {
        let Ok(file) = CondaFile::parse(content, "") else { return };
        for spec in &file.conda {
            self.0.insert((PackageKind::Conda, spec.name.clone()), asked_of_conda(spec));
        }
        self.items(&file.pip);
    }

    fn pip(&mut self, content: &[u8]) {
        if let Ok(file) = PipFile::parse(content, "") {
            self.items(&file.items);
        }
    }

    fn items(&mut self, items: &[PipItem]) {
        for item in items {
            let (name, asked) = match item {
                PipItem::Requirement(requirement) => {
                    (requirement.name.to_string(), asked_of_pip(requirement))
                }
                PipItem::Unnamed { reference, .. } => (stem(reference.url()), format!("@ {reference}")),
                PipItem::Option { .. } => continue,
            };
            self.0.insert((PackageKind::Pip, name), asked);
        }
    }

    /// What `later` asks for differently, sorted.
    pub fn changes(&self, later: &Self) -> Vec<PackageChange> {
        let names = self.0.keys().chain(later.0.keys().filter(|key| !self.0.contains_key(*key)));
        let mut changes: Vec<PackageChange> = names
            .filter_map(|key| {
                let (before, after) = (self.0.get(key), later.0.get(key));
                (before != after).then(|| change(key, before, after))
            })
            .collect();
        changes.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        changes
    }
}

fn asked_of_conda(spec: &CondaSpec) -> String {
    match &spec.constraint {
        CondaConstraint::Any => "any".to_owned(),
        CondaConstraint::Exact { version, .. } => version.clone(),
        CondaConstraint::Other(text) => text.clone(),
    }
}

fn asked_of_pip(requirement: &PipRequirement) -> String {
    match &requirement.source {
        PipSource::Any => "any".to_owned(),
        PipSource::Direct(reference) => format!("@ {reference}"),
        PipSource::Specifiers(specifiers) => match requirement.pin() {
            Some(version) if specifiers.len() == 1 => version.to_string(),
            _ => specifiers.to_string(),
        },
    }
}

/// The name that the last part of an address suggests.
fn stem(url: &str) -> String {
    let path = url.split(['#', '?']).next().unwrap_or(url);
    let path = path.split("/archive/").next().unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.split('@').next().unwrap_or(name);
    name.trim_end_matches(".git").to_ascii_lowercase().replace(['_', '.'], "-")
}

fn change(key: &(PackageKind, String), before: Option<&String>, after: Option<&String>) -> PackageChange {
    let change = match (before, after) {
        (None, _) => ChangeDirection::Added,
        (_, None) => ChangeDirection::Removed,
        (Some(before), Some(after)) => match order(before, after) {
            Some(Ordering::Less) => ChangeDirection::Up,
            Some(Ordering::Greater) => ChangeDirection::Down,
            _ => ChangeDirection::Other,
        },
    };
    PackageChange { kind: key.0, name: key.1.clone(), change, before: before.cloned(), after: after.cloned() }
}

/// How two versions stand to each other, where both are versions: by the rules of Python's, else (as
/// `2024a`, `1.1.1w`) number by number.
fn order(a: &str, b: &str) -> Option<Ordering> {
    if let (Ok(a), Ok(b)) = (Version::from_str(a), Version::from_str(b)) {
        return Some(a.cmp(&b));
    }
    let is_version =
        |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains([' ', ',', '*', '|']);
    (is_version(a) && is_version(b)).then(|| parts(a).cmp(&parts(b)))
}

/// The numbers and words of a version; a number comes behind a word in the same place.
fn parts(version: &str) -> Vec<(u64, String)> {
    let mut parts: Vec<(u64, String)> = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        let word = part.trim_matches(['.', '-', '_']);
        if is_digit {
            parts.push((part.parse().unwrap_or(u64::MAX), String::new()));
        } else if !word.is_empty() {
            parts.push((0, word.to_owned()));
        }
        rest = behind;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(files: &[(&str, &str)]) -> Packages {
        Packages::of(&files.iter().map(|(n, c)| ((*n).to_owned(), c.as_bytes().to_vec())).collect())
    }

    #[test]
    fn every_way_of_changing_is_told_by_kind_and_name() {
        let before = packages(&[
            ("a.yml", "dependencies:\n  - python~=3.11.0\n  - tzdata=2024a\n  - fftw\n"),
            ("a.pip", "up==1.9\ndown==2.0\ngone==1\nsame==1\nmoved==1\nranged>=1\n"),
            ("common-hints.pip", "hint<1\n"),
        ]);
        let after = packages(&[
            ("a.explicit", "@EXPLICIT\nhttps://h/n/tzdata-2024b-h0.conda\nhttps://h/n/fftw-3.3-h0.conda\n"),
            ("a.yml.disabled", "dependencies:\n  - python~=3.11.0\n"),
            (
                "a.pip",
                "up==1.10\ndown==1.9rc1\nsame==1\nnew==1\nmoved @ git+https://h/m.git@main\nranged>=2\n",
            ),
        ]);
        let told: Vec<String> = before
            .changes(&after)
            .iter()
            .map(|c| format!("{:?} {} {:?}", c.kind, c.name, c.change).to_lowercase())
            .collect();
        let expected = [
            "conda fftw other",
            "conda python removed",
            "conda tzdata up",
            "pip down down",
            "pip gone removed",
            "pip moved other",
            "pip new added",
            "pip ranged other",
            "pip up up",
        ];
        assert_eq!(told, expected);
        assert!(after.changes(&after).is_empty());
    }

    #[test]
    fn an_address_alone_is_called_by_its_last_part() {
        assert_eq!(stem("git+https://h/o/romancal.git@main"), "romancal");
        assert_eq!(stem("https://h/o/rad/archive/refs/heads/main.zip"), "rad");
    }

    #[test]
    fn versions_are_compared_as_versions() {
        let check = |a: &str, b: &str, expected| assert_eq!(order(a, b), expected, "{a} {b}");
        check("1.9", "1.10", Some(Ordering::Less));
        check("2024a", "2024b", Some(Ordering::Less));
        check("1.1.1w", "1.1.1", Some(Ordering::Greater));
        check("9e", "10a", Some(Ordering::Less));
        check("any", "1", None);
        check(">=1", "2", None);
    }
}

//! The packages that an environment's floating specs ask for, and what became of them.

use std::collections::BTreeMap;

use common::report::{ChangeDirection, PackageChange, PackageKind};
use common::requirement::{
    CondaConstraint, CondaFile, CondaSpec, ExplicitFile, PipFile, PipItem, PipRequirement, PipSource,
    SpecKind,
};

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
                let (before, after) = (self.0.get(key).cloned(), later.0.get(key).cloned());
                let change = ChangeDirection::of(key.0, before.as_deref(), after.as_deref())?;
                Some(PackageChange { kind: key.0, name: key.1.clone(), change, before, after })
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
}

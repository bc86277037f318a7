//! An environment's lock: its frozen specs with their text, and what they are for.

use common::deployment::Deployment;
use common::frozen::{BASE, CONDA_FILE, EXPLICIT_FILE, FrozenEnvironment, PIP_FILE};
use common::requirement::PipItem;
use common::settings::Settings;
use common::state_file;

use crate::error::Error;
use crate::target::{Glibc, Target};

/// The frozen specs of one environment.
#[derive(Debug)]
pub(crate) struct Lock {
    /// The mission that it belongs to.
    pub deployment: Deployment,
    /// The environment's name.
    pub name: String,
    /// The specs.
    pub specs: FrozenEnvironment,
    /// The pip file as it stands; empty if there is none.
    pub pip_text: String,
    /// conda's file as it stands; empty if there is none.
    pub conda_text: String,
    /// The list of conda's packages by address as it stands; empty if there is none.
    pub explicit_text: String,
    /// What it is for.
    pub target: Target,
}

/// What overrides what a lock says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// The interpreter's version.
    pub python: Option<String>,
    /// The C library's.
    pub glibc: Option<Glibc>,
}

impl Lock {
    /// Every frozen environment of `deployment` that `environments/` has, sorted; the base is made
    /// elsewhere and not looked at.
    ///
    /// # Errors
    /// Nothing is frozen, or what is makes no sense.
    pub(crate) fn all(
        deployment: &Deployment,
        settings: &Settings,
        overrides: &Overrides,
    ) -> Result<Vec<Self>, Error> {
        let mut locks = Vec::new();
        for name in deployment.environments()?.into_iter().filter(|name| name != BASE) {
            let dir = deployment.frozen_dir().join(&name);
            let specs = FrozenEnvironment::read(&name, &dir)?;
            if specs.is_placeholder() {
                continue;
            }
            let text = |file: &str| {
                let text = state_file::read(&dir.join(file))?.unwrap_or_default();
                String::from_utf8(text).map_err(|_| Error::NotText { path: dir.join(file) })
            };
            let (pip_text, conda_text) = (text(PIP_FILE)?, text(CONDA_FILE)?);
            let explicit_text = text(EXPLICIT_FILE)?;
            let python = overrides.python.clone().or_else(|| python_of(&specs, &pip_text));
            let glibc = overrides.glibc.unwrap_or_else(|| Glibc::of_ubuntu(&settings.ubuntu_tag));
            let target = python.and_then(|python| Target::new(&python, settings.platform, glibc));
            let target = target.ok_or_else(|| Error::NoPython { path: dir.clone() })?;
            let deployment = deployment.clone();
            locks.push(Self { deployment, name, specs, pip_text, conda_text, explicit_text, target });
        }
        if locks.is_empty() {
            return Err(Error::NothingFrozen { dir: deployment.frozen_dir() });
        }
        Ok(locks)
    }

    /// The path of one of its files, relative to the repository.
    pub(crate) fn shown(&self, file: &str) -> String {
        let path = self.deployment.frozen_dir().join(&self.name).join(file);
        path.strip_prefix(self.deployment.root()).unwrap_or(&path).display().to_string()
    }

    /// The text of one of its files.
    pub(crate) fn text(&self, file: &str) -> &str {
        match file {
            CONDA_FILE => &self.conda_text,
            EXPLICIT_FILE => &self.explicit_text,
            _ => &self.pip_text,
        }
    }

    /// The switches that stand in the pip file, as words.
    pub(crate) fn switches(&self) -> Vec<String> {
        let items = self.specs.pip.iter().flat_map(|file| &file.items);
        let texts = items.filter_map(|item| match item {
            PipItem::Option { text, .. } => Some(text.as_str()),
            PipItem::Requirement(_) | PipItem::Unnamed { .. } => None,
        });
        texts.flat_map(str::split_ascii_whitespace).map(str::to_owned).collect()
    }
}

/// The interpreter that a lock is for: what conda pins, else what the header of the pip file says.
pub(crate) fn python_of(specs: &FrozenEnvironment, pip_text: &str) -> Option<String> {
    let conda = specs.conda.iter().flat_map(|file| &file.conda);
    let pinned = conda.filter(|spec| spec.name == "python").find_map(|spec| spec.pin());
    pinned.map(str::to_owned).or_else(|| python_in_header(pip_text))
}

/// `… with Python 3.11`, `… for Python 3.11 …` in the comments at the top.
fn python_in_header(text: &str) -> Option<String> {
    let header = text.lines().take_while(|line| line.starts_with('#') || line.trim().is_empty());
    let mut versions = header.filter_map(|line| {
        let (_, behind) = line.split_once("Python ")?;
        let version: String = behind.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        Some(version.trim_end_matches('.').to_owned()).filter(|version| version.starts_with("3."))
    });
    versions.next()
}

/// The name of conda's file, for those who point into it.
pub(crate) const fn conda_file() -> &'static str {
    CONDA_FILE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_is_told_by_conda_or_by_the_header() {
        let python = |yml: Option<&str>, text: &str| {
            let specs = FrozenEnvironment::parse("x", yml.map(str::as_bytes), None, "f").unwrap();
            python_of(&specs, text)
        };
        let yml = "dependencies:\n  - python=3.11.9\n";
        assert_eq!(python(Some(yml), "# autogenerated by pip-compile with Python 3.12\n").unwrap(), "3.11.9");
        assert_eq!(python(None, "#\n# by pip-compile with Python 3.12\n#\na==1\n").unwrap(), "3.12");
        assert_eq!(python(None, "# This file was made for Python 3.11 by uv 0.9.\n").unwrap(), "3.11");
        assert_eq!(python(None, "a==1\n# Python 3.12\n"), None);
    }
}

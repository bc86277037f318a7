//! How two locks differ, package by package.

use std::collections::{BTreeMap, BTreeSet};

use common::requirement::{PackageName, PipFile, SpecError};

/// A lock: for each package its line, without hashes and comments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lock(BTreeMap<PackageName, String>);

impl Lock {
    /// Reads a lock; `origin` is what messages call it.
    pub(crate) fn parse(content: &[u8], origin: &str) -> Result<Self, SpecError> {
        let file = PipFile::parse(content, origin)?;
        let text = String::from_utf8_lossy(content);
        let lines: Vec<&str> = text.lines().collect();
        let line = |number: usize| lines.get(number - 1).copied().unwrap_or_default();
        let packages = file.requirements().map(|one| (one.name.clone(), bare(&one.name, line(one.line))));
        Ok(Self(packages.collect()))
    }

    /// It with those of `changes` made.
    pub(crate) fn with<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut lock = self.clone();
        for change in changes {
            match &change.after {
                Some(line) => lock.0.insert(change.package.clone(), line.clone()),
                None => lock.0.remove(&change.package),
            };
        }
        lock
    }

    /// As a requirement file.
    pub(crate) fn text(&self) -> String {
        self.0.values().flat_map(|line| [line, "\n"]).collect()
    }
}

/// A line of a lock without what is behind the requirement, and with the package's normal name.
fn bare(name: &PackageName, line: &str) -> String {
    let line = line.split(" #").next().unwrap_or(line);
    let line = line.split(" --hash").next().unwrap_or(line);
    let line = line.trim().trim_end_matches('\\').trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    format!("{name}{}", line.trim_start_matches(is_name))
}

/// One package that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Which.
    pub(crate) package: PackageName,
    /// Its line before; nothing if it is new.
    pub(crate) before: Option<String>,
    /// Its line after; nothing if it is gone.
    pub(crate) after: Option<String>,
}

/// All that differs, sorted by package.
pub(crate) fn changes(before: &Lock, after: &Lock) -> Vec<Change> {
    let names: BTreeSet<&PackageName> = before.0.keys().chain(after.0.keys()).collect();
    let change = |name: &PackageName| {
        let line = |lock: &Lock| lock.0.get(name).cloned();
        Change { package: name.clone(), before: line(before), after: line(after) }
    };
    names.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_added_and_removed_packages_and_nothing_else() {
        let before = "# by hand\nnumpy==1.26.4\n    # via asdf\nasdf==3.0.1 \\\n    --hash=sha256:00\nGone==1  # old\n";
        let after = "NumPy==2.0.0\nasdf==3.0.1 --hash=sha256:11\nnew @ https://x/new-1-py3-none-any.whl\n";
        let [before, after] = [before, after].map(|text| Lock::parse(text.as_bytes(), "lock").unwrap());
        let found = changes(&before, &after);
        let shown: Vec<_> =
            found.iter().map(|c| (c.package.as_str(), c.before.as_deref(), c.after.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("gone", Some("gone==1"), None),
                ("new", None, Some("new @ https://x/new-1-py3-none-any.whl")),
                ("numpy", Some("numpy==1.26.4"), Some("numpy==2.0.0")),
            ]
        );
        assert_eq!(before.with(&found), after);
        assert_eq!(before.with(&found[2..]).text(), "asdf==3.0.1\ngone==1\nnumpy==2.0.0\n");
    }
}

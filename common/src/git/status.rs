//! What is not as in the last commit, and what git does not look at.

use std::path::{Path, PathBuf};

use super::{GitError, Repo, nul_separated};
use crate::process::Input;

/// A path that is not as in the last commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The path, relative to the root. It ends in `/` if it is a git repository of its own.
    pub path: PathBuf,
    /// In which way it differs.
    pub kind: ChangeKind,
}

/// In which way a path differs from the last commit, in the index or in the work tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Other content, another mode or another type.
    Modified,
    /// Staged, and not in the last commit.
    Added,
    /// Gone.
    Deleted,
    /// Neither staged nor in the last commit.
    Untracked,
    /// Two sides of a merge disagree.
    Conflicted,
}

impl ChangeKind {
    /// One letter, as `git status` shows it.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Modified => 'M',
            Self::Added => 'A',
            Self::Deleted => 'D',
            Self::Untracked => '?',
            Self::Conflicted => 'U',
        }
    }
}

/// A file that git does not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The file, relative to the root.
    pub path: PathBuf,
    /// The rule: `FILE:LINE: PATTERN`.
    pub rule: String,
}

impl Repo<'_> {
    /// What differs from the last commit below `paths`, sorted, each path once. Untracked files are
    /// listed one by one; ignored ones are not.
    ///
    /// # Errors
    /// git failed.
    pub fn changes(&self, paths: &[&Path]) -> Result<Vec<Change>, GitError> {
        let call = self
            .reading(["status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--"])
            .args(paths.iter().copied());
        let mut changes: Vec<Change> = parse(&self.run(&call)?.stdout)
            .map(|(path, kind)| Change { path: self.below_root(path), kind })
            .collect();
        // Staged as deleted and still there: what counts is the file that is there, sorted last.
        changes.sort();
        changes.reverse();
        changes.dedup_by(|later, earlier| later.path == earlier.path);
        changes.reverse();
        Ok(changes)
    }

    /// What the index holds other than the last commit, in a form to compare with itself.
    ///
    /// # Errors
    /// git failed.
    pub fn staged(&self) -> Result<Vec<(PathBuf, String)>, GitError> {
        let call = self.reading(["diff", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev"]);
        let stdout = self.run(&call)?.stdout;
        let mut fields = stdout.split(|b| *b == 0);
        let mut entries = Vec::new();
        while let (Some(what), Some(path)) = (fields.next(), fields.next()) {
            entries.push((self.below_root(path), String::from_utf8_lossy(what).into_owned()));
        }
        Ok(entries)
    }

    /// The ignored files below `paths`, with the rule that ignores each.
    ///
    /// # Errors
    /// git failed.
    pub fn ignored(&self, paths: &[&Path]) -> Result<Vec<Ignored>, GitError> {
        let call = self
            .reading(["ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--"])
            .args(paths.iter().copied());
        let stdout = self.run(&call)?.stdout;
        // Unlike the status, this is told relative to where git runs, which is the root.
        let files: Vec<PathBuf> =
            stdout.split(|b| *b == 0).filter(|p| !p.is_empty()).map(|p| super::os(p).into()).collect();
        self.rules_of(&files)
    }

    fn rules_of(&self, files: &[PathBuf]) -> Result<Vec<Ignored>, GitError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let names = nul_separated(files.iter().map(PathBuf::as_path));
        // It takes names, not patterns, and refuses the switch that says so.
        let call = self
            .reading(["--no-literal-pathspecs", "check-ignore", "--verbose", "-z", "--stdin"])
            .input(Input::Bytes(names));
        let stdout = self.run(&call)?.stdout;
        let fields: Vec<String> =
            stdout.split(|b| *b == 0).map(|f| String::from_utf8_lossy(f).into_owned()).collect();
        let entries = fields.chunks_exact(4).map(|entry| Ignored {
            path: PathBuf::from(&entry[3]),
            rule: format!("{}:{}: {}", entry[0], entry[1], entry[2]),
        });
        Ok(entries.collect())
    }
}

/// The entries of `git status --porcelain=v2 -z`: a kind, some fields, the path.
fn parse(text: &[u8]) -> impl Iterator<Item = (&[u8], ChangeKind)> {
    text.split(|b| *b == 0).filter_map(|entry| {
        let after = |fields: usize| entry.splitn(fields + 1, |b| *b == b' ').nth(fields);
        match entry.first()? {
            b'1' => Some((after(8)?, kind(entry.get(2..4)?))),
            b'u' => Some((after(10)?, ChangeKind::Conflicted)),
            b'?' => Some((after(1)?, ChangeKind::Untracked)),
            _ => None,
        }
    })
}

/// The two letters are those of the index and of the work tree.
fn kind(letters: &[u8]) -> ChangeKind {
    match letters {
        [_, b'D'] | [b'D', _] => ChangeKind::Deleted,
        // An intent to add is untracked as far as the last commit goes, and needs no adding.
        [b'A', _] | [_, b'A'] => ChangeKind::Added,
        _ => ChangeKind::Modified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_entry_is_understood() {
        let text = b"1 .M N... 100644 100644 100644 aa bb a b.pip\0\
            1 D. N... 100644 000000 000000 aa bb gone\0\
            1 A. N... 000000 100644 100644 aa bb new\0\
            u UU N... 1 1 1 1 aa bb cc both\0\
            ? d/r c.explicit\0";
        let found: Vec<String> =
            parse(text).map(|(p, k)| format!("{} {}", k.letter(), String::from_utf8_lossy(p))).collect();
        assert_eq!(found, ["M a b.pip", "D gone", "A new", "U both", "? d/r c.explicit"]);
    }
}

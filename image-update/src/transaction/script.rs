//! A script at work in an environment: everything as it was is laid aside first, and put back unless
//! what the script made of it is good.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::git::Repo;
use common::state_dir::StateDir;
use common::tree;

use super::journal::{IndexStep, Journal, Kind};
use super::{Place, Stage, files, index, set_index};
use crate::desired::IndexRule;
use crate::error::Error;

/// A script's turn. Dropped without [`Script::keep`], everything is put back.
#[derive(Debug)]
pub struct Script<'a> {
    place: Place<'a>,
    journal: Journal,
    stage: Option<Stage>,
    own: &'a StateDir,
    repo: Option<&'a Repo<'a>>,
}

impl<'a> Script<'a> {
    /// Lays the environment and its part of the index aside.
    pub fn begin(place: Place<'a>, own: &'a StateDir, repo: Option<&'a Repo<'a>>) -> Result<Self, Error> {
        let stage = Stage::new(own, place.key)?;
        let old = stage.old_dir();
        let failed = |source| Error::Write { path: old.clone(), source };
        // A script writes into files as they are, so links would not do.
        let source = place.dir.canonicalize().map_err(failed)?;
        tree::copy(&source, &old).map_err(failed)?;
        // The journal promises that all of it is there, also after a power cut.
        tree::sync(&stage.path).map_err(failed)?;
        let journal = Journal::new(Kind::Script, place, Vec::new(), index_of(repo, place)?);
        journal.write(&stage.path)?;
        Ok(Self { place, journal, stage: Some(stage), own, repo })
    }

    /// Writes a file of ours beside what the script made.
    pub fn add(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        let Some(stage) = &self.stage else { return Ok(()) };
        files::bring(stage, self.place.dir, name, content)
    }

    /// Makes the index know the files `names`, so that a commit of all that changed has them too.
    pub fn stage(&self, names: &[String]) -> Result<(), Error> {
        let (Some(repo), Some(stage)) = (self.repo, &self.stage) else { return Ok(()) };
        let known = |name: &String| IndexRule::Known { name: name.clone(), exactly: false };
        let rules: Vec<IndexRule> = names.iter().map(known).collect();
        let steps = index::plan(repo, self.place, &rules, stage)?;
        let journal = Journal::new(Kind::Script, self.place, Vec::new(), steps);
        set_index(&journal, Some(repo), |step| &step.new)
    }

    /// What was laid aside and is not there any more as it was: the names, and the content of that time.
    pub fn replaced(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
        let Some(stage) = &self.stage else { return Ok(Vec::new()) };
        let (old, mut replaced) = (stage.old_dir(), Vec::new());
        for name in names(&old)? {
            let path = old.join(&name);
            let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
            if is_file && !same(&path, &self.place.dir.join(&name)) {
                let content = fs::read(&path).map_err(|source| Error::Read { path, source })?;
                replaced.push((name, content));
            }
        }
        Ok(replaced)
    }

    /// What it did is good, and stays.
    pub fn keep(mut self) -> Result<(), Error> {
        self.stage.take().map_or(Ok(()), Stage::end)
    }

    /// What it did is not good: everything is put back. Somebody may have edited meanwhile, so what was
    /// found is kept.
    pub fn undo(mut self) -> Result<(), Error> {
        let Some(stage) = self.stage.take() else { return Ok(()) };
        self.take_back(stage)
    }

    fn take_back(&self, stage: Stage) -> Result<(), Error> {
        keep_differences(self.place.dir, &stage, self.own)?;
        put_back(&self.journal, self.place.dir, &stage, self.repo)?;
        stage.end()
    }
}

impl Drop for Script<'_> {
    fn drop(&mut self) {
        if let Some(stage) = self.stage.take() {
            // Where it fails the journal stands, and the next start tries again.
            _ = self.take_back(stage);
        }
    }
}

/// What the index says of the environment, as what is to be put back.
fn index_of(repo: Option<&Repo<'_>>, place: Place<'_>) -> Result<Vec<IndexStep>, Error> {
    let (Some(repo), Some(dir)) = (repo, index::below_root(place)) else { return Ok(Vec::new()) };
    let entries = repo.index_below(&dir)?.into_iter();
    Ok(entries
        .map(|entry| IndexStep { path: entry.path, old: entry.blob.map(Into::into), new: None })
        .collect())
}

/// Puts the environment and its part of the index back as they were laid aside.
pub(super) fn put_back(
    journal: &Journal,
    dir: &Path,
    stage: &Stage,
    repo: Option<&Repo<'_>>,
) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    let old = stage.old_dir();
    let (before, now) = (names(&old)?, names_if_any(dir)?);
    for name in now.difference(&before) {
        let path = dir.join(name);
        fs::remove_file(&path).map_err(failed(&path))?;
    }
    for name in &before {
        let (from, to) = (old.join(name), dir.join(name));
        if !same(&from, &to) {
            tree::replace_entry(&from, &to).map_err(failed(&to))?;
        }
    }
    files::sync_dir(dir)?;
    put_index_back(journal, dir, repo)
}

fn put_index_back(journal: &Journal, dir: &Path, repo: Option<&Repo<'_>>) -> Result<(), Error> {
    let Some(repo) = repo else { return Ok(()) };
    let place = Place { root: repo.root(), dir, key: "" };
    let Some(below) = index::below_root(place) else { return Ok(()) };
    let known: BTreeSet<&PathBuf> = journal.index.iter().map(|step| &step.path).collect();
    let now = repo.index_below(&below)?;
    let mut changed: Vec<IndexStep> = now
        .iter()
        .filter(|entry| !known.contains(&entry.path))
        .map(|entry| IndexStep { path: entry.path.clone(), old: None, new: None })
        .collect();
    let differs = |step: &&IndexStep| {
        let entry = now.iter().find(|entry| entry.path == step.path);
        entry.and_then(|entry| entry.blob.clone()).map(Into::into) != step.old
    };
    changed.extend(journal.index.iter().filter(differs).cloned());
    let changed = Journal { kind: Kind::Script, dir: PathBuf::new(), files: Vec::new(), index: changed };
    set_index(&changed, Some(repo), |step| &step.old)
}

/// Keeps a copy of what is not as it was laid aside: nobody knows whether the script or a person
/// wrote it.
pub(super) fn keep_differences(dir: &Path, stage: &Stage, own: &StateDir) -> Result<(), Error> {
    for name in names_if_any(dir)? {
        let path = dir.join(&name);
        let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0);
        if is_file && !same(&stage.old_dir().join(&name), &path) {
            let content = fs::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
            own.keep(&name.display().to_string().replace('/', "-"), &content)?;
        }
    }
    Ok(())
}

/// The same as [`names`], of a directory that the script may have removed.
fn names_if_any(dir: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    if dir.exists() { names(dir) } else { Ok(BTreeSet::new()) }
}

/// The files and links in `dir`, with those below it: all of them, since what is not among them is
/// removed.
fn names(dir: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    let mut found = BTreeSet::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let path = dir.join(&below);
        let failed = |source| Error::Read { path: path.clone(), source };
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = below.join(entry.file_name());
            if entry.file_type().map_err(failed)?.is_dir() {
                open.push(name);
            } else {
                found.insert(name);
            }
        }
    }
    Ok(found)
}

/// Whether two entries hold the same, of the same kind and mode.
fn same(a: &Path, b: &Path) -> bool {
    let (Ok(left), Ok(right)) = (a.symlink_metadata(), b.symlink_metadata()) else { return false };
    if left.is_symlink() || right.is_symlink() {
        return a.read_link().ok() == b.read_link().ok() && left.is_symlink() == right.is_symlink();
    }
    left.permissions() == right.permissions()
        && left.len() == right.len()
        && matches!((fs::read(a), fs::read(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It was an empty list, so that everything in the environment was taken for new, and removed.
    #[test]
    fn what_was_laid_aside_and_is_gone_removes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("env");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("a.pip"), "a\n").unwrap();
        let own = StateDir::open(root.path()).unwrap();
        let place = Place { root: root.path(), dir: &dir, key: "k" };
        let script = Script::begin(place, &own, None).unwrap();
        fs::remove_dir_all(root.path().join(".image/update/k/old")).unwrap();
        assert!(matches!(script.undo(), Err(Error::Read { .. })));
        assert_eq!(fs::read(dir.join("a.pip")).unwrap(), b"a\n");
    }
}

//! What the index is to say after a change, path by path; nothing where it says so already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::git::{Blob, Repo};

use super::journal::IndexStep;
use super::{Place, Stage};
use crate::desired::IndexRule;
use crate::error::Error;

/// The mode of a link.
const LINK: &str = "120000";

/// The steps that make the index follow `rules`.
pub fn plan(
    repo: &Repo<'_>,
    place: Place<'_>,
    rules: &[IndexRule],
    stage: &Stage,
) -> Result<Vec<IndexStep>, Error> {
    let Some(dir) = below_root(place) else { return Ok(Vec::new()) };
    let known: BTreeMap<PathBuf, Blob> =
        repo.index_below(&dir)?.into_iter().filter_map(|entry| Some((entry.path, entry.blob?))).collect();
    let mut wanted = known.clone();
    for rule in rules {
        match rule {
            IndexRule::Forgotten(name) => {
                wanted.remove(&dir.join(name));
            }
            IndexRule::Renamed(from, to) => {
                if let Some(blob) = wanted.remove(&dir.join(from)) {
                    wanted.insert(dir.join(to), blob);
                }
            }
            IndexRule::Known { name, exactly } => {
                let path = dir.join(name);
                let old = known.get(&path);
                let content = content(stage, place.dir, name);
                // A link that stays is nothing that was delivered, and is its owner's to stage.
                if (*exactly || old.is_none()) && !content.is_symlink() {
                    let file = old.filter(|blob| blob.mode != LINK);
                    let mode = file.map_or_else(|| "100644".to_owned(), |blob| blob.mode.clone());
                    let id = repo.store(&content, &path)?;
                    wanted.insert(path, Blob { mode, id });
                }
            }
        }
    }
    let paths = known.keys().chain(wanted.keys().filter(|path| !known.contains_key(*path)));
    let step = |path: &PathBuf| {
        let (old, new) = (known.get(path).cloned(), wanted.get(path).cloned());
        (old != new).then(|| IndexStep {
            path: path.clone(),
            old: old.map(Into::into),
            new: new.map(Into::into),
        })
    };
    Ok(paths.filter_map(step).collect())
}

/// The environment's directory as git knows it: not through a link. None if it is elsewhere.
pub fn below_root(place: Place<'_>) -> Option<PathBuf> {
    let (root, dir) = (place.root.canonicalize().ok()?, place.dir.canonicalize().ok()?);
    dir.strip_prefix(root).ok().map(Path::to_owned)
}

/// What `name` will hold: what is to come, or what is there and stays.
fn content(stage: &Stage, dir: &Path, name: &str) -> PathBuf {
    let new = stage.new_dir().join(name);
    if new.exists() { new } else { dir.join(name) }
}

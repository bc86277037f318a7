//! One side of a comparison: what is asked for, or what is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::base_lock::{self, BaseLock};
use common::cli::PlaceArgs;
use common::console::Console;
use common::deployment::{self, Deployment, Mission};
use common::frozen::{CONDA_FILE, EXPLICIT_FILE, FrozenEnvironment, FrozenError, FrozenTree, PIP_FILE};
use common::git::Repo;
use common::inventory::Inventory;
use common::session::Session;

use crate::args::DiffArgs;
use crate::error::Error;
use crate::inventory::{Depth, Source, Wanted, of_source};

/// One side.
pub(super) struct Side {
    pub what: What,
    /// The directory of specs that can be changed, and the root of its repository.
    pub dir: Option<(PathBuf, PathBuf)>,
}

/// What one side says.
pub(super) enum What {
    /// Frozen specs ask for packages.
    Asked(FrozenTree),
    /// An image holds packages.
    Held(Box<Inventory>),
}

/// Reads the side that `text` names.
///
/// # Errors
/// It cannot be had or read, or there are no frozen specs in it.
pub(super) fn read(text: &str, args: &DiffArgs, console: &Console) -> Result<Side, Error> {
    if let Some(revision) = text.strip_prefix("rev:") {
        return revision_of(revision, args, console);
    }
    let path = Path::new(text);
    if path.join("deployments").is_dir() {
        let mission = mission(path, args)?;
        return directory(&Deployment::new(path, &mission).frozen_dir(), path);
    }
    if path.is_dir() && !path.join("index.json").is_file() {
        return directory(path, path);
    }
    let depth = if args.verify { Depth::Content } else { Depth::Records };
    let held = of_source(&Source::of(text)?, Wanted { depth, select: None }, &args.place, console)?;
    Ok(Side { what: What::Held(Box::new(held)), dir: None })
}

fn directory(dir: &Path, root: &Path) -> Result<Side, Error> {
    let tree = FrozenTree::read(dir)?;
    if tree.environments.is_empty() {
        return Err(Error::NothingFrozen { dir: dir.to_owned() });
    }
    Ok(Side { what: What::Asked(tree), dir: Some((dir.to_owned(), root.to_owned())) })
}

/// The mission that is named; else the configured one; else the only one.
fn mission(root: &Path, args: &DiffArgs) -> Result<Mission, Error> {
    if let Some(name) = &args.mission {
        return Ok(deployment::mission(root, name)?);
    }
    let place = PlaceArgs { root: Some(root.to_owned()), ..args.place.clone() };
    if let Ok(session) = Session::open("image-freeze diff", &place.shared(), &Console::silent()) {
        return Ok(session.document.settings.deployment);
    }
    let missions = deployment::missions(root)?;
    match <[Mission; 1]>::try_from(missions) {
        Ok([mission]) => Ok(mission),
        Err(_) => Err(Error::WhichMission { root: root.to_owned() }),
    }
}

/// The repository that is named, or that is around the working directory.
fn root(args: &DiffArgs) -> Result<PathBuf, Error> {
    if let Some(root) = &args.place.root {
        return Ok(root.clone());
    }
    let here = std::env::current_dir().map_err(|source| Error::Read { path: ".".into(), source })?;
    Ok(deployment::find_root(&here)?)
}

/// The specs as they are in a commit.
fn revision_of(revision: &str, args: &DiffArgs, console: &Console) -> Result<Side, Error> {
    let root = root(args)?;
    let repo = Repo::open(&root, console)?;
    let commit = repo.commit_of(revision)?;
    let commit = commit.ok_or_else(|| Error::NoRevision { revision: revision.to_owned() })?;
    let mission = mission(&root, args)?;
    let dir = Path::new("deployments").join(mission.as_str()).join("env-frozen");
    let mut environments = BTreeMap::new();
    for file in repo.files_below(&commit, &dir)? {
        let Some(name) = file.strip_prefix(&dir).ok().and_then(Path::parent).and_then(Path::to_str) else {
            continue;
        };
        if name.is_empty() || name.contains('/') || environments.contains_key(name) {
            continue;
        }
        let content = |file: &str| repo.file_at(&commit, &dir.join(name).join(file));
        let (conda, pip, explicit) = (content(CONDA_FILE)?, content(PIP_FILE)?, content(EXPLICIT_FILE)?);
        let origin = format!("{revision}:{}", dir.join(name).display());
        let environment = FrozenEnvironment::parse(name, conda.as_deref(), pip.as_deref(), &origin)?
            .and_explicit(explicit.as_deref(), &origin)?;
        if !environment.is_placeholder() {
            environments.insert(name.to_owned(), environment);
        }
    }
    if environments.is_empty() {
        return Err(Error::NothingFrozen { dir: format!("{revision}:{}", dir.display()).into() });
    }
    let lock = dir.join(base_lock::FILE_NAME);
    let base = repo.file_at(&commit, &lock)?.map(|content| BaseLock::parse(&content, &lock));
    let base = base.transpose().map_err(FrozenError::from)?;
    Ok(Side { what: What::Asked(FrozenTree { environments, base }), dir: None })
}

//! A release as notes see it: its packages and its record, in a commit or in the work tree.

use std::collections::BTreeMap;
use std::path::Path;

use common::context;
use common::deployment::Deployment;
use common::frozen::{CONDA_FILE, FrozenEnvironment, FrozenTree, PIP_FILE};
use common::git::Repo;
use common::report::PackageKind;
use common::requirement::PipItem;
use common::state_file;
use common::version_file;

use crate::error::Error;
use crate::record::Record;

/// The packages of an environment: whose, name, and version or origin.
pub type Packages = BTreeMap<(PackageKind, String), String>;

/// A release as notes see it.
pub struct Snapshot {
    /// Its tag, or what stands for it.
    pub name: String,
    /// The mission's version in it.
    pub title: String,
    /// The packages, by environment.
    pub packages: BTreeMap<String, Packages>,
    /// The record, where there is one.
    pub record: Option<Record>,
}

impl Snapshot {
    /// What the work tree holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_tree(deployment: &Deployment) -> Result<Self, Error> {
        let frozen = FrozenTree::read(&deployment.frozen_dir())?;
        let record = state_file::read(&deployment.dir().join(context::RECORD))?;
        let title = version_file::read_line(&deployment.mission_version_file())?;
        Ok(Self {
            name: "the work tree".to_owned(),
            packages: frozen.environments.iter().map(|(name, one)| (name.clone(), packages(one))).collect(),
            record: own_record(record, &title),
            title,
        })
    }

    /// What the commit holds that `tag` leads to.
    ///
    /// # Errors
    /// It leads to none, or what is there cannot be read.
    pub fn at(tag: &str, deployment: &Deployment, repo: &Repo<'_>) -> Result<Self, Error> {
        let commit = repo.commit_of(tag)?.ok_or_else(|| Error::NoSuchTag { tag: tag.to_owned() })?;
        let below = |path: &Path| path.strip_prefix(deployment.root()).unwrap_or(path).to_owned();
        let dir = below(&deployment.frozen_dir());
        let mut found = BTreeMap::new();
        for name in repo.names_in(&commit, &dir)? {
            let file = |file: &str| repo.file_at(&commit, &dir.join(&name).join(file));
            let (conda, pip) = (file(CONDA_FILE)?, file(PIP_FILE)?);
            let origin = format!("{tag}:{}", dir.join(&name).display());
            let one = FrozenEnvironment::parse(&name, conda.as_deref(), pip.as_deref(), &origin)?;
            if !one.is_placeholder() {
                found.insert(name, packages(&one));
            }
        }
        let version = deployment.mission_version_file();
        let line = repo.file_at(&commit, &below(&version))?;
        let line = line.and_then(|content| version_file::line_of(&content, &version).ok());
        let record = repo.file_at(&commit, &below(&deployment.dir().join(context::RECORD)))?;
        let title = line.unwrap_or_else(|| tag.to_owned());
        let record = own_record(record, &title);
        Ok(Self { name: tag.to_owned(), title, packages: found, record })
    }
}

/// The record in `bytes`, if it tells of the release `title`: until the next one has its own, the one
/// before is still there.
fn own_record(bytes: Option<Vec<u8>>, title: &str) -> Option<Record> {
    bytes.and_then(|bytes| Record::parse(&bytes).ok()).filter(|record| record.mission == title)
}

fn packages(environment: &FrozenEnvironment) -> Packages {
    let mut found = Packages::new();
    for spec in environment.conda.iter().flat_map(|file| &file.conda) {
        let version = spec.pin().unwrap_or("any").to_owned();
        found.insert((PackageKind::Conda, spec.name.clone()), version);
    }
    let of_conda = environment.conda.iter().flat_map(|file| &file.pip);
    let of_pip = environment.pip.iter().flat_map(|file| &file.items);
    for item in of_conda.chain(of_pip) {
        if let PipItem::Requirement(requirement) = item {
            let pin = requirement.pin().map(ToString::to_string);
            let origin = || requirement.direct().map_or_else(|| "any".to_owned(), ToString::to_string);
            let name = requirement.name.as_str().to_owned();
            found.insert((PackageKind::Pip, name), pin.unwrap_or_else(origin));
        }
    }
    found
}

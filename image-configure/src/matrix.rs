//! `--matrix`: the missions that a change touches, as GitHub Actions takes a job matrix.

use std::path::Path;

use serde::Serialize;

use common::console::Console;
use common::deployment::{self, Mission};
use common::git::Repo;

use crate::error::Error;

/// What every mission is made of, beside its own directory.
const SHARED: [&str; 3] = ["deployments/common", "setup-env.template", "infrequent-env"];

#[derive(Serialize)]
struct Matrix {
    include: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    mission: Mission,
}

/// One line of JSON with the missions of the repository at `root`: all of them, or with `base` those
/// that were touched since HEAD and that commit or branch parted.
///
/// # Errors
/// The missions cannot be listed, there is no such commit, or git failed.
pub fn text(root: &Path, base: Option<&str>, console: &Console) -> Result<String, Error> {
    let mut missions = deployment::missions(root)?;
    if let Some(base) = base {
        missions = touched(root, missions, base, console)?;
    }
    let include = missions.into_iter().map(|mission| Entry { mission }).collect();
    let matrix = Matrix { include };
    Ok(serde_json::to_string(&matrix).expect("a matrix has only string keys") + "\n")
}

fn touched(
    root: &Path,
    missions: Vec<Mission>,
    base: &str,
    console: &Console,
) -> Result<Vec<Mission>, Error> {
    let repo = Repo::open(root, console)?;
    let none = || Error::NoBase { base: base.to_owned() };
    let head = repo.head()?.ok_or_else(none)?;
    let tip = match repo.tip(base)? {
        Some(tip) => tip,
        None => repo.commit_of(base)?.ok_or_else(none)?,
    };
    let parted = repo.merge_base(&head, &tip)?.ok_or_else(none)?;
    for path in SHARED {
        if repo.differs(&parted, &head, Path::new(path))? {
            return Ok(missions);
        }
    }
    let mut touched = Vec::new();
    for mission in missions {
        if repo.differs(&parted, &head, &Path::new("deployments").join(mission.as_str()))? {
            touched.push(mission);
        }
    }
    Ok(touched)
}

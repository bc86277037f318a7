//! What becomes of `env-frozen`: decided before anything is written.

use std::collections::BTreeSet;
use std::path::Path;

use common::deployment::Deployment;
use common::frozen::{self, CONDA_FILE, FrozenEnvironment, PIP_FILE};
use common::report::ImageIdentity;
use common::requirement::CondaFile;

use crate::error::Error;
use crate::overlay::{self, Files, Standing};

/// What is laid over the tree, and what is to be said about it.
#[derive(Debug)]
pub(super) struct Plan {
    /// The image's files, by their path below `env-frozen`.
    pub files: Files,
    /// The environments whose specs the image held, sorted.
    pub environments: Vec<String>,
    /// What only the tree has, sorted.
    pub kept: Vec<String>,
    /// What the user should know.
    pub notices: Vec<String>,
}

impl Plan {
    /// Notes what only the tree has; call it when no file is added any more.
    pub(super) fn keep(&mut self, standing: &Standing) {
        self.kept = standing.kept(&self.files).iter().map(|path| path.display().to_string()).collect();
    }

    /// Where in the image the environment `name` is, as its export says.
    pub(super) fn prefix(&self, name: &str) -> Option<String> {
        let content = self.files.get(&Path::new(name).join(CONDA_FILE))?;
        CondaFile::parse(&content.bytes, CONDA_FILE).ok()?.prefix
    }
}

/// Plans to lay `files`, which came out of `image`, over the tree.
///
/// # Errors
/// An environment of the mission lacks a file or has a bad one, or the image has none of them.
pub(super) fn make(
    image: &ImageIdentity,
    files: Files,
    standing: &Standing,
    deployment: &Deployment,
) -> Result<Plan, Error> {
    let mut wanted = deployment.environments()?;
    wanted.push(frozen::BASE.to_owned());
    let held: BTreeSet<&str> = files.keys().filter_map(|path| overlay::top(path)).collect();
    let mut environments = Vec::new();
    let mut notices = Vec::new();
    for name in wanted {
        if inspect(&name, &files, image)? {
            environments.push(name);
        } else if name != frozen::BASE {
            notices.push(format!("{} holds no frozen specs of {name}", image.name));
        }
    }
    if environments.is_empty() {
        let mission = deployment.mission().to_string();
        return Err(Error::NothingInImage { image: image.name.clone(), mission });
    }
    environments.sort_unstable();
    for stale in standing.tops() {
        if !held.contains(stale) && !deployment.environment_dir(stale).is_dir() && stale != frozen::BASE {
            notices.push(format!(
                "env-frozen/{stale} is kept, though neither the image nor environments/ has it"
            ));
        }
    }
    Ok(Plan { files, environments, kept: Vec::new(), notices })
}

/// Whether the image holds the environment's specs; half of them, or bad ones, are an error.
fn inspect(name: &str, files: &Files, image: &ImageIdentity) -> Result<bool, Error> {
    let content = |file: &str| files.get(&Path::new(name).join(file)).map(|content| content.bytes.as_slice());
    let origin = format!("{}:{}/{name}", image.name, frozen::IN_IMAGE);
    let check = || {
        let specs = FrozenEnvironment::parse(name, content(CONDA_FILE), content(PIP_FILE), &origin)?;
        if specs.is_placeholder() {
            return Ok(false);
        }
        specs.complete(name, &origin).map(|()| true)
    };
    check().map_err(Error::BadSpecs)
}

//! What becomes of `env-chilly`: decided before anything is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::chill_policy::{self, ChillPolicy};
use common::deployment::Deployment;
use common::frozen::{BASE, CONDA_FILE, FrozenError, PIP_FILE};
use common::report::ChilledEnvironment;
use common::state_file;

use super::{compat, loosen};
use crate::error::Error;
use crate::overlay::{Content, Files, Standing};

/// An environment's own hints, which go with its specs as they are.
const BUILD_HINTS: &str = "build-hints.pip";
/// The hints of all environments, which do too.
const COMMON_HINTS: &str = "common-hints.pip";

/// How pins are loosened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// By what they mean: the result is always valid.
    Correct,
    /// By their text, as the original did.
    Compat,
}

/// What is laid over the tree, and what is to be said about it.
#[derive(Debug)]
pub(super) struct Plan {
    /// The files, by their path below `env-chilly`.
    pub files: Files,
    /// How far each environment was loosened, sorted by name.
    pub environments: Vec<ChilledEnvironment>,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// Plans to loosen every environment that is both in `environments` and frozen, the base excepted.
///
/// # Errors
/// Nothing is frozen, or a file is missing, empty or makes no sense.
pub(super) fn make(deployment: &Deployment, standing: &Standing, rules: Rules) -> Result<Plan, Error> {
    let names = deployment.environments()?;
    let mut plan = Plan { files: Files::new(), environments: Vec::new(), notices: Vec::new() };
    for name in names.iter().filter(|name| *name != BASE) {
        match loosened(deployment, name, rules)? {
            Some((environment, specs)) => {
                plan.environments.push(environment);
                plan.files.extend(specs);
                hints(deployment, name, &mut plan)?;
            }
            None => plan.notices.push(format!("{name} is not frozen yet, so there is nothing to loosen")),
        }
    }
    if plan.environments.is_empty() {
        return Err(Error::NothingFrozen { dir: deployment.frozen_dir() });
    }
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    for stale in standing.tops().difference(&known) {
        plan.notices.push(format!("env-chilly/{stale} is kept, though environments/ does not have it"));
    }
    Ok(plan)
}

/// The two specs of an environment, loosened; `None` if it is not frozen yet.
fn loosened(
    deployment: &Deployment,
    name: &str,
    rules: Rules,
) -> Result<Option<(ChilledEnvironment, Files)>, Error> {
    let dir = deployment.frozen_dir().join(name);
    let (conda_path, pip_path) = (dir.join(CONDA_FILE), dir.join(PIP_FILE));
    let (conda, pip) = match (read(&conda_path)?, read(&pip_path)?) {
        (None, None) => return Ok(None),
        (Some(conda), Some(pip)) => (conda, pip),
        (None, _) => return Err(missing(&conda_path)),
        (_, None) => return Err(missing(&pip_path)),
    };
    let policy = ChillPolicy::read(&deployment.environment_dir(name).join(chill_policy::FILE_NAME))?;
    let (conda, pip) = match rules {
        Rules::Correct => (
            loosen::conda(&conda, &conda_path.display().to_string(), &policy)?,
            loosen::pip(&pip, &pip_path.display().to_string(), &policy)?,
        ),
        Rules::Compat => (compat::conda(&conda), compat::pip(&pip)),
    };
    let environment = ChilledEnvironment {
        name: name.to_owned(),
        pip_pins: pip.pins,
        pip_loosened: pip.freed,
        conda_pins: conda.pins,
        conda_loosened: conda.freed,
    };
    let place = |file: &str, text: String| (Path::new(name).join(file), Content::plain(text));
    let files = [place(CONDA_FILE, conda.text), place(PIP_FILE, pip.text)];
    Ok(Some((environment, Files::from(files))))
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    let Some(content) = state_file::read(path)? else { return Ok(None) };
    let origin = path.display().to_string();
    if content.trim_ascii().is_empty() {
        return Err(FrozenError::Empty { origin }.into());
    }
    String::from_utf8(content).map(Some).map_err(|_| Error::NotText { path: path.to_owned() })
}

fn missing(path: &Path) -> Error {
    FrozenError::Missing { origin: path.display().to_string() }.into()
}

/// The two hints files, as they are (D26). One that is missing becomes an empty one: that asks for
/// nothing either, and a chilly build reads both.
fn hints(deployment: &Deployment, name: &str, plan: &mut Plan) -> Result<(), Error> {
    let sources: [(PathBuf, &str); 2] = [
        (deployment.environment_dir(name).join(BUILD_HINTS), BUILD_HINTS),
        (deployment.environments_dir().join(COMMON_HINTS), COMMON_HINTS),
    ];
    for (source, file) in sources {
        let content = state_file::read(&source)?.unwrap_or_else(|| {
            let shown = source.strip_prefix(deployment.dir()).unwrap_or(&source).display();
            let notice = format!("{shown} is missing; an empty one is put into env-chilly");
            if !plan.notices.contains(&notice) {
                plan.notices.push(notice);
            }
            Vec::new()
        });
        plan.files.insert(Path::new(name).join(file), Content::plain(content));
    }
    Ok(())
}

//! A patch for `git apply` that makes frozen specs say what an image holds.

mod conda;
mod explicit;
mod lines;
mod pip;

use std::path::Path;

use common::console::Console;
use common::frozen::{CONDA_FILE, EXPLICIT_FILE, FrozenEnvironment, IMAGE, PIP_FILE};
use common::inventory::{Environment, Inventory};
use common::report::{CheckOutcome, Difference, DriftClass, EnvironmentDrift, PackageKind};
use common::state_file;

use crate::error::Error;
use lines::Lines;

/// The patch to the specs in `dir`, with paths from `root`, that mends what `outcome` found against
/// `inventory`. What no spec can say (an edited file, an environment that only one side has) is
/// left out, and told.
///
/// # Errors
/// The specs cannot be read.
pub(crate) fn of(
    dir: &Path,
    root: &Path,
    (outcome, inventory): (&CheckOutcome, &Inventory),
    console: &Console,
) -> Result<String, Error> {
    let mut patch = String::new();
    for drift in outcome.environments.iter().filter(|drift| !drift.differences.is_empty()) {
        if drift.name == IMAGE {
            console
                .notice("the base is another one, which is for image-freeze to write down; it is left out");
            continue;
        }
        let held = inventory.environments.iter().find(|environment| environment.name == drift.name);
        let Some(held) = held.filter(|_| dir.join(&drift.name).is_dir()) else {
            console
                .notice(format_args!("{}: only one side has this environment; it is left out", drift.name));
            continue;
        };
        patch.push_str(&environment(&dir.join(&drift.name), root, (drift, held), console)?);
    }
    Ok(patch)
}

fn environment(
    dir: &Path,
    root: &Path,
    (drift, held): (&EnvironmentDrift, &Environment),
    console: &Console,
) -> Result<String, Error> {
    let (pip, conda): (Vec<&Difference>, Vec<&Difference>) =
        drift.differences.iter().filter(|d| is_mendable(d)).partition(|d| d.kind == PackageKind::Pip);
    let left = drift.differences.len() - pip.len() - conda.len();
    if left > 0 {
        console.notice(format_args!("{}: {left} differences that no spec can say are left out", drift.name));
    }
    let content = |file: &str| -> Result<Option<Vec<u8>>, Error> { Ok(state_file::read(&dir.join(file))?) };
    let (yml, txt, list) = (content(CONDA_FILE)?, content(PIP_FILE)?, content(EXPLICIT_FILE)?);
    let origin = dir.display().to_string();
    let specs = FrozenEnvironment::parse(&drift.name, yml.as_deref(), txt.as_deref(), &origin)?
        .and_explicit(list.as_deref(), &origin)?;
    let mut of_list = Lines::of(list.as_deref().unwrap_or_default());
    if let Some(file) = &specs.explicit {
        explicit::edit(&mut of_list, &file.packages, &conda, held);
    }
    let mut of_yml = Lines::of(yml.as_deref().unwrap_or_default());
    let mut of_txt = Lines::of(txt.as_deref().unwrap_or_default());
    if let Some(file) = &specs.conda {
        conda::edit(&mut of_yml, &file.conda, &conda, held);
        if specs.pip.is_none() {
            pip::edit(&mut of_yml, &file.pip, &pip, held);
        }
    }
    if let Some(file) = &specs.pip {
        pip::edit(&mut of_txt, &file.items, &pip, held);
    }
    let path = |file: &str| {
        let path = dir.join(file);
        path.strip_prefix(root).unwrap_or(&path).display().to_string()
    };
    let list = of_list.patch(&path(EXPLICIT_FILE));
    Ok(list + &of_txt.patch(&path(PIP_FILE)) + &of_yml.patch(&path(CONDA_FILE)))
}

fn is_mendable(difference: &Difference) -> bool {
    let of_package = matches!(difference.kind, PackageKind::Pip | PackageKind::Conda);
    of_package && difference.class != DriftClass::EditedFile
}

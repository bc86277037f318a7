//! Branches in frozen specs, held at the commits that they were: as the image's installers noted them,
//! else as the receipts say.

use std::path::Path;

use common::console::Console;
use common::deployment::Deployment;
use common::engine::Engine;
use common::frozen::{CONDA_FILE, PIP_FILE};
use common::receipt::{self, Receipt};
use common::report::ImageIdentity;
use common::requirement::{CondaFile, PipFile, SpecKind};
use common::state_file;

use super::commits::Commits;
use crate::error::Error;
use crate::overlay::Files;

/// Puts commits into each environment's frozen pip file, and says where they come from.
///
/// # Errors
/// A receipt cannot be read, or the engine failed.
pub(super) fn pin(
    files: &mut Files,
    deployment: &Deployment,
    image: &ImageIdentity,
    means: (&Engine, &Console),
) -> Result<Vec<String>, Error> {
    let mut notices = Vec::new();
    for name in deployment.environments()? {
        let place = place(files, &name);
        let Some(content) = files.get_mut(&Path::new(&name).join(PIP_FILE)) else { continue };
        let mut put = |bytes: &mut Vec<u8>, pinned: Option<Vec<u8>>, whose: &str| {
            if let Some(pinned) = pinned {
                *bytes = pinned;
                notices.push(format!("{name}/{PIP_FILE} named a branch; it now names the commit of {whose}"));
            }
        };
        // Reading what is installed takes a while, and nearly no list needs it.
        if let Some((prefix, python)) = place.filter(|_| has_branch(&content.bytes)) {
            let commits = Commits::read(image, (&prefix, &python), means)?;
            let pinned = receipt::pin_by(SpecKind::Pip, &content.bytes, &|item, reference| {
                commits.of(item, reference)
            });
            put(&mut content.bytes, pinned, "the image");
        }
        // A receipt that cannot be read would leave the lock with what moves, and nobody told.
        if has_branch(&content.bytes) {
            let receipt = received(&deployment.environment_dir(&name).join(receipt::FILE_NAME))?;
            let pinned = receipt.and_then(|receipt| receipt.pin(SpecKind::Pip, &content.bytes));
            put(&mut content.bytes, pinned, receipt::FILE_NAME);
        }
    }
    Ok(notices)
}

/// The receipt at `path`; none if there is none.
fn received(path: &Path) -> Result<Option<Receipt>, Error> {
    let Some(text) = state_file::read(path)? else { return Ok(None) };
    Ok(Some(Receipt::parse(&text, &path.display().to_string())?))
}

/// Where the environment is in the image, and for which Python: as its export says.
fn place(files: &Files, name: &str) -> Option<(String, String)> {
    let export = CondaFile::parse(&files.get(&Path::new(name).join(CONDA_FILE))?.bytes, CONDA_FILE).ok()?;
    let python = export.conda.iter().filter(|spec| spec.name == "python").find_map(|spec| spec.pin())?;
    let python = python.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    Some((export.prefix.unwrap_or_else(|| format!("/opt/conda/envs/{name}")), python))
}

/// Whether a reference into version control names no commit.
fn has_branch(requirements: &[u8]) -> bool {
    let Ok(file) = PipFile::parse(requirements, PIP_FILE) else { return false };
    file.items.iter().any(|item| {
        item.reference().is_some_and(|reference| reference.vcs().is_some() && reference.commit().is_none())
    })
}

//! The record, when its time has come: there is a frozen image of exactly these files, tested and
//! compared.

use std::path::Path;

use common::console::Console;
use common::context;
use common::deployment::Deployment;
use common::evidence::Built;
use common::git::{Change, ChangeKind, Repo};
use common::settings::UseFrozen;
use common::state_file;

use super::Plan;
use crate::args::SaveArgs;
use crate::check::{Gate, writable};
use crate::error::Error;
use crate::workplace::Workplace;

/// Whether there is something to record.
pub enum Due {
    /// These are the bytes of the record.
    Record(Vec<u8>),
    /// Not yet, because of this; nothing to tell where nobody would expect a record.
    NotYet(Vec<String>),
}

/// Finds out whether the release can be recorded.
///
/// # Errors
/// The image cannot be looked at.
pub fn due(workplace: &Workplace, console: &Console) -> Result<Due, Error> {
    let Some(image) = workplace.image()? else { return Ok(Due::NotYet(Vec::new())) };
    // After a floating build there is nothing to tell: the frozen one is still to come.
    match workplace.evidence().read::<Built>(&image.id) {
        Ok(Some(built)) if built.use_frozen == UseFrozen::Frozen => {}
        Ok(_) => return Ok(Due::NotYet(Vec::new())),
        Err(error) => return Ok(Due::NotYet(vec![error.to_string()])),
    }
    let facts = Gate::unjudged(workplace, console)?;
    Ok(match writable(&facts) {
        Ok(record) => Due::Record(record.bytes()),
        Err(reasons) => Due::NotYet(reasons),
    })
}

/// Writes the record and gives the plan with it; for a dry run, the plan alone.
///
/// # Errors
/// It cannot be written, or git failed.
pub fn put(
    bytes: &[u8],
    mut plan: Plan,
    (repo, deployment): (&Repo<'_>, &Deployment),
    args: &SaveArgs,
) -> Result<Plan, Error> {
    let path = deployment.dir().join(context::RECORD);
    if !args.dry_run {
        state_file::replace(&path, bytes, 0o644)?;
        return Plan::of(repo, deployment, args);
    }
    let before = state_file::read(&path)?;
    let name = path.strip_prefix(deployment.root()).unwrap_or(Path::new(context::RECORD)).to_owned();
    if before.as_deref() != Some(bytes) && !plan.changes.iter().any(|change| change.path == name) {
        let kind = if before.is_some() { ChangeKind::Modified } else { ChangeKind::Untracked };
        plan.changes.push(Change { path: name, kind });
        plan.changes.sort_by(|a, b| a.path.cmp(&b.path));
    }
    Ok(plan)
}

//! Writing the two files.
//!
//! `setup-env` goes first. Killed between the two, the old document finds a `setup-env` that is not
//! the one it recorded, and the tools then take the values from there: the new configuration holds.
//! Where there is no old document the new one goes first: the tools need no more than that.

use std::time::Duration;

use common::console::Console;
use common::digest::Digest;
use common::document::Document;
use common::lock::Lock;
use common::report::ConfigureOutcome;
use common::setup_env;
use common::state_dir::StateDir;
use common::state_file;

use crate::error::Error;
use crate::plan::Plan;

/// How long another run may take: it writes two files.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes what `plan` holds, and tells which of the files changed.
pub fn apply(plan: &Plan, console: &Console) -> Result<ConfigureOutcome, Error> {
    let setup_env_path = plan.root.join(setup_env::FILE_NAME);
    let document_path = Document::path_in(&plan.root);
    let state = StateDir::open(&plan.root)?;
    let _lock = Lock::take(&state.dir("locks")?.join("configure"), PATIENCE, console)?;
    let old_document = state_file::read(&document_path)?;
    if let Some(old) = state_file::read(&setup_env_path)?
        && old != plan.setup_env.as_bytes()
        && !is_ours(&old, old_document.as_deref())
    {
        let kept = state.keep(setup_env::FILE_NAME, &old)?;
        console.notice(format_args!(
            "{} was not written by image-configure, or edited since; it is kept as {}",
            setup_env_path.display(),
            kept.display()
        ));
    }
    let write_document = || state_file::replace(&document_path, plan.document.as_bytes(), 0o644);
    let first = if old_document.is_none() { Some(write_document()?) } else { None };
    let setup_env = state_file::replace(&setup_env_path, plan.setup_env.as_bytes(), 0o644)?;
    let document = first.map_or_else(write_document, Ok)?;
    Ok(ConfigureOutcome { document: document.into(), setup_env: setup_env.into() })
}

/// Whether `setup_env` is what the old document recorded.
fn is_ours(setup_env: &[u8], old_document: Option<&[u8]>) -> bool {
    let recorded = old_document
        .and_then(|text| Document::parse(text, "setup-env.json").ok())
        .and_then(|document| document.setup_env);
    recorded.is_some_and(|digest| digest == Digest::of(setup_env))
}

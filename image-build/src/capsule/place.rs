//! Where a capsule comes from, and which clone it is built for.

use std::path::{Path, PathBuf};

use common::capsule::{Answer, Location, Recipe};
use common::console::Console;
use common::deployment;
use common::document::Document;
use common::oci::OciError;
use common::process::{self, Invocation};
use common::session::{Session, SessionError};
use common::sibling::{self, SiblingError};
use common::state_dir::StateDir;
use common::state_file;

use super::CapsuleError;
use crate::args::Args;
use crate::error::Error;

/// The file with what decides how it is built, in a capsule that is being made.
pub(super) const RECIPE: &str = "recipe.json";
/// The file with what was answered.
const ANSWERS: &str = "answers.json";

/// The clone that asks, which may be any directory: a capsule needs no repository.
pub(super) struct Outer {
    /// Its top.
    pub(super) root: PathBuf,
    /// What belongs to it.
    pub(super) state: StateDir,
    /// What is configured there.
    pub(super) document: Option<Document>,
}

/// The clone that is meant.
pub(super) fn outer(args: &Args, console: &Console) -> Result<Outer, Error> {
    let document = match Session::open("image-build", &args.shared(), console) {
        Ok(session) => Some(session.document),
        Err(SessionError::NotConfigured { .. } | SessionError::NoRepository(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let here = || std::env::current_dir().unwrap_or_default();
    let around = || deployment::find_root(&here()).unwrap_or_else(|_| here());
    let root = match &document {
        Some(document) => document.settings.root.clone(),
        None => args.place.root.clone().unwrap_or_else(around),
    };
    let root = std::path::absolute(&root).unwrap_or(root);
    Ok(Outer { state: StateDir::open(&root)?, root, document })
}

/// The capsule as a file or directory of this machine.
pub(super) fn local(location: &Location, state: &StateDir, console: &Console) -> Result<PathBuf, Error> {
    let place = match location {
        Location::Here(path) => return Ok(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        Location::Registry(place) => place,
    };
    let name: String = place.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let dir = state.dir("capsule")?.join(name);
    let mut target = std::ffi::OsString::from("oci:");
    target.push(&dir);
    let call = Invocation::new(sibling::program("release-tag"));
    let call = call.args(["capsule", "--fetch", place]).arg(target);
    let failed = |source| CapsuleError::Fetch { place: place.clone(), source };
    let ended = process::relay(&call, console).map_err(|error| failed(SiblingError::Call(error)))?;
    if !ended.exit.is_success() {
        return Err(failed(SiblingError::Failed {
            tool: "release-tag capsule".to_owned(),
            exit: ended.exit,
        })
        .into());
    }
    Ok(dir)
}

/// What decides how the capsule that is being made in `dir` is built.
pub(super) fn recipe(dir: &Path) -> Result<Recipe, Error> {
    let path = dir.join(RECIPE);
    let text = std::fs::read(&path).map_err(|source| CapsuleError::File {
        verb: "read",
        path: path.clone(),
        source,
    })?;
    let content = |error: serde_json::Error| OciError::Content {
        place: dir.display().to_string(),
        name: RECIPE.to_owned(),
        reason: error.to_string(),
    };
    Ok(serde_json::from_slice(&text).map_err(content).map_err(CapsuleError::from)?)
}

/// Keeps what was answered in `dir`.
pub(super) fn keep_answers(dir: &Path, answers: &[Answer]) -> Result<(), Error> {
    let text = serde_json::to_vec(answers).expect("answers have only string keys");
    state_file::replace(&dir.join(ANSWERS), &text, 0o644)?;
    Ok(())
}

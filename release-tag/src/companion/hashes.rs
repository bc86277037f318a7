//! `release-tag hashes`: the commit that is checked out, in the two hash files.

use std::path::PathBuf;

use common::console::Console;
use common::deployment::Deployment;
use common::fault::Status;
use common::git::Repo;
use common::report::{Outcome, Verdict, VersionsOutcome};
use common::session::{Finding, Session};

use super::args::HashesArgs;
use crate::error::Error;
use crate::release::Release;
use crate::versions::{self, Write};
use crate::workplace::Workplace;

/// Writes both, or neither.
///
/// # Errors
/// Nothing is configured, there is no commit, or a file cannot be written.
pub fn run(args: &HashesArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("release-tag hashes", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let _lock = workplace.lock(console)?;
    let root = workplace.deployment.root();
    let head = Repo::open(root, console)?.head()?.ok_or(Error::NoCommit)?;
    // What is wrong with a version file must be known before anything is written.
    let release = Release::in_tree(&workplace.deployment)?;
    let written = versions::apply(&writes(&workplace.deployment, &head))?;
    console.status(format_args!("{}: HASH and MISSION_HASH are {head}", workplace.settings.summary()));
    let written: Vec<String> = written.iter().map(|path| versions::relative(path, root)).collect();
    let table = written.iter().fold(String::new(), |text, path| text + "wrote  " + path + "\n");
    let (mission, common) = (release.mission.to_string(), release.common.to_string());
    let outcome = Outcome::Versions(VersionsOutcome { mission, common, written });
    Ok(session.finish(Finding { verdict: Verdict::Yes, image: None, outcome }, &table)?)
}

/// The two hash files, as they must be for `commit`.
pub fn writes(deployment: &Deployment, commit: &str) -> Vec<Write> {
    let write = |path: PathBuf| Write { path, version: commit.to_owned() };
    vec![write(deployment.common_dir().join("HASH")), write(deployment.dir().join("MISSION_HASH"))]
}

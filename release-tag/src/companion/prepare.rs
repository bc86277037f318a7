//! `release-tag prepare`: new versions on a branch of their own, ready for a pull request.
//!
//! All is known before anything is touched: the versions, the commit they build upon, and so the
//! four files. Whoever says no finds the clone as it was (D60: it was reset).

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use common::console::Console;
use common::fault::Status;
use common::git::Repo;
use common::report::{Outcome, SaveOutcome, Verdict};
use common::session::{Finding, Session};
use common::version_file::MissionVersion;

use super::args::PrepareArgs;
use super::changed::refuse_unsaved;
use super::error::CompanionError;
use super::{MAIN, UPDATE, baseline::Baseline, hashes};
use crate::error::Error;
use crate::release::Release;
use crate::versions::{self, Write};
use crate::workplace::Workplace;

/// The remote that the documented clone calls the project's own repository.
const UPSTREAM: &str = "upstream";

/// What will be committed, and upon what.
struct Plan {
    remote: String,
    /// The tip of the remote's main branch.
    commit: String,
    branch: String,
    writes: Vec<Write>,
    message: String,
}

/// Prepares the release.
///
/// # Errors
/// Nothing is configured (D61), there are local edits (D60), a version is none or lower than before,
/// the remote does not answer, there is nobody to ask, or git refused.
pub fn run(args: &PrepareArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("release-tag prepare", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let _lock = workplace.lock(console)?;
    let repo = Repo::open(workplace.deployment.root(), console)?;
    if let Some(what) = repo.underway()? {
        return Err(Error::Underway { what });
    }
    refuse_unsaved(&repo, Status::No)?;
    let plan = plan(args, &workplace, &repo, console)?;
    show(&plan, &workplace, &repo, console)?;
    let agreed = args.yes || ask(&plan, console)?;
    let commit = if agreed { Some(apply(&plan, &workplace, &repo, console)?) } else { None };
    let root = workplace.deployment.root();
    let outcome = SaveOutcome {
        planned: !agreed,
        branch: commit.as_ref().map(|_| plan.branch.clone()),
        paths: match &commit {
            Some(commit) => repo.files_of(commit)?.iter().map(|path| path.display().to_string()).collect(),
            None => plan.writes.iter().map(|write| versions::relative(&write.path, root)).collect(),
        },
        commit,
        message: plan.message,
        record: None,
    };
    let table =
        outcome.commit.as_deref().map_or("nothing was done\n".to_owned(), |c| format!("commit {c}\n"));
    let verdict = if agreed { Verdict::Yes } else { Verdict::No };
    Ok(session.finish(Finding { verdict, image: None, outcome: Outcome::Save(outcome) }, &table)?)
}

fn plan(args: &PrepareArgs, place: &Workplace, repo: &Repo<'_>, console: &Console) -> Result<Plan, Error> {
    let deployment = &place.deployment;
    let mission = MissionVersion::parse(&args.mission, deployment.mission())?;
    let common: semver::Version = args
        .common
        .parse()
        .map_err(|source| Error::BadCommonVersion { given: args.common.clone(), source })?;
    let release = Release { mission, common };
    let remote = remote(args, repo)?;
    let commit = Baseline::Remote { remote: remote.clone(), branch: MAIN.to_owned() }.tip(repo)?;
    match Release::in_commit(repo, &commit, deployment)? {
        Ok(old) if !args.allow_lower => refuse_lower(&old, &release)?,
        Ok(_) => {}
        Err(error) => console.notice(format_args!("{error}; it is replaced")),
    }
    let write = |path: PathBuf, version: String| Write { path, version };
    let mut writes = vec![
        write(deployment.common_version_file(), release.common.to_string()),
        write(deployment.mission_version_file(), release.mission.to_string()),
    ];
    writes.extend(hashes::writes(deployment, &commit));
    writes.sort_by(|a, b| a.path.cmp(&b.path));
    let message = format!("Updated versions to {} and {}", release.common, release.mission);
    Ok(Plan { branch: free_branch(repo, console)?, remote, commit, writes, message })
}

fn remote(args: &PrepareArgs, repo: &Repo<'_>) -> Result<String, Error> {
    let known = |name: &str| -> Result<bool, Error> { Ok(repo.remotes()?.iter().any(|r| r == name)) };
    let upstream = args.remote.is_none() && known(UPSTREAM)?;
    let named = if upstream { Some(UPSTREAM) } else { args.remote.as_deref() };
    Ok(repo.remote(named)?.ok_or(CompanionError::NoRemote)?)
}

fn refuse_lower(old: &Release, new: &Release) -> Result<(), Error> {
    let lower = |old: String, new: String| Err(Error::Lower { old, new });
    if new.mission.compare(&old.mission).is_lt() {
        return lower(old.mission.to_string(), new.mission.to_string());
    }
    if new.common.cmp_precedence(&old.common).is_lt() {
        return lower(old.common.to_string(), new.common.to_string());
    }
    Ok(())
}

/// The branch's usual name; where there is one of that name, which may hold somebody's work, one
/// with a number (D60: it was deleted).
fn free_branch(repo: &Repo<'_>, console: &Console) -> Result<String, Error> {
    let numbered = (2..).map(|number: u32| format!("{UPDATE}-{number}"));
    for name in std::iter::once(UPDATE.to_owned()).chain(numbered) {
        if repo.commit_of(&format!("refs/heads/{name}"))?.is_none() {
            if name != UPDATE {
                console.notice(format_args!("there is a branch {UPDATE} already; this one is {name}"));
            }
            return Ok(name);
        }
    }
    unreachable!("some number is free")
}

/// What will change, as a diff.
fn show(plan: &Plan, place: &Workplace, repo: &Repo<'_>, console: &Console) -> Result<(), Error> {
    let root = place.deployment.root();
    for write in &plan.writes {
        let name = versions::relative(&write.path, root);
        let old = repo.file_at(&plan.commit, Path::new(&name))?;
        let old = old.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
        if old.as_deref() == Some(write.version.as_str()) {
            continue;
        }
        let old = old.map_or(String::new(), |old| format!("-{}\n", old.replace('\n', "\n-")));
        console.raw(format_args!("--- a/{name}\n+++ b/{name}\n{old}+{}\n", write.version));
    }
    Ok(())
}

fn ask(plan: &Plan, console: &Console) -> Result<bool, Error> {
    console.raw(format_args!("Commit this on the new branch {}? [y/N] ", plan.branch));
    let mut answer = String::new();
    // Whoever closes the terminal has not said yes; where nothing ever comes, nobody was asked.
    let heard = io::stdin().read_line(&mut answer).unwrap_or(0);
    if heard == 0 && !io::stdin().is_terminal() {
        return Err(CompanionError::NobodyToAsk.into());
    }
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "YES" | "Yes"))
}

fn apply(plan: &Plan, place: &Workplace, repo: &Repo<'_>, console: &Console) -> Result<String, Error> {
    repo.begin_branch(&plan.branch, &plan.commit)?;
    versions::apply(&plan.writes)?;
    let root = place.deployment.root();
    let names: Vec<String> = plan.writes.iter().map(|write| versions::relative(&write.path, root)).collect();
    let paths: Vec<&Path> = names.iter().map(Path::new).collect();
    let commit = repo.commit_only(&repo.changes(&paths)?, &plan.message)?;
    console.status(format_args!("committed on {}, upon {MAIN} of {}", plan.branch, plan.remote));
    console.notice(format_args!(
        "nothing was pushed; git push --set-upstream REMOTE {}, then open a pull request",
        plan.branch
    ));
    Ok(commit)
}

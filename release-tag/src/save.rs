//! `release-tag save`: commits what belongs to the release, all of it and nothing else. Once the
//! frozen image was tested and compared, that includes the release's record.

mod plan;
mod record;

use std::fmt;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::digest::Digest;
use common::fault::Status;
use common::git::{self, ChangeKind, Repo};
use common::report::{Outcome, SaveOutcome, Verdict};
use common::session::{Finding, Session};

use crate::args::SaveArgs;
use crate::check;
use crate::error::Error;
use crate::message::{RECORD_TRAILER, trailer};
use crate::release::Release;
use crate::workplace::Workplace;

pub use plan::Plan;
use record::Due;

/// Commits the release.
///
/// # Errors
/// The versions make no sense, something must be settled first, or git failed.
pub fn run(args: &SaveArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("release-tag save", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let release = Release::in_tree(&workplace.deployment)?;
    let _lock = workplace.lock(console)?;
    let repo = Repo::open(workplace.deployment.root(), console)?;
    let mut plan = Plan::of(&repo, &workplace.deployment, args)?;
    let record = match record::due(&workplace, console)? {
        Due::Record(bytes) => Some(bytes),
        Due::NotYet(reasons) => {
            for reason in reasons {
                let notice = format!("no record of the release is written: {reason}");
                console.notice(&notice);
                session.note(notice);
            }
            None
        }
    };
    let tags = released(&release, &repo)?;
    if let Some(bytes) = &record {
        unclaimed(bytes, &tags, &repo)?;
        plan = record::put(bytes, plan, (&repo, &workplace.deployment), args)?;
    }
    let message = args.message.clone().unwrap_or_else(|| release.title());
    let branch = repo.branch()?;
    if branch.is_none() {
        tell(&mut session, console, "HEAD is detached: no branch will hold the commit".to_owned());
    }
    if let Some((tag, commit)) = tags.first().filter(|_| record.is_none() && !plan.changes.is_empty()) {
        let at = git::short(commit);
        tell(&mut session, console, format!("{tag} was released already, at {at}: choose another version"));
    }
    let commit = if args.dry_run || plan.changes.is_empty() {
        None
    } else {
        let commit = repo.commit_only(&plan.changes, &message)?;
        for warning in surprises(&repo, &plan, &commit)? {
            tell(&mut session, console, warning);
        }
        let stale = if record.is_none() { stale(&repo, &workplace, &commit)? } else { Vec::new() };
        for notice in stale {
            console.notice(&notice);
            session.note(notice);
        }
        Some(commit)
    };
    let paths = plan.changes.iter().map(|change| change.path.display().to_string()).collect();
    let record = record.as_deref().map(Digest::of);
    let outcome = SaveOutcome { planned: args.dry_run, commit, branch, message, paths, record };
    let table = Table(outcome.clone(), plan);
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Save(outcome) };
    Ok(session.finish(finding, &table)?)
}

/// What is wrong with the hash files in `commit`: written only after the frozen build, they would ask for another one.
fn stale(repo: &Repo<'_>, workplace: &Workplace, commit: &str) -> Result<Vec<String>, Error> {
    let flaws = check::stale_hashes(repo, &workplace.deployment, commit)?;
    let hint = "before the frozen build: release-tag hashes, and save again";
    Ok(flaws.into_iter().map(|flaw| format!("{flaw}; {hint}")).collect())
}

/// The tags in this clone that tell the mission's version, and the commits that they are at.
fn released(release: &Release, repo: &Repo<'_>) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for name in [release.mission.to_string(), release.tag_names(true).concat()] {
        if let Some(tag) = repo.tag(&name)? {
            found.push((name, tag.commit));
        }
    }
    Ok(found)
}

/// None of `tags` may tell of another record than the one in `bytes`: a release that was tagged stays
/// what it is.
fn unclaimed(bytes: &[u8], tags: &[(String, String)], repo: &Repo<'_>) -> Result<(), Error> {
    let ours = Digest::of(bytes);
    for (tag, _) in tags {
        let message = repo.tag_message(tag)?.unwrap_or_default();
        if let Some(found) = trailer(&message, RECORD_TRAILER).filter(|found| *found != ours.as_str()) {
            let (tag, found) = (tag.clone(), found.to_owned());
            return Err(Error::Recorded { tag, found, ours });
        }
    }
    Ok(())
}

/// Commits what belongs to the release and is not committed yet, if there is anything. Gives the commit
/// that then holds all of it.
///
/// # Errors
/// As [`run`].
pub fn commit(workplace: &Workplace, repo: &Repo<'_>, message: &str) -> Result<String, Error> {
    let plan = Plan::of(repo, &workplace.deployment, &SaveArgs::default())?;
    if plan.changes.is_empty() {
        return repo.head()?.ok_or(Error::NoCommit);
    }
    Ok(repo.commit_only(&plan.changes, message)?)
}

fn tell(session: &mut Session, console: &Console, notice: String) {
    console.warn(&notice);
    session.note(notice);
}

/// What the commit did other than planned: a hook may add, take away or rewrite files.
fn surprises(repo: &Repo<'_>, plan: &Plan, commit: &str) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let planned: Vec<&PathBuf> = plan.changes.iter().map(|change| &change.path).collect();
    let foreign: Vec<String> = repo
        .files_of(commit)?
        .into_iter()
        .filter(|path| !planned.contains(&path))
        .map(|path| path.display().to_string())
        .collect();
    if !foreign.is_empty() {
        found.push(format!("a hook added to the commit: {}", foreign.join(", ")));
    }
    let left = repo.changes(&planned.iter().map(|path| path.as_path()).collect::<Vec<_>>())?;
    if !left.is_empty() {
        let left: Vec<String> = left.iter().map(|change| change.path.display().to_string()).collect();
        found.push(format!("still not as in the commit, maybe rewritten by a hook: {}", left.join(", ")));
    }
    let elsewhere = |path: &Path| !planned.iter().any(|p| p.as_path() == path);
    let staged = |entries: &[(PathBuf, String)]| -> Vec<(PathBuf, String)> {
        entries.iter().filter(|(path, _)| elsewhere(path)).cloned().collect()
    };
    if staged(&plan.staged) != staged(&repo.staged()?) {
        found.push("what is staged elsewhere changed while the commit was made".to_owned());
    }
    Ok(found)
}

struct Table(SaveOutcome, Plan);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome, plan) = self;
        if plan.changes.is_empty() {
            return writeln!(f, "nothing to commit: all of the release is committed");
        }
        for change in &plan.changes {
            // New files are what people look for here.
            let letter = if change.kind == ChangeKind::Untracked { 'A' } else { change.kind.letter() };
            writeln!(f, "{letter}  {}", change.path.display())?;
        }
        let branch = outcome.branch.as_deref().unwrap_or("a detached HEAD");
        match &outcome.commit {
            Some(commit) => {
                writeln!(f, "{} on {branch}: {}", git::short(commit), outcome.message)
            }
            None => writeln!(f, "would be committed on {branch}: {}", outcome.message),
        }
    }
}

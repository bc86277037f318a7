//! `release-tag post-merge`: one tag for both versions, at the main branch of a remote.

use common::console::Console;
use common::context;
use common::deployment::Deployment;
use common::digest::Digest;
use common::fault::Status;
use common::git::Repo;
use common::report::{Outcome, Verdict};
use common::session::{Finding, Session};

use super::args::PostMergeArgs;
use super::baseline::Baseline;
use super::error::CompanionError;
use super::{MAIN, UPDATE};
use crate::error::Error;
use crate::message;
use crate::release::Release;
use crate::tag::{self, Plan, Step, Table};
use crate::workplace::Workplace;

/// Tags the main branch, and pushes exactly that tag.
///
/// # Errors
/// Nothing is configured, the remote does not answer, its main branch does not say its versions or
/// says those of an earlier release, or git failed.
pub fn run(args: &PostMergeArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("release-tag post-merge", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let _lock = if args.execute { Some(workplace.lock(console)?) } else { None };
    let repo = Repo::open(workplace.deployment.root(), console)?;
    let plan = plan(&args.remote, &workplace.deployment, &repo)?;
    if args.execute {
        tag::apply(&plan, &repo, console)?;
    }
    let outcome = tag::outcome(&plan, args.execute);
    let table = Table(outcome.clone());
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Tag(outcome) };
    Ok(session.finish(finding, &table)?)
}

fn plan(remote: &str, deployment: &Deployment, repo: &Repo<'_>) -> Result<Plan, Error> {
    let commit = Baseline::Remote { remote: remote.to_owned(), branch: MAIN.to_owned() }.tip(repo)?;
    let release = Release::in_commit(repo, &commit, deployment)?
        .map_err(|error| Error::NoVersions { reason: error.to_string() })?;
    refuse_unmerged(remote, &release, deployment, repo)?;
    let name = release.tag_names(true).remove(0);
    let there = tagged(remote, (&release, &commit), repo)?;
    let standing = repo.tag(&name)?;
    let here = standing.as_ref().map(|tag| tag.commit.clone());
    if let Some(found) = here.as_ref().filter(|found| **found != commit) {
        let (tag, place, found) = (name, "this clone".to_owned(), found.clone());
        return Err(Error::Taken { tag, place, found, commit, other_common: false });
    }
    // Who verifies the tag, or delivers what it stands for, needs it to tell of the record.
    let record = deployment.dir().join(context::RECORD);
    let record = record.strip_prefix(deployment.root()).unwrap_or(&record);
    let record = repo.file_at(&commit, record)?;
    if let (Some(tag), Some(bytes), false) = (&standing, &record, there) {
        refuse_foreign(&name, &tag.object, bytes, repo)?;
    }
    let (make, take_over) = (here.is_none() && !there, here.is_none() && there);
    let step = Step { make, take_over, push: !there, stands_at: None, name };
    let message = match record {
        Some(bytes) => message::of_record(&bytes, &release.title()),
        None => format!("{}\n", release.title()),
    };
    Ok(Plan { commit, message, remote: Some(remote.to_owned()), sign: false, steps: vec![step] })
}

/// The tag `name` that only this clone has, which names `object`, must tell of the record in `bytes`.
fn refuse_foreign(name: &str, object: &str, bytes: &[u8], repo: &Repo<'_>) -> Result<(), Error> {
    let said = repo.said_in(object)?.unwrap_or_default();
    let found = message::trailer(&said, message::RECORD_TRAILER);
    if found == Some(Digest::of(bytes).as_str()) {
        return Ok(());
    }
    let found = found.unwrap_or("no record").to_owned();
    Err(Error::Foreign { tag: name.to_owned(), place: "this clone".to_owned(), found, only_here: true })
}

/// Whoever has prepared newer versions here, and does not find them there, is too early.
fn refuse_unmerged(
    remote: &str,
    there: &Release,
    deployment: &Deployment,
    repo: &Repo<'_>,
) -> Result<(), Error> {
    let update = format!("refs/heads/{UPDATE}");
    for (name, place) in [("HEAD", "the commit that is checked out"), (update.as_str(), UPDATE)] {
        let Some(commit) = repo.commit_of(name)? else { continue };
        // A commit that says nothing is no sign of anything.
        let Ok(here) = Release::in_commit(repo, &commit, deployment)? else { continue };
        let is_newer =
            here.mission.compare(&there.mission).is_gt() || here.common.cmp_precedence(&there.common).is_gt();
        if is_newer {
            let both = |release: &Release| format!("{} and {}", release.mission, release.common);
            return Err(CompanionError::NotMerged {
                remote: remote.to_owned(),
                branch: MAIN.to_owned(),
                there: both(there),
                place: place.to_owned(),
                here: both(&here),
            }
            .into());
        }
    }
    Ok(())
}

/// Whether the remote has the tag, at `commit`. The same versions elsewhere, under one tag or under
/// two, are an earlier release.
fn tagged(remote: &str, (release, commit): (&Release, &str), repo: &Repo<'_>) -> Result<bool, Error> {
    let mut names = release.tag_names(true);
    names.extend(release.tag_names(false));
    let refs: Vec<String> = names.iter().map(|name| format!("refs/tags/{name}")).collect();
    let there = repo.remote_refs(remote, &refs)?;
    let found: Vec<Option<&str>> = names.iter().map(|name| there.tagged(name)).collect();
    let elsewhere = |found: Option<&str>| found.is_some_and(|found| found != commit);
    // One of two alone is no release: the infrastructure's version outlives a mission's.
    let earlier = if elsewhere(found[0]) {
        Some(0)
    } else if elsewhere(found[1]) && elsewhere(found[2]) {
        Some(1)
    } else {
        None
    };
    match earlier {
        None => Ok(found[0].is_some()),
        Some(index) => Err(CompanionError::Released {
            remote: remote.to_owned(),
            branch: MAIN.to_owned(),
            versions: format!("{} and {}", release.mission, release.common),
            tag: names[index].clone(),
            found: found[index].unwrap_or_default().to_owned(),
            commit: commit.to_owned(),
        }
        .into()),
    }
}

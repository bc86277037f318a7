//! `release-tag propose`: a branch with the release, pushed, and a pull request whose text is the notes:
//! through `gh` where it is there and the host is its own, else by the page on which one can be made.

mod host;

use std::fmt;

use common::console::Console;
use common::fault::{Fault as _, Status};
use common::git::Repo;
use common::process::{self, Input, Invocation};
use common::report::{Outcome, ProposeOutcome, Verdict};
use common::session::{Finding, Session};

use crate::args::ProposeArgs;
use crate::error::Error;
use crate::notes::{self, Bills};
use crate::release::Release;
use crate::save;
use crate::workplace::Workplace;

use host::Host;

/// Proposes the release.
///
/// # Errors
/// There is no remote, the branch is elsewhere, or git or `gh` failed.
pub fn run(args: &ProposeArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("release-tag propose", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let _lock = if args.execute { Some(workplace.lock(console)?) } else { None };
    let repo = Repo::open(workplace.deployment.root(), console)?;
    let release = Release::in_tree(&workplace.deployment)?;
    let remote = repo.remote(args.remote.as_deref())?.ok_or(Error::NoRemote)?;
    let mut outcome = ProposeOutcome {
        executed: args.execute,
        branch: args.branch.clone().unwrap_or_else(|| format!("release-{}", release.mission)),
        base: args.base.clone(),
        commit: repo.head()?.ok_or(Error::NoCommit)?,
        url: None,
        remote,
    };
    let host = Host::of(&repo.url(&outcome.remote)?);
    outcome.url = host.as_ref().map(|host| host.page(&outcome.base, &outcome.branch));
    if args.execute {
        branch(&outcome, &repo)?;
        outcome.commit = save::commit(&workplace, &repo, &release.title())?;
        console.status(format_args!("pushing {} to {}", outcome.branch, outcome.remote));
        repo.push_branch(&outcome.remote, &outcome.commit, &outcome.branch)?;
        let bills = Bills { place: &workplace, kept: None };
        let body = notes::between((None, None), &bills, &repo)?;
        let body = notes::text(&body);
        if let Some(url) = request(&outcome, host.as_ref(), (&release.title(), &body), console)? {
            outcome.url = Some(url);
        } else if let Some(url) = &outcome.url {
            let notice = format!("make the pull request at {url}");
            console.notice(&notice);
            session.note(notice);
        }
    }
    let table = Table(outcome.clone());
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Propose(outcome) };
    Ok(session.finish(finding, &table)?)
}

/// Is on the branch, which is begun here if there is none.
fn branch(outcome: &ProposeOutcome, repo: &Repo<'_>) -> Result<(), Error> {
    if repo.branch()?.as_deref() == Some(outcome.branch.as_str()) {
        return Ok(());
    }
    match repo.commit_of(&format!("refs/heads/{}", outcome.branch))? {
        None => Ok(repo.begin_branch(&outcome.branch, &outcome.commit)?),
        Some(found) if found == outcome.commit => Ok(repo.switch_to(&outcome.branch)?),
        Some(found) => Err(Error::BranchElsewhere {
            branch: outcome.branch.clone(),
            found,
            commit: outcome.commit.clone(),
        }),
    }
}

/// Makes the pull request with `gh`, or finds the one that is there. None where `gh` cannot.
fn request(
    outcome: &ProposeOutcome,
    host: Option<&Host>,
    (title, body): (&str, &str),
    console: &Console,
) -> Result<Option<String>, Error> {
    if !host.is_some_and(Host::is_github) {
        return Ok(None);
    }
    let repository = host.map(Host::repository).unwrap_or_default();
    let gh =
        |words: &[&str]| Invocation::new("gh").args(words.iter().copied()).arg("--repo").arg(&repository);
    let list = gh(&["pr", "list", "--head", &outcome.branch, "--json", "url", "--jq", ".[0].url"]);
    let there = match process::capture(&list, console) {
        Ok(there) => there,
        // There is no such program here.
        Err(error) if error.status() == Status::Missing => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if there.exit.is_success() && !there.text().is_empty() {
        return Ok(Some(there.text()));
    }
    let create = gh(&["pr", "create", "--base", &outcome.base, "--head", &outcome.branch, "--title", title])
        .args(["--body-file", "-"])
        .input(Input::Bytes(body.as_bytes().to_vec()));
    let made = process::capture(&create, console)?;
    if made.exit.is_success() {
        return Ok(made.text().lines().last().map(str::to_owned));
    }
    let said = String::from_utf8_lossy(&made.stderr).trim().to_owned();
    console.warn(format_args!("gh made no pull request: {said}"));
    Ok(None)
}

struct Table(ProposeOutcome);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "branch  {} into {}", self.0.branch, self.0.base)?;
        writeln!(f, "commit  {}", self.0.commit)?;
        writeln!(f, "remote  {}", self.0.remote)?;
        if let Some(url) = &self.0.url {
            writeln!(f, "page    {url}")?;
        }
        if self.0.executed { Ok(()) } else { writeln!(f, "nothing was done; --execute does it") }
    }
}

//! `release-tag propose`: a branch with the release, pushed, and a pull request whose text is the notes:
//! through `gh` where it is there and the host is its own, else by the page on which one can be made.

mod host;
mod request;

use std::fmt;

use common::console::Console;
use common::fault::{Fault as _, Status};
use common::git::Repo;
use common::report::{Outcome, ProposeOutcome, Verdict};
use common::session::{Finding, Session};

use crate::args::{ProposeArgs, SaveArgs};
use crate::error::Error;
use crate::notes::{self, Bills};
use crate::release::Release;
use crate::save;
use crate::workplace::Workplace;

use host::Host;
use request::Request;

/// Proposes the release.
///
/// # Errors
/// There is no remote, the branch is elsewhere, something must be settled first, or git or `gh` failed.
pub fn run(args: &ProposeArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("release-tag propose", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let _lock = if args.execute { Some(workplace.lock(console)?) } else { None };
    let repo = Repo::open(workplace.deployment.root(), console)?;
    // All that leaves this machine is known before anything does.
    let mut outcome = plan(args, &workplace, &repo)?;
    let (from, into) = (host_of(&outcome.remote, &repo)?, host_of(&outcome.into, &repo)?);
    let hosts = from.as_ref().zip(into.as_ref());
    outcome.url = hosts.map(|(from, into)| from.page(&outcome.branch, into, &outcome.base));
    if args.execute {
        branch(&outcome, &repo)?;
        outcome.commit = save::commit(&workplace, &repo, &outcome.title)?;
        console.status(format_args!("pushing {} to {}", outcome.branch, outcome.remote));
        repo.push_branch(&outcome.remote, &outcome.commit, &outcome.branch)?;
        let made = match hosts {
            Some((from, into)) => Request { from, into, outcome: &outcome, console }.put()?,
            None => None,
        };
        if let Some(url) = made {
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

/// What will be committed, pushed and said.
fn plan(args: &ProposeArgs, workplace: &Workplace, repo: &Repo<'_>) -> Result<ProposeOutcome, Error> {
    let release = Release::in_tree(&workplace.deployment)?;
    let remote = repo.remote(args.remote.as_deref())?.ok_or(Error::NoRemote)?;
    let into = into(args, &remote, repo)?;
    let base = base(args, &into, repo)?;
    let branch = args.branch.clone().unwrap_or_else(|| format!("release-{}", release.mission));
    if (&branch, &remote) == (&base, &into) {
        return Err(Error::IntoItself { branch, remote });
    }
    let changes = save::Plan::of(repo, &workplace.deployment, &SaveArgs::default())?.changes;
    let bills = Bills { place: workplace, kept: None };
    let body = notes::between((None, None), &bills, repo)?;
    Ok(ProposeOutcome {
        executed: args.execute,
        branch,
        base,
        commit: repo.head()?.ok_or(Error::NoCommit)?,
        paths: changes.iter().map(|change| change.path.display().to_string()).collect(),
        remote,
        into,
        title: release.title(),
        notes: notes::text(&body),
        url: None,
    })
}

/// The remote that it is to be merged into: who pushes to a fork calls the project `upstream`, or `origin`.
fn into(args: &ProposeArgs, remote: &str, repo: &Repo<'_>) -> Result<String, Error> {
    if let Some(named) = &args.into {
        return Ok(named.clone());
    }
    let known = repo.remotes()?;
    let usual = ["upstream", "origin"].into_iter().find(|name| known.iter().any(|known| known == name));
    Ok(usual.unwrap_or(remote).to_owned())
}

/// The branch that it is to be merged into: what the remote calls its `HEAD`; if it does not answer, what it called so
/// when it was cloned.
fn base(args: &ProposeArgs, into: &str, repo: &Repo<'_>) -> Result<String, Error> {
    if let Some(named) = &args.base {
        return Ok(named.clone());
    }
    let told = match repo.advertised(into) {
        Ok(refs) => refs.head().map(str::to_owned),
        Err(error) if args.execute || matches!(error.status(), Status::Signal(_)) => return Err(error.into()),
        Err(_) => None,
    };
    let remembered = || repo.remembered_head(into);
    let base = match told {
        Some(told) => Some(told),
        None => remembered()?,
    };
    Ok(base.unwrap_or_else(|| MAIN.to_owned()))
}

/// The branch where nobody tells one.
const MAIN: &str = "main";

fn host_of(remote: &str, repo: &Repo<'_>) -> Result<Option<Host>, Error> {
    Ok(Host::of(&repo.url(remote)?))
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

struct Table(ProposeOutcome);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = &self.0;
        writeln!(f, "branch  {} of {}", outcome.branch, outcome.remote)?;
        writeln!(f, "into    {} of {}", outcome.base, outcome.into)?;
        writeln!(f, "commit  {}", outcome.commit)?;
        if let Some(url) = &outcome.url {
            writeln!(f, "page    {url}")?;
        }
        if outcome.executed {
            return Ok(());
        }
        outcome.paths.iter().try_for_each(|path| writeln!(f, "would be committed  {path}"))?;
        writeln!(f, "\n{}\n\n{}", outcome.title, outcome.notes)?;
        writeln!(f, "nothing was done; --execute does it")
    }
}

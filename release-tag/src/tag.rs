//! `release-tag tag`: annotated tags at the commit that is checked out, pushed all or none.
//!
//! Every step is decided by what is there: a tag that is already where it belongs is done. So a run
//! that was killed, or whose push failed, is ended by running it again.

mod plan;

use std::fmt;

use common::console::Console;
use common::fault::Status;
use common::git::{self, Ancestry, Repo, Signed};
use common::report::{Outcome, ReleasedTag, TagOutcome, TagStatus, Verdict};
use common::session::{Finding, Session};

use crate::args::TagArgs;
use crate::check::{Facts, Gate, Reach, Remote};
use crate::error::Error;
use crate::workplace::Workplace;

pub use plan::{Plan, Step};

/// Tags the release.
///
/// # Errors
/// A tag is taken, the check cannot be made, or git failed.
pub fn run(args: &TagArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("release-tag tag", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let _lock = if args.execute { Some(workplace.lock(console)?) } else { None };
    let gate = Gate::of(&workplace, &args.tags, Reach::Remote, console)?;
    // A remote that does not answer leaves the plan to be looked at; acting on it fails further on.
    let silent = matches!(gate.facts.git.remote, Remote::Silent { .. });
    let stands = |code: &str| !(silent && ["RT061", "RT062", "RT064"].contains(&code));
    if !args.no_check && gate.broken().any(|rule| stands(&rule.code)) {
        return gate.finish(session, console);
    }
    let repo = Repo::open(workplace.deployment.root(), console)?;
    let plan = Plan::of(&gate.facts, args)?;
    if args.sign {
        refuse_unsigned(&plan, &gate.facts, &repo)?;
    }
    let standing = plan.steps.iter().filter_map(Step::notice);
    for notice in notices(&gate.facts.git.remote).into_iter().chain(standing) {
        console.notice(&notice);
        session.note(notice);
    }
    if args.execute {
        apply(&plan, &repo, console)?;
    }
    let outcome = outcome(&plan, args.execute);
    let table = Table(outcome.clone());
    let image = gate.image().cloned();
    let finding = Finding { verdict: Verdict::Yes, image, outcome: Outcome::Tag(outcome) };
    Ok(session.finish(finding, &table)?)
}

fn notices(remote: &Remote) -> Vec<String> {
    match remote {
        Remote::None => vec!["there is no remote: the tags stay in this clone".to_owned()],
        Remote::Unasked { name } => vec![format!("{name} was not asked")],
        Remote::Silent { name, reason } => vec![format!("{name} was not asked: {reason}")],
        Remote::Asked { base: Some(base), .. } if base.holds == Ancestry::Ancestor => {
            vec![format!("{base} is at {}", git::short(&base.commit))]
        }
        Remote::Asked { name, .. } => {
            vec![format!("the commit is on no branch of {name} that releases are made of")]
        }
    }
}

/// A tag that is there already counts as made only if it is as it would be made: signed, and well.
fn refuse_unsigned(plan: &Plan, facts: &Facts, repo: &Repo<'_>) -> Result<(), Error> {
    for (tag, standing) in plan.present(facts) {
        let flaw = match repo.signed(&standing.object)? {
            Signed::Well => continue,
            Signed::Not => "nobody signed it".to_owned(),
            Signed::Badly(said) => format!("its signature is not good: {said}"),
        };
        return Err(Error::Unsigned { tag: tag.to_owned(), flaw });
    }
    Ok(())
}

/// Makes, takes over and pushes what `plan` says, and looks whether it is there.
///
/// # Errors
/// git or the remote failed.
pub fn apply(plan: &Plan, repo: &Repo<'_>, console: &Console) -> Result<(), Error> {
    if let Some(remote) = &plan.remote {
        // A tag that only the remote has is taken over as it is: one of our own would differ from it.
        let theirs = plan.names(|step| step.take_over);
        if !theirs.is_empty() {
            console.status(format_args!("taking over {} from {remote}", theirs.join(", ")));
            repo.fetch_tags(remote, &theirs)?;
        }
    }
    for step in plan.steps.iter().filter(|step| step.make) {
        console.status(format_args!("tagging {} as {}", plan.short(), step.name));
        if plan.sign {
            repo.sign_tag(&step.name, &plan.commit, &plan.message)?;
        } else {
            repo.make_tag(&step.name, &plan.commit, &plan.message)?;
        }
    }
    let Some(remote) = &plan.remote else { return Ok(()) };
    let ours = plan.names(|step| step.push);
    if !ours.is_empty() {
        console.status(format_args!("pushing {} to {remote}", ours.join(", ")));
        repo.push_tags(remote, &ours)?;
    }
    verify(plan, remote, repo)
}

/// What the remote has now must be what was meant: asked anew, not taken from the push.
fn verify(plan: &Plan, remote: &str, repo: &Repo<'_>) -> Result<(), Error> {
    let refs: Vec<String> = plan.steps.iter().map(|step| format!("refs/tags/{}", step.name)).collect();
    let there = repo.remote_refs(remote, &refs)?;
    for step in plan.steps.iter().filter(|step| step.stands_at.is_none()) {
        let found = there.tagged(&step.name);
        if found != Some(plan.commit.as_str()) {
            return Err(Error::NotOnRemote {
                tag: step.name.clone(),
                remote: remote.to_owned(),
                commit: plan.commit.clone(),
                found: found.unwrap_or("nothing").to_owned(),
            });
        }
    }
    Ok(())
}

/// What the report says of `plan`.
#[must_use]
pub fn outcome(plan: &Plan, executed: bool) -> TagOutcome {
    let status = |to_do: bool| match (to_do, executed) {
        (true, true) => TagStatus::Made,
        (true, false) => TagStatus::Planned,
        (false, _) => TagStatus::Present,
    };
    let tag = |step: &Step| {
        let of = |to_do: bool| if step.stands_at.is_some() { TagStatus::Stands } else { status(to_do) };
        ReleasedTag {
            name: step.name.clone(),
            local: of(step.make || step.take_over),
            remote: plan.remote.as_ref().map(|_| of(step.push)),
            stands_at: step.stands_at.clone(),
        }
    };
    TagOutcome {
        executed,
        commit: plan.commit.clone(),
        tags: plan.steps.iter().map(tag).collect(),
        remote: plan.remote.clone(),
    }
}

/// The tags for people.
pub struct Table(pub TagOutcome);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |status: TagStatus| match status {
            TagStatus::Planned => "planned",
            TagStatus::Made => "made",
            TagStatus::Present => "present",
            TagStatus::Stands => "stands",
        };
        let remote = self.0.remote.as_deref().unwrap_or("-");
        writeln!(f, "commit {}", self.0.commit)?;
        let width = self.0.tags.iter().map(|tag| tag.name.len()).max().unwrap_or(0).max(3);
        writeln!(f, "{:width$}  {:8}  {remote}", "tag", "here")?;
        for tag in &self.0.tags {
            let there = tag.remote.map_or("-", word);
            writeln!(f, "{:width$}  {:8}  {there}", tag.name, word(tag.local))?;
        }
        if self.0.executed { Ok(()) } else { writeln!(f, "nothing was done; --execute does it") }
    }
}

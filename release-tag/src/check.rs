//! `release-tag check`: all that a release must fulfil. Every rule is judged, so that one run names
//! everything that is not so.

mod earlier;
mod facts;
mod gather;
mod git_rules;
mod hashes;
mod history;
mod image_rules;
mod record_rules;
mod remote;
mod rules;
mod standing;
mod table;
mod tag_rules;
mod tree_rules;

use std::io::IsTerminal as _;

use common::console::Console;
use common::deployment::Deployment;
use common::fault::Status;
use common::git::Repo;
use common::report::{CheckedRule, GateOutcome, ImageIdentity, Outcome, RuleStatus, Verdict};
use common::session::{self, Finding, Session};

use crate::args::{CheckArgs, TagsArgs};
use crate::error::Error;
use crate::workplace::Workplace;

pub use facts::{Environment, Facts, Found, Remote, Standing};
pub use record_rules::writable;
pub use table::GateTable;

/// How far the check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The tree, the image, this clone.
    Clone,
    /// And the remote.
    Remote,
}

/// Where an image that is delivered is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageReach {
    /// The engine must have it.
    Engine,
    /// An archive holds it.
    Archive,
}

/// A check that was made.
#[derive(Debug)]
pub struct Gate {
    /// What was found.
    pub facts: Facts,
    /// Every rule and how it fares.
    pub rules: Vec<CheckedRule>,
}

impl Gate {
    /// Checks the release at `workplace`.
    ///
    /// # Errors
    /// Something cannot be looked at: git is not there, a file cannot be read.
    pub fn of(
        workplace: &Workplace,
        tags: &TagsArgs,
        reach: Reach,
        console: &Console,
    ) -> Result<Self, Error> {
        let facts = gather::all(workplace, tags, reach, console)?;
        let rules = rules::judge(&facts, |_| true);
        Ok(Self { facts, rules })
    }

    /// Checks only what makes an image fit to be delivered: it was built here of what is in the
    /// tree and in the commit, frozen, tested green and recorded, and no tag of its version stands for
    /// another one. An archive needs no engine that has it.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_image(workplace: &Workplace, reach: ImageReach, console: &Console) -> Result<Self, Error> {
        let facts = gather::delivery(workplace, console)?;
        if let Some(reason) = &facts.git.unknown {
            console.warn(format_args!("no commit and no tag was looked at: {reason}"));
        }
        let needless = |rule: &rules::Rule| reach == ImageReach::Archive && rule.code == "RT043";
        let rules = rules::judge(&facts, |rule| rule.for_delivery && !needless(rule));
        Ok(Self { facts, rules })
    }

    /// Looks only at the tree and the image, and judges nothing.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn unjudged(workplace: &Workplace, console: &Console) -> Result<Facts, Error> {
        gather::image_only(workplace, console)
    }

    /// Whether no rule is broken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.broken().next().is_none()
    }

    /// The rules that are broken.
    pub fn broken(&self) -> impl Iterator<Item = &CheckedRule> {
        self.rules.iter().filter(|rule| rule.status == RuleStatus::Failed)
    }

    /// The image that all of it is about.
    #[must_use]
    pub fn image(&self) -> Option<&ImageIdentity> {
        self.facts.image.identity.as_ref()
    }

    /// Ends `session` with this check as its finding.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn finish(self, session: Session, console: &Console) -> Result<Status, Error> {
        let verdict = if self.is_open() { Verdict::Yes } else { Verdict::No };
        // On a terminal the table says all of it.
        if !std::io::stdout().is_terminal() {
            for rule in self.broken() {
                let detail = rule.detail.as_deref().unwrap_or_default();
                console.warn(format_args!("{}: {detail} (wanted: {})", rule.code, rule.demand));
            }
        }
        let image = self.image().cloned();
        let table = GateTable { rules: self.rules.clone(), verify: false };
        let outcome = Outcome::Gate(GateOutcome { rules: self.rules });
        Ok(session.finish(Finding { verdict, image, outcome }, &table)?)
    }
}

/// Checks the release.
///
/// # Errors
/// Something cannot be looked at.
pub fn run(args: &CheckArgs, console: &Console) -> Result<Status, Error> {
    if let Some(code) = &args.explain {
        session::print(&rules::explain(code)?)?;
        return Ok(Status::Done);
    }
    let mut session = Session::open("release-tag check", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let reach = if args.offline { Reach::Clone } else { Reach::Remote };
    let gate = Gate::of(&workplace, &args.tags, reach, console)?;
    if let Remote::Unasked { name } = &gate.facts.git.remote {
        let notice = format!("the remote {name} was not asked");
        console.warn(&notice);
        session.note(notice);
    }
    if let Some(notice) = compared(&gate.facts) {
        console.notice(&notice);
        session.note(notice);
    }
    gate.finish(session, console)
}

/// What is wrong with the hash files, as seen from `commit`.
///
/// # Errors
/// git failed.
pub fn stale_hashes(repo: &Repo<'_>, deployment: &Deployment, commit: &str) -> Result<Vec<String>, Error> {
    let files = hashes::of(repo, deployment, Some(commit), repo.is_shallow()?)?;
    Ok(git_rules::hash_flaws(&files))
}

/// What a detached `HEAD`, which follows nothing, was compared with.
fn compared(facts: &Facts) -> Option<String> {
    match (&facts.git.branch, &facts.git.remote) {
        (None, Remote::Asked { branch: Some(branch), .. }) => {
            Some(format!("HEAD is detached: it is compared with {branch}"))
        }
        _ => None,
    }
}

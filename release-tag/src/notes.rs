//! `release-tag notes`: what changed between two releases, from what their commits hold: the frozen
//! specs and the records. The same two releases make the same notes.

mod bills;
mod compare;
mod debian;
mod markdown;
mod snapshot;

use common::console::Console;
use common::fault::Status;
use common::git::Repo;
use common::report::{NotesOutcome, Outcome, Verdict};
use common::session::{self, Finding, Session};
use common::version_file::MissionVersion;

use crate::args::NotesArgs;
use crate::error::Error;
use crate::workplace::Workplace;

pub use bills::Bills;
use markdown::Markdown;
use snapshot::Snapshot;

/// Prints the notes: Markdown, or with `--json` the document.
///
/// # Errors
/// A tag is none, or what it leads to cannot be read.
pub fn run(args: &NotesArgs, console: &Console) -> Result<Status, Error> {
    let access = args.access.read(Some(&args.shared))?;
    let session = Session::open("release-tag notes", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let repo = Repo::open(workplace.deployment.root(), console)?;
    let kept = bills::keeper(args.image.as_deref(), &access, console)?;
    let bills = Bills { place: &workplace, kept };
    let notes = between((args.from.as_deref(), args.to.as_deref()), &bills, &repo)?;
    if !args.shared.json {
        session::print(&text(&notes))?;
        return Ok(Status::Done);
    }
    let table = text(&notes);
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Notes(notes) };
    Ok(session.finish(finding, &table)?)
}

/// The notes from the tag `from` (the last release before `to`, if none is named) to the tag `to` (the
/// work tree, if none is named).
///
/// # Errors
/// As [`run`].
pub fn between(
    (from, to): (Option<&str>, Option<&str>),
    bills: &Bills<'_>,
    repo: &Repo<'_>,
) -> Result<NotesOutcome, Error> {
    let place = bills.place;
    let now = match to {
        Some(tag) => Snapshot::at(tag, &place.deployment, repo)?,
        None => Snapshot::of_tree(&place.deployment)?,
    };
    let from = match from {
        Some(tag) => Some(tag.to_owned()),
        None => last_before(to, &now.title, place, repo)?,
    };
    let before = from.as_deref().map(|tag| Snapshot::at(tag, &place.deployment, repo)).transpose()?;
    let debian = |snapshot: &Snapshot| bills.debian(&snapshot.name, snapshot.record.as_ref());
    let debian = (before.as_ref().map(debian).transpose()?, debian(&now)?);
    Ok(compare::notes(before.as_ref(), &now, debian))
}

/// The mission's highest release in the history of `to`, other than the one that is told of.
fn last_before(
    to: Option<&str>,
    own: &str,
    place: &Workplace,
    repo: &Repo<'_>,
) -> Result<Option<String>, Error> {
    let mission = place.deployment.mission();
    let prefix = format!("{mission}-");
    let mut found: Option<(MissionVersion, String)> = None;
    if repo.commit_of(to.unwrap_or("HEAD"))?.is_none() {
        return Ok(None);
    }
    for tag in repo.tags_before(to.unwrap_or("HEAD"))? {
        let name = tag.split("-c-").next().unwrap_or_default();
        if !name.starts_with(&prefix) || name == own || Some(tag.as_str()) == to {
            continue;
        }
        if let Ok(version) = MissionVersion::parse(name, mission)
            && found.as_ref().is_none_or(|(highest, _)| version.compare(highest).is_gt())
        {
            found = Some((version, tag.clone()));
        }
    }
    Ok(found.map(|(_, tag)| tag))
}

/// The notes as Markdown.
#[must_use]
pub fn text(notes: &NotesOutcome) -> String {
    Markdown(notes).to_string()
}

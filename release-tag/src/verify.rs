//! `release-tag verify`: on any machine, from the tag and the registry alone, whether the chain holds:
//! manifest, image id, record, locks, receipts, tests. What could not be checked is told, and is no yes.

mod chain;
mod commit;
mod image;
pub mod place;
mod rebuild;

use std::path::PathBuf;

use common::console::Console;
use common::deployment;
use common::digest::Digest;
use common::document::Document;
use common::fault::Status;
use common::git::{GitError, Repo};
use common::report::{CheckedRule, Outcome, RuleStatus, Verdict, VerifyOutcome};
use common::session::{Finding, Session};
use common::settings::Settings;

use crate::args::VerifyArgs;
use crate::check::GateTable;
use crate::error::Error;
use crate::location::Location;
use crate::signature;

use chain::{Chain, Link};
use commit::Told;
use place::{Kept, Place};

/// What is verified: a tag of git, an image, or both.
struct Target {
    tag: Option<String>,
    image: Option<Place>,
}

impl Target {
    /// What was typed: an image has a kind in front, everything else is a tag.
    fn of(args: &VerifyArgs) -> Result<Self, Error> {
        let typed = args.what.as_str();
        if Location::is_meant(typed) {
            let image = Place::parse(typed)?;
            // A digest is no name of a release.
            let tag = image.tag.clone().filter(|tag| tag.parse::<Digest>().is_err());
            return Ok(Self { tag, image: Some(image) });
        }
        let image = args.image.as_deref().map(Place::parse).transpose()?;
        Ok(Self { tag: Some(typed.to_owned()), image })
    }

    /// The tag under which the image is looked for: what was typed of it, else the release's.
    fn image_tag(&self, told: Option<&Told>) -> Option<String> {
        let typed = self.image.as_ref().and_then(|place| place.tag.clone());
        let own = || told.map(|told| told.record.mission.clone());
        let named = || self.tag.as_ref().and_then(|tag| tag.split("-c-").next().map(str::to_owned));
        typed.or_else(own).or_else(named)
    }
}

/// Verifies a release.
///
/// # Errors
/// What is named is nothing, or cannot be reached.
pub fn run(args: &VerifyArgs, console: &Console) -> Result<Status, Error> {
    let target = Target::of(args)?;
    let key = args.key.as_deref().map(signature::read_public).transpose()?;
    let access = args.access.read(None)?;
    let root = root(args, &target)?;
    let mut chain = Chain::default();
    let repo = match root.as_deref().map(|root| Repo::open(root, console)).transpose() {
        // A tree that was only copied is no clone, and nobody said that it is.
        Err(GitError::NoRepository { .. }) if args.root.is_none() && target.image.is_some() => None,
        repo => repo?,
    };
    let told = told(&target, repo.as_ref(), &mut chain)?;
    let mut manifest = None;
    if let Some(place) = &target.image {
        let kept = Kept::open(place, &access, console)?;
        let tag = target.image_tag(told.as_ref());
        let asked = image::Asked { told: told.as_ref(), key: key.as_ref(), deep: args.deep };
        manifest = image::check(&kept, tag.as_deref(), &asked, &mut chain)?;
    }
    let commit = told.as_ref().map(|told| told.commit.clone());
    let again = match (args.rebuild, &told, &repo) {
        (false, ..) => None,
        (true, Some(told), Some(repo)) => {
            rebuild::check((told, target.image.as_ref()), args, repo, &mut chain)?
        }
        (true, ..) => {
            chain.unchecked(Link::Rebuild, "the tag leads to no record that says what was tested");
            None
        }
    };
    // What was asked for counts as much as what is essential.
    let asked = if args.rebuild { &[Link::Rebuild][..] } else { &[] };
    let open = chain.is_open(&args.excuse, asked);
    let (rebuild, images) = again.map(|again| (again.comparison, again.images)).unzip();
    let (images_rebuilt, links) = (images.unwrap_or_default(), chain.finish());
    let outcome = VerifyOutcome { what: args.what.clone(), commit, manifest, links, rebuild, images_rebuilt };
    finish(args, (root, open), outcome, console)
}

/// What the tag of `target` tells.
fn told(target: &Target, repo: Option<&Repo<'_>>, chain: &mut Chain) -> Result<Option<Told>, Error> {
    match (&target.tag, repo) {
        (Some(tag), Some(repo)) => commit::check(tag, repo, chain),
        (Some(_), None) => {
            chain.unchecked(Link::Tag, "there is no clone of the repository here; --root DIR names one");
            Ok(None)
        }
        (None, _) => {
            chain.unchecked(
                Link::Tag,
                "it is not known which tag is meant: release-tag verify TAG --image IMAGE",
            );
            Ok(None)
        }
    }
}

fn finish(
    args: &VerifyArgs,
    (root, open): (Option<PathBuf>, bool),
    outcome: VerifyOutcome,
    console: &Console,
) -> Result<Status, Error> {
    let broken = outcome.links.iter().any(|link| link.status == RuleStatus::Failed);
    tell(&outcome.links, console);
    let root = root.or_else(|| std::env::current_dir().ok()).unwrap_or_default();
    let settings = Settings::new(&root, mission(&outcome.what));
    let session = Session::around("release-tag verify", Document::new(settings), args.json);
    let verdict = if broken || open { Verdict::No } else { Verdict::Yes };
    let table = GateTable { rules: outcome.links.clone(), verify: true };
    let status =
        session.finish(Finding { verdict, image: None, outcome: Outcome::Verify(outcome) }, &table)?;
    // Nothing speaks against it, and not everything for it.
    Ok(if open && !broken { Status::Unavailable } else { status })
}

/// Says what does not hold and what was not checked; those links that were not come to on one line.
fn tell(links: &[CheckedRule], console: &Console) {
    let mut later = Vec::new();
    for link in links.iter().filter(|link| link.status == RuleStatus::Passed) {
        if let Some(remark) = &link.detail {
            console.notice(format_args!("{}: {remark}", link.code));
        }
    }
    for link in links.iter().filter(|link| link.status != RuleStatus::Passed) {
        let detail = link.detail.as_deref().unwrap_or_default();
        let word = if link.status == RuleStatus::Failed { "does not hold" } else { "was not checked" };
        if detail == chain::NOT_COME_TO {
            later.push(link.code.as_str());
        } else {
            console.warn(format_args!("{} {word}: {detail} (wanted: {})", link.code, link.demand));
        }
    }
    if !later.is_empty() {
        console.warn(format_args!("not come to, or not asked for: {}", later.join(", ")));
    }
}

/// The repository that is meant: the one around the working directory, unless another is named. Without any, an
/// image and what is attached to it can still be looked at.
fn root(args: &VerifyArgs, target: &Target) -> Result<Option<PathBuf>, Error> {
    if let Some(root) = &args.root {
        return Ok(Some(root.clone()));
    }
    let here = std::env::current_dir().unwrap_or_default();
    match deployment::find_root(&here) {
        Ok(root) => Ok(Some(root)),
        Err(_) if target.image.is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads the code of a link.
#[must_use]
pub fn link_parser() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(Link::codes())
}

/// The mission that the document is about: what stands before the version in `roman-12.0.0`.
fn mission(what: &str) -> deployment::Mission {
    let name = what.rsplit([':', '/']).next().unwrap_or_default();
    let mission = name.find(|c: char| c.is_ascii_digit()).map(|at| name[..at].trim_end_matches('-'));
    let unknown = || "unknown".parse().expect("it can name a mission");
    mission.and_then(|text| text.parse().ok()).unwrap_or_else(unknown)
}

//! `release-tag verify`: on any machine, from the tag and the registry alone, whether the chain holds:
//! manifest, image id, record, locks, receipts, tests. What could not be checked is told, and is no yes.

mod chain;
mod commit;
mod image;
pub mod place;
mod rebuild;

use std::path::{Path, PathBuf};

use common::console::Console;
use common::deployment;
use common::document::Document;
use common::fault::Status;
use common::git::Repo;
use common::report::{CheckedRule, Outcome, RuleStatus, Verdict, VerifyOutcome};
use common::session::{Finding, Session};
use common::settings::Settings;

use crate::args::VerifyArgs;
use crate::check::GateTable;
use crate::error::Error;
use crate::signature;

use chain::{Chain, Link};
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
        if ["oci:", "oci-archive:", "docker:"].iter().any(|kind| typed.starts_with(kind)) {
            let image = Place::parse(typed)?;
            return Ok(Self { tag: image.tag.clone(), image: Some(image) });
        }
        let image = args.image.as_deref().map(Place::parse).transpose()?;
        Ok(Self { tag: Some(typed.to_owned()), image })
    }
}

/// Verifies a release.
///
/// # Errors
/// What is named is nothing, or cannot be reached.
pub fn run(args: &VerifyArgs, console: &Console) -> Result<Status, Error> {
    let target = Target::of(args)?;
    let key = args.key.as_deref().map(signature::read_public).transpose()?;
    let root = root(args)?;
    let mut chain = Chain::default();
    let repo = Repo::open(&root, console)?;
    let told = match &target.tag {
        Some(tag) => commit::check(tag, &repo, &mut chain)?,
        None => None,
    };
    let mut manifest = None;
    if let Some(place) = &target.image {
        let tag = place.tag.clone().or_else(|| Some(told.as_ref()?.record.mission.clone()));
        let kept = Kept::open(place, &args.insecure_host, console)?;
        manifest = image::check(&kept, tag.as_deref(), (told.as_ref(), key.as_ref()), &mut chain)?;
    }
    let commit = told.as_ref().map(|told| told.commit.clone());
    let rebuild = match (args.rebuild, &told) {
        (false, _) => None,
        (true, Some(told)) => rebuild::check((told, target.image.as_ref()), args, &repo, &mut chain)?,
        (true, None) => {
            chain.unchecked(Link::Rebuild, "the tag leads to no record that says what was tested");
            None
        }
    };
    let outcome = VerifyOutcome { what: args.what.clone(), commit, manifest, links: chain.finish(), rebuild };
    finish(args, &root, outcome, console)
}

fn finish(
    args: &VerifyArgs,
    root: &Path,
    outcome: VerifyOutcome,
    console: &Console,
) -> Result<Status, Error> {
    let broken = outcome.links.iter().any(|link| link.status == RuleStatus::Failed);
    // What was asked for counts as much as what is essential.
    let asked = |code: &str| args.rebuild && code == Link::Rebuild.code();
    let open = outcome.links.iter().any(|link| {
        link.status == RuleStatus::Skipped && (Link::is_essential(&link.code) || asked(&link.code))
    });
    tell(&outcome.links, console);
    let settings = Settings::new(root, mission(&outcome.what));
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

/// The repository that is meant: the one around the working directory, unless another is named.
fn root(args: &VerifyArgs) -> Result<PathBuf, Error> {
    if let Some(root) = &args.root {
        return Ok(root.clone());
    }
    let here = std::env::current_dir().unwrap_or_default();
    Ok(deployment::find_root(&here)?)
}

/// The mission that the document is about: what stands before the version in `roman-12.0.0`.
fn mission(what: &str) -> deployment::Mission {
    let name = what.rsplit([':', '/']).next().unwrap_or_default();
    let mission = name.find(|c: char| c.is_ascii_digit()).map(|at| name[..at].trim_end_matches('-'));
    let unknown = || "unknown".parse().expect("it can name a mission");
    mission.and_then(|text| text.parse().ok()).unwrap_or_else(unknown)
}

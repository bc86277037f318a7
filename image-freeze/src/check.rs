//! `image-freeze check`: the frozen specs against what the image really holds.

mod compare;
mod expectation;

use std::io::Read;

use common::clock;
use common::console::Console;
use common::digest;
use common::engine::{self, Engine, FileEntry};
use common::evidence::Compared;
use common::fault::Status;
use common::frozen::FrozenTree;
use common::report::{CheckOutcome, ImageIdentity, Outcome, Verdict};
use common::session::{Finding, Session};

use crate::args::ImageArgs;
use crate::error::Error;
use crate::image;
use crate::inventory::{Collector, Inventory};
use crate::table::CheckTable;
use crate::workplace::Workplace;

/// Compares the frozen specs with the image, and records what was found as evidence about it.
///
/// # Errors
/// Nothing is frozen, the specs or the image are not good, or the engine failed.
pub(crate) fn run(args: &ImageArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("image-freeze check", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let dir = workplace.deployment.frozen_dir();
    let frozen = FrozenTree::read(&dir)?;
    if frozen.environments.is_empty() {
        return Err(Error::NothingFrozen { dir });
    }
    let specs = digest::of_tree(&dir, &|_| false).map_err(|source| Error::Read { path: dir, source })?;
    let settings = &session.document.settings;
    let engine = engine::choose(settings.engine, console)?;
    engine.sweep_containers(console)?;
    let image = image::find(args.image.as_deref(), &session, &workplace.evidence(), (&engine, console))?;
    console.status(format_args!("reading what {} ({}) holds", image.name, image.id.short()));
    let inventory = inventory(&engine, &image, console)?;

    let outcome = compare::all(&frozen, &inventory, settings.platform);
    let verdict = verdict(&outcome);
    let fact =
        Compared { image: image.clone(), at: clock::now(), verdict, frozen: specs, outcome: outcome.clone() };
    workplace.evidence().write(&image.id, &fact)?;
    let table = CheckTable(outcome.clone(), image.clone());
    Ok(session.finish(Finding { verdict, image: Some(image), outcome: Outcome::Check(outcome) }, &table)?)
}

/// What `image` holds, from its bytes.
fn inventory(engine: &Engine, image: &ImageIdentity, console: &Console) -> Result<Inventory, Error> {
    let mut collector = Collector::default();
    let mut visit = |entry: &FileEntry<'_>, content: &mut dyn Read| collector.take(entry, content);
    engine.read_all(image.id.as_str(), console, &mut visit)?;
    collector.finish().map_err(|flaws| Error::Damaged { image: image.name.clone(), flaws })
}

fn verdict(outcome: &CheckOutcome) -> Verdict {
    let clean = outcome.environments.iter().all(|environment| environment.differences.is_empty());
    if clean { Verdict::Yes } else { Verdict::No }
}

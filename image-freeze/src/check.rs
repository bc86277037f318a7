//! `image-freeze check`: the frozen specs against what the image really holds.

pub(crate) mod base;
pub(crate) mod compare;
mod expectation;
mod materials;

use std::io::IsTerminal as _;

use common::clock;
use common::console::Console;
use common::digest;
use common::evidence::Compared;
use common::fault::Status;
use common::frozen::FrozenTree;
use common::inventory::Inventory;
use common::report::{CheckOutcome, ImageIdentity, Outcome, Verdict};
use common::session::{Finding, Session};
use common::waiver::{self, MissionWaivers};

use crate::args::{CheckArgs, StyleArgs};
use crate::error::Error;
use crate::inventory::{self, Depth, Source, Wanted, of_engine, of_source};
use crate::table::{CheckTable, Differences, DriftTable};
use crate::workplace::Workplace;
use crate::{diff, image, markdown, patch};

/// Compares the frozen specs with the image, and records what was found as evidence about it.
///
/// # Errors
/// Nothing is frozen, the specs or the image are not good, or the engine failed.
pub(crate) fn run(args: &CheckArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-freeze check", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let waivers = args.waivers.of(&workplace.deployment)?;
    let dir = workplace.deployment.frozen_dir();
    let frozen = FrozenTree::read(&dir)?;
    if frozen.environments.is_empty() {
        return Err(Error::NothingFrozen { dir });
    }
    let specs = digest::of_tree(&dir, &|_| false).map_err(|source| Error::Read { path: dir, source })?;
    let Held { image, inventory, base } = read(args, (&session, &workplace, &frozen), console)?;

    let settings = &session.document.settings;
    let mut outcome = compare::all(&frozen, &inventory::environments(&inventory), settings.platform);
    outcome.environments.extend(base::compare(frozen.base.as_ref().and_then(base::locked), base));
    diff::edited_files(&mut outcome, &inventory);
    let found = verdict(&outcome);
    // What a file claims to be the image of that id is not evidence about that image.
    if let (Some(image), None) = (&image, &args.from) {
        materials::keep(&workplace.evidence(), image, (&inventory, &specs))?;
        let (image, outcome) = (image.clone(), outcome.clone());
        let id = image.id.clone();
        let fact = Compared { image, at: clock::now(), verdict: found, frozen: specs, outcome };
        workplace.evidence().write(&id, &fact)?;
    }
    // Only now: a waiver that holds today says nothing of the day on which a release is made.
    excuse(&mut outcome, &waivers, &mut session, console);
    let verdict = verdict(&outcome);
    if let Some(text) = styled(args.style, (&outcome, &inventory), &workplace, console)? {
        diff::print(&text)?;
        return Ok(diff::status(verdict));
    }
    // On a terminal the table says it. A document alone would leave whoever runs this to guess what differs.
    if !std::io::stdout().is_terminal() {
        console.raw(Differences(&outcome));
    }
    let table = match &image {
        Some(image) => CheckTable(outcome.clone(), image.clone()).to_string(),
        None => DriftTable(&outcome).to_string(),
    };
    Ok(session.finish(Finding { verdict, image, outcome: Outcome::Check(outcome) }, &table)?)
}

/// What is compared with the specs.
struct Held {
    /// Which image it is, as far as that is known.
    image: Option<ImageIdentity>,
    inventory: Inventory,
    /// What it says of its base.
    base: Option<base::Told>,
}

fn read(
    args: &CheckArgs,
    (session, workplace, frozen): (&Session, &Workplace, &FrozenTree),
    console: &Console,
) -> Result<Held, Error> {
    let lock = frozen.base.as_ref();
    let labelled = |held: &Inventory| lock.and_then(|lock| base::labelled(lock, held));
    let depth = if args.verify { Depth::Content } else { Depth::Records };
    if let Some(from) = &args.from {
        let place = args.shared.place();
        let inventory = of_source(&Source::of(from)?, Wanted { depth, select: None }, &place, console)?;
        let name = inventory.image.names.first().unwrap_or(from).clone();
        let image = inventory.image.id.clone().map(|id| ImageIdentity { name, id });
        return Ok(Held { image, base: labelled(&inventory), inventory });
    }
    let engine = image::engine(args.image.as_deref(), session, console)?;
    engine.sweep_containers(console)?;
    let image = image::find(args.image.as_deref(), session, &workplace.evidence(), (&engine, console))?;
    console.status(format_args!("reading what {} ({}) holds", image.name, image.id.short()));
    let inventory = of_engine(&engine, (image.id.as_str(), &image.name), depth, console)?;
    let by_layers = match lock {
        Some(lock) => base::by_layers(lock, image.id.as_str(), (&engine, console))?,
        None => None,
    };
    let base = by_layers.or_else(|| labelled(&inventory));
    Ok(Held { image: Some(image), inventory, base })
}

/// The differences in the form that was asked for, if one was.
fn styled(
    style: StyleArgs,
    (outcome, inventory): (&CheckOutcome, &Inventory),
    workplace: &Workplace,
    console: &Console,
) -> Result<Option<String>, Error> {
    if style.markdown {
        return Ok(Some(markdown::of(
            outcome,
            ("env-frozen", inventory.image.names.first().map_or("the image", String::as_str)),
        )));
    }
    if style.patch {
        let deployment = &workplace.deployment;
        let dir = deployment.frozen_dir();
        return Ok(Some(patch::of(&dir, deployment.root(), (outcome, inventory), console)?));
    }
    Ok(None)
}

/// Notes what of `outcome` is waived, and tells which waivers have ended or are not needed.
fn excuse(outcome: &mut CheckOutcome, waivers: &MissionWaivers, session: &mut Session, console: &Console) {
    let drift = waiver::drift(outcome);
    outcome.waivers = waivers.judge(&drift, clock::wall());
    outcome.waivers.expired.iter().for_each(|waived| console.warn(waived.ended()));
    for needless in waivers.needless(&drift, &["drift"]) {
        console.notice(needless.needless());
        session.note(needless.needless());
    }
}

/// Yes if nothing differs but what is waived.
fn verdict(outcome: &CheckOutcome) -> Verdict {
    let open = |(environment, what): &waiver::Red| outcome.waivers.excuse(environment, what).is_none();
    if waiver::drift(outcome).iter().any(open) { Verdict::No } else { Verdict::Yes }
}

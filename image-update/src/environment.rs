//! One environment's turn: what was delivered is put in place.

use std::path::Path;

use common::clock;
use common::console::Console;
use common::git::Repo;
use common::receipt::{self, Receipt};
use common::report::{UpdateSource, UpdatedEnvironment};
use common::settings::Settings;
use common::sources::Sources;
use jiff::Timestamp;

use crate::apply::Workplace;
use crate::delivery::Delivery;
use crate::desired::{self, Desired, New, Request, Standing};
use crate::error::Error;
use crate::packages::Packages;
use crate::plan::{Declared, Environment};
use crate::standing;
use crate::transaction::{self, Place};

/// What every turn needs.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    pub settings: &'a Settings,
    pub version: &'a str,
    pub now: Timestamp,
    pub workplace: &'a Workplace,
    pub console: &'a Console,
    pub repo: Option<&'a Repo<'a>>,
    pub requester: &'a str,
}

/// An environment that is left alone.
pub fn untouched(environment: &Environment) -> UpdatedEnvironment {
    UpdatedEnvironment {
        name: environment.name.clone(),
        ran: false,
        source: None,
        changed: Vec::new(),
        packages: Vec::new(),
        resolved: std::collections::BTreeMap::default(),
        check: None,
    }
}

/// Puts in place what was delivered; `earlier` is the receipt of the time when it was.
pub fn update(
    environment: &Environment,
    declared: &Declared,
    (delivery, earlier): (Delivery, Option<Receipt>),
    turn: Turn<'_>,
) -> Result<UpdatedEnvironment, Error> {
    let Declared { sources, mode, profile } = declared;
    let receipt = match earlier {
        Some(receipt) => receipt,
        None => receipt_for(&delivery, turn),
    };
    turn.workplace.store.keep(&environment.name, &delivery, &receipt)?;
    let before = standing::read(&environment.dir)?;
    let day = clock::day(turn.now);
    let request = Request { sources, mode, delivery: &delivery, receipt: &receipt, day: &day };
    let desired = desired::desired(&before, request);
    for notice in &desired.notices {
        turn.console.warn(format_args!("{}: {notice}", environment.name));
    }
    tell_links(environment, &desired, turn);
    keep_edits(environment, sources, (&before, &desired), turn)?;
    let key = key(environment, turn);
    let place = Place { root: &turn.settings.root, dir: &environment.dir, key: &key };
    transaction::swap(place, &before, (&desired.files, &desired.index), &turn.workplace.state, turn.repo)?;
    // From here on it is in the tree, and need not be in memory twice.
    drop(delivery.files);
    let after = standing::read(&environment.dir)?;
    let source = if profile.is_some() { UpdateSource::Profile } else { UpdateSource::Declared };
    Ok(UpdatedEnvironment { resolved: delivery.resolved, ..told(environment, source, (&before, &after)) })
}

/// What is told of an update that led from the first state to the second.
pub fn told(
    environment: &Environment,
    source: UpdateSource,
    (before, after): (&Standing, &Standing),
) -> UpdatedEnvironment {
    UpdatedEnvironment {
        source: Some(source),
        changed: standing::changed(before, after),
        packages: Packages::of(before).changes(&Packages::of(after)),
        ..untouched(environment)
    }
}

/// A name for it that no other environment of the clone has.
pub fn key(environment: &Environment, turn: Turn<'_>) -> String {
    format!("{}@{}", turn.settings.deployment, environment.name)
}

fn receipt_for(delivery: &Delivery, turn: Turn<'_>) -> Receipt {
    let mut receipt = Receipt::new(turn.version, turn.requester, turn.now);
    receipt.files = delivery.files.iter().map(|file| file.received.clone()).collect();
    receipt.resolved.clone_from(&delivery.resolved);
    receipt
}

/// Who asks: as commits would say it, else the account.
pub fn requester(repo: Option<&Repo<'_>>) -> Result<String, Error> {
    let known = match repo {
        Some(repo) => repo.user()?,
        None => None,
    };
    let account =
        || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    Ok(known.or_else(account).unwrap_or_else(|| "unknown".to_owned()))
}

/// Says which links give way to files: what they point at may be others' too, and is left alone.
fn tell_links(environment: &Environment, desired: &Desired<'_>, turn: Turn<'_>) {
    for (name, new) in &desired.files {
        let path = environment.dir.join(name);
        if let (New::Content(_), Ok(link)) = (new, path.read_link()) {
            let (path, link) = (path.display(), link.display());
            turn.console.notice(format_args!(
                "{path} was a link to {link}; it is a file now, and {link} is left alone"
            ));
        }
    }
}

/// Keeps aside what a person wrote and the update takes away.
fn keep_edits(
    environment: &Environment,
    sources: &Sources,
    (before, desired): (&Standing, &Desired<'_>),
    turn: Turn<'_>,
) -> Result<(), Error> {
    let moved: Vec<&String> = desired
        .files
        .values()
        .filter_map(|new| if let New::From(from) = new { Some(from) } else { None })
        .collect();
    let old = old_receipt(before);
    for name in desired.files.keys().filter(|name| !moved.contains(name)) {
        let Some(content) = before.get(name) else { continue };
        if !desired::is_ours(name, content, old.as_ref(), Some(sources)) {
            keep_uncommitted(environment, (Path::new(name), content), turn)?;
        }
    }
    Ok(())
}

/// The receipt that stands, if it can be read.
pub fn old_receipt(before: &Standing) -> Option<Receipt> {
    before.get(receipt::FILE_NAME).and_then(|text| Receipt::parse(text, "").ok())
}

/// Keeps the old content of a file of the environment, unless the last commit has it: git may have been
/// told not to look at the file, so its status does not count.
pub fn keep_uncommitted(
    environment: &Environment,
    (name, content): (&Path, &[u8]),
    turn: Turn<'_>,
) -> Result<(), Error> {
    let place = Place { root: &turn.settings.root, dir: &environment.dir, key: "" };
    if let (Some(repo), Some(below)) = (turn.repo, transaction::below_root(place))
        && repo.file_at("HEAD", &below.join(name))?.is_some_and(|committed| committed == content)
    {
        return Ok(());
    }
    let shown = name.display();
    let label = format!("{}-{}-{shown}", turn.settings.deployment, environment.name).replace('/', "-");
    let kept = turn.workplace.state.keep(&label, content)?;
    let (dir, kept) = (environment.dir.display(), kept.display());
    turn.console.notice(format_args!("{dir}/{shown} was not committed; it is kept as {kept}"));
    Ok(())
}

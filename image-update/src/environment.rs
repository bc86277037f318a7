//! One environment's turn: what was delivered is put in place, or its script is run.

use std::fs;
use std::path::{Path, PathBuf};

use common::clock;
use common::console::Console;
use common::git::Repo;
use common::process::{self, Exit, Invocation};
use common::receipt::{self, Receipt};
use common::report::{UpdateSource, UpdatedEnvironment};
use common::requirement::SpecKind;
use common::settings::Settings;
use common::sources::Sources;
use common::state_file;
use jiff::Timestamp;

use crate::apply::Workplace;
use crate::delivery::Delivery;
use crate::desired::{self, Desired, New, Request, Standing};
use crate::error::Error;
use crate::packages::Packages;
use crate::plan::{Declared, Environment};
use crate::standing;
use crate::transaction::{self, Place, Script};

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

fn told(
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

fn key(environment: &Environment, turn: Turn<'_>) -> String {
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

/// Keeps aside what a person wrote and the script took away.
fn keep_replaced(
    environment: &Environment,
    script: &Script<'_>,
    (before, after): (&Standing, &Standing),
    turn: Turn<'_>,
) -> Result<(), Error> {
    let old = old_receipt(before);
    let mut replaced = script.replaced()?;
    // What it wrote through a link was not laid aside; the link was.
    for name in standing::changed(before, after).into_iter().map(PathBuf::from) {
        let content = name.to_str().and_then(|name| before.get(name));
        if let Some(content) = content.filter(|_| replaced.iter().all(|(path, _)| *path != name)) {
            replaced.push((name, content.clone()));
        }
    }
    for (path, content) in replaced {
        let is_ours = path.to_str().is_some_and(|name| desired::is_ours(name, &content, old.as_ref(), None));
        if !is_ours {
            keep_uncommitted(environment, (&path, &content), turn)?;
        }
    }
    Ok(())
}

fn old_receipt(before: &Standing) -> Option<Receipt> {
    before.get(receipt::FILE_NAME).and_then(|text| Receipt::parse(text, "").ok())
}

/// Keeps the old content of a file of the environment, unless the last commit has it: git may have been
/// told not to look at the file, so its status does not count.
fn keep_uncommitted(
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

/// Runs the environment's script; what it did stays only if it says that all is well, and it is.
pub fn run_script(
    environment: &Environment,
    call: &Invocation,
    turn: Turn<'_>,
) -> Result<UpdatedEnvironment, Error> {
    let (name, console) = (&environment.name, turn.console);
    console.status(format_args!("updating the requirements of {name} for {}", turn.version));
    let before = standing::read(&environment.dir)?;
    let key = key(environment, turn);
    let place = Place { root: &turn.settings.root, dir: &environment.dir, key: &key };
    let script = Script::begin(place, &turn.workplace.state, turn.repo)?;
    match ran(environment, call, &before, turn) {
        Ok(after) => {
            keep_replaced(environment, &script, (&before, &after), turn)?;
            script.stage(&new_lists(&before, &after))?;
            script.keep()?;
            Ok(UpdatedEnvironment { ran: true, ..told(environment, UpdateSource::Script, (&before, &after)) })
        }
        Err(error) => script.undo().and(Err(error)),
    }
}

/// Removes the receipt of earlier files, unless the script writes one: builds would hold references of
/// its lists at the commits of that time.
fn forget_receipt(dir: &Path, before: &Standing) -> Result<(), Error> {
    let path = dir.join(receipt::FILE_NAME);
    match (before.get(receipt::FILE_NAME), state_file::read(&path)?) {
        (Some(old), Some(now)) if *old == now => {
            fs::remove_file(&path).map_err(|source| Error::Write { path, source })
        }
        _ => Ok(()),
    }
}

/// The lists that were not there before.
fn new_lists(before: &Standing, after: &Standing) -> Vec<String> {
    let is_new = |name: &&String| !before.contains_key(*name) && SpecKind::of_name(name).is_some();
    after.keys().filter(is_new).cloned().collect()
}

fn ran(
    environment: &Environment,
    call: &Invocation,
    before: &Standing,
    turn: Turn<'_>,
) -> Result<Standing, Error> {
    let name = || environment.name.clone();
    let exit = process::stream(call, turn.console, &mut |line| turn.console.child_line(line))
        .map_err(|source| Error::Run { environment: name(), source })?;
    if exit != Exit::Code(0) {
        return Err(Error::Script { environment: name(), version: turn.version.to_owned(), exit });
    }
    forget_receipt(&environment.dir, before)?;
    let after = standing::read(&environment.dir)?;
    for file in standing::changed(before, &after) {
        if let (Some(content), Some(kind)) = (after.get(&file), SpecKind::of_name(&file)) {
            let origin = format!("{name}/{file}", name = environment.name);
            kind.check(content, &origin, None)
                .map_err(|source| Error::BadScriptOutput { environment: name(), source })?;
        }
    }
    Ok(after)
}

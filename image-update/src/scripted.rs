//! An environment whose `update-requirements` is run, under the rule of all updates: what it did stays if all of it
//! is good, and else nothing of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use common::digest::Digest;
use common::process::{self, Exit, Invocation};
use common::receipt::{self, Receipt, ReceivedFile};
use common::report::{UpdateSource, UpdatedEnvironment};
use common::requirement::SpecKind;
use common::sources::LocalName;

use crate::desired::{self, Standing};
use crate::environment::{self, Turn};
use crate::error::Error;
use crate::plan::Environment;
use crate::standing;
use crate::transaction::{Place, Script};

/// The name of the script, in the directory of the environment.
pub const FILE_NAME: &str = "update-requirements";

/// Runs the environment's script; what it did stays only if it says that all is well, and it is.
pub fn update(
    environment: &Environment,
    call: &Invocation,
    turn: Turn<'_>,
) -> Result<UpdatedEnvironment, Error> {
    let (name, console) = (&environment.name, turn.console);
    console.status(format_args!("updating the requirements of {name} for {}", turn.version));
    let before = standing::read(&environment.dir)?;
    let key = environment::key(environment, turn);
    let place = Place { root: &turn.settings.root, dir: &environment.dir, key: &key };
    let script = Script::begin(place, &turn.workplace.state, turn.repo)?;
    let stamps = stamps(&environment.dir)?;
    let after = match run(environment, call, &before, turn) {
        Ok(after) => after,
        Err(error) => return script.undo().and(Err(error)),
    };
    keep_replaced(environment, &script, (&before, &after), turn)?;
    if let Some(receipt) = receipt(environment, (&before, &after), &stamps, turn)? {
        script.add(receipt::FILE_NAME, receipt.to_json().as_bytes())?;
    }
    let mut known = new_lists(&before, &after);
    known.push(receipt::FILE_NAME.to_owned());
    script.stage(&known)?;
    script.keep()?;
    let after = standing::read(&environment.dir)?;
    let told = environment::told(environment, UpdateSource::Script, (&before, &after));
    Ok(UpdatedEnvironment { ran: true, ..told })
}

fn run(
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

/// Keeps aside what a person wrote and the script took away.
fn keep_replaced(
    environment: &Environment,
    script: &Script<'_>,
    (before, after): (&Standing, &Standing),
    turn: Turn<'_>,
) -> Result<(), Error> {
    let old = environment::old_receipt(before);
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
            environment::keep_uncommitted(environment, (&path, &content), turn)?;
        }
    }
    Ok(())
}

/// The lists that were not there before.
fn new_lists(before: &Standing, after: &Standing) -> Vec<String> {
    let is_new = |name: &&String| !before.contains_key(*name) && SpecKind::of_name(name).is_some();
    after.keys().filter(is_new).cloned().collect()
}

/// What tells whether a file was written since, also with what it held already.
type Stamp = (u64, (i64, i64), (i64, i64));

fn stamps(dir: &Path) -> Result<BTreeMap<String, Stamp>, Error> {
    let failed = |source| Error::Read { path: dir.to_owned(), source };
    let mut stamps = BTreeMap::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let now = entry.metadata().map_err(failed)?;
        if let Ok(name) = entry.file_name().into_string() {
            let stamp = (now.ino(), (now.mtime(), now.mtime_nsec()), (now.ctime(), now.ctime_nsec()));
            stamps.insert(name, stamp);
        }
    }
    Ok(stamps)
}

/// Which script was asked for which version, and which lists it made; none if that is written already, or if it wrote
/// a receipt itself. That of earlier files has to go: builds would hold references of these at the commits of that
/// time.
fn receipt(
    environment: &Environment,
    (before, after): (&Standing, &Standing),
    stamps: &BTreeMap<String, Stamp>,
    turn: Turn<'_>,
) -> Result<Option<Receipt>, Error> {
    if before.get(receipt::FILE_NAME) != after.get(receipt::FILE_NAME) {
        return Ok(None);
    }
    let old = environment::old_receipt(before);
    if let (None, Some(text)) = (&old, before.get(receipt::FILE_NAME)) {
        environment::keep_uncommitted(environment, (Path::new(receipt::FILE_NAME), text), turn)?;
    }
    let mut receipt = Receipt::new(turn.version, turn.requester, turn.now);
    receipt.script = before.get(FILE_NAME).map(|text| Digest::of(text));
    let now = self::stamps(&environment.dir)?;
    let is_its = |file: &ReceivedFile| {
        let name = file.local.as_str();
        // It may leave alone what is as it should be.
        let made_before = old.iter().filter(|old| old.script.is_some()).flat_map(|old| &old.files);
        stamps.get(name) != now.get(name) || made_before.into_iter().any(|made| made == file)
    };
    receipt.files = after.iter().filter_map(|(name, text)| list(name, text)).filter(is_its).collect();
    let is_news = old.is_none_or(|old| !old.is_same_content(&receipt));
    Ok(is_news.then_some(receipt))
}

/// What a receipt says of a list; none if the file is no list.
fn list(name: &str, text: &[u8]) -> Option<ReceivedFile> {
    Some(ReceivedFile {
        local: LocalName::try_from(name.to_owned()).ok()?,
        kind: SpecKind::of_name(name)?,
        length: text.len() as u64,
        sha256: Digest::of(text),
        from: None,
    })
}

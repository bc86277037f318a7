//! Capsules, from the builder's side: a frozen build in a room of its own, whose steps fetch through a proxy
//! that records, or that answers from a capsule and from nowhere else.

mod base;
mod error;
mod namespace;
mod outside;
mod place;
mod room;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::ca_bundle;
use common::capsule::{Capsule, Recipe};
use common::console::Console;
use common::document::Document;
use common::engine::{self, Engine, KeptNames};
use common::fault::Status;
use common::lock::Lock;
use common::report::{BuildOutcome, CapsuleUse, ImageIdentity, Isolation, Outcome, Verdict};
use common::session::{Finding, Session};
use common::settings::{CaBundle, Settings, UseFrozen};
use common::state_dir::StateDir;
use common::{evidence, state_file};

use crate::apply::Rebuilt;
use crate::args::{Args, CapsuleWork};
use crate::error::Error;
use crate::key;
use crate::proxy::{Proxy, Recorder, Replayer, Source};

pub(crate) use error::CapsuleError;

/// How long another build of the same names may keep us waiting.
const PATIENCE: Duration = Duration::from_hours(1);

/// Does what `work` says.
pub(crate) fn run(args: &Args, work: CapsuleWork, console: &Console) -> Result<Status, Error> {
    match work {
        CapsuleWork::Record(dir) => record(args, &dir, console),
        CapsuleWork::Replay(location, isolated) => {
            let outer = place::outer(args, console)?;
            let path = place::local(&location, &outer.state, console)?;
            replay(args, (outer, &path, isolated), console)
        }
    }
}

/// Builds the recipe in `dir`, and keeps there what its steps fetched.
fn record(args: &Args, dir: &Path, console: &Console) -> Result<Status, Error> {
    let outer = place::outer(args, console)?;
    let Some(document) = outer.document else { return Err(CapsuleError::NoDocument.into()) };
    let recipe = place::recipe(dir)?;
    let engine = engine::choose(document.settings.engine, console)?;
    let authorities = match &document.settings.ca_bundle {
        CaBundle::File(_) => ca_bundle::find(&document.settings.ca_bundle)?,
        _ => None,
    };
    let recorder = Recorder::new(dir, authorities.as_deref()).map_err(CapsuleError::from)?;
    let proxy = Proxy::start(Source::Record(recorder)).map_err(CapsuleError::from)?;
    let work = Work { recipe: &recipe, engine: &engine, outer: &outer.state, proxy: &proxy, console };
    let built = work.build(&room::Context::Recorded(dir), None)?;
    proxy.settle().map_err(CapsuleError::from)?;
    let Source::Record(recorder) = proxy.source() else { return Err(CapsuleError::NoDocument.into()) };
    let answers = recorder.answers();
    place::keep_answers(dir, &answers)?;
    let refused = recorder.failed();
    for failed in &refused {
        console.warn(format_args!("could not be had: {failed}"));
    }
    let bytes: u64 = answers.iter().map(|answer| answer.body.size).sum();
    console.status(format_args!("recorded {} answers of {bytes} bytes", answers.len()));
    let used = CapsuleUse { manifest: None, isolation: Isolation::None, answers: answers.len(), refused };
    finish(args, document, (built, used), &engine)
}

/// Builds what is in the capsule at `path`.
fn replay(
    args: &Args,
    (outer, path, isolated): (place::Outer, &Path, bool),
    console: &Console,
) -> Result<Status, Error> {
    console.status(format_args!("checking every byte of {}", path.display()));
    let capsule = Arc::new(Capsule::open(path).map_err(CapsuleError::from)?);
    let index = &capsule.index;
    let mut document = outer.document.clone().unwrap_or_else(|| Document::new(index.recipe.settings.clone()));
    document.settings.root.clone_from(&outer.root);
    if let Some(engine) = args.place.engine {
        document.settings.engine = engine;
    }
    let engine = engine::choose(document.settings.engine, console)?;
    let isolation = match isolated {
        true => Isolation::Namespace,
        false if namespace::is_for(&engine, console) => {
            return namespace::enter(path, &document, args, console);
        }
        false => Isolation::Proxy,
    };
    if isolation == Isolation::Namespace {
        namespace::settle(console)?;
    }
    tell_of(isolation, console);
    let replayer = Replayer::new(Arc::clone(&capsule));
    let proxy = Proxy::start(Source::Replay(replayer)).map_err(CapsuleError::from)?;
    let recipe = &capsule.index.recipe;
    let work = Work { recipe, engine: &engine, outer: &outer.state, proxy: &proxy, console };
    let built = work.build(&room::Context::Packed(&capsule), Some(&capsule));
    let Source::Replay(replayer) = proxy.source() else { return Err(CapsuleError::NoDocument.into()) };
    let refused = replayer.refused();
    for refused in &refused {
        console.warn(format_args!("{refused} was asked for and is not in the capsule"));
    }
    let built = built.map_err(|error| match error {
        step @ Error::Step { .. } if !refused.is_empty() => {
            Error::from(CapsuleError::NotInCapsule { refused: refused.clone(), source: Box::new(step) })
        }
        other => other,
    })?;
    let said = if built.image.id == index.recorded.id { "the very image" } else { "another id than" };
    console.status(format_args!("{said} that was recorded: {}", index.recorded.id.short()));
    let manifest = Some(capsule.manifest.digest.clone());
    let used = CapsuleUse { manifest, isolation, answers: replayer.given(), refused };
    finish(args, document, (built, used), &engine)
}

fn tell_of(isolation: Isolation, console: &Console) {
    match isolation {
        Isolation::Namespace => console.status("there is no network here but this machine's own address"),
        Isolation::Proxy | Isolation::None => console.notice(
            "steps fetch from the capsule alone as far as they heed HTTP_PROXY and HTTPS_PROXY; \
             buildah as root takes the network away",
        ),
    }
}

/// A build in a room.
struct Work<'a> {
    recipe: &'a Recipe,
    engine: &'a Engine,
    /// What belongs to the clone that asked for it.
    outer: &'a StateDir,
    proxy: &'a Proxy,
    console: &'a Console,
}

impl Work<'_> {
    fn build(&self, context: &room::Context<'_>, capsule: Option<&Capsule>) -> Result<Rebuilt, Error> {
        if self.recipe.settings.use_frozen != UseFrozen::Frozen {
            return Err(CapsuleError::NotFrozen.into());
        }
        if !self.engine.capabilities.secrets {
            return Err(CapsuleError::NoSecrets { engine: self.engine.to_string() }.into());
        }
        let _locks = self.alone()?;
        let room = room::Room::new(context, (self.recipe, self.engine.kind), self.outer)?;
        outside::check(&room.settings)?;
        let _names = self.names(&room.settings)?;
        base::bring(self.recipe, capsule, (self.engine, &room), self.console)?;
        let way = room.way(self.proxy, self.recipe)?;
        let built = crate::apply::in_room(&room.settings, &way, (self.engine, self.outer), self.console)?;
        self.keep(&room, &built)?;
        let image = self.renamed(&built.image)?;
        Ok(Rebuilt { image, ..built })
    }

    /// What the names of the build mean now, they mean afterwards. The base keeps the name that it gets, so that
    /// it is not loaded each time.
    fn names(&self, settings: &Settings) -> Result<KeptNames<'_>, Error> {
        let mut names = vec![settings.common_image(), settings.dirty_image(), settings.notebook_id()];
        let base = settings.base_reference();
        if self.engine.inspect(&base, self.console)?.is_some() {
            names.push(base);
        }
        Ok(KeptNames::keep(&names, "image-build-kept", self.engine, self.console)?)
    }

    /// Gives `image` a name that is not that of a release's own builds: `NAME:rebuilt`.
    fn renamed(&self, image: &ImageIdentity) -> Result<ImageIdentity, Error> {
        let name = image.name.rsplit_once(':').map_or(image.name.as_str(), |(name, _)| name);
        let name = format!("{name}:rebuilt");
        self.engine.tag(image.id.as_str(), &name, self.console)?;
        Ok(ImageIdentity { name, id: image.id.clone() })
    }

    /// The only build of these names in this clone.
    fn alone(&self) -> Result<[Lock; 2], Error> {
        let dir = self.outer.dir("locks")?;
        let place = key::place().map(|place| format!("-{place}")).unwrap_or_default();
        let mission = format!("build-{}", self.recipe.settings.deployment);
        let take = |name: String| Lock::take(&dir.join(name), PATIENCE, self.console);
        Ok([take(mission)?, take(format!("build-common{place}"))?])
    }

    /// How the image was built is kept where the images of this clone are known, unless it is known there.
    fn keep(&self, room: &room::Room, built: &Rebuilt) -> Result<(), Error> {
        let inner =
            evidence::Store::in_state(&room.settings.state_dir()).dir_of(&built.image.id).join("built.json");
        let dir = evidence::Store::in_state(self.outer.path()).dir_of(&built.image.id);
        if let Some(text) = state_file::read(&inner)?.filter(|_| !dir.join("built.json").exists()) {
            state_file::make_dir(&dir)?;
            state_file::replace(&dir.join("built.json"), &text, 0o644)?;
        }
        Ok(())
    }
}

fn finish(
    args: &Args,
    document: Document,
    (built, used): (Rebuilt, CapsuleUse),
    engine: &Engine,
) -> Result<Status, Error> {
    let table = Table(format!(
        "built {} {}, {} answers of a capsule\n",
        built.image.name,
        built.image.id.short(),
        used.answers
    ));
    let image = Some(built.image);
    let (engine, steps, images) = (engine.to_string(), built.steps, built.images);
    let outcome = BuildOutcome { engine, steps, images, context: None, capsule: Some(used) };
    let session = Session::around("image-build", document, args.json);
    let finding = Finding { verdict: Verdict::Yes, image, outcome: Outcome::Build(outcome) };
    Ok(session.finish(finding, &table)?)
}

struct Table(String);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

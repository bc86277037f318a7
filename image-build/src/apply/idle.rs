//! A build that has nothing to do: known from files alone, and confirmed by one question.

use std::collections::BTreeMap;
use std::path::Path;

use common::console::Console;
use common::context::context_digest;
use common::digest::Digest;
use common::document::Document;
use common::engine::Engine;
use common::evidence::{Built, Store};
use common::fault::Status;
use common::report::{BuildOutcome, BuildStep, ImageIdentity, Outcome, Report, StepStatus, Verdict};
use common::session::{Finding, Session};
use common::settings::{Settings, UseFrozen};

use super::result::Table;
use crate::args::Args;
use crate::error::Error;
use crate::key::{Chain, Forecast, Outputs, Record, Records, Steps};
use crate::plan::Choices;
use crate::timing::{TimedStep, Timeline};

/// A mission whose images are what they should be, as far as this clone knows.
#[derive(Debug)]
pub(super) struct Idle {
    /// The base image; none if the build removed it when it was done with it.
    base: Option<Record>,
    result: Record,
    built: ImageIdentity,
    steps: Vec<&'static str>,
    is_last_built: bool,
}

impl Idle {
    /// Whether there is nothing to do for `settings`, by what is remembered. What is odd is for the
    /// whole run to find and to tell.
    pub(super) fn find(settings: &Settings, choices: &Choices, asked: Steps) -> Option<Self> {
        // Only with no version to bring specs up to does image-update write but the Dockerfile.
        if asked.any() || (choices.update && !settings.cal_version.is_none()) {
            return None;
        }
        let state = settings.state_dir();
        let chain = Chain::read(settings, choices).ok()?;
        if !chain.is_generated() {
            return None;
        }
        let forecast = Forecast::new(settings, &chain, &Records::in_state(&state), asked).ok()?;
        if !forecast.stands() {
            return None;
        }
        let base = forecast.base.record.clone().filter(|_| !chain.plan().repacks);
        let result = forecast.result().record.clone()?;
        let outputs = Outputs::read(&settings.deployment().dir()).ok()?;
        let follow_ups: Vec<&str> = chain.plan().follow_ups.iter().map(|step| step.name()).collect();
        if !result.has_followed(&follow_ups, &outputs) {
            return None;
        }
        let store = Store::in_state(&state);
        if !is_evident(&store, &result, settings) {
            return None;
        }
        let last = store.last_built(&settings.deployment).ok()?;
        let update = choices.update.then_some("update");
        let steps = update.into_iter().chain(["base", "common", "mission", "caches"]).chain(follow_ups);
        let is_last_built = last.map(|image| image.id) == result.id;
        let built = result.images.last()?.image.clone();
        Some(Self { base, built, steps: steps.collect(), result, is_last_built })
    }

    fn images(&self) -> impl Iterator<Item = &Record> {
        self.base.iter().chain([&self.result])
    }

    /// Appends the report of a run that did nothing, and passes the document on.
    pub(super) fn end(
        self,
        session: Session,
        args: &Args,
        (engine, console): (&Engine, &Console),
    ) -> Result<Status, Error> {
        if let Some(path) = &args.timings {
            self.write_timings(path)?;
        }
        console.status(format_args!("{} is up to date", self.built.name));
        let context = args.many.host.as_deref();
        let (finding, table) = self.finding(&session.document.settings, (engine, context))?;
        Ok(session.finish(finding, &table)?)
    }

    /// Writes that nothing took time.
    pub(super) fn write_timings(&self, path: &Path) -> Result<(), Error> {
        let steps = self.steps.iter().map(|name| TimedStep::stood(name)).collect();
        Ok(Timeline { steps }.write(path, &self.built.name)?)
    }

    /// The report of a run for `settings` that did nothing.
    pub(super) fn report(self, settings: Settings, engine: &Engine) -> Result<Report, Error> {
        let (finding, _) = self.finding(&settings, (engine, None))?;
        let session = Session::around("image-build", Document::new(settings), true);
        let mut reports = session.conclude(finding).reports;
        Ok(reports.pop().expect("a session that concludes has a report"))
    }

    fn finding(
        self,
        settings: &Settings,
        (engine, context): (&Engine, Option<&str>),
    ) -> Result<(Finding, Table), Error> {
        let built = self.built;
        let store = Store::in_state(&settings.state_dir());
        let known = store.last_context(&settings.deployment)?;
        if !self.is_last_built || known.as_deref() != context {
            store.set_last_built_in(context, &settings.deployment, &built)?;
        }
        let step = |name: &&str| BuildStep {
            name: (*name).to_owned(),
            status: StepStatus::Skipped,
            seconds: 0.0,
            log: None,
        };
        let steps: Vec<BuildStep> = self.steps.iter().map(step).collect();
        let table = Table { image: built.clone(), steps: steps.clone() };
        let (engine, context) = (engine.to_string(), context.map(str::to_owned));
        let outcome = BuildOutcome { engine, steps, images: self.result.images, context, capsule: None };
        let outcome = Outcome::Build(outcome);
        Ok((Finding { verdict: Verdict::Yes, image: Some(built), outcome }, table))
    }
}

/// The one question: whether the engine has the very images of each of `all`.
pub(super) fn confirmed(all: &[&Idle], engine: &Engine, console: &Console) -> Vec<bool> {
    let images: BTreeMap<&str, Option<&Digest>> = all
        .iter()
        .flat_map(|idle| idle.images())
        .map(|record| (record.image.as_str(), record.id.as_ref()))
        .collect();
    let names: Vec<&str> = images.keys().copied().collect();
    // What is wrong with the engine is for the whole run to find and to tell.
    let Ok(found) = engine.ids(&names, console) else { return vec![false; all.len()] };
    let found: BTreeMap<&str, Option<Digest>> = names.into_iter().zip(found).collect();
    let is_there =
        |record: &Record| record.id.is_some() && found.get(record.image.as_str()) == Some(&record.id);
    all.iter().map(|idle| idle.result.engine == engine.kind.name() && idle.images().all(is_there)).collect()
}

/// Whether what is kept of the image says what a release must know: of a frozen one, that it is of
/// the contexts as they are now, also those files in them that no image takes.
fn is_evident(store: &Store, result: &Record, settings: &Settings) -> bool {
    let fact = result.id.as_ref().and_then(|id| store.read::<Built>(id).ok().flatten());
    let Some(fact) = fact else { return false };
    if settings.use_frozen != UseFrozen::Frozen {
        return true;
    }
    let deployment = settings.deployment();
    let is = |dir: &Path, known| context_digest(dir).is_ok_and(|digest| digest == known);
    is(&deployment.common_dir(), fact.common_context) && is(&deployment.dir(), fact.mission_context)
}

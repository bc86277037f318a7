//! The text of `--plan`: no engine is asked, nothing is written.

use std::fmt::Write as _;

use serde::Serialize;

use common::console::{Console, Verbosity};
use common::engine::Engine;
use common::session::Session;
use common::settings::Settings;

use super::{asked, choices};
use crate::args::Args;
use crate::error::Error;
use crate::key::{self, Chain, Forecast, Outputs, Records, ShownForecast};
use crate::memory::Need;
use crate::plan::{Choices, Plan, ShownPlan, assumed_engine, cache_references};
use crate::preflight;

/// What will happen, and by which calls.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    calls: ShownPlan,
    #[serde(flatten)]
    forecast: ShownForecast,
    /// What `--memory` counts for it, beside what others take.
    memory: Need,
}

impl Shown {
    /// What is counted, and why.
    fn memory(&self) -> String {
        let Need { bytes, learned } = self.memory;
        if learned {
            format!("memory   {bytes}: the most that its builds were seen to take, and a quarter more")
        } else {
            format!("memory   {bytes}: assumed, as no build of it was seen (--memory-per-build)")
        }
    }
}

/// The text of `--plan` for the missions of `all`.
pub(crate) fn planned(
    args: &Args,
    session: &Session,
    all: &[Settings],
    console: &Console,
) -> Result<String, Error> {
    let choices = choices(args, session, console)?;
    let mut shown = Vec::new();
    for settings in all {
        shown.push(one(args, settings, &choices)?);
    }
    if args.json {
        let value = match &shown[..] {
            [one] => serde_json::to_string_pretty(one),
            all => serde_json::to_string_pretty(all),
        };
        return Ok(value.expect("a plan has only string keys") + "\n");
    }
    let mut text = String::new();
    let together = key::together(shown.iter().map(|shown| &shown.forecast));
    let several = shown.len() > 1 && !together.is_empty();
    for shown in shown {
        // Writing to a String cannot fail.
        _ = write!(text, "{}", shown.forecast);
        if args.many.memory.is_some() {
            _ = writeln!(text, "{}", shown.memory());
        }
        if args.place.voice.verbosity() == Verbosity::Verbose {
            _ = write!(text, "{}", shown.calls);
        }
    }
    if several {
        _ = writeln!(text, "together {together} (one after the other, what is shared once)");
    }
    Ok(text)
}

fn one(args: &Args, settings: &Settings, choices: &Choices) -> Result<Shown, Error> {
    // What a build would fail by at once is no plan.
    preflight::check(settings, choices.update && !settings.cal_version.is_none())?;
    let chain = Chain::read(settings, choices)?;
    let asked = asked(args, settings);
    let forecast = Forecast::new(settings, &chain, &Records::in_state(&settings.state_dir()), asked)?;
    let engine = assumed_engine(settings.engine);
    let plan = labelled(Plan::new(settings, choices, &engine), &forecast);
    let mission = settings.deployment().dir();
    let failed = |source| Error::Context { context: mission.display().to_string(), source };
    let outputs = Outputs::read(&mission).map_err(failed)?;
    let wanted: Vec<&str> = plan.follow_ups.iter().map(|step| step.name()).collect();
    let record = forecast.result().record.as_ref().filter(|_| forecast.result().reason.is_none());
    let done = !asked.follow_ups && record.is_some_and(|record| record.has_followed(&wanted, &outputs));
    let follows = if done { &[] } else { &wanted[..] };
    let notes = notes(settings, choices, &chain);
    Ok(Shown {
        calls: calls(&plan, settings, &engine),
        forecast: ShownForecast::new(&forecast, follows, notes),
        memory: Need::of_mission(settings, args.many.memory_per_build),
    })
}

fn calls(plan: &Plan, settings: &Settings, engine: &Engine) -> ShownPlan {
    ShownPlan::new(plan, settings, engine)
}

/// The plan with the keys that the images will carry.
fn labelled(mut plan: Plan, forecast: &Forecast) -> Plan {
    let images = [&mut plan.common, &mut plan.mission, &mut plan.caches];
    for (image, outlook) in images.into_iter().zip(&forecast.images) {
        image.request.labels = outlook.labels();
    }
    plan
}

fn notes(settings: &Settings, choices: &Choices, chain: &Chain) -> Vec<String> {
    let mut notes = Vec::new();
    if choices.update && !settings.cal_version.is_none() {
        notes.push(format!(
            "image-update runs first, for {}: what it changes is not foreseen here",
            settings.cal_version
        ));
    } else if !chain.is_generated() {
        notes.push("image-update will write the mission's Dockerfile".to_owned());
    }
    if !cache_references(&choices.place_words).is_empty() {
        notes.push(
            "what a registry has of the same is pulled and not built: that is not foreseen here".to_owned(),
        );
    }
    notes
}

//! Doing what the plan says.

mod base;
mod chain;
mod result;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use common::ca_bundle;
use common::console::Console;
use common::engine::{self, Engine};
use common::fault::Status;
use common::lock::Lock;
use common::session::Session;
use common::settings::{CalVersion, EngineChoice, Settings, UseFrozen};
use common::state_dir::StateDir;

use crate::args::Args;
use crate::error::Error;
use crate::plan::{Choices, Plan, ShownPlan, assumed_engine};
use crate::{preflight, stage};

use chain::Build;

/// How long a build waits for another one of the same clone.
const PATIENCE: Duration = Duration::from_hours(1);

/// Where the docker-stacks source is, unless `DOCKER_STACKS_URL` says otherwise.
const DOCKER_STACKS_URL: &str = "https://github.com/jupyter/docker-stacks.git";

/// The text of `--plan`: no engine is asked, nothing is written.
pub(crate) fn planned(args: &Args, session: &Session) -> Result<String, Error> {
    let settings = &session.document.settings;
    let engine = assumed_engine(settings.engine);
    let plan = Plan::new(settings, &choices(args, session)?, &engine);
    let shown = ShownPlan::new(&plan, settings, &engine);
    Ok(if args.shared.json { shown.to_json() } else { shown.to_string() })
}

/// The text of `--engine-info`: every engine that is there, and the one that would be used.
pub(crate) fn engine_info(args: &Args, console: &Console) -> Result<String, Error> {
    let mut lines = engine::report(console)?;
    let choice = args.shared.engine.unwrap_or(EngineChoice::Auto);
    let engine = engine::choose(choice, console)?;
    lines.push(format!("used: {engine}"));
    Ok(lines.join("\n") + "\n")
}

/// Builds, notes what was built, and passes the document on.
pub(crate) fn build(args: &Args, session: Session, console: &Console) -> Result<Status, Error> {
    let choices = choices(args, &session)?;
    let settings = &session.document.settings;
    let state = StateDir::open(&settings.root)?;
    // The tools that are called from here take locks of their own, never this one.
    let _lock = Lock::take(&state.dir("locks")?.join("build"), PATIENCE, console)?;
    let stage_dir = state.dir("stage")?.join("build");
    stage::sweep(&stage_dir);
    if !args.many.base_only {
        look(settings, choices.update && settings.cal_version != CalVersion::None, console)?;
    }
    let engine = engine::choose(settings.engine, console)?;
    warn_of_lacks(&engine, &choices, console);
    let plan = Plan::new(settings, &choices, &engine);
    let build = Build::new(session, console, (engine, plan), (state, stage_dir))?;
    if args.many.base_only { build.run_base() } else { build.run(&choices) }
}

/// What the flags, the settings and the machine add up to.
fn choices(args: &Args, session: &Session) -> Result<Choices, Error> {
    let settings = &session.document.settings;
    if args.inputs.index_cutoff.is_some() && settings.use_frozen == UseFrozen::Frozen {
        return Err(Error::FrozenClock);
    }
    Ok(Choices {
        update: !args.no_update,
        cutoff: args.inputs.index_cutoff.unwrap_or_else(|| session.started()),
        refresh_base: args.inputs.refresh_base,
        ca_bundle: ca_bundle::find(&settings.ca_bundle)?,
        docker_stacks_url: docker_stacks_url(settings),
        docker_stacks_clone: env::var_os("HOME")
            .map(|home| PathBuf::from(home).join("docker-stacks"))
            .filter(|dir| dir.is_dir()),
    })
}

fn docker_stacks_url(settings: &Settings) -> String {
    let name = "DOCKER_STACKS_URL";
    let given = env::var(name).ok().filter(|url| !url.is_empty());
    given.or_else(|| settings.exports.get(name).cloned()).unwrap_or_else(|| DOCKER_STACKS_URL.to_owned())
}

fn look(settings: &Settings, specs_move: bool, console: &Console) -> Result<(), Error> {
    for oddity in preflight::check(settings, specs_move)? {
        console.notice(oddity);
    }
    Ok(())
}

fn warn_of_lacks(engine: &Engine, choices: &Choices, console: &Console) {
    if let Some(bundle) = choices.ca_bundle.as_ref().filter(|_| !engine.capabilities.secrets) {
        console.warn(format_args!(
            "{engine} has no build secrets, so build steps do not get {}",
            bundle.display()
        ));
    }
}

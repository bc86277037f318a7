//! Builds a mission's image chain. [`plan`] says purely what will be built, [`preflight`] what would
//! fail; [`apply`] does it, with [`base`] images, [`stage`]d contexts and edited [`dockerfile`]s.

mod apply;
mod args;
mod base;
mod capsule;
mod dockerfile;
mod error;
mod fleet;
mod key;
mod made_at;
mod many;
mod memory;
mod plan;
mod preflight;
mod progress;
mod proxy;
mod prune;
mod remembered;
mod repack;
mod stage;
mod timing;

use std::process::ExitCode;

use clap::Parser as _;

use common::session::{self, Session};
use common::settings::EngineChoice;
use common::{cli, console::Console, fault::Status};

use args::Args;
use error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::stderr("image-build", args.place.voice.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    if args.info.engine_info {
        session::print(&apply::engine_info(args, console)?)?;
        return Ok(Status::Done);
    }
    if let Some(mission) = &args.part.prune {
        let choice = args.place.engine.unwrap_or(EngineChoice::Auto);
        // It works in an unconfigured clone too, and outside of any.
        let configured = Session::open("image-build", &args.shared(), &Console::silent()).ok();
        let prefix =
            configured.as_ref().map_or("notebook", |session| session.document.settings.image_prefix());
        return prune::run((mission, prefix), args.part.system, choice, console);
    }
    if let Some(repack) = args.repack.request() {
        return repack::command(&repack, args.place.engine, console);
    }
    if let Some(work) = args.capsule.work() {
        return capsule::run(args, work, console);
    }
    let mut session = Session::open("image-build", &args.shared(), console)?;
    args.inputs.override_settings(&mut session.document.settings);
    // One STEP after the other is what the older commands do.
    let through = args.many.all.and_then(args::All::through).filter(|_| !args.info.plan);
    if let Some(through) = through {
        return many::run(through, &args.many, &session, console);
    }
    let missions = fleet::missions(args, &session.document.settings)?;
    if args.info.plan {
        session::print(&apply::planned(args, &session, &missions, console)?)?;
        return Ok(Status::Done);
    }
    if args.many.all.is_some() || args.missions().next().is_some() || !args.many.hosts.is_empty() {
        return fleet::run(args, &session, missions, console);
    }
    apply::build(args, session, console)
}

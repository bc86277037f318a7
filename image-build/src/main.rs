//! Builds a mission's image chain. [`plan`] says purely what will be built, [`preflight`] what would
//! fail; [`apply`] does it, with [`base`] images, [`stage`]d contexts and edited [`dockerfile`]s.

mod apply;
mod args;
mod base;
mod dockerfile;
mod error;
mod many;
mod plan;
mod preflight;
mod progress;
mod prune;
mod stage;

use std::process::ExitCode;

use clap::Parser as _;

use common::session::{self, Session};
use common::settings::EngineChoice;
use common::{cli, console::Console, fault::Status};

use args::Args;
use error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::stderr("image-build", args.shared.voice.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    if args.info.engine_info {
        session::print(&apply::engine_info(args, console)?)?;
        return Ok(Status::Done);
    }
    if let Some(mission) = &args.many.prune {
        let choice = args.shared.engine.unwrap_or(EngineChoice::Auto);
        return prune::run(mission, args.many.system, choice, console);
    }
    let mut session = Session::open("image-build", &args.shared, console)?;
    args.inputs.override_settings(&mut session.document.settings);
    if args.info.plan {
        session::print(&apply::planned(args, &session)?)?;
        return Ok(Status::Done);
    }
    if let Some(through) = args.many.all {
        return many::run(through, &args.many, &session, console);
    }
    apply::build(args, session, console)
}

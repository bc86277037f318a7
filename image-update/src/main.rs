//! `image-update`: brings a mission's floating requirements and its generated Dockerfile up to date.

mod apply;
mod args;
mod dockerfile;
mod error;
mod list;
mod plan;
mod specs;

use std::process::ExitCode;

use clap::Parser as _;
use common::cli;
use common::console::Console;
use common::fault::Status;
use common::report::{Outcome, Verdict};
use common::session::{Finding, Session};

use crate::args::Args;
use crate::error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::stderr("image-update", args.shared.voice.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-update", &args.shared, console)?;
    if let Some(mission) = &args.list_environments {
        return list::print(mission.as_deref(), &session.document.settings);
    }
    if let Some(version) = &args.cal_version {
        session.document.settings.cal_version = version.clone();
    }
    let plan = plan::plan(&session.document.settings)?;
    let outcome = apply::apply(&plan, &session.document.settings, console)?;
    let table = apply::table(&outcome);
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Update(outcome) };
    Ok(session.finish(finding, &table)?)
}

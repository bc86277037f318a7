//! `image-update`: brings a mission's floating requirements and its generated Dockerfile up to date.

mod apply;
mod args;
mod delivery;
mod desired;
mod dockerfile;
mod environment;
mod error;
mod list;
mod network;
mod packages;
mod plan;
mod profile;
mod scripted;
mod show;
mod standing;
mod transaction;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;
use common::cli;
use common::console::Console;
use common::fault::Status;
use common::missions;
use common::report::{Outcome, UpdateOutcome, Verdict};
use common::session::{Finding, Session};
use common::settings::Settings;
use common::state_file;

use crate::apply::{Supply, Workplace};
use crate::args::Args;
use crate::error::Error;
use crate::network::Network;

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
    if args.many.all {
        let words: Vec<_> = std::env::args_os().skip(1).collect();
        let words = missions::passed_on(&words);
        let command = missions::Command {
            tool: "image-update",
            verb: None,
            words,
            files: &["--markdown"],
            left_out: |_| None,
        };
        return Ok(missions::run(&command, args.many, &session, console)?);
    }
    let (verdict, outcome) = if args.check {
        check(args, &session.document.settings, console)?
    } else {
        (Verdict::Yes, update(args, &session.document.settings, console)?)
    };
    let table = show::table(&outcome);
    let finding = Finding { verdict, image: None, outcome: Outcome::Update(outcome) };
    Ok(session.finish(finding, &table)?)
}

fn check(args: &Args, settings: &Settings, console: &Console) -> Result<(Verdict, UpdateOutcome), Error> {
    let network = Network::new(args, settings)?;
    let outcome = verify::verify(&settings.deployment(), network, console)?;
    let verdict = if verify::differs(&outcome) { Verdict::No } else { Verdict::Yes };
    Ok((verdict, outcome))
}

fn update(args: &Args, settings: &Settings, console: &Console) -> Result<UpdateOutcome, Error> {
    let supply =
        if args.offline { Supply::Store } else { Supply::Network(Box::new(Network::new(args, settings)?)) };
    let workplace = Workplace::enter(settings, console)?;
    let plan = plan::plan(settings, args.run_scripts)?;
    let outcome = apply::apply(&plan, settings, supply, (&workplace, console))?;
    if let Some(path) = &args.markdown {
        state_file::replace(path, show::markdown(&outcome).as_bytes(), 0o644)?;
    }
    Ok(outcome)
}

//! `image-freeze`: keeps what a build solved, loosens it, and compares it with what an image holds.

mod args;
mod check;
mod chill;
mod conda_solver;
mod copy;
mod diff;
mod error;
mod freeze;
mod hashes;
mod header;
mod hunks;
mod image;
mod index;
mod inventory;
mod lock;
mod markdown;
mod overlay;
mod patch;
mod provenance;
mod rot;
mod sbom;
mod solve;
mod specs;
mod table;
mod target;
mod thaw;
mod told;
mod uv;
mod workplace;

use std::process::ExitCode;

use common::cli::{self, SharedArgs};
use common::console::Console;
use common::fault::Status;
use common::missions::{self, AllArgs};
use common::session::Session;
use common::settings::Settings;

use crate::args::{Args, Command};
use crate::error::Error;

fn main() -> ExitCode {
    let args = Args::read();
    let console = Console::stderr("image-freeze", args.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    if let Some((verb, many, shared)) = args.every() {
        return every(verb, many, shared, console);
    }
    match &args.command {
        None => freeze::run(&args.freeze, console),
        Some(Command::Chill(args)) => chill::run(args, console),
        Some(Command::Check(args)) => check::run(args, console),
        Some(Command::Rot(args)) => rot::run(args, console),
        Some(Command::Thaw(args)) => thaw::run(args, console),
        Some(Command::Solve(args)) => solve::run(args, console),
        Some(Command::Copy(args)) => copy::run(args, console),
        Some(Command::Diff(args)) => diff::run(args, console),
        Some(Command::Inventory(args)) => inventory::run(args, console),
    }
}

/// The same for each mission by itself.
fn every(verb: Option<&str>, many: AllArgs, shared: &SharedArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("image-freeze", shared, console)?;
    let words: Vec<_> = std::env::args_os().skip(1 + usize::from(verb.is_some())).collect();
    let words = missions::passed_on(&words);
    let never_frozen = |settings: &Settings| {
        (!settings.deployment().frozen_dir().is_dir()).then_some("nothing of it is frozen")
    };
    // What is to be frozen need not have been before.
    let left_out = if verb.is_some() { never_frozen } else { |_: &Settings| None };
    let command = missions::Command { tool: "image-freeze", verb, words, files: &[], left_out };
    Ok(missions::run(&command, many, &session, console)?)
}

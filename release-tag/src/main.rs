//! `release-tag`: versions, saves, checks, tags and delivers the release of a mission's image.

mod args;
mod check;
mod companion;
mod deliver;
mod error;
mod oci;
mod registry;
mod release;
mod save;
mod tag;
mod versions;
mod workplace;

use std::process::ExitCode;

use clap::Parser as _;
use common::cli;
use common::console::Console;
use common::fault::Status;

use crate::args::{Args, Command};
use crate::error::Error;

fn main() -> ExitCode {
    let command = Args::parse().command;
    let console = Console::stderr("release-tag", command.voice().verbosity());
    cli::end(run(command, &console), &console)
}

fn run(command: Command, console: &Console) -> Result<Status, Error> {
    match command {
        Command::Versions(args) => versions::run(&args, console),
        Command::Save(args) => save::run(&args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Tag(args) => tag::run(&args, console),
        Command::Deliver(args) => deliver::run(&args.settled(), console),
        Command::Changed(args) => companion::changed(&args, console),
        Command::Prepare(args) => companion::prepare(&args, console),
        Command::Hashes(args) => companion::hashes(&args, console),
        Command::PostMerge(args) => companion::post_merge(&args, console),
    }
}

//! `release-tag`: versions, saves, checks, tags and delivers the release of a mission's image.

mod args;
mod capsule;
mod check;
mod committed;
mod companion;
mod deliver;
mod dispatch;
mod error;
mod location;
mod message;
mod notes;
mod oci;
mod propose;
mod record;
mod registry;
mod release;
mod save;
mod signature;
mod tag;
mod verify;
mod versions;
mod workplace;

use std::process::ExitCode;

use clap::Parser as _;
use common::cli;
use common::console::Console;

fn main() -> ExitCode {
    let command = args::Args::parse().command;
    let console = Console::stderr("release-tag", command.voice().verbosity());
    cli::end(dispatch::run(command, &console), &console)
}

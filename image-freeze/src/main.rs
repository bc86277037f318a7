//! `image-freeze`: keeps what a build solved, loosens it, and compares it with what an image holds.

mod args;
mod check;
mod chill;
mod copy;
mod error;
mod freeze;
mod image;
mod inventory;
mod overlay;
mod table;
mod workplace;

use std::process::ExitCode;

use clap::Parser as _;
use common::cli;
use common::console::Console;
use common::fault::Status;

use crate::args::{Args, Command};
use crate::error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::stderr("image-freeze", args.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    match &args.command {
        None => freeze::run(&args.freeze, console),
        Some(Command::Chill(args)) => chill::run(args, console),
        Some(Command::Check(args)) => check::run(args, console),
        Some(Command::Copy(args)) => copy::run(args, console),
    }
}

//! `image-test`: runs the tests that an image brings along, and turns what they print into results; also
//! runs what else people want to run in an image.

mod apply;
mod args;
mod bench;
mod container;
mod cross_check;
mod error;
mod image;
mod log;
mod plan;
mod refusal;
mod reports;
mod specs;
mod summary;
mod transcript;
mod verdict;

use std::process::ExitCode;

use clap::Parser as _;
use common::{cli, console::Console, fault::Status};

use args::Args;
use error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::stderr("image-test", args.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    match &args.command {
        None => apply::run(args, console),
        Some(command) => container::run(command, console),
    }
}

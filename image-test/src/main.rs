//! `image-test`: runs the tests that an image brings along, and turns what they print into results; runs them
//! itself where the image cannot; also runs what else people want to run in an image.

mod account;
mod apply;
mod args;
mod bench;
mod bisect;
mod container;
mod cross_check;
mod error;
mod image;
mod log;
mod memory;
mod native;
mod plan;
mod ran;
mod refusal;
mod reports;
mod specs;
mod summary;
mod transcript;
mod verdict;

use std::process::ExitCode;

use common::missions;
use common::session::Session;
use common::{cli, console::Console, fault::Status};

use args::Args;
use error::Error;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let args = Args::read(&words).unwrap_or_else(|error| error.exit());
    let console = Console::stderr("image-test", args.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    if args.many.all {
        return every(args, console);
    }
    match &args.command {
        None if args.bisect.is_empty() => apply::run(args, console),
        None => bisect::run(args, console),
        Some(command) => container::run(command, console),
    }
}

/// The same for each mission by itself.
fn every(args: &Args, console: &Console) -> Result<Status, Error> {
    let session = Session::open("image-test", &args.shared, console)?;
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    // What is for the images' own scripts stays as it is.
    let (ours, theirs) = words.split_at(words.len() - args.arguments.len());
    // Every mission, every test: what is taken over would be of some missions only.
    let again = if args.again { Vec::new() } else { vec!["--again".into()] };
    let words = [again, missions::passed_on(ours), theirs.to_vec()].concat();
    let command =
        missions::Command { tool: "image-test", verb: None, words, files: &["--report"], left_out: |_| None };
    Ok(missions::run(&command, args.many, &session, console)?)
}

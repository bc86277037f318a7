//! `image-test`: runs the tests that an image brings along, and turns what they print into results.

mod apply;
mod args;
mod bench;
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
use common::{cli, console::Console, fault::Status, session::Session};

use args::Args;
use error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::stderr("image-test", args.shared.voice.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-test", &args.shared, console)?;
    reports::check_writable(&args.reports)?;
    let bench = bench::Bench::set_up(&session.document.settings, console)?;
    let image = bench.image(args.image.as_deref(), &mut session)?;
    let plan = plan::Plan::new(args, &bench.settings, image);
    apply::test(&bench, &plan, args, session)
}

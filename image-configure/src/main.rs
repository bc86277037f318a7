//! `image-configure`: chooses the mission and mode of a build, and writes `setup-env.json` for the
//! tools and `setup-env` for the shell.

mod apply;
mod args;
mod error;
mod explain;
mod matrix;
mod plan;
mod template;

use std::process::ExitCode;

use clap::Parser as _;
use common::cli;
use common::console::Console;
use common::document::Document;
use common::fault::Status;
use common::report::{Outcome, Verdict};
use common::session::{self, Finding, Session};
use common::setup_env;

use crate::args::Args;
use crate::error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::stderr("image-configure", args.voice.verbosity());
    cli::end(run(&args, &console), &console)
}

fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    let root = plan::root(args)?;
    if args.matrix.matrix {
        session::print(&matrix::text(&root, args.matrix.base.as_deref(), console)?)?;
        return Ok(Status::Done);
    }
    let stages = plan::settings(args, &root, console)?;
    if args.explain {
        session::print(&explain::table(&stages))?;
        return Ok(Status::Done);
    }
    let settings = stages.settled;
    settings.check()?;
    let plan = plan::plan(&settings, &plan::path_first(&root));
    let mut document = Document::new(settings);
    document.setup_env = Some(plan.setup_env_digest());
    document.templates = setup_env::templates(&root);
    let session = Session::around("image-configure", document, args.json);
    let outcome = apply::apply(&plan, console)?;
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Configure(outcome) };
    Ok(session.finish(finding, &plan.table())?)
}

//! Which command does what was asked.

use common::console::Console;
use common::fault::Status;

use crate::args::Command;
use crate::error::Error;
use crate::{capsule, check, companion, deliver, notes, propose, save, tag, verify, versions};

/// Does what was asked.
///
/// # Errors
/// Whatever keeps the command from it.
pub fn run(command: Command, console: &Console) -> Result<Status, Error> {
    match command {
        Command::Versions(args) => versions::run(&args, console),
        Command::Save(args) => save::run(&args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Tag(args) => tag::run(&args, console),
        Command::Deliver(args) => deliver::run(&args.settled(), console),
        Command::Notes(args) => notes::run(&args, console),
        Command::Propose(args) => propose::run(&args, console),
        Command::Verify(args) => verify::run(&args, console),
        Command::Capsule(args) => capsule::run(&args.settled(), console),
        Command::Changed(args) => companion::changed(&args, console),
        Command::Prepare(args) => companion::prepare(&args, console),
        Command::Hashes(args) => companion::hashes(&args, console),
        Command::PostMerge(args) => companion::post_merge(&args, console),
    }
}

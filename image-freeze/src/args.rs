//! The command line.

mod holdings;
mod lasting;
mod specs;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use common::cli::SharedArgs;
use common::console::Verbosity;
use common::missions::AllArgs;

pub(crate) use holdings::{CheckArgs, DiffArgs, Format, InventoryArgs, StyleArgs};
pub(crate) use lasting::{AskingArgs, RotArgs, SolveArgs, ThawArgs};
pub(crate) use specs::{ChillArgs, CopyArgs, FreezeArgs};

/// Keep what a build solved: /opt/env-frozen of the image becomes env-frozen of the mission
///
/// Without a subcommand, the frozen specs are taken out of the image that was built last. Files that
/// only the tree has are kept, and the tree is replaced in one step, after every environment's
/// files were read and found good.
#[derive(Debug, Parser)]
#[command(name = "image-freeze", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub(crate) struct Args {
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Flags for taking the specs.
    #[command(flatten)]
    pub freeze: FreezeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make env-chilly from env-frozen: the same pins, loosened in their last number
    Chill(ChillArgs),
    /// Compare env-frozen with what the image really holds; status 1 if anything differs
    ///
    /// Read from the bytes of the image, which is not run: conda's own records, and the metadata of every
    /// installed Python distribution. The image's copy of the frozen specs is not looked at.
    ///
    /// A difference that a waiver of `drift PACKAGE` excuses today is told with it and does not count:
    /// environments/<env>/tests/waivers.json, and the mission's waivers.json for the base environment and
    /// the image itself (`drift base`). What is recorded is what was found; a release judges anew.
    Check(CheckArgs),
    /// Ask the package index whether everything that is frozen can still be had; status 1 if anything cannot
    ///
    /// Every version, digest and address of env-frozen, for the platform and the Python of the lock: gone, only
    /// for other platforms, with another digest, withdrawn, or only as source. Answers are kept in .image/index.
    Rot(RotArgs),
    /// Relax as few pins as possible so that env-frozen can be solved again; status 1 if that is not enough
    ///
    /// What `rot` finds lost, and what else has to move with it: each pin goes to the nearest release that
    /// uv (for conda's packages, a solver of conda's) can solve with all others as they are. Printed as a
    /// patch, with a reason for each line.
    Thaw(ThawArgs),
    /// Solve the floating specs without building anything; status 1 if they cannot be had together
    ///
    /// The pip half, through uv, with the files and in the order that a build would take; conda's half through
    /// the solver of conda's that is in reach. A conflict is told with the file and the line of each side. The
    /// lock goes to .image/solved, unless told otherwise.
    Solve(SolveArgs),
    /// Compare two of: images, archives, layouts, inventories, trees, revisions; status 1 if they differ
    ///
    /// A and B are each an image in the engine, an archive or a layout, an inventory that was kept, a
    /// deployments repository, `rev:REVISION` of the one around the working directory, or a directory of
    /// frozen specs.
    Diff(DiffArgs),
    /// Tell what an image holds, from its bytes alone: environments, packages, kernels
    ///
    /// Reads an image in the engine, a layout of the Open Container Initiative, or an archive (what
    /// `docker save` writes, an OCI archive, or a root file system; also compressed, also from standard
    /// input) in one pass. Nothing is unpacked and nothing is run.
    Inventory(InventoryArgs),
    /// Copy a file or a directory out of the image, which is not run
    ///
    /// As `docker cp` has it: a directory that is there already gets SRC by its name (or what is in SRC,
    /// if that ends in `/.`); another DEST becomes SRC. Links are copied if they stay inside SRC.
    /// Nothing is written outside DEST. Directories without a file in them are left out.
    Copy(CopyArgs),
}

impl Args {
    /// Reads the command line; does not return if it makes no sense.
    pub(crate) fn read() -> Self {
        let args = Self::parse();
        args.consistent().unwrap_or_else(|error| error.exit())
    }

    /// What one flag cannot say of others, as they are shared with commands that have no --all.
    fn consistent(self) -> Result<Self, clap::Error> {
        let styled = |args: &CheckArgs| args.many.all && (args.style.markdown || args.style.patch);
        if matches!(&self.command, Some(Command::Check(args)) if styled(args)) {
            let said = "the argument '--all' cannot be used with '--markdown' or '--patch'";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, said));
        }
        Ok(self)
    }

    /// What is to be done for every mission, if anything is: the subcommand, and its flags.
    pub(crate) fn every(&self) -> Option<(Option<&'static str>, AllArgs, &SharedArgs)> {
        let (verb, many, shared) = match &self.command {
            None => (None, self.freeze.many, &self.freeze.image.shared),
            Some(Command::Chill(args)) => (Some("chill"), args.many, &args.shared),
            Some(Command::Check(args)) => (Some("check"), args.many, &args.shared),
            // Rot asks about all packages of all missions at once.
            Some(_) => return None,
        };
        many.all.then_some((verb, many, shared))
    }

    /// How much is said.
    pub(crate) const fn verbosity(&self) -> Verbosity {
        let voice = match &self.command {
            None => self.freeze.image.shared.voice,
            Some(Command::Chill(args)) => args.shared.voice,
            Some(Command::Check(args)) => args.shared.voice,
            Some(Command::Rot(args)) => args.shared.voice,
            Some(Command::Thaw(args)) => args.shared.voice,
            Some(Command::Solve(args)) => args.shared.voice,
            Some(Command::Copy(args)) => args.place.voice,
            Some(Command::Inventory(args)) => args.place.voice,
            Some(Command::Diff(args)) => args.place.voice,
        };
        voice.verbosity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn all_missions_have_neither_one_image_nor_one_patch() {
        let read = |line: &str| Args::try_parse_from(line.split(' ')).and_then(Args::consistent);
        for good in
            ["image-freeze --all", "image-freeze chill --all --keep-going", "image-freeze check --all"]
        {
            assert!(read(good).unwrap().every().is_some(), "{good}");
        }
        for bad in ["--all --image x", "check --all --from x", "check --all --patch", "chill --keep-going"] {
            assert_eq!(read(&format!("image-freeze {bad}")).unwrap_err().exit_code(), 2, "{bad}");
        }
        assert!(read("image-freeze rot --all").unwrap().every().is_none());
    }

    #[test]
    fn the_document_can_be_piped_into_each_command() {
        for line in [&["image-freeze", "-"][..], &["image-freeze", "--image", "x", "-", "--json"]] {
            assert!(Args::parse_from(line).freeze.image.shared.document.is_some(), "{line:?}");
        }
        for name in ["chill", "check", "rot", "thaw", "solve"] {
            let shared = match Args::parse_from(["image-freeze", name, "-"]).command {
                Some(Command::Chill(args)) => args.shared,
                Some(Command::Check(args)) => args.shared,
                Some(Command::Rot(args)) => args.shared,
                Some(Command::Thaw(args)) => args.shared,
                Some(Command::Solve(args)) => args.shared,
                _ => panic!("{name}"),
            };
            assert!(shared.document.is_some());
        }
        assert!(Args::try_parse_from(["image-freeze", "chil"]).is_err());
    }
}

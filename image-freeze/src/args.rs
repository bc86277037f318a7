//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use common::cli::{PlaceArgs, SharedArgs};
use common::console::Verbosity;
use common::missions::AllArgs;

use crate::lock::Overrides;
use crate::target::Glibc;

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
    Check(CheckArgs),
    /// Ask the package index whether everything that is frozen can still be had; status 1 if anything cannot
    ///
    /// Every version, digest and address of env-frozen, for the platform and the Python of the lock: gone, only
    /// for other platforms, with another digest, withdrawn, or only as source. Answers are kept in .image/index.
    Rot(RotArgs),
    /// Relax as few pins as possible so that env-frozen can be solved again; status 1 if that is not enough
    ///
    /// What `rot` finds lost, and what else has to move with it: each pin goes to the nearest release that
    /// uv can solve with all others as they are. Printed as a patch, with a reason for each line.
    Thaw(ThawArgs),
    /// Solve the floating specs without building anything; status 1 if they cannot be had together
    ///
    /// The pip half, through uv, with the files and in the order that a build would take. A conflict is told with
    /// the file and the line of each side. The lock goes to .image/solved, unless told otherwise.
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

/// Flags of the commands that read an image.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ImageArgs {
    /// Read the image REF (a name or an id) instead of the one that was built last
    #[arg(long, value_name = "REF", conflicts_with = "all")]
    pub image: Option<String>,

    /// Flags that every tool takes.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Flags for taking the specs.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct FreezeArgs {
    /// Add a digest for every file of each pip pin, and conda's packages by address (requirements.explicit)
    ///
    /// Also where the settings export `FREEZE_WITH_HASHES=1`.
    #[arg(long)]
    pub with_hashes: bool,

    /// Ask this package index for them, instead of the one that the pip switches, pip or uv name
    #[arg(long, value_name = "URL", requires = "with_hashes")]
    pub index: Option<String>,

    /// For all missions.
    #[command(flatten)]
    pub many: AllArgs,

    /// Which image, and what every tool takes.
    #[command(flatten)]
    pub image: ImageArgs,
}

/// Flags of `check`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct CheckArgs {
    /// Read the image REF (a name or an id) instead of the one that was built last
    #[arg(long, value_name = "REF", conflicts_with_all = ["from", "all"])]
    pub image: Option<String>,

    /// Read SOURCE instead: an archive, a layout, or an inventory. Nothing is recorded about it then
    #[arg(long, value_name = "SOURCE", conflicts_with = "all")]
    pub from: Option<String>,

    /// Also digest every file, and report those that are not what their package recorded
    #[arg(long)]
    pub verify: bool,

    /// How differences are told.
    #[command(flatten)]
    pub style: StyleArgs,

    /// For all missions.
    #[command(flatten)]
    pub many: AllArgs,

    /// Flags that every tool takes.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// How differences are told, if not by default.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(crate) struct StyleArgs {
    /// Print the differences as Markdown, for a pull request
    #[arg(long, conflicts_with = "patch")]
    pub markdown: bool,

    /// Print a patch for `git apply` that makes the frozen specs say what the image holds
    #[arg(long)]
    pub patch: bool,
}

/// Flags of `diff`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct DiffArgs {
    /// What is expected
    #[arg(value_name = "A")]
    pub a: String,

    /// What it is compared with
    #[arg(value_name = "B")]
    pub b: String,

    /// The mission whose specs are meant, in a repository that has several
    #[arg(long, value_name = "MISSION")]
    pub mission: Option<String>,

    /// Also digest every file, and report those that are not what their package recorded
    #[arg(long)]
    pub verify: bool,

    /// Print the differences as JSON
    #[arg(long, conflicts_with_all = ["markdown", "patch"])]
    pub json: bool,

    /// How differences are told.
    #[command(flatten)]
    pub style: StyleArgs,

    /// What finds the settings and the engine.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Flags of `inventory`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct InventoryArgs {
    /// An image by name or id, an archive, a layout, or `-`; the image that was built last if left out
    #[arg(value_name = "SOURCE")]
    pub source: Option<String>,

    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub format: Format,

    /// Also digest every file, and report those that are not what their package recorded
    #[arg(long)]
    pub verify: bool,

    /// Which image, by name or the beginning of its id, where SOURCE has a few
    #[arg(long, value_name = "IMAGE")]
    pub select: Option<String>,

    /// What finds the settings and the engine.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// How an inventory is written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As `docs/schema/inventory-1.json` says
    Json,
    /// `CycloneDX` 1.6
    Cyclonedx,
    /// SPDX 2.3
    Spdx,
}

/// Flags of `chill`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ChillArgs {
    /// Loosen by the old textual rules, to the byte, even where the result is invalid
    #[arg(long)]
    pub compat: bool,

    /// For all missions.
    #[command(flatten)]
    pub many: AllArgs,

    /// Flags that every tool takes.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Whom to ask, and for what.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct AskingArgs {
    /// Ask this package index, instead of the one that the lock, the pip switches, pip or uv name
    #[arg(long, value_name = "URL")]
    pub index: Option<String>,

    /// Ask nobody: use what was learned before, and say how old it is
    #[arg(long)]
    pub offline: bool,

    /// The Python that the packages are for, instead of the one that the specs name
    #[arg(long, value_name = "VERSION")]
    pub python: Option<String>,

    /// The C library of the image, which decides which wheels run there; without it, that of the settings' Ubuntu
    #[arg(long, value_name = "VERSION")]
    pub glibc: Option<Glibc>,
}

impl AskingArgs {
    /// What overrides what a lock says of itself.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { python: self.python.clone(), glibc: self.glibc }
    }
}

/// Flags of `rot`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct RotArgs {
    /// Look at this mission instead of the configured one
    #[arg(long, value_name = "MISSION", conflicts_with = "all")]
    pub mission: Option<String>,

    /// Look at every mission of the repository
    #[arg(long)]
    pub all: bool,

    /// Also write what was found to FILE, in Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,

    /// Whom to ask.
    #[command(flatten)]
    pub asking: AskingArgs,

    /// Flags that every tool takes.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Flags of `thaw`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ThawArgs {
    /// Change env-frozen, in one step
    #[arg(long)]
    pub apply: bool,

    /// Also write the patch to FILE
    #[arg(long, value_name = "FILE")]
    pub patch: Option<PathBuf>,

    /// Whom to ask.
    #[command(flatten)]
    pub asking: AskingArgs,

    /// Flags that every tool takes.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Flags of `solve`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct SolveArgs {
    /// Solve only this environment
    #[arg(long, value_name = "ENV")]
    pub environment: Option<String>,

    /// Take nothing that was published later: a date or a moment, as uv reads them
    #[arg(long, value_name = "WHEN")]
    pub exclude_newer: Option<String>,

    /// Solve with FILE instead of common-env/*.pip; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub extra: Vec<PathBuf>,

    /// Add a digest for every file of each pin
    #[arg(long)]
    pub with_hashes: bool,

    /// Put the lock into env-frozen
    #[arg(long, conflicts_with = "output")]
    pub write: bool,

    /// Put the lock below DIR
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,

    /// Ask this package index, instead of the one that the pip switches, pip or uv name
    #[arg(long, value_name = "URL")]
    pub index: Option<String>,

    /// The Python to solve for, instead of the one that the specs name
    #[arg(long, value_name = "VERSION")]
    pub python: Option<String>,

    /// The C library of the image, which decides which wheels run there
    #[arg(long, value_name = "VERSION")]
    pub glibc: Option<Glibc>,

    /// Flags that every tool takes.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Flags of `copy`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct CopyArgs {
    /// The file or directory in the image
    #[arg(value_name = "SRC", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub source: String,

    /// Where to copy it
    #[arg(value_name = "DEST", default_value = ".")]
    pub dest: PathBuf,

    /// The image, by name or id, instead of the configured one
    #[arg(value_name = "IMAGE")]
    pub image: Option<String>,

    /// What finds the settings and the engine.
    #[command(flatten)]
    pub place: PlaceArgs,
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

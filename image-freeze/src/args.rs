//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use common::cli::{PlaceArgs, SharedArgs};
use common::console::Verbosity;

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
    pub freeze: ImageArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make env-chilly from env-frozen: the same pins, loosened in their last number
    Chill(ChillArgs),
    /// Compare env-frozen with what the image really holds; status 1 if anything differs
    ///
    /// Read from the bytes of the image, which is not run: conda's own records, and the metadata of every
    /// installed Python distribution. The image's copy of the frozen specs is not looked at.
    Check(ImageArgs),
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
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,

    /// Flags that every tool takes.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Flags of `chill`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ChillArgs {
    /// Loosen by the old textual rules, to the byte, even where the result is invalid
    #[arg(long)]
    pub compat: bool,

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
    /// How much is said.
    pub(crate) const fn verbosity(&self) -> Verbosity {
        let voice = match &self.command {
            None => self.freeze.shared.voice,
            Some(Command::Chill(args)) => args.shared.voice,
            Some(Command::Check(args)) => args.shared.voice,
            Some(Command::Copy(args)) => args.place.voice,
        };
        voice.verbosity()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_document_can_be_piped_into_each_command() {
        for line in [&["image-freeze", "-"][..], &["image-freeze", "--image", "x", "-", "--json"]] {
            assert!(Args::parse_from(line).freeze.shared.document.is_some(), "{line:?}");
        }
        for name in ["chill", "check"] {
            let shared = match Args::parse_from(["image-freeze", name, "-"]).command {
                Some(Command::Chill(args)) => args.shared,
                Some(Command::Check(args)) => args.shared,
                _ => panic!("{name}"),
            };
            assert!(shared.document.is_some());
        }
        assert!(Args::try_parse_from(["image-freeze", "chil"]).is_err());
    }
}

//! Flags of what takes specs out of an image, and loosens them.

use std::path::PathBuf;

use common::cli::{PlaceArgs, SharedArgs};
use common::missions::AllArgs;

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

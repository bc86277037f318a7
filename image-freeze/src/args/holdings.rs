//! Flags of what tells and compares what images hold.

use common::cli::{PlaceArgs, SharedArgs, WaiverArgs};
use common::missions::AllArgs;

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

    /// Whether known differences are excused.
    #[command(flatten)]
    pub waivers: WaiverArgs,

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

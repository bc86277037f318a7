//! What can be typed after the companion commands.

use std::path::PathBuf;

use clap::Args;
use common::cli::{SharedArgs, VoiceArgs};

/// Arguments of `changed`.
///
/// Prints `changed` and ends with 0, or `unchanged` and ends with 1. Anything else is no answer:
/// 2 for a wrong command line, 3 not at the root of a clone, 4 tracked files with unsaved changes,
/// 69 and above for what went wrong.
#[derive(Args, Debug)]
pub struct ChangedArgs {
    /// The branch to judge, by its tip; `current` for what is checked out
    #[arg(value_name = "BRANCH")]
    pub branch: String,

    /// What to compare with: `REMOTE/BRANCH`, `URL@BRANCH`, or a branch of this clone
    #[arg(value_name = "BASELINE")]
    pub baseline: String,

    /// The files and directories that matter, from the root of the clone
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Compare with the commit at which the branch left the baseline, not with the baseline's tip
    #[arg(long)]
    pub merge_base: bool,

    /// How much is said.
    #[command(flatten)]
    pub voice: VoiceArgs,
}

/// Arguments of `prepare`.
#[derive(Args, Debug)]
pub struct PrepareArgs {
    /// The new version of the common infrastructure: `1.3.0`
    #[arg(value_name = "COMMON_VER")]
    pub common: String,

    /// The mission's new version, with or without its name in front: `12.0.0`
    #[arg(value_name = "MISSION_NUM")]
    pub mission: String,

    /// The remote whose main branch the versions are for [default: upstream, or the only one]
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// Accept a version that is lower than the one before
    #[arg(long)]
    pub allow_lower: bool,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `hashes`.
#[derive(Args, Debug)]
pub struct HashesArgs {
    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `post-merge`.
#[derive(Args, Debug)]
pub struct PostMergeArgs {
    /// The remote whose main branch is tagged
    #[arg(value_name = "REMOTE")]
    pub remote: String,

    /// Do it; without this, only show the plan
    #[arg(long)]
    pub execute: bool,

    /// Shared flags.
    #[command(flatten)]
    pub shared: SharedArgs,
}

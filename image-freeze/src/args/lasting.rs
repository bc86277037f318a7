//! Flags of what asks indexes and solvers about locks.

use std::path::PathBuf;

use common::cli::SharedArgs;

use crate::lock::Overrides;
use crate::target::Glibc;

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

    /// Ask this solver about conda's half: micromamba, mamba, conda, or a Python that has py-rattler
    ///
    /// Without it, the first of those that is on PATH.
    #[arg(long, value_name = "PROGRAM")]
    pub conda_solver: Option<String>,

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

    /// Ask this solver about conda's half: micromamba, mamba, conda, or a Python that has py-rattler
    ///
    /// Without it, the first of those that is on PATH.
    #[arg(long, value_name = "PROGRAM")]
    pub conda_solver: Option<String>,

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

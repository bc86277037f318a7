//! Building several missions.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use common::settings::UseFrozen;

use crate::fleet::Size;

/// Flags for several missions.
#[derive(Debug, clap::Args)]
pub(crate) struct ManyArgs {
    /// Build every mission as configured, several at a time. With STEP, one after the other: update, build, or build
    /// and test each, floating; the configuration stays as it is
    #[arg(long, value_name = "STEP", num_args = 0..=1, default_missing_value = "configured", conflicts_with = "prune")]
    pub(crate) all: Option<All>,

    /// With --all STEP: build in these modes, each as notebook-MISSION:latest-MODE with a log of its own
    #[arg(long, value_name = "MODE", requires = "all", value_delimiter = ' ')]
    pub(crate) mode: Vec<UseFrozen>,

    /// Go on with the other missions after a failure, as is done where `CI` is set
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// How many missions are built at a time, at most
    #[arg(long, value_name = "N", default_value_t = default_jobs())]
    pub(crate) jobs: NonZeroUsize,

    /// How much memory the builds may take together: 20G, 512M
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<Size>,

    /// How much memory a build is taken to need of which it is not known: the highest that was seen of earlier
    /// ones and a quarter more counts, but docker's daemon does not show it
    #[arg(long, value_name = "SIZE", default_value = "4G")]
    pub(crate) memory_per_build: Size,

    /// Docker contexts of several machines, to share the missions out among
    #[arg(long, value_name = "CONTEXT,…", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    pub(crate) hosts: Vec<String>,

    /// Which of those contexts this run is in
    #[arg(long, value_name = "CONTEXT", hide = true)]
    pub(crate) host: Option<String>,
}

fn default_jobs() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// What `--all` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum All {
    /// Build as configured.
    #[value(hide = true)]
    Configured,
    /// Bring the specs up to date.
    Update,
    /// Also build.
    Build,
    /// Also test.
    Test,
}

impl All {
    /// How far each mission is taken after the other; none if all are built as configured.
    pub(crate) const fn through(self) -> Option<Through> {
        match self {
            Self::Configured => None,
            Self::Update => Some(Through::Update),
            Self::Build => Some(Through::Build),
            Self::Test => Some(Through::Test),
        }
    }
}

/// How far every mission is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    /// Bring the specs up to date.
    Update,
    /// Also build.
    Build,
    /// Also test.
    Test,
}

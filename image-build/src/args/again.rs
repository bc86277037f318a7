//! Building what is there already.

use clap::ValueEnum;

use crate::key::{Step, Steps};

/// Flags for building what is there already. The engine still uses its own layer cache.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct AgainArgs {
    /// Run every step, also where nothing changed since the last build
    #[arg(long)]
    pub(crate) force: bool,

    /// Run this step and those after it, also where nothing changed since the last build
    #[arg(long, value_name = "STEP")]
    pub(crate) from: Option<FromStep>,
}

/// Where to begin again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FromStep {
    /// The base image.
    Base,
    /// The image that all missions share.
    Common,
    /// The mission's image.
    Mission,
    /// The ownership of its caches.
    Caches,
    /// What follows a build: freezing, chilling, comparing.
    Freeze,
}

impl AgainArgs {
    /// The steps to run whatever was there before.
    pub(crate) fn steps(&self) -> Steps {
        let from = match self.from {
            None => self.force.then_some(Step::Base),
            Some(FromStep::Base) => Some(Step::Base),
            Some(FromStep::Common) => Some(Step::Common),
            Some(FromStep::Mission) => Some(Step::Mission),
            Some(FromStep::Caches) => Some(Step::Caches),
            Some(FromStep::Freeze) => None,
        };
        Steps { from, base: false, follow_ups: self.force || self.from.is_some() }
    }
}

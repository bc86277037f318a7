//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use jiff::Timestamp;

use common::cli::SharedArgs;
use common::deployment::Mission;
use common::settings::{BaseImage, CaBundle, Settings, UseFrozen};

/// Build a mission's image chain: base, common, mission, and the ownership of its caches
///
/// Runs image-update first, and image-freeze at the end where the settings ask for it. Contexts are
/// staged below .image/stage, so the tree is not touched; each step's output is kept below
/// .image/logs. The engine's own status is passed through when a step fails.
#[derive(Debug, Parser)]
#[command(name = "image-build", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,

    #[command(flatten)]
    pub(crate) info: InfoArgs,

    /// Build without running image-update first
    #[arg(long)]
    pub(crate) no_update: bool,

    #[command(flatten)]
    pub(crate) inputs: InputArgs,

    #[command(flatten)]
    pub(crate) many: ManyArgs,
}

/// Flags for something else than one whole build.
#[derive(Debug, clap::Args)]
pub(crate) struct ManyArgs {
    /// Make or pull the base image, and build nothing upon it
    #[arg(long, conflicts_with_all = ["all", "prune"])]
    pub(crate) base_only: bool,

    /// Update, build, or build and test every mission; the configuration stays as it is
    #[arg(long, value_name = "STEP", conflicts_with = "prune")]
    pub(crate) all: Option<Through>,

    /// With --all: build in these modes, each as notebook-MISSION:latest-MODE with a log of its own
    #[arg(long, value_name = "MODE", requires = "all", value_delimiter = ' ')]
    pub(crate) mode: Vec<UseFrozen>,

    /// With --all: go on with the next mission after a failure
    #[arg(long, requires = "all")]
    pub(crate) keep_going: bool,

    /// Remove the images that a build of MISSION makes, by their exact names
    #[arg(long, value_name = "MISSION")]
    pub(crate) prune: Option<Mission>,

    /// With --prune: also remove what else the engine holds and nobody uses
    #[arg(long, requires = "prune")]
    pub(crate) system: bool,
}

/// How far every mission is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Through {
    /// Bring the specs up to date.
    Update,
    /// Also build.
    Build,
    /// Also test.
    Test,
}

/// Flags that only look.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct InfoArgs {
    /// Print what would be run, and run nothing
    #[arg(long)]
    pub(crate) plan: bool,

    /// Print which engine would be used, and what it can do
    #[arg(long)]
    pub(crate) engine_info: bool,
}

/// Flags for what goes in, for this call.
#[derive(Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// The image to build upon: a reference, or `bootstrap` for one of this machine's Debian packages
    #[arg(long, value_name = "REF")]
    pub(crate) base_image: Option<String>,

    /// Make a base image again that this clone made before (bootstrap, or docker-stacks source)
    #[arg(long)]
    pub(crate) refresh_base: bool,

    /// Certificates that build steps trust (PEM), `none`, or `auto`: the host's where it has its own
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<String>,

    /// The moment a floating build solves against, in place of now. The same moment finds the cached layers again
    #[arg(long, value_name = "TIME")]
    pub(crate) index_cutoff: Option<Timestamp>,
}

impl InputArgs {
    /// Puts what was typed over what was configured.
    pub(crate) fn override_settings(&self, settings: &mut Settings) {
        if let Some(base) = &self.base_image {
            settings.base_image = Some(BaseImage::from(base.clone()));
        }
        if let Some(bundle) = &self.ca_bundle {
            settings.ca_bundle = match CaBundle::from(bundle.clone()) {
                CaBundle::File(path) => CaBundle::File(absolute(path)),
                other => other,
            };
        }
    }
}

/// The document travels to tools that run elsewhere.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use std::path::Path;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        assert!(Args::try_parse_from(["image-build", "--plan", "--engine-info"]).is_err());
        assert!(Args::try_parse_from(["image-build", "--index-cutoff=yesterday"]).is_err());
    }

    #[test]
    fn flags_override_the_document() {
        let args = Args::parse_from(["image-build", "-", "--base-image=bootstrap", "--ca-bundle", "/ca.pem"]);
        let mut settings = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        args.inputs.override_settings(&mut settings);
        assert_eq!(settings.base_image, Some(BaseImage::Bootstrap));
        assert_eq!(settings.ca_bundle, CaBundle::File("/ca.pem".into()));
    }
}

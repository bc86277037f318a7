//! The command line.

use std::env;
use std::num::{NonZeroUsize, ParseIntError};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, ValueEnum};
use jiff::Timestamp;

use common::cli::{PlaceArgs, SharedArgs};
use common::clock;
use common::console::Console;
use common::deployment::Mission;
use common::git::Repo;
use common::settings::{BaseImage, CaBundle, Settings, UseFrozen};

use crate::error::Error;
use crate::fleet::Size;
use crate::key::{Step, Steps};
use crate::repack::Repack;

/// Build a mission's image chain: base, common, mission, and the ownership of its caches
///
/// Runs image-update first, and image-freeze at the end where the settings ask for it. Contexts are
/// staged below .image/stage, so the tree is not touched; each step's output is kept below
/// .image/logs. The engine's own status is passed through when a step fails.
#[derive(Debug, Parser)]
#[command(name = "image-build", version)]
pub(crate) struct Args {
    /// The missions to build, in place of the configured one; `-` reads the document from standard input
    #[arg(value_name = "MISSION|-")]
    words: Vec<String>,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// Print the document on standard output, also on a terminal
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) info: InfoArgs,

    #[command(flatten)]
    pub(crate) again: AgainArgs,

    /// Build without running image-update first
    #[arg(long)]
    pub(crate) no_update: bool,

    /// Write where the time went to FILE: JSON, or a page if it ends in .html; of several missions, a file for each
    #[arg(long, value_name = "FILE")]
    pub(crate) timings: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) inputs: InputArgs,

    #[command(flatten)]
    pub(crate) part: PartArgs,

    #[command(flatten)]
    pub(crate) many: ManyArgs,

    #[command(flatten)]
    pub(crate) repack: RepackArgs,
}

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

/// Up to which moment releases are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexCutoff {
    /// Until the last midnight, UTC: builds of one day solve the same and find each other's layers.
    Day,
    /// Until this very moment: every build is another one.
    Now,
    /// Until then.
    At(Timestamp),
}

impl IndexCutoff {
    /// The moment it is for a run that began at `started`.
    pub(crate) fn moment(self, started: Timestamp) -> Timestamp {
        match self {
            Self::Day => clock::midnight(started),
            Self::Now => started,
            Self::At(moment) => moment,
        }
    }
}

impl FromStr for IndexCutoff {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        Ok(match text {
            "day" => Self::Day,
            "now" => Self::Now,
            text => Self::At(
                text.parse().map_err(|_| "write `day`, `now`, or a time such as 2024-08-05T10:00:00Z")?,
            ),
        })
    }
}

/// When an image counts as made that is to be made again elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeAt {
    /// When `SOURCE_DATE_EPOCH` says, else when the commit was made.
    Commit,
    /// This many seconds after 1970 began.
    Seconds(i64),
}

impl FromStr for MadeAt {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        Ok(if text == "commit" { Self::Commit } else { Self::Seconds(text.parse()?) })
    }
}

/// Flags for a part of a build, or for taking it away.
#[derive(Debug, clap::Args)]
pub(crate) struct PartArgs {
    /// Make or pull the base image, and build nothing upon it
    #[arg(long, conflicts_with_all = ["all", "prune"])]
    pub(crate) base_only: bool,

    /// Build the base image and the image that all missions share, and no mission's
    #[arg(long, hide = true)]
    pub(crate) common_only: bool,

    /// Remove the images that a build of MISSION makes, by their exact names
    #[arg(long, value_name = "MISSION")]
    pub(crate) prune: Option<Mission>,

    /// With --prune: also remove what else the engine holds and nobody uses
    #[arg(long, requires = "prune")]
    pub(crate) system: bool,
}

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
}

fn default_jobs() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Flags for one image alone, whatever it is of.
#[derive(Debug, clap::Args)]
pub(crate) struct RepackArgs {
    /// Make an image of one layer of another one, with the same settings
    #[arg(long, num_args = 2, value_names = ["SOURCE", "TARGET"], conflicts_with_all = ["all", "prune", "base_only"])]
    repack: Option<Vec<String>>,

    /// With --repack: remove SOURCE when TARGET is there and the same
    #[arg(long, requires = "repack")]
    delete_source: bool,
}

impl RepackArgs {
    /// What is to be repacked, if that is asked for.
    pub(crate) fn request(&self) -> Option<Repack> {
        let [source, target] = self.repack.as_deref()? else { return None };
        Some(Repack { source: source.clone(), target: target.clone(), deletes_source: self.delete_source })
    }
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

    /// Make a base image again that this clone made before; of one that is pulled, take no older one
    #[arg(long)]
    pub(crate) refresh_base: bool,

    /// Certificates that build steps trust (PEM), `none`, or `auto`: the host's where it has its own
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<String>,

    /// Up to when releases count in a floating build: `day` (until today began, UTC), `now`, or a time. The same
    /// moment is the same build
    #[arg(long, value_name = "TIME", env = "INDEX_CUTOFF")]
    pub(crate) index_cutoff: Option<IndexCutoff>,

    /// The `BuildKit` builder instance that builds (docker alone)
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) builder: Option<String>,

    /// Where the engine may take cached layers from, in its own words
    #[arg(long, value_name = "CACHE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) cache_from: Vec<String>,

    /// Build so that it can be repeated: one time for the image and, where the engine can do that, for all its files; no
    /// trace of the checkout's modes and times. The time is SECONDS since 1970, else `SOURCE_DATE_EPOCH`, else the
    /// commit's. What stands already is not built again for that: --force
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "commit")]
    pub(crate) reproducible: Option<MadeAt>,

    /// Where the engine puts cached layers, in its own words
    #[arg(long, value_name = "CACHE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) cache_to: Vec<String>,
}

impl Args {
    /// What every tool takes, as every other tool takes it.
    pub(crate) fn shared(&self) -> SharedArgs {
        let document = self.words.iter().find(|word| *word == "-").cloned();
        SharedArgs { document, json: self.json, ..self.place.shared() }
    }

    /// The missions that are named.
    pub(crate) fn missions(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|word| *word != "-")
    }
}

impl InputArgs {
    /// The moment that an image counts as made at, if that is wanted.
    ///
    /// # Errors
    /// There is none to be had: the repository has no commit.
    pub(crate) fn epoch(&self, root: &Path, console: &Console) -> Result<Option<i64>, Error> {
        match self.reproducible {
            None => Ok(None),
            Some(MadeAt::Seconds(seconds)) => Ok(Some(seconds)),
            Some(MadeAt::Commit) if env::var_os("SOURCE_DATE_EPOCH").is_some() => {
                Ok(Some(clock::now().as_second()))
            }
            Some(MadeAt::Commit) => {
                let time = Repo::open(root, console)?.time_of("HEAD")?;
                time.map(Some).ok_or(Error::NoCommit)
            }
        }
    }

    /// The switches that say where an engine builds and keeps layers, and nothing of what is built.
    pub(crate) fn place_words(&self) -> Vec<String> {
        let builder = self.builder.iter().flat_map(|name| ["--builder", name, "--load"]);
        let from = self.cache_from.iter().flat_map(|cache| ["--cache-from", cache]);
        let to = self.cache_to.iter().flat_map(|cache| ["--cache-to", cache]);
        builder.chain(from).chain(to).map(str::to_owned).collect()
    }

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

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        assert!(Args::try_parse_from(["image-build", "--plan", "--engine-info"]).is_err());
        assert!(Args::try_parse_from(["image-build", "--index-cutoff=yesterday"]).is_err());
        let args = Args::parse_from(["image-build", "roman", "-", "tike", "--all"]);
        assert_eq!(args.missions().collect::<Vec<_>>(), ["roman", "tike"]);
        assert_eq!((args.shared().document.as_deref(), args.many.all), (Some("-"), Some(All::Configured)));
    }

    #[test]
    fn the_moment_of_an_image_is_said_or_is_the_commits() {
        let made = |flag: &str| Args::parse_from(["image-build", flag, "roman"]).inputs.reproducible;
        assert_eq!(made("--reproducible"), Some(MadeAt::Commit));
        assert_eq!(made("--reproducible=7"), Some(MadeAt::Seconds(7)));
        assert_eq!(made("--force"), None, "calls are as they ever were");
    }

    #[test]
    fn a_floating_build_is_that_of_a_day_unless_told_otherwise() {
        let at = |text: &str| {
            let started = "2024-08-05T10:00:00Z".parse().unwrap();
            text.parse::<IndexCutoff>().unwrap().moment(started).to_string()
        };
        assert_eq!(at("day"), "2024-08-05T00:00:00Z");
        assert_eq!(at("now"), "2024-08-05T10:00:00Z");
        assert_eq!(at("2020-01-01T00:00:00Z"), "2020-01-01T00:00:00Z");
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

//! The command line.

mod again;
mod capsule;
mod cutoff;
mod many;

use std::path::PathBuf;

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use common::cli::{PlaceArgs, SharedArgs};
use common::deployment::Mission;
use common::settings::{BaseImage, CaBundle, Settings};

use crate::made_at::MadeAt;
use crate::repack::Repack;

pub(crate) use again::AgainArgs;
pub(crate) use capsule::{CapsuleArgs, CapsuleWork};
pub(crate) use cutoff::IndexCutoff;
pub(crate) use many::{All, ManyArgs, Through};

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

    #[command(flatten)]
    pub(crate) capsule: CapsuleArgs,
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

    /// The `BuildKit` builder instance that builds (docker alone; else `BUILDX_BUILDER`). What it builds upon is
    /// handed to it if it has images of its own, and what comes out is loaded
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) builder: Option<String>,

    /// Where the engine may take cached layers from, in its own words. An image that is there in a registry, under the
    /// name that an image of the chain gets there, and was built of the same is pulled and not built
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
    /// The switches that say where an engine builds and keeps layers, and nothing of what is built.
    pub(crate) fn place_words(&self) -> Vec<String> {
        let builder = self.builder();
        let builder = builder.iter().flat_map(|name| ["--builder", name, "--load"]);
        let from = self.cache_from.iter().flat_map(|cache| ["--cache-from", cache]);
        let to = self.cache_to.iter().flat_map(|cache| ["--cache-to", cache]);
        builder.chain(from).chain(to).map(str::to_owned).collect()
    }

    /// The builder that was named; else the one that buildx would take, which would load nothing by itself.
    pub(crate) fn builder(&self) -> Option<String> {
        let set = || std::env::var("BUILDX_BUILDER").ok().filter(|name| !name.is_empty());
        self.builder.clone().or_else(set)
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
    use std::path::Path;

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
    fn flags_override_the_document() {
        let args = Args::parse_from(["image-build", "-", "--base-image=bootstrap", "--ca-bundle", "/ca.pem"]);
        let mut settings = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        args.inputs.override_settings(&mut settings);
        assert_eq!(settings.base_image, Some(BaseImage::Bootstrap));
        assert_eq!(settings.ca_bundle, CaBundle::File("/ca.pem".into()));
    }
}

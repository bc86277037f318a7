//! The command line. Its flags, their values and their defaults are those of the documented command.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use common::cli::VoiceArgs;
use common::fetch::{Address, Place};
use common::settings::{BaseImage, CaBundle, CalVersion, EngineChoice, HubEnvironment};
use common::settings::{Owner, Platform, UseFrozen};

/// Choose the mission and mode of a build
///
/// Writes setup-env.json, which the other tools read, and setup-env, which a shell sources, at the
/// root of the deployments repository. Both are replaced whole or not at all.
#[derive(Debug, Parser)]
#[command(version, infer_long_args = true)]
pub struct Args {
    /// The mission: a directory of deployments/
    #[arg(value_name = "MISSION", required_unless_present = "matrix")]
    pub deployment: Option<String>,

    /// Which hub the image is meant for
    #[arg(long, value_name = "NAME", default_value = "sandbox")]
    pub environment: HubEnvironment,

    /// What the image runs on
    #[arg(long, value_name = "PLATFORM", default_value = "linux/amd64")]
    pub platform: Platform,

    /// Solve the floating specs, or take frozen or chilly ones; 0, 1 and 2 mean the same
    #[arg(long, value_name = "MODE", default_value = "floating")]
    pub use_frozen: UseFrozen,

    /// End a build by freezing what was solved; the newest generation calls it --freeze
    #[arg(long, alias = "freeze", value_name = "0|1", default_value = "0")]
    pub freeze_chill: Switch,

    /// End a build by squashing the image into one layer (newest generation)
    #[arg(long, value_name = "0|1", default_value = "0")]
    pub repack: Switch,

    /// Mount no package caches into build steps
    #[arg(long)]
    pub no_docker_caching: bool,

    /// Which of the owner's notebook images is the base; by default the generation's own
    #[arg(long, value_name = "NAME")]
    pub base_notebook: Option<BaseNotebook>,

    /// Calibration software of a floating build: none, latest, or a version such as 0.13.0
    #[arg(long, value_name = "VERSION", default_value = "none")]
    pub cal_version: CalVersion,

    /// Who makes the base image: spacetelescope builds it from source, quay.io/jupyter is pulled
    #[arg(long, value_name = "OWNER", default_value = "spacetelescope")]
    pub owner: Owner,

    /// Another base image: a reference, or `bootstrap` to make it from this machine's own packages
    #[arg(long, value_name = "REF")]
    pub base_image: Option<BaseImage>,

    /// The container engine; auto takes the first that works of docker, podman, buildah
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: EngineChoice,

    /// The engine's network mode for builds and tests
    #[arg(long, value_name = "MODE")]
    pub network: Option<String>,

    /// Certificate authorities for build steps: auto (the host's private ones), none, or a PEM file
    #[arg(long, value_name = "FILE", default_value = "auto")]
    pub ca_bundle: CaBundle,

    /// Fetch delivered requirements below URL in place of the address in sources.json
    #[arg(long, value_name = "URL", value_parser = source_url)]
    pub source_url: Option<String>,

    /// Fetch requirements from this host without TLS; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub insecure_host: Vec<Place>,

    /// The deployments repository, if it is not the one around the working directory
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// Show every setting and where its value comes from, and write nothing
    #[arg(long)]
    pub explain: bool,

    #[command(flatten)]
    pub matrix: MatrixArgs,

    /// Print the document on standard output, also on a terminal
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub voice: VoiceArgs,
}

/// Flags for a list of missions in place of one configuration.
#[derive(Debug, clap::Args)]
pub struct MatrixArgs {
    /// Print the missions as a job matrix of GitHub Actions, and write nothing
    #[arg(long, conflicts_with_all = ["explain", "deployment"])]
    pub matrix: bool,

    /// With --matrix: only missions touched since HEAD and this branch or commit parted
    #[arg(long, value_name = "REF", requires = "matrix", conflicts_with = "deployment")]
    pub base: Option<String>,
}

/// An address with `{version}` and `{environment}` for what is filled in later.
fn source_url(text: &str) -> Result<String, String> {
    let filled = text.replace("{version}", "0").replace("{environment}", "e");
    filled.parse::<Address>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Off or on, as a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Off.
    #[value(name = "0")]
    Off,
    /// On.
    #[value(name = "1")]
    On,
}

/// The notebook images that docker-stacks makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, clippy::enum_variant_names, reason = "each is what its name says, and spelled so")]
pub enum BaseNotebook {
    ScipyNotebook,
    MinimalNotebook,
    BaseNotebook,
    PytorchNotebook,
    TensorflowNotebook,
    JuliaNotebook,
    PysparkNotebook,
    RNotebook,
    AllSparkNotebook,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(format!("image-configure {line}").split_whitespace())
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn a_matrix_is_of_no_mission() {
        let args = parse("--matrix --base main").unwrap();
        assert!(args.matrix.matrix && args.deployment.is_none());
        for wrong in ["", "roman --matrix", "roman --base main"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn flags_take_their_value_either_way_and_may_be_shortened() {
        for line in ["roman --use-frozen frozen", "roman --use-frozen=1", "--use 1 roman"] {
            assert_eq!(parse(line).unwrap().use_frozen, UseFrozen::Frozen, "{line}");
        }
        assert_eq!(parse("roman --freeze=1").unwrap().freeze_chill, Switch::On);
        let mirror = "https://h:8443/{environment}/v{version}";
        assert_eq!(
            parse(&format!("roman --source-url {mirror}")).unwrap().source_url.as_deref(),
            Some(mirror)
        );
        assert_eq!(parse("roman --cal 0.13.0").unwrap().cal_version.to_string(), "0.13.0");
    }

    #[test]
    fn defaults_are_those_of_the_documented_command() {
        let args = parse("roman").unwrap();
        assert_eq!(args.use_frozen, UseFrozen::Floating);
        assert_eq!(args.freeze_chill, Switch::Off);
        assert_eq!(args.owner, Owner::Spacetelescope);
        assert!(args.cal_version.is_none());
    }

    #[test]
    fn a_wrong_value_is_refused_with_what_is_allowed_and_what_was_meant() {
        let check = |line: &str, expected: &[&str]| {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(expected.iter().all(|part| text.contains(part)), "{line}: {text}");
        };
        check("roman --use-frozen forzen", &["floating", "frozen", "chilly", "'frozen'"]);
        check("roman --environment tset", &["sandbox", "'test'"]);
        check("roman --freeze-chill 2", &["0, 1"]);
        check("roman --cal-version v0.13.0", &["did you mean `0.13.0`?"]);
        check("roman --cal-version=", &["did you mean `none`?"]);
        check("roman --ower x", &["--owner"]);
        check("roman --source-url ftp://h/", &["--source-url", "ftp"]);
        check("", &["MISSION"]);
    }
}

//! What can be typed.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser};
use common::cli::{SharedArgs, WaiverArgs};
use common::console::Verbosity;
use common::missions::AllArgs;
use jiff::SignedDuration;

use crate::container::args::Command;
use crate::reports::Target;

/// Run the tests of an image and turn their output into results
///
/// Runs /opt/environments/test in the image that was just built, streams what it prints to standard
/// error and into .image/logs, and ends with the container's own status. The output is read: each
/// import, notebook and script becomes a result, and what tests/imports, tests/notebooks and tests/
/// ask for without ever being run is listed. A run that ends with status 0 although something failed,
/// was never run, or although nothing was tested at all ends with status 1.
///
/// The image is the one that the last image-build in the document made, else the last one built in
/// this clone, else what the configured name stands for; it is tested by its id.
///
/// With --native the tests run straight from environments/<env>/tests of the repository, and the image's
/// scripts are not needed: each import, notebook and script in a process of its own, several side by
/// side, each with a time limit. The results and the verdict are the same.
///
/// A failure that environments/<env>/tests/waivers.json excuses today is told with its waiver and does not
/// count, if the container's status can be due to it: never one of 125 or more, nor one that no failed
/// test shows. What is recorded is what was found; a release judges anew.
///
/// Exit status: the container's own; 0 if every test passed or is waived; 1 if the answer is no although the
/// container ended with 0; 124 if the time limit passed; 125, 126 and 127 as docker gives them (the
/// engine failed, the test script cannot be executed, there is none).
#[derive(Debug, Parser)]
#[command(name = "image-test", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// What else to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// What every tool takes.
    #[command(flatten)]
    pub(crate) shared: SharedArgs,

    /// For all missions.
    #[command(flatten)]
    pub(crate) many: AllArgs,

    /// Test this image (a name or an id) instead
    #[arg(long, value_name = "REF", env = "EXEC_ID", hide_env_values = true)]
    pub(crate) image: Option<String>,

    /// Also write the results to a file: json=FILE or junit=FILE (repeatable); with --all, one for each mission:
    /// junit=results.xml is results-roman.xml for roman
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    pub(crate) reports: Vec<Target>,

    /// Run the tests of the repository's specs, without the image's own scripts
    #[arg(long, conflicts_with = "arguments")]
    pub(crate) native: bool,

    /// Find the upgrades that make tests fail: what differs between two locks and cannot be left out
    ///
    /// BEFORE and AFTER are requirement files, directories such as env-frozen or env-chilly, or git
    /// revisions of env-frozen. Environments of both and of mixtures are made by uv in the image (by this
    /// machine's uv if it has none), and the repository's tests that fail after and pass before are run
    /// in them. Exit status: 0 if the culprits are found, 1 if all tests pass after too, 2 if they fail
    /// before as well.
    #[arg(
        long, num_args = 2, value_names = ["BEFORE", "AFTER"],
        conflicts_with_all = ["native", "dev", "again", "arguments", "reports", "all", "no_waivers"]
    )]
    pub(crate) bisect: Vec<String>,

    /// The one environment to bisect
    #[arg(long, value_name = "ENV", requires = "bisect")]
    pub(crate) environment: Option<String>,

    /// The image's Python that runs the tests of --native and --bisect
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub(crate) python: String,

    /// Mount this clone's scripts and environments over those of the image; nothing is recorded then
    #[arg(long)]
    pub(crate) dev: bool,

    /// Run every test, also where nothing has changed since it passed on this image
    ///
    /// Without it, a result is taken over from the last run if the image, the environment's lock, the test
    /// and how it is run are the same: with --native each by itself, else all of them or none.
    #[arg(long)]
    pub(crate) again: bool,

    /// What is accepted.
    #[command(flatten)]
    pub(crate) allow: Allow,

    /// Whether known failures are excused.
    #[command(flatten)]
    pub(crate) waivers: WaiverArgs,

    /// End the run after this time, or with --native each test: 90s, 30m, 1h30m, a number of seconds
    ///
    /// With --native an import has 10 minutes and anything else 30, unless this says otherwise.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Let the image run so many notebooks side by side (`NOTEBOOK_JOBS`), or with --native so many tests
    ///
    /// With --native the default is the number of processors that the container may use.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,

    /// Set a variable in the container (repeatable)
    #[arg(short = 'e', long = "env", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<Variable>,

    /// Arguments for /opt/environments/test itself; a flag that is none of ours is one too
    #[arg(last = true, value_name = "ARG")]
    pub(crate) arguments: Vec<String>,
}

impl Args {
    /// Reads the command line. From the first flag on that is none of ours, words are the image's:
    /// `image-test --test-imports` reaches its test script. What is like a flag of ours is mistyped.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        let read = Self::try_parse_from(words).or_else(|error| match Self::foreign(&error, words) {
            Some(position) => {
                let (ours, theirs) = words.split_at(position);
                Self::try_parse_from([ours, &["--".into()], theirs].concat())
            }
            None => Err(error),
        });
        read.and_then(Self::consistent)
    }

    /// One image cannot be that of every mission. An exported `EXEC_ID` that is empty is none.
    fn consistent(self) -> Result<Self, clap::Error> {
        if self.many.all && self.image.as_ref().is_some_and(|image| !image.is_empty()) {
            let said = "the argument '--all' cannot be used with '--image' or an exported EXEC_ID";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, said));
        }
        Ok(self)
    }

    fn foreign(error: &clap::Error, words: &[OsString]) -> Option<usize> {
        let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
        let is_mistyped = error.get(ContextKind::SuggestedArg).is_some();
        if error.kind() != ErrorKind::UnknownArgument || is_mistyped || !flag.starts_with("--") {
            return None;
        }
        words.iter().position(|word| word.to_str().is_some_and(|word| word.split('=').next() == Some(flag)))
    }

    /// Whether our own runner runs the tests.
    pub(crate) const fn is_native(&self) -> bool {
        self.native || !self.bisect.is_empty()
    }

    /// How much is said.
    pub(crate) fn verbosity(&self) -> Verbosity {
        self.command.as_ref().map_or_else(|| self.shared.voice.verbosity(), Command::verbosity)
    }
}

/// What does not make the answer a "no".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Allow {
    /// Accept a run in which nothing was tested
    #[arg(long = "allow-empty")]
    pub(crate) empty: bool,

    /// Accept that tests which the repository asks for were not run; they are listed all the same
    #[arg(long = "allow-missing")]
    pub(crate) missing: bool,
}

/// A variable for the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
        let ok = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(ok) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("{name:?} cannot name a variable"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<u32>().map(|n| Duration::from_secs(n.into()));
    let spelled = || text.parse::<SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
    let found = seconds.ok().or_else(spelled).filter(|limit| !limit.is_zero());
    found.ok_or_else(|| "write a time such as 90s, 30m or 1h30m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_none_of_our_flags_reaches_the_images_script() {
        let read = |line: &str| {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            Args::read(&words).map(|args| (args.jobs, args.arguments.join(" ")))
        };
        assert_eq!(read("image-test --test-imports").unwrap(), (None, "--test-imports".to_owned()));
        let both = read("image-test --jobs 2 --test-imports --jobs 3").unwrap();
        assert_eq!(both, (Some(2), "--test-imports --jobs 3".to_owned()));
        assert_eq!(read("image-test --clone-repos=x y").unwrap().1, "--clone-repos=x y");
        for mistyped in ["--timout=5", "--allow-mising", "--jbos", "-x", "word"] {
            assert!(read(&format!("image-test {mistyped}")).is_err(), "{mistyped}");
        }
    }

    #[test]
    fn times_as_people_write_them() {
        for (text, seconds) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("30m", Some(1800)),
            ("1h30m", Some(5400)),
            ("1h 30m", Some(5400)),
            ("0", None),
            ("-5s", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(duration(text).ok().map(|d| d.as_secs()), seconds, "{text:?}");
        }
    }

    #[test]
    fn a_variable_needs_a_name_and_keeps_its_value_whole() {
        let ok = "CRDS_PATH=/a=b c".parse::<Variable>().unwrap();
        assert_eq!((ok.name.as_str(), ok.value.as_str()), ("CRDS_PATH", "/a=b c"));
        for bad in ["CRDS_PATH", "=x", "A-B=x", "1A=x"] {
            assert!(bad.parse::<Variable>().is_err(), "{bad}");
        }
    }
}

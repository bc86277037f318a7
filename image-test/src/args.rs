//! What can be typed.

use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use common::cli::SharedArgs;
use common::console::Verbosity;
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
/// Exit status: the container's own; 0 if every test passed; 1 if the answer is no although the
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

    /// Test this image (a name or an id) instead
    #[arg(long, value_name = "REF", env = "EXEC_ID", hide_env_values = true)]
    pub(crate) image: Option<String>,

    /// Also write the results to a file: json=FILE or junit=FILE (repeatable)
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    pub(crate) reports: Vec<Target>,

    /// What is accepted.
    #[command(flatten)]
    pub(crate) allow: Allow,

    /// End the run after this time: 90s, 30m, 1h30m, or a number of seconds
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Let the image run so many notebooks side by side (`NOTEBOOK_JOBS`)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,

    /// Set a variable in the container (repeatable)
    #[arg(short = 'e', long = "env", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<Variable>,

    /// Arguments for /opt/environments/test itself
    #[arg(last = true, value_name = "ARG")]
    pub(crate) arguments: Vec<String>,
}

impl Args {
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
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
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

//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use common::cli::SharedArgs;
use common::fetch::{Limits, Place};
use common::missions::AllArgs;
use common::settings::CalVersion;

/// Bring a mission's floating requirements and generated Dockerfile up to date
///
/// For each environment with a sources.json, unless the calibration version is none: fetches the delivered
/// files, checks them, and changes all of them together with `CAL_VERSION`, kernel.name and the index, or
/// nothing. An environment with an update-requirements of its own has that run, under the same rule. Then
/// writes Dockerfile = Dockerfile.custom followed by ../common/Dockerfile.trailer. Frozen and chilly specs
/// are never touched.
#[derive(Debug, Parser)]
#[command(version, infer_long_args = true)]
pub struct Args {
    /// Use this calibration version instead of the configured one, for this call
    #[arg(long, value_name = "VERSION")]
    pub cal_version: Option<CalVersion>,

    /// Only print the names of the environments of MISSION (else the configured one), on one line
    #[arg(long, value_name = "MISSION", num_args = 0..=1, conflicts_with_all = ["cal_version", "all"])]
    #[expect(clippy::option_option, reason = "the flag, and its value, may each be there or not")]
    pub list_environments: Option<Option<String>>,

    /// Run update-requirements where there is one, also where sources are known
    #[arg(long)]
    pub run_scripts: bool,

    /// Fetch nothing: take what was delivered before from .image/store
    #[arg(long)]
    pub offline: bool,

    /// Only say whether the servers still have what sources.lock.json says; status 1 if not
    #[arg(long, conflicts_with_all = ["offline", "run_scripts"])]
    pub check: bool,

    /// Fetch below URL in place of the address in sources.json; {version} and {environment} are filled in
    #[arg(long, value_name = "URL")]
    pub source_url: Option<String>,

    /// Fetch from this host without TLS; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub insecure_host: Vec<Place>,

    /// Send the token in FILE to the server that is asked
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Also write what changed to FILE, as Markdown; with --all, one for each mission: news.md is news-roman.md for
    /// roman
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,

    /// For all missions.
    #[command(flatten)]
    pub many: AllArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub shared: SharedArgs,
}

/// How long and how often a file is tried.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct LimitArgs {
    /// Give up a connection that does not stand after this time
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub connect_timeout: Duration,

    /// Give up an answer of which nothing comes for this time
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub read_timeout: Duration,

    /// Give up a file after this time, with all tries
    #[arg(long, value_name = "SECONDS", default_value = "180", value_parser = seconds)]
    pub timeout: Duration,

    /// Try a file again this often where that may help
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(..=20))]
    pub retries: u32,
}

impl LimitArgs {
    /// The same for the fetcher.
    pub fn limits(self) -> Limits {
        Limits {
            connect: self.connect_timeout,
            read: self.read_timeout,
            total: self.timeout,
            retries: self.retries,
            ..Limits::default()
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|limit| (0.01..=86_400.0).contains(&limit.as_secs_f64()))
        .ok_or_else(|| "it must be between 0.01 and 86400 seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn limits_default_to_the_librarys_and_are_bounded() {
        let parse = |line: &str| Args::try_parse_from(line.split_whitespace());
        assert_eq!(parse("image-update").unwrap().limits.limits(), Limits::default());
        assert_eq!(parse("image-update --read-timeout 0.5").unwrap().limits.read_timeout.as_millis(), 500);
        for bad in
            ["--timeout 0", "--timeout nan", "--retries 21", "--check --offline", "--insecure-host a/b"]
        {
            assert_eq!(parse(&format!("image-update {bad}")).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}

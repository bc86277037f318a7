//! The command line.

use clap::Parser;
use common::cli::SharedArgs;
use common::settings::CalVersion;

/// Bring a mission's floating requirements and generated Dockerfile up to date
///
/// Runs `update-requirements VERSION` in each directory of the mission's environments/ that has one,
/// unless the calibration version is none; then writes Dockerfile = Dockerfile.custom followed by
/// ../common/Dockerfile.trailer. Frozen and chilly specs are never touched.
#[derive(Debug, Parser)]
#[command(version, infer_long_args = true)]
pub struct Args {
    /// Use this calibration version instead of the configured one, for this call
    #[arg(long, value_name = "VERSION")]
    pub cal_version: Option<CalVersion>,

    /// Only print the names of the environments of MISSION (else the configured one), on one line
    #[arg(long, value_name = "MISSION", num_args = 0..=1, conflicts_with = "cal_version")]
    #[expect(clippy::option_option, reason = "the flag, and its value, may each be there or not")]
    pub list_environments: Option<Option<String>>,

    #[command(flatten)]
    pub shared: SharedArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }
}

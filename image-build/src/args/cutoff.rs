//! The moment that a floating build is of.

use std::str::FromStr;

use common::clock;
use jiff::Timestamp;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}

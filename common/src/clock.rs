//! Time, which enters a run once, as a value.

use std::env;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The moment that a run counts as "now".
///
/// `SOURCE_DATE_EPOCH` (whole seconds since 1970, UTC) fixes it, so that a run can be repeated.
/// An unreadable value is ignored, as the specification of that variable leaves to us.
#[must_use]
pub fn now() -> Timestamp {
    env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|text| text.parse::<i64>().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or_else(wall)
}

/// The wall clock, to the second: durations and log names, never content.
#[must_use]
pub fn wall() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The calendar day of `moment` as `YYYY-MM-DD`, in the local time zone (as `date --iso` gives).
#[must_use]
pub fn day(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).date().to_string()
}

/// `moment` in a form that sorts and is safe in a file name: `20240805T101530Z`.
#[must_use]
pub fn compact(moment: Timestamp) -> String {
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

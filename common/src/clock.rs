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

/// When a document about something that was made at `created` (RFC 3339) counts as made, in whole
/// seconds of UTC: `SOURCE_DATE_EPOCH`, else that very moment. So the same thing gives the same document.
#[must_use]
pub fn of_made(created: Option<&str>) -> Option<String> {
    let moment = match env::var_os("SOURCE_DATE_EPOCH") {
        Some(_) => now(),
        None => created?.parse().ok()?,
    };
    Some(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
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

/// The midnight, UTC, that the day of `moment` began with.
#[must_use]
pub fn midnight(moment: Timestamp) -> Timestamp {
    let into_the_day = moment.as_second().rem_euclid(24 * 60 * 60);
    Timestamp::from_second(moment.as_second() - into_the_day).unwrap_or(moment)
}

/// `moment` in a form that sorts and is safe in a file name: `20240805T101530Z`.
#[must_use]
pub fn compact(moment: Timestamp) -> String {
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Seconds to the millisecond: as much as a wall clock is worth.
#[must_use]
pub fn to_the_millisecond(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let check = |moment: &str, expected: &str| {
            assert_eq!(midnight(moment.parse().unwrap()).to_string(), expected);
        };
        check("2024-08-05T10:00:00.5Z", "2024-08-05T00:00:00Z");
        check("2024-08-05T00:00:00Z", "2024-08-05T00:00:00Z");
        check("1969-12-31T23:00:00Z", "1969-12-31T00:00:00Z");
    }
}

//! Trying again: which failures pass by themselves, how long to wait, and who says so.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::clock;
use crate::process::{self, ProcessError};

/// How often something is tried in all, where nothing else is said.
pub const ATTEMPTS: u32 = 5;
/// The longest that a server may make us wait.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the first pause is below.
const STEP: Duration = Duration::from_millis(400);
/// What every pause is below.
const MOST: Duration = Duration::from_secs(10);

/// Whether another try of what was answered with `status` may go better.
#[must_use]
pub fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

/// How long to wait after the failed try number `tries` (from 1): anything up to a limit that
/// doubles, so that many clients do not come back at once.
#[must_use]
pub fn pause(tries: u32) -> Duration {
    let limit = STEP.saturating_mul(1 << (tries - 1).min(8)).min(MOST);
    // The keys of the standard library's hash maps are random.
    let random = RandomState::new().hash_one(tries);
    limit.mul_f64(f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX))
}

/// What the server asks us to wait, in seconds or as a date, within limits.
#[must_use]
pub fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(PATIENCE));
    }
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let left = Duration::try_from(moment.duration_since(clock::wall())).unwrap_or_default();
    Some(left.min(PATIENCE))
}

/// Waits, and stops waiting when we are told to stop.
///
/// # Errors
/// We were told to stop.
pub fn wait(duration: Duration) -> Result<(), ProcessError> {
    let end = Instant::now() + duration;
    loop {
        process::check_interrupted()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_random_below_a_limit_that_grows_and_ends() {
        for tries in 1..40 {
            assert!(pause(tries) <= STEP.saturating_mul(1 << (tries - 1).min(8)).min(MOST), "{tries}");
        }
        let several: std::collections::BTreeSet<_> = (0..8).map(|_| pause(4)).collect();
        assert!(several.len() > 1);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let passing = [500, 502, 503, 429, 408].map(|n| StatusCode::from_u16(n).unwrap());
        assert!(passing.into_iter().all(is_passing));
        let lasting = [400, 401, 403, 404, 416].map(|n| StatusCode::from_u16(n).unwrap());
        assert!(!lasting.into_iter().any(is_passing));
    }

    #[test]
    fn a_server_says_how_long_in_seconds_or_until_when_and_not_for_ever() {
        let headers = |value: &str| HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(asked(&headers("3")), Some(Duration::from_secs(3)));
        assert_eq!(asked(&headers("86400")), Some(PATIENCE));
        assert_eq!(asked(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::ZERO));
        assert_eq!(asked(&headers("Wed, 21 Oct 2195 07:28:00 GMT")), Some(PATIENCE));
        assert_eq!(asked(&headers("soon")), None);
    }
}

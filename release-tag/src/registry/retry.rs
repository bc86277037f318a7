//! Trying again: which failures pass by themselves, and how long to wait.

use std::time::Duration;

use common::process::{self, ProcessError};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How often something is tried in all.
pub const ATTEMPTS: u32 = 5;
/// The longest that a server may make us wait.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether another try may go better.
#[must_use]
pub fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

/// What the server asks us to wait, in whole seconds, within limits.
#[must_use]
pub fn asked(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(PATIENCE))
}

/// How long to wait after the failed try number `attempt` (from 1): twice as long each time, give or
/// take a quarter, so that many clients do not come back at once.
#[must_use]
pub fn pause(attempt: u32) -> Duration {
    let step = Duration::from_millis(250) * 2_u32.pow(attempt.min(8) - 1);
    // The odd part of the clock is random enough for this.
    let odd = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos() / 7 % 500);
    step * (750 + odd) / 1000
}

/// Waits, and stops waiting when we are told to stop.
///
/// # Errors
/// We were told to stop.
pub fn wait(duration: Duration) -> Result<(), ProcessError> {
    let end = std::time::Instant::now() + duration;
    loop {
        process::check_interrupted()?;
        let left = end.saturating_duration_since(std::time::Instant::now());
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
    fn pauses_grow_and_stay_near_their_step() {
        for attempt in 1..ATTEMPTS {
            let step = Duration::from_millis(250 << (attempt - 1));
            assert!((step * 3 / 4..=step * 5 / 4).contains(&pause(attempt)), "{attempt}");
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let passing = [500, 502, 503, 429, 408].map(|n| StatusCode::from_u16(n).unwrap());
        assert!(passing.into_iter().all(is_passing));
        let lasting = [400, 401, 403, 404, 416].map(|n| StatusCode::from_u16(n).unwrap());
        assert!(!lasting.into_iter().any(is_passing));
    }

    #[test]
    fn a_server_cannot_make_us_wait_for_ever() {
        let headers = |value: &str| HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(asked(&headers("3")), Some(Duration::from_secs(3)));
        assert_eq!(asked(&headers("86400")), Some(PATIENCE));
        assert_eq!(asked(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), None);
    }
}

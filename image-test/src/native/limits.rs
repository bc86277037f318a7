//! How long a test may take.

use std::time::Duration;

use serde::Serialize;

/// The time limits by kind of test, in seconds. What takes longer is ended, and the rest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Limits {
    import: f64,
    notebook: f64,
    script: f64,
}

impl Limits {
    /// `typed` for each, else half an hour, as the image's own scripts have it; an import that takes
    /// ten minutes hangs.
    pub(crate) fn new(typed: Option<Duration>) -> Self {
        let typed = typed.map(|limit| limit.as_secs_f64());
        let long = typed.unwrap_or(1800.0);
        Self { import: typed.unwrap_or(600.0), notebook: long, script: long }
    }
}

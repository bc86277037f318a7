//! Which engine works here, and what it can do.

use super::{Engine, EngineError};
use crate::console::Console;
use crate::settings::EngineChoice;

/// What an engine can do, as found by asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `RUN --mount=type=cache`.
    pub cache_mounts: bool,
    /// `RUN --mount=type=secret`.
    pub secrets: bool,
    /// A `COPY` whose pattern matches nothing is no error.
    pub empty_copy: bool,
}

/// The engine for `choice`; for `Auto` the first that works of docker, podman and buildah.
///
/// # Errors
/// None works; the error lists what was tried and why not.
pub fn choose(_choice: EngineChoice, _console: &Console) -> Result<Engine, EngineError> {
    todo!()
}

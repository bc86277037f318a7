//! npm's `package.json`.

use serde::Deserialize;

/// The part of it that matters here.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct NpmFile {
    /// Its name, with its scope.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

impl NpmFile {
    /// Reads it.
    ///
    /// # Errors
    /// It is none; the message says why.
    pub(super) fn parse(content: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(content).map_err(|error| format!("not a package.json: {error}"))
    }
}

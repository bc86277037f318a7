//! Jupyter's `kernel.json`.

use serde::Deserialize;

/// The part of it that matters here.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct KernelFile {
    /// What people see.
    #[serde(default)]
    pub display_name: String,
    /// The command that starts it.
    #[serde(default)]
    pub argv: Vec<String>,
}

impl KernelFile {
    /// Reads it.
    ///
    /// # Errors
    /// It is none; the message says why.
    pub(super) fn parse(content: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(content).map_err(|error| format!("not a kernel.json: {error}"))
    }
}

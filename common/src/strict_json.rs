//! Tracked JSON files: unknown keys are refused with their path, newer forms with what to do.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::fault::{Fault, Status};

/// The file is not what it must be.
#[derive(Debug, Error)]
pub enum StrictJsonError {
    /// It is not JSON.
    #[error("{origin}:{}:{}: not JSON: {source}", source.line(), source.column())]
    Syntax {
        /// The file.
        origin: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A key is unknown, missing, or holds the wrong thing.
    #[error("{origin}:{line}: at `{path}`: {message}")]
    Key {
        /// The file.
        origin: String,
        /// The line at which it was noticed.
        line: usize,
        /// The key, with those above it.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A later version wrote it.
    #[error("{origin}: its form has version {found}, this build reads {known}")]
    Newer {
        /// The file.
        origin: String,
        /// The version it has.
        found: u64,
        /// The newest that we read.
        known: u32,
    },
}

impl Fault for StrictJsonError {
    fn status(&self) -> Status {
        Status::Data
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::Newer { .. }).then(|| "update these tools".to_owned())
    }
}

/// Reads `text`, whose form has at most the version `known`; `origin` is what messages call it.
///
/// # Errors
/// It is not of that form.
pub fn parse<T: DeserializeOwned>(text: &[u8], origin: &str, known: u32) -> Result<T, StrictJsonError> {
    #[derive(Deserialize)]
    struct Version {
        schema: Option<u64>,
    }
    let origin = || origin.to_owned();
    // The version first: a newer form may differ in anything else.
    if let Ok(Version { schema: Some(found) }) = serde_json::from_slice(text)
        && found > u64::from(known)
    {
        return Err(StrictJsonError::Newer { origin: origin(), found, known });
    }
    let syntax = |source| StrictJsonError::Syntax { origin: origin(), source };
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let source: serde_json::Error = error.into_inner();
        if !source.is_data() {
            return syntax(source);
        }
        let message = source.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        StrictJsonError::Key { origin: origin(), line: source.line(), path, message }
    })?;
    json.end().map_err(syntax)?;
    Ok(value)
}

/// The JSON Schema of `T`, as it is published.
///
/// # Panics
/// Never: a schema is plain JSON.
#[must_use]
pub fn schema_text<T: schemars::JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// Compares the committed schema `name` with `generated`, or writes it where `UPDATE_SCHEMA` is set.
#[cfg(test)]
pub(crate) fn check_schema(name: &str, generated: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema").join(name);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "{} is stale: make schema", path.display());
}

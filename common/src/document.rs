//! The one document that the tools pass on: `setup-env.json`, and standard input and output.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;
use crate::fault::{Fault, Status};
use crate::report::Report;
use crate::settings::Settings;

/// The document's file name, beside `setup-env`.
pub const FILE_NAME: &str = "setup-env.json";

/// Where the schema of this version stands.
const SCHEMA_URL: &str = "docs/schema/setup-env-1.json";

/// The version of the document's form that this build reads and writes.
pub const SCHEMA: u32 = 1;

/// Settings, and what was done with them so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Where the schema stands, for editors.
    #[serde(rename = "$schema")]
    pub schema_url: String,
    /// The version of the form.
    pub schema: u32,
    /// The inputs.
    pub settings: Settings,
    /// The digest of the `setup-env` that was written with this, to notice edits by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_env: Option<Digest>,
    /// The digest of the templates that it was made of, to notice that they moved on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<Digest>,
    /// One for each tool that ran, in order.
    pub reports: Vec<Report>,
}

/// The text is not a document that this build understands.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// It is not JSON.
    #[error("{origin}:{}:{}: not a JSON document: {source}", source.line(), source.column())]
    Syntax {
        /// The file, or `standard input`.
        origin: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It is empty: the tool before in the pipe failed.
    #[error("{origin} is empty: the tool before in the pipe failed, or nothing was piped in")]
    Empty {
        /// The file, or `standard input`.
        origin: String,
    },
    /// A key is unknown, missing, or holds the wrong thing.
    #[error("{origin}: at `{path}`: {message}")]
    Key {
        /// The file, or `standard input`.
        origin: String,
        /// The key, with those above it.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A later version wrote it.
    #[error("{origin}: its form has version {found}, this build reads {SCHEMA}")]
    Newer {
        /// The file, or `standard input`.
        origin: String,
        /// The version it has.
        found: u64,
    },
}

impl Fault for DocumentError {
    fn status(&self) -> Status {
        Status::Data
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Newer { .. } => Some("update these tools, or run image-configure again".to_owned()),
            Self::Key { .. } | Self::Syntax { .. } => Some("run image-configure again".to_owned()),
            // Of a pipe, the tool before has told what to do.
            Self::Empty { origin } => {
                (origin != "standard input").then(|| "run image-configure again".to_owned())
            }
        }
    }
}

impl Document {
    /// A fresh document around `settings`.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            schema_url: SCHEMA_URL.to_owned(),
            schema: SCHEMA,
            settings,
            setup_env: None,
            templates: None,
            reports: Vec::new(),
        }
    }

    /// Reads a document; `origin` is what messages call it.
    ///
    /// # Errors
    /// It is not one, or not one that this build understands.
    pub fn parse(text: &[u8], origin: &str) -> Result<Self, DocumentError> {
        #[derive(Deserialize)]
        struct Version {
            schema: Option<u64>,
        }
        let origin = || origin.to_owned();
        if text.trim_ascii().is_empty() {
            return Err(DocumentError::Empty { origin: origin() });
        }
        let syntax = |source| DocumentError::Syntax { origin: origin(), source };
        // The version first: a newer form may differ in anything else.
        if let Ok(Version { schema: Some(found) }) = serde_json::from_slice(text)
            && found > u64::from(SCHEMA)
        {
            return Err(DocumentError::Newer { origin: origin(), found });
        }
        let mut json = serde_json::Deserializer::from_slice(text);
        let document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let source = error.into_inner();
            if source.is_data() {
                DocumentError::Key { origin: origin(), path, message: source.to_string() }
            } else {
                syntax(source)
            }
        })?;
        json.end().map_err(syntax)?;
        Ok(document)
    }

    /// Its JSON text, indented, with a final newline.
    ///
    /// # Panics
    /// Never: no map in it has keys that are not strings.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a document has only string keys");
        text.push('\n');
        text
    }

    /// Where the document of the repository at `root` stands.
    #[must_use]
    pub fn path_in(root: &Path) -> std::path::PathBuf {
        root.join(FILE_NAME)
    }

    /// The JSON Schema of the document, as text with a final newline.
    ///
    /// # Panics
    /// Never: a schema is plain JSON.
    #[must_use]
    pub fn json_schema() -> String {
        let schema = schemars::schema_for!(Self);
        let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document::new(Settings::new(Path::new("/r"), "roman".parse().unwrap()))
    }

    fn refused(text: &str) -> String {
        Document::parse(text.as_bytes(), "setup-env.json").unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = document().to_json();
        assert_eq!(Document::parse(text.as_bytes(), "x").unwrap(), document());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_path() {
        let text = document().to_json().replace("\"freeze_chill\"", "\"freeze_chil\"");
        let message = refused(&text);
        assert!(message.contains("`settings.freeze_chil`"), "{message}");
    }

    #[test]
    fn a_newer_form_is_refused_whatever_else_it_holds() {
        let message = refused(r#"{"schema": 2, "novelty": true}"#);
        assert!(message.contains("version 2"), "{message}");
    }

    #[test]
    fn bad_syntax_names_line_and_column() {
        assert!(refused("{\n  oops\n}").starts_with("setup-env.json:2:"));
        assert!(refused(" \n").contains("the tool before in the pipe failed"));
    }

    /// The committed schema is what the types say: regenerate with `UPDATE_SCHEMA=1 cargo test`.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        crate::testing::committed_schema(SCHEMA_URL, &Document::json_schema());
    }
}

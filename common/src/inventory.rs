//! What an image holds, as a document that can be kept, compared and published.

mod environment;
mod error;
mod finding;
mod image;
mod package;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use environment::{Environment, EnvironmentKind, Kernel};
pub use error::InventoryError;
pub use finding::{Finding, FindingClass};
pub use image::{BaseImage, ImageFacts};
pub use package::{CondaPackage, DebianPackage, Distribution, NpmPackage, Origin, Owner};

/// Where the schema of this version stands.
const SCHEMA_URL: &str = "docs/schema/inventory-1.json";

/// The version of the form that this build reads and writes.
pub const SCHEMA: u32 = 1;

/// Everything that was found in an image, from its bytes alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Where the schema stands, for editors.
    #[serde(rename = "$schema")]
    pub schema_url: String,
    /// The version of the form.
    pub schema: u32,
    /// Which image.
    pub image: ImageFacts,
    /// Its environments, sorted by prefix.
    pub environments: Vec<Environment>,
    /// Kernels that belong to no environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<Kernel>,
    /// Debian's packages, sorted by name and architecture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub debian: Vec<DebianPackage>,
    /// npm's global packages, sorted by place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub npm: Vec<NpmPackage>,
    /// Whether the content of files was compared with what their packages recorded.
    pub verified: bool,
    /// What is not as its installer left it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl Inventory {
    /// An inventory of nothing about `image`.
    #[must_use]
    pub fn of(image: ImageFacts) -> Self {
        Self {
            schema_url: SCHEMA_URL.to_owned(),
            schema: SCHEMA,
            image,
            environments: Vec::new(),
            kernels: Vec::new(),
            debian: Vec::new(),
            npm: Vec::new(),
            verified: false,
            findings: Vec::new(),
        }
    }

    /// Reads an inventory; `origin` is what messages call it.
    ///
    /// # Errors
    /// It is not one, or not one that this build understands.
    pub fn parse(text: &[u8], origin: &str) -> Result<Self, InventoryError> {
        let mut json = serde_json::Deserializer::from_slice(text);
        let inventory: Self =
            serde_path_to_error::deserialize(&mut json).map_err(|error| InventoryError::Content {
                origin: origin.to_owned(),
                path: error.path().to_string(),
                message: error.into_inner().to_string(),
            })?;
        if inventory.schema > SCHEMA {
            return Err(InventoryError::Newer { origin: origin.to_owned(), found: inventory.schema });
        }
        Ok(inventory)
    }

    /// Its JSON text, indented, with a final newline.
    ///
    /// # Panics
    /// Never: no map in it has keys that are not strings.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("an inventory has only string keys");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let inventory = Inventory::of(ImageFacts::default());
        assert_eq!(Inventory::parse(inventory.to_json().as_bytes(), "x").unwrap(), inventory);
        let error = Inventory::parse(br#"{"schema": 1, "imagee": {}}"#, "i.json").unwrap_err();
        assert!(error.to_string().starts_with("i.json: at `"), "{error}");
    }

    /// The committed schema is what the types say: regenerate with `UPDATE_SCHEMA=1 cargo test`.
    #[test]
    fn the_committed_schema_of_inventories_is_that_of_the_types() {
        let schema = schemars::schema_for!(Inventory);
        let mut text = serde_json::to_string_pretty(&schema).unwrap();
        text.push('\n');
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCHEMA_URL);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{} is stale: make schema", path.display());
    }
}

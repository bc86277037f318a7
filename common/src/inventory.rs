//! What an image holds, as a document that can be kept, compared and published.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;
use crate::fault::{Fault, Status};

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

/// Which image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageFacts {
    /// Its names, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The digest of its configuration; none for a bare root file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Digest>,
    /// When it was made, as its configuration says (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The machine it is for: `amd64`, `arm64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The distribution, as its `os-release` says: `debian 12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// The image it was made from, as its labels or annotations say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseImage>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// The image that another one was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseImage {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The digest of its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What made an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// conda.
    Conda,
    /// `python -m venv`, virtualenv or uv.
    Venv,
    /// The distribution: `/usr` and `/usr/local`.
    System,
    /// `pip install --user`.
    User,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Its name: `base` for conda's own.
    pub name: String,
    /// Where it is: `/opt/conda/envs/roman-cal`.
    pub prefix: String,
    /// What made it.
    pub kind: EnvironmentKind,
    /// The version of its Python, as far as that is told: `3.11.9`, or `3.11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python_version: Option<String>,
    /// conda's packages, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conda: Vec<CondaPackage>,
    /// Python distributions, whoever installed them, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub python: Vec<Distribution>,
    /// Its kernels, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<Kernel>,
}

/// A package that conda recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CondaPackage {
    /// Its name, in lower case.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its build.
    pub build: String,
    /// The channel it came from, as conda recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The platform directory of the channel: `linux-64`, `noarch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdir: Option<String>,
    /// The address of the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The SHA-256 of the package, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The MD5 of the package, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// The Python distributions that it brought and that are not as it brought them: pip has put others
    /// in their place, or taken them out. conda's record knows nothing of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ousted: Vec<String>,
}

/// Who installed a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// conda: a record lists it, or it says so itself.
    Conda,
    /// Debian's packages.
    Debian,
    /// pip, uv or another installer of Python packages.
    Pip,
}

/// A Python distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Its normalised name.
    pub name: String,
    /// Its version, as it tells itself.
    pub version: String,
    /// Who installed it.
    pub owner: Owner,
    /// What its `INSTALLER` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installer: Option<String>,
    /// Where it came from, if not from an index (PEP 610).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The digest of its `RECORD`, the list of its files with their digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
    /// The directory that it is in, below the environment.
    pub location: String,
}

/// Where a distribution came from, as its installer noted (PEP 610).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The address.
    pub url: String,
    /// The commit, if it came out of version control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The SHA-256 of the archive, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether what is imported are the files at the address themselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub editable: bool,
}

/// A kernel that Jupyter offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    /// The name of its directory.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The command that starts it.
    pub argv: Vec<String>,
    /// Its `kernel.json`.
    pub path: String,
}

/// A package of Debian's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DebianPackage {
    /// Its name.
    pub name: String,
    /// Its architecture.
    pub architecture: String,
    /// Its version.
    pub version: String,
    /// Its state, if it is not `installed`: `config-files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A global package of npm's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NpmPackage {
    /// Its name, with its scope.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The directory that it is in.
    pub location: String,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingClass {
    /// The content of a file is not what its package recorded, or the file is gone.
    EditedFile,
    /// conda recorded a distribution of which there is (also) one that pip installed.
    BothCondaAndPip,
}

/// Something that is not as its installer left it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it is about.
    pub class: FindingClass,
    /// The environment's name.
    pub environment: String,
    /// The package.
    pub package: String,
    /// The file, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What was recorded.
    pub recorded: String,
    /// What was found; none if nothing is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// The text is not an inventory that this build understands.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// It is not one.
    #[error("{origin}: at `{path}`: {message}")]
    Content {
        /// The file.
        origin: String,
        /// The key, with those above it.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A later version wrote it.
    #[error("{origin}: its form has version {found}, this build reads {SCHEMA}")]
    Newer {
        /// The file.
        origin: String,
        /// The version it has.
        found: u32,
    },
}

impl Fault for InventoryError {
    fn status(&self) -> Status {
        Status::Data
    }
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

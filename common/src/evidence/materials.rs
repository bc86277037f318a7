//! What went into a build besides the two contexts as wholes: by name, so that a difference can be named.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deployment::Deployment;
use crate::digest::Digest;
use crate::exported;
use crate::fetch::without_logins;
use crate::frozen::{CONDA_FILE, PIP_FILE};
use crate::receipt;
use crate::settings::Settings;

/// Settings that decide what a build makes. Paths and names of this machine are none, nor are logins.
const DECIDING: [&str; 10] = [
    "BASE_IMAGE",
    "CAL_VERSION",
    "CONDA_VER",
    "DEPLOYMENT_NAME",
    "ENVIRONMENT",
    "OWNER",
    "PIP_SWITCHES",
    "PLATFORM",
    "USE_FROZEN",
    "USER_CACHE_DIRS",
];

/// What decided what went in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Materials {
    /// The settings, by the names under which `setup-env` exports them.
    pub settings: BTreeMap<String, String>,
    /// The frozen specs: `roman-cal/requirements.txt` and its digest.
    pub locks: BTreeMap<String, Digest>,
    /// The receipts of delivered specs, by environment.
    pub receipts: BTreeMap<String, Digest>,
    /// The tools and their version: `image-tools 0.1.0`.
    pub tool: String,
}

impl Materials {
    /// What a build with `settings` is made of now.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn of(settings: &Settings) -> io::Result<Self> {
        let deployment = settings.deployment();
        let variables = exported::of(settings).into_iter();
        let deciding = variables.filter(|(name, _)| DECIDING.contains(name));
        Ok(Self {
            settings: deciding.map(|(name, value)| (name.to_owned(), without_logins(&value))).collect(),
            locks: locks(&deployment)?,
            receipts: receipts(&deployment)?,
            tool: super::TOOL.to_owned(),
        })
    }
}

/// The digests of `deployment`'s frozen specs: `roman-cal/requirements.txt`.
///
/// # Errors
/// A file cannot be read.
pub fn locks(deployment: &Deployment) -> io::Result<BTreeMap<String, Digest>> {
    let dir = deployment.frozen_dir();
    let mut found = BTreeMap::new();
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        for file in [CONDA_FILE, PIP_FILE] {
            if let Some(digest) = of_file(&dir.join(&name).join(file))? {
                found.insert(format!("{name}/{file}"), digest);
            }
        }
    }
    Ok(found)
}

/// The digests of the receipts that `deployment`'s environments have, by environment.
///
/// # Errors
/// A file cannot be read.
pub fn receipts(deployment: &Deployment) -> io::Result<BTreeMap<String, Digest>> {
    let mut found = BTreeMap::new();
    let names = deployment.environments().map_err(io::Error::other)?;
    for name in names {
        if let Some(digest) = of_file(&deployment.environment_dir(&name).join(receipt::FILE_NAME))? {
            found.insert(name, digest);
        }
    }
    Ok(found)
}

fn of_file(path: &Path) -> io::Result<Option<Digest>> {
    if !path.is_file() {
        return Ok(None);
    }
    Digest::of_reader(&mut std::fs::File::open(path)?).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Repository;

    /// Materials are published with the image.
    #[test]
    fn no_login_of_a_package_index_is_told() {
        let repository = Repository::new();
        let mut settings = repository.settings();
        settings.pip_switches = "--index-url https://ada:hunter2@h.example/simple --pre".to_owned();
        let materials = Materials::of(&settings).unwrap();
        assert_eq!(materials.settings["PIP_SWITCHES"], "--index-url https://h.example/simple --pre");
    }

    #[test]
    fn each_lock_and_each_receipt_has_its_digest_and_no_path_of_this_machine_is_told() {
        let repository = Repository::new().frozen();
        repository.write("deployments/roman/environments/roman-cal/sources.lock.json", "{}\n");
        let materials = Materials::of(&repository.settings()).unwrap();
        let locks: Vec<&str> = materials.locks.keys().map(String::as_str).collect();
        assert_eq!(
            locks,
            ["base/requirements.yml", "roman-cal/requirements.txt", "roman-cal/requirements.yml"]
        );
        assert_eq!(materials.receipts["roman-cal"], Digest::of(b"{}\n"));
        assert_eq!(materials.settings["DEPLOYMENT_NAME"], "roman");
        let root = repository.root().display().to_string();
        assert!(!serde_json::to_string(&materials).unwrap().contains(&root));
    }
}

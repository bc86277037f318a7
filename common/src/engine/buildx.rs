//! What docker's buildx is asked: which builder builds with whose images, and what registries have.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{Engine, EngineError};
use crate::console::Console;
use crate::digest::Digest;
use crate::process;

/// How long a registry may take to tell of an image.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a registry tells of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// It and no other: `NAME@sha256:…`.
    pub pinned: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment, as `NAME=value`.
    pub env: Vec<String>,
}

#[derive(Deserialize)]
struct Told {
    manifest: ToldManifest,
    image: ToldImage,
}

#[derive(Deserialize)]
struct ToldManifest {
    digest: Digest,
}

#[derive(Deserialize)]
struct ToldImage {
    config: ToldConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ToldConfig {
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl Engine {
    /// Whether docker's builder `name` has images of its own, and not those of the daemon.
    ///
    /// # Errors
    /// There is no such builder, or we were told to stop.
    pub fn has_own_images(&self, name: &str, console: &Console) -> Result<bool, EngineError> {
        let text = process::text(&self.call().args(["buildx", "inspect", name]), console)?;
        let driver = text.lines().find_map(|line| line.strip_prefix("Driver:")).map(str::trim);
        Ok(driver.is_some_and(|driver| driver != "docker"))
    }

    /// What its registry tells of the image `reference`; none if there is none, or nothing is told. A cache
    /// that a builder put there has no labels.
    ///
    /// # Errors
    /// Docker cannot be run, or we were told to stop.
    pub fn published(&self, reference: &str, console: &Console) -> Result<Option<Published>, EngineError> {
        let call = self.call().args(["buildx", "imagetools", "inspect", "--format", "{{json .}}", reference]);
        let captured = process::capture(&call.limit(PATIENCE), console)?;
        Ok(captured.exit.is_success().then(|| told(reference, &captured.text())).flatten())
    }
}

fn told(reference: &str, text: &str) -> Option<Published> {
    let Told { manifest, image } = serde_json::from_str(text).ok()?;
    let name = reference.split('@').next().unwrap_or_default();
    let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    let name = name.rsplit_once(':').filter(|_| has_tag).map_or(name, |(name, _)| name);
    let ToldConfig { env, labels } = image.config;
    Some(Published { pinned: format!("{name}@{}", manifest.digest), labels, env })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeEngine;

    const DIGEST: &str = "sha256:f7f646b64f9bfbd0ae50762f83e3b5a5b32100e9200b5218a025fd0cfe3f0c02";

    /// The words of buildx 0.29.
    #[test]
    fn a_builder_is_told_from_the_daemon_by_its_driver() {
        let docker = FakeEngine::docker();
        docker.print("buildx inspect far", "Name:          far\nDriver:        remote\n\nNodes:\n", 0);
        docker.print("buildx inspect default", "Name:   default\nDriver: docker\n", 0);
        docker.fail_saying("buildx inspect none", 1, "ERROR: no builder \"none\" found");
        let own = |name| docker.engine().has_own_images(name, &Console::silent());
        assert!(own("far").unwrap() && !own("default").unwrap());
        assert!(own("none").unwrap_err().to_string().contains("no builder"));
    }

    #[test]
    fn an_image_is_told_and_a_cache_has_no_labels() {
        let image = format!(
            r#"{{"name":"x","manifest":{{"digest":"{DIGEST}","size":7}},"image":{{"architecture":"amd64",
            "config":{{"Env":["A=1"],"Labels":{{"l":"v"}}}}}}}}"#
        );
        for (reference, pinned) in
            [("127.0.0.1:5000/c:1", "127.0.0.1:5000/c"), ("h:1/c", "h:1/c"), ("c", "c")]
        {
            let found = told(reference, &image).unwrap();
            assert_eq!(found.pinned, format!("{pinned}@{DIGEST}"));
            assert_eq!((found.labels["l"].as_str(), found.env), ("v", vec!["A=1".to_owned()]));
        }
        let cache = format!(r#"{{"manifest":{{"digest":"{DIGEST}"}},"image":{{"config":{{}}}}}}"#);
        assert!(told("c", &cache).unwrap().labels.is_empty());
        let several = format!(r#"{{"manifest":{{"digest":"{DIGEST}"}},"image":{{"linux/amd64":{{}}}}}}"#);
        assert_eq!(told("c", &several), None);
    }

    #[test]
    fn what_a_registry_does_not_tell_is_no_error() {
        let docker = FakeEngine::docker();
        docker.fail_saying("buildx imagetools", 1, "ERROR: 127.0.0.1:5000/c:none: not found");
        assert_eq!(docker.engine().published("127.0.0.1:5000/c:none", &Console::silent()).unwrap(), None);
    }
}

//! How an image is run: the part of its configuration that a copy of it must have too.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// An image's settings, under the names that all engines have for them. What an image does not say
/// and what it says emptily are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageConfig {
    /// Its environment, in order, as `NAME=value`.
    #[serde(deserialize_with = "or_empty")]
    pub env: Vec<String>,
    /// Where its processes start.
    #[serde(deserialize_with = "or_empty")]
    pub working_dir: String,
    /// As whom, as `USER` or `USER:GROUP`.
    #[serde(deserialize_with = "or_empty")]
    pub user: String,
    /// `PORT/PROTOCOL` each.
    #[serde(deserialize_with = "names")]
    pub exposed_ports: BTreeSet<String>,
    /// What is put in front of a command.
    #[serde(deserialize_with = "or_empty")]
    pub entrypoint: Vec<String>,
    /// The command, if none is given.
    #[serde(deserialize_with = "or_empty")]
    pub cmd: Vec<String>,
    /// Its labels.
    #[serde(deserialize_with = "or_empty")]
    pub labels: BTreeMap<String, String>,
    /// The directories that every container has of its own.
    #[serde(deserialize_with = "names")]
    pub volumes: BTreeSet<String>,
    /// How it is found out whether a container does well.
    pub healthcheck: Option<Healthcheck>,
    /// What ends it.
    #[serde(deserialize_with = "or_empty")]
    pub stop_signal: String,
    /// What runs the RUN steps of images upon it. Podman does not tell.
    #[serde(deserialize_with = "or_empty")]
    pub shell: Vec<String>,
    /// What is done in builds upon it. From podman what an image below was told for those upon it, too.
    #[serde(deserialize_with = "or_empty")]
    pub on_build: Vec<String>,
    /// The processor that it is for, as Go calls it (`amd64`).
    #[serde(skip)]
    pub architecture: String,
}

/// A check of a container's health. Times are nanoseconds, 0 for the engine's own choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `NONE`, or `CMD` and words, or `CMD-SHELL` and a line.
    #[serde(deserialize_with = "or_empty")]
    pub test: Vec<String>,
    /// The time between two checks.
    pub interval: u64,
    /// The time that one may take.
    pub timeout: u64,
    /// The time at the start in which failures do not count.
    pub start_period: u64,
    /// The time between two checks then.
    pub start_interval: u64,
    /// How many failures in a row are too many; 0 for the engine's own choice.
    pub retries: u64,
}

impl ImageConfig {
    /// The names of the settings that `other` has not the same.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        // Without one, processes start in the root.
        let dir = |config: &Self| {
            if config.working_dir == "/" { String::new() } else { config.working_dir.clone() }
        };
        let same = [
            ("Env", self.env == other.env),
            ("WorkingDir", dir(self) == dir(other)),
            ("User", self.user == other.user),
            ("ExposedPorts", self.exposed_ports == other.exposed_ports),
            ("Entrypoint", self.entrypoint == other.entrypoint),
            ("Cmd", self.cmd == other.cmd),
            ("Labels", self.labels == other.labels),
            ("Volumes", self.volumes == other.volumes),
            ("Healthcheck", self.healthcheck == other.healthcheck),
            ("StopSignal", self.stop_signal == other.stop_signal),
            ("Shell", self.shell == other.shell),
            ("OnBuild", self.on_build == other.on_build),
            ("Architecture", self.architecture == other.architecture),
        ];
        same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}

/// `null` is what Go prints for what is empty.
fn or_empty<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A set, which Go has as an object whose values are nothing.
fn names<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<String>, D::Error> {
    let map = Option::<BTreeMap<String, serde_json::Value>>::deserialize(from)?;
    Ok(map.unwrap_or_default().into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_emptiness_are_the_same() {
        let parse = |text: &str| serde_json::from_str::<ImageConfig>(text).unwrap();
        let config =
            parse(r#"{"Env": null, "Cmd": [], "Volumes": {}, "OnBuild": null, "ArgsEscaped": true}"#);
        assert!(config.differences(&parse("{}")).is_empty());
        let root = parse(r#"{"WorkingDir": "/"}"#);
        assert!(config.differences(&root).is_empty());
    }

    #[test]
    fn what_differs_is_named() {
        let text =
            r#"{"Volumes": {"/data": {}}, "Healthcheck": {"Test": ["NONE"]}, "Shell": ["bash", "-c"]}"#;
        let config: ImageConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.differences(&ImageConfig::default()), ["Volumes", "Healthcheck", "Shell"]);
    }
}

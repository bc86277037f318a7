//! The settings that are one of a few: each a closed enum, spelled as on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives a `ValueEnum` the display form that it has on the command line.
macro_rules! spelled {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // No variant is skipped, so each has a possible value.
                f.write_str(self.to_possible_value().as_ref().map_or("", |v| v.get_name()))
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                <Self as ValueEnum>::from_str(text, false)
            }
        }
    )*};
}

/// Which hub the image is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HubEnvironment {
    /// Where anything may be tried.
    Sandbox,
    /// Development.
    Dev,
    /// Test.
    Test,
    /// Production.
    Prod,
    /// Integration.
    Int,
}

/// The operating system and processor of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
pub enum Platform {
    /// 64-bit Intel and AMD.
    #[value(name = "linux/amd64")]
    #[serde(rename = "linux/amd64")]
    Amd64,
    /// 64-bit ARM.
    #[value(name = "linux/aarch64")]
    #[serde(rename = "linux/aarch64")]
    Aarch64,
}

/// Where the versions in the image come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UseFrozen {
    /// Solved anew from the floating specs of `environments`.
    #[value(alias = "0")]
    Floating,
    /// Exactly those of `env-frozen`.
    #[value(alias = "1")]
    Frozen,
    /// Those of `env-chilly`: frozen, loosened to compatible releases.
    #[value(alias = "2")]
    Chilly,
}

impl UseFrozen {
    /// The number that Dockerfiles and in-image scripts know it by.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Floating => "0",
            Self::Frozen => "1",
            Self::Chilly => "2",
        }
    }
}

/// Which generation of the deployments repository this is: its variables, defaults and steps differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
pub enum Generation {
    /// That of 2024: `FREEZE_CHILL`, chilly specs, `scipy-notebook` below everything.
    #[default]
    #[value(name = "2024")]
    #[serde(rename = "2024")]
    Chilly,
    /// The newest: `FREEZE`, `REPACK`, a choice of base notebooks, no chilly specs.
    #[value(name = "newest")]
    #[serde(rename = "newest")]
    Newest,
}

/// Who makes the base image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
pub enum Owner {
    /// We do, from the docker-stacks source.
    #[value(name = "spacetelescope")]
    #[serde(rename = "spacetelescope")]
    Spacetelescope,
    /// The Jupyter project does; its image is pulled.
    #[value(name = "quay.io/jupyter")]
    #[serde(rename = "quay.io/jupyter")]
    QuayJupyter,
}

impl Owner {
    /// The registry part that builds get, which the newest generation ends with a slash. `REGISTRY`.
    #[must_use]
    pub const fn registry(self, generation: Generation) -> &'static str {
        match (self, generation) {
            (Self::Spacetelescope, _) => "",
            (Self::QuayJupyter, Generation::Chilly) => "quay.io/jupyter",
            (Self::QuayJupyter, Generation::Newest) => "quay.io/jupyter/",
        }
    }
}

/// Which engine builds and runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineChoice {
    /// The first that really works: docker, podman, buildah.
    Auto,
    /// Docker with `BuildKit`.
    Docker,
    /// Docker's old builder, which has no cache mounts and no secrets.
    DockerLegacy,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

spelled!(Generation, HubEnvironment, Platform, UseFrozen, Owner, EngineChoice);

/// A base image other than the owner's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum BaseImage {
    /// Made from this machine's own Debian packages.
    Bootstrap,
    /// Found locally or pulled under this name.
    Reference(String),
}

impl BaseImage {
    /// The tag that a bootstrapped base image gets.
    pub const BOOTSTRAP_TAG: &'static str = "bootstrap-notebook:latest";
}

impl From<String> for BaseImage {
    fn from(text: String) -> Self {
        if text == "bootstrap" { Self::Bootstrap } else { Self::Reference(text) }
    }
}

impl From<BaseImage> for String {
    fn from(image: BaseImage) -> Self {
        match image {
            BaseImage::Bootstrap => "bootstrap".to_owned(),
            BaseImage::Reference(reference) => reference,
        }
    }
}

impl fmt::Display for BaseImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.clone()))
    }
}

/// The certificate authorities that build steps trust besides the image's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum CaBundle {
    /// The host's bundle, where it holds authorities of its own.
    Auto,
    /// None.
    None,
    /// This PEM file.
    File(PathBuf),
}

impl From<String> for CaBundle {
    fn from(text: String) -> Self {
        match text.as_str() {
            "auto" => Self::Auto,
            "none" => Self::None,
            _ => Self::File(text.into()),
        }
    }
}

impl From<CaBundle> for String {
    fn from(bundle: CaBundle) -> Self {
        match bundle {
            CaBundle::Auto => "auto".to_owned(),
            CaBundle::None => "none".to_owned(),
            CaBundle::File(path) => path.to_string_lossy().into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_the_same_choice() {
        for (number, word) in [("0", "floating"), ("1", "frozen"), ("2", "chilly")] {
            let choice: UseFrozen = number.parse().unwrap();
            assert_eq!(choice, word.parse().unwrap());
            assert_eq!((choice.number(), choice.to_string().as_str()), (number, word));
        }
        assert!("3".parse::<UseFrozen>().is_err());
    }

    #[test]
    fn json_spells_as_the_command_line_does() {
        let json = |v: &dyn erased::Json| v.json();
        assert_eq!(json(&Platform::Aarch64), r#""linux/aarch64""#);
        assert_eq!(json(&Owner::QuayJupyter), r#""quay.io/jupyter""#);
        assert_eq!(json(&EngineChoice::DockerLegacy), r#""docker-legacy""#);
        assert_eq!(json(&BaseImage::Bootstrap), r#""bootstrap""#);
    }

    mod erased {
        pub(super) trait Json {
            fn json(&self) -> String;
        }
        impl<T: serde::Serialize> Json for T {
            fn json(&self) -> String {
                serde_json::to_string(self).unwrap()
            }
        }
    }
}

//! The inputs of a build: what a person chose, and nothing that can be derived from it.
//!
//! Derived values (image names, paths, default argument lists) are methods, because stored copies
//! go stale.

mod cal_version;
mod choice;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deployment::{Deployment, Mission};
use crate::shell;

pub use cal_version::{BadCalVersion, CalVersion};
pub use choice::{BaseImage, CaBundle, EngineChoice, Generation, HubEnvironment, Owner, Platform, UseFrozen};
pub use values::BadValue;

/// The settings that every tool reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The root of the deployments repository, absolute. `JUPYTERHUB_DIR`.
    pub root: PathBuf,
    /// Which generation of the repository it is.
    #[serde(default)]
    pub generation: Generation,
    /// Which mission. `DEPLOYMENT_NAME`.
    pub deployment: Mission,
    /// Which hub the image is meant for. `ENVIRONMENT`.
    pub environment: HubEnvironment,
    /// What the image runs on. `PLATFORM`.
    pub platform: Platform,
    /// Whether specs are solved anew, taken as frozen, or as loosened. `USE_FROZEN`.
    pub use_frozen: UseFrozen,
    /// Whether a build ends by freezing what was solved. `FREEZE_CHILL`, `FREEZE`.
    pub freeze_chill: bool,
    /// Whether a build ends by squashing the image into one layer. `REPACK`.
    #[serde(default)]
    pub repack: bool,
    /// The calibration software that a floating build is for. `CAL_VERSION`.
    pub cal_version: CalVersion,
    /// Who makes the base image. `OWNER`.
    pub owner: Owner,
    /// Which of the owner's notebook images is the base. `BASE_NOTEBOOK`.
    pub base_notebook: String,
    /// The base image, where it is not the owner's. `BASE_IMAGE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_image: Option<BaseImage>,
    /// The engine that builds and runs.
    pub engine: EngineChoice,
    /// The engine's network mode for builds and tests (`host`, `none`, a network's name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The certificate authorities that build steps trust.
    pub ca_bundle: CaBundle,
    /// The tag of the mission image. `NOTEBOOK_TAG`.
    pub notebook_tag: String,
    /// The program that makes conda environments inside the image. `CONDA_VER`.
    pub conda_ver: String,
    /// Switches for every pip call inside the image. `PIP_SWITCHES`.
    pub pip_switches: String,
    /// Directories that build steps share through cache mounts. `USER_CACHE_DIRS`.
    pub user_cache_dirs: Vec<String>,
    /// The same for the system's own. `SYSTEM_CACHE_DIRS`.
    pub system_cache_dirs: Vec<String>,
    /// The Ubuntu release below a base image built from source. `UBUNTU_TAG`.
    pub ubuntu_tag: String,
    /// The Python of a base image built from source. `BASE_PYTHON_VERSION`.
    pub base_python_version: String,
    /// Replaces the switches of every engine build, word by word. `DOCKER_BUILD_ARGS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docker_build_args: Option<String>,
    /// Replaces the switches of every engine run, word by word. `IMAGE_RUN_PARS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_run_pars: Option<String>,
    /// Where delivered requirements are fetched from in place of the address in `sources.json`.
    /// `IMAGE_SOURCE_URL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// The hosts that requirements may be fetched from without TLS. `IMAGE_INSECURE_HOSTS`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insecure_hosts: Vec<String>,
    /// Further variables that `setup-env` exports.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exports: BTreeMap<String, String>,
}

impl Settings {
    /// The settings of a fresh clone for `deployment` in the repository at `root`: the defaults of
    /// the documented commands, in the generation of 2024.
    #[must_use]
    pub fn new(root: &Path, deployment: Mission) -> Self {
        Self::of_generation(Generation::Chilly, root, deployment)
    }

    /// [`Self::new`] with the defaults of `generation`.
    #[must_use]
    pub fn of_generation(generation: Generation, root: &Path, deployment: Mission) -> Self {
        let newest = generation == Generation::Newest;
        let by = |old: &str, new: &str| if newest { new.to_owned() } else { old.to_owned() };
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
        Self {
            root: root.to_owned(),
            generation,
            deployment,
            environment: HubEnvironment::Sandbox,
            platform: Platform::Amd64,
            use_frozen: UseFrozen::Floating,
            freeze_chill: false,
            repack: false,
            cal_version: CalVersion::None,
            owner: Owner::Spacetelescope,
            base_notebook: by("scipy-notebook", "minimal-notebook"),
            base_image: None,
            engine: EngineChoice::Auto,
            network: None,
            ca_bundle: CaBundle::Auto,
            notebook_tag: "latest".to_owned(),
            conda_ver: by("conda", "mamba"),
            pip_switches: "--no-color --default-timeout 100".to_owned(),
            user_cache_dirs: words(if newest {
                &["/home/jovyan/.cache", "/opt/conda/pkgs", "/var/cache/apt"]
            } else {
                &["/home/jovyan/.cache", "/opt/conda/pkgs", "/home/jovyan/.conda/pkgs"]
            }),
            system_cache_dirs: words(if newest { &[] } else { &["/var/cache/apt"] }),
            ubuntu_tag: by("20.04", "24.04"),
            base_python_version: "3.12".to_owned(),
            docker_build_args: None,
            image_run_pars: None,
            source_url: None,
            insecure_hosts: Vec::new(),
            exports: BTreeMap::new(),
        }
    }

    /// The mission's part of the repository.
    #[must_use]
    pub fn deployment(&self) -> Deployment {
        Deployment::new(&self.root, &self.deployment)
    }

    /// The image that the chain is built upon, as a `FROM` names it.
    #[must_use]
    pub fn base_reference(&self) -> String {
        match &self.base_image {
            None => format!("{}/{}", self.owner, self.base_notebook),
            Some(BaseImage::Bootstrap) => BaseImage::BOOTSTRAP_TAG.to_owned(),
            Some(BaseImage::Reference(reference)) => reference.clone(),
        }
    }

    /// The image that all missions share.
    #[must_use]
    pub fn common_image(&self) -> String {
        format!("{}-common", self.image_prefix())
    }

    /// What the names of all images begin with. Clones that share an engine and not their images export
    /// `IMAGE_PREFIX`, each another one.
    #[must_use]
    pub fn image_prefix(&self) -> &str {
        self.exports.get("IMAGE_PREFIX").map_or("notebook", String::as_str)
    }

    /// The mission image before the ownership of its cache directories is mended.
    #[must_use]
    pub fn dirty_image(&self) -> String {
        format!("{}-{}-dirty", self.image_prefix(), self.deployment)
    }

    /// The mission image. `NOTEBOOK_ID`.
    #[must_use]
    pub fn notebook_id(&self) -> String {
        format!("{}-{}:{}", self.image_prefix(), self.deployment, self.notebook_tag)
    }

    /// The switches of every engine build, as words. `DOCKER_BUILD_ARGS`.
    #[must_use]
    pub fn build_words(&self) -> Vec<String> {
        let default = || {
            let (owner, registry) = (self.owner, self.owner.registry(self.generation));
            let (platform, conda) = (self.platform, &self.conda_ver);
            let further = match self.generation {
                Generation::Chilly => String::new(),
                Generation::Newest => {
                    format!("--build-arg CONDA_VER={conda} --build-arg MAMBA_ROOT_PREFIX=/opt/conda")
                }
            };
            format!(
                "--rm --force-rm --build-arg OWNER={owner} --build-arg REGISTRY={registry} \
                 --progress plain --platform {platform} {further}"
            )
        };
        let text = self.docker_build_args.clone().unwrap_or_else(default);
        shell::split_unquoted(&text)
    }

    /// The switches of every engine run, as words. `IMAGE_RUN_PARS`.
    #[must_use]
    pub fn run_words(&self) -> Vec<String> {
        let default = || format!("--rm -e JUPYTER_ENABLE_LAB=yes --platform {}", self.platform);
        let text = self.image_run_pars.clone().unwrap_or_else(default);
        shell::split_unquoted(&text)
    }

    /// What this clone keeps to itself: logs, locks, evidence, staged files.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(".image")
    }

    /// One line for people: `roman-sandbox-spacetelescope-0.13.0-floating`.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{}-{}-{}-{}-{}",
            self.deployment, self.environment, self.owner, self.cal_version, self.use_frozen
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roman() -> Settings {
        Settings::new(Path::new("/r"), "roman".parse().unwrap())
    }

    #[test]
    fn names_and_switches_are_those_of_the_contract() {
        let settings = roman();
        assert_eq!(settings.notebook_id(), "notebook-roman:latest");
        assert_eq!(settings.dirty_image(), "notebook-roman-dirty");
        assert_eq!(settings.base_reference(), "spacetelescope/scipy-notebook");
        assert_eq!(
            settings.build_words().join(" "),
            "--rm --force-rm --build-arg OWNER=spacetelescope --build-arg REGISTRY= \
             --progress plain --platform linux/amd64"
        );
        assert_eq!(settings.run_words().join(" "), "--rm -e JUPYTER_ENABLE_LAB=yes --platform linux/amd64");
    }

    #[test]
    fn a_document_with_an_unknown_setting_is_refused() {
        let mut value = serde_json::to_value(roman()).unwrap();
        assert_eq!(serde_json::from_value::<Settings>(value.clone()).unwrap(), roman());
        value["colour"] = "red".into();
        assert!(serde_json::from_value::<Settings>(value).is_err());
    }
}

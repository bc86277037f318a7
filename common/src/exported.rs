//! The variables that a sourced `setup-env` exports: from settings, and back to settings.
//!
//! Names and forms are those of the environment that existing scripts and habits rely on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use thiserror::Error;

use crate::deployment::Mission;
use crate::fault::{Fault, Status};
use crate::settings::{BaseImage, Generation, Settings};
use crate::shell;

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

/// Everything that `setup-env` exports for `settings`, in a fixed order, except `PATH`.
#[must_use]
pub fn of(settings: &Settings) -> Vec<(&'static str, String)> {
    let deployment = settings.deployment();
    let path = |p: PathBuf| p.to_string_lossy().into_owned();
    let flag = |on: bool| u8::from(on).to_string();
    let mut variables = vec![
        ("JUPYTERHUB_DIR", path(settings.root.clone())),
        ("DEPLOYMENT_NAME", settings.deployment.to_string()),
        ("ENVIRONMENT", settings.environment.to_string()),
        ("CAL_VERSION", settings.cal_version.to_string()),
        ("USE_FROZEN", settings.use_frozen.number().to_owned()),
        ("PLATFORM", settings.platform.to_string()),
        ("REGISTRY", settings.owner.registry(settings.generation).to_owned()),
        ("OWNER", settings.owner.to_string()),
        ("BASE_IMAGE", exported_base(settings)),
        ("NOTEBOOK_TAG", settings.notebook_tag.clone()),
        ("NOTEBOOK_ID", settings.notebook_id()),
        ("IMAGE_ENGINE", settings.engine.to_string()),
        ("IMAGE_NETWORK", settings.network.clone().unwrap_or_default()),
        ("IMAGE_CA_BUNDLE", settings.ca_bundle.clone().into()),
        ("CONDA_VER", settings.conda_ver.clone()),
        ("IMAGE_RUN_PARS", settings.run_words().join(" ")),
        ("UBUNTU_TAG", settings.ubuntu_tag.clone()),
        ("IMAGE_VULNERABILITY_LEVEL", "medium".to_owned()),
        ("DOCKER_BUILD_ARGS", settings.build_words().join(" ")),
        ("DOCKER_BUILDKIT", "1".to_owned()),
        ("BUILDKIT_STEP_LOG_MAX_SIZE", "10000000".to_owned()),
        ("BUILDKIT_STEP_LOG_MAX_SPEED", "10000000".to_owned()),
        ("USER_CACHE_DIRS", settings.user_cache_dirs.join(" ")),
        ("PIP_SWITCHES", settings.pip_switches.clone()),
        ("IMAGE_DIR", path(deployment.dir())),
        ("COMMON_IMAGE_DIR", path(deployment.common_dir())),
    ];
    let root_image = format!("ubuntu:{}", settings.ubuntu_tag);
    variables.extend(match settings.generation {
        Generation::Chilly => vec![
            ("FREEZE_CHILL", flag(settings.freeze_chill)),
            ("ROOT_CONTAINER", root_image),
            ("SYSTEM_CACHE_DIRS", settings.system_cache_dirs.join(" ")),
            ("CACHE_DIRS", cache_dirs(settings)),
        ],
        Generation::Newest => vec![
            ("FREEZE", flag(settings.freeze_chill)),
            ("REPACK", flag(settings.repack)),
            ("BASE_NOTEBOOK", settings.base_notebook.clone()),
            ("ROOT_IMAGE", root_image),
            ("BASE_PYTHON_VERSION", settings.base_python_version.clone()),
        ],
    });
    // Only where they are set: most repositories never need them.
    if let Some(url) = &settings.source_url {
        variables.push(("IMAGE_SOURCE_URL", url.clone()));
    }
    if !settings.insecure_hosts.is_empty() {
        variables.push(("IMAGE_INSECURE_HOSTS", settings.insecure_hosts.join(" ")));
    }
    variables
}

fn cache_dirs(settings: &Settings) -> String {
    let dirs = settings.user_cache_dirs.iter().chain(&settings.system_cache_dirs);
    dirs.map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// `bootstrap` stays the word it is, so that it can be read back.
fn exported_base(settings: &Settings) -> String {
    match &settings.base_image {
        Some(BaseImage::Bootstrap) => "bootstrap".to_owned(),
        _ => settings.base_reference(),
    }
}

/// The variables do not make settings.
#[derive(Debug, Error)]
pub enum ExportedError {
    /// One that is needed is not set.
    #[error("${name} is not set")]
    Unset {
        /// Which.
        name: &'static str,
    },
    /// One holds something that it must not.
    #[error("${name} is {value:?}: {reason}")]
    Value {
        /// Which.
        name: &'static str,
        /// What it holds.
        value: String,
        /// Why that cannot be.
        reason: String,
    },
}

impl Fault for ExportedError {
    fn status(&self) -> Status {
        Status::Settings
    }

    fn hint(&self) -> Option<String> {
        Some("run image-configure MISSION, then `source setup-env`".to_owned())
    }
}

/// Settings from exported variables. Only `JUPYTERHUB_DIR` and `DEPLOYMENT_NAME` must be there; what
/// else is missing or empty has its default.
///
/// # Errors
/// One of the two is missing, or a variable holds something that it must not.
pub fn settings(variables: &Variables) -> Result<Settings, ExportedError> {
    let read = Reader { variables };
    let root = PathBuf::from(read.needed("JUPYTERHUB_DIR")?);
    let mission: Mission = parsed("DEPLOYMENT_NAME", read.needed("DEPLOYMENT_NAME")?)?;
    // Only the newest generation has a choice of base notebooks.
    let newest = variables.contains_key("BASE_NOTEBOOK");
    let generation = if newest { Generation::Newest } else { Generation::Chilly };
    let mut settings = Settings::of_generation(generation, &root, mission);
    read.choice("ENVIRONMENT", &mut settings.environment)?;
    read.choice("PLATFORM", &mut settings.platform)?;
    read.choice("USE_FROZEN", &mut settings.use_frozen)?;
    read.choice("OWNER", &mut settings.owner)?;
    read.choice("IMAGE_ENGINE", &mut settings.engine)?;
    if let Some(text) = read.given("CAL_VERSION") {
        settings.cal_version = parsed("CAL_VERSION", text)?;
    }
    settings.freeze_chill = read.flag(if newest { "FREEZE" } else { "FREEZE_CHILL" })?;
    settings.repack = read.flag("REPACK")?;
    read.text("BASE_NOTEBOOK", &mut settings.base_notebook);
    read.text("BASE_PYTHON_VERSION", &mut settings.base_python_version);
    read.text("NOTEBOOK_TAG", &mut settings.notebook_tag);
    read.text("CONDA_VER", &mut settings.conda_ver);
    read.text("UBUNTU_TAG", &mut settings.ubuntu_tag);
    read.words("USER_CACHE_DIRS", &mut settings.user_cache_dirs);
    read.words("SYSTEM_CACHE_DIRS", &mut settings.system_cache_dirs);
    if let Some(switches) = variables.get("PIP_SWITCHES") {
        settings.pip_switches.clone_from(switches);
    }
    settings.network = read.given("IMAGE_NETWORK").map(str::to_owned);
    settings.source_url = read.given("IMAGE_SOURCE_URL").map(str::to_owned);
    read.words("IMAGE_INSECURE_HOSTS", &mut settings.insecure_hosts);
    if let Some(bundle) = read.given("IMAGE_CA_BUNDLE") {
        settings.ca_bundle = bundle.to_owned().into();
    }
    read.overrides(&mut settings);
    Ok(settings)
}

struct Reader<'a> {
    variables: &'a Variables,
}

impl Reader<'_> {
    /// The value, if it is set and not empty.
    fn given(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    fn needed(&self, name: &'static str) -> Result<&str, ExportedError> {
        self.given(name).ok_or(ExportedError::Unset { name })
    }

    fn choice<T: ValueEnum>(&self, name: &'static str, place: &mut T) -> Result<(), ExportedError> {
        if let Some(value) = self.given(name) {
            *place = T::from_str(value, false).map_err(|_| bad(name, value, &allowed::<T>()))?;
        }
        Ok(())
    }

    fn flag(&self, name: &'static str) -> Result<bool, ExportedError> {
        match self.given(name) {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(other) => Err(bad(name, other, "it must be 0 or 1")),
        }
    }

    fn text(&self, name: &str, place: &mut String) {
        if let Some(value) = self.given(name) {
            value.clone_into(place);
        }
    }

    /// Unlike the others, a list may be set to nothing on purpose.
    fn words(&self, name: &str, place: &mut Vec<String>) {
        if let Some(value) = self.variables.get(name) {
            *place = value.split_ascii_whitespace().map(str::to_owned).collect();
        }
    }

    /// What is stored only where it differs from what the other settings make of it.
    fn overrides(&self, settings: &mut Settings) {
        if let Some(base) = self.given("BASE_IMAGE")
            && base != settings.base_reference()
        {
            settings.base_image = Some(base.to_owned().into());
        }
        // They are split into words when used, so blanks between them do not count.
        let differs = |words: &&str, ours: Vec<String>| shell::split_unquoted(words) != ours;
        let words = self.given("DOCKER_BUILD_ARGS").filter(|w| differs(w, settings.build_words()));
        settings.docker_build_args = words.map(str::to_owned);
        let words = self.given("IMAGE_RUN_PARS").filter(|w| differs(w, settings.run_words()));
        settings.image_run_pars = words.map(str::to_owned);
    }
}

fn parsed<T: std::str::FromStr<Err: ToString>>(name: &'static str, value: &str) -> Result<T, ExportedError> {
    value.parse().map_err(|e: T::Err| bad(name, value, &e.to_string()))
}

fn bad(name: &'static str, value: &str, reason: &str) -> ExportedError {
    ExportedError::Value { name, value: value.to_owned(), reason: reason.to_owned() }
}

fn allowed<T: ValueEnum>() -> String {
    let names = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let names: Vec<String> = names.map(|v| v.get_name().to_owned()).collect();
    format!("it must be one of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn exported(settings: &Settings) -> Variables {
        of(settings).into_iter().map(|(n, v)| (n.to_owned(), v)).collect()
    }

    fn roman() -> Settings {
        Settings::new(Path::new("/r with space"), "roman".parse().unwrap())
    }

    #[test]
    fn settings_survive_the_environment() {
        let mut settings = roman();
        settings.use_frozen = crate::settings::UseFrozen::Chilly;
        settings.freeze_chill = true;
        settings.base_image = Some(BaseImage::Bootstrap);
        settings.cal_version = "0.13.0".parse().unwrap();
        settings.network = Some("host".to_owned());
        settings.source_url = Some("https://mirror/v{version}".to_owned());
        settings.insecure_hosts = vec!["mirror:8080".to_owned(), "other".to_owned()];
        settings.docker_build_args = Some("--pull --progress plain".to_owned());
        assert_eq!(super::settings(&exported(&settings)).unwrap(), settings);
        assert_eq!(super::settings(&exported(&roman())).unwrap(), roman());
    }

    #[test]
    fn an_unset_environment_says_what_is_missing_and_what_to_do() {
        let error = super::settings(&Variables::new()).unwrap_err();
        assert_eq!(error.to_string(), "$JUPYTERHUB_DIR is not set");
        assert_eq!(error.status(), Status::Settings);
    }

    #[test]
    fn a_wrong_value_names_the_variable_and_what_is_allowed() {
        let mut variables = exported(&roman());
        variables.insert("USE_FROZEN".to_owned(), "3".to_owned());
        let message = super::settings(&variables).unwrap_err().to_string();
        assert!(message.contains("$USE_FROZEN") && message.contains("floating, frozen"), "{message}");
    }

    #[test]
    fn cache_directories_can_be_switched_off() {
        let mut variables = exported(&roman());
        variables.insert("USER_CACHE_DIRS".to_owned(), String::new());
        assert!(super::settings(&variables).unwrap().user_cache_dirs.is_empty());
    }
}

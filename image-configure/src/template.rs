//! An existing repository's `setup-env.template`, with the `infrequent-env` that it sources: what
//! people have changed there holds, except for what the command line decides.
//!
//! The template is filled in as text, but values go in quoted, so that none can become a command
//! (D2); and it is filled in before anything is written (D1).

use std::path::{Path, PathBuf};

use common::console::Console;
use common::exported;
use common::settings::{Generation, Settings};
use common::setup_env;
use common::shell::quote;
use common::state_file;

use crate::error::Error;

/// The template's file name, at the root.
pub const FILE_NAME: &str = "setup-env.template";

/// The variables that the command line decides, whatever the template says.
const DECIDED: [&str; 11] = [
    "DEPLOYMENT_NAME",
    "ENVIRONMENT",
    "CAL_VERSION",
    "USE_FROZEN",
    "FREEZE_CHILL",
    "FREEZE",
    "REPACK",
    "PLATFORM",
    "REGISTRY",
    "OWNER",
    "BASE_NOTEBOOK",
];

/// A repository's template.
#[derive(Debug)]
pub struct Template {
    path: PathBuf,
    text: String,
}

/// The template of the repository at `root`, if it has one.
pub fn find(root: &Path) -> Result<Option<Template>, Error> {
    let path = root.join(FILE_NAME);
    let Some(bytes) = state_file::read(&path)? else { return Ok(None) };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Template { path, text })),
        Err(_) => Err(Error::Template { path }),
    }
}

impl Template {
    /// The generation that it belongs to: only the newest has a choice of base notebooks.
    pub fn generation(&self) -> Generation {
        let newest = self.text.lines().any(|line| assigned(line) == Some("BASE_NOTEBOOK"));
        if newest { Generation::Newest } else { Generation::Chilly }
    }

    /// The settings that it makes of `chosen`: what the command line decided, and for the rest what
    /// the template and the files that it sources export.
    pub fn settings(&self, chosen: &Settings, console: &Console) -> Result<Settings, Error> {
        let filled = self.fill_in(chosen);
        let mut settings = setup_env::source_text(filled.as_bytes(), &self.path, &chosen.root, console)?;
        // None of these is the template's to say, also where it has no line for one of them.
        settings.root.clone_from(&chosen.root);
        settings.environment = chosen.environment;
        settings.platform = chosen.platform;
        settings.use_frozen = chosen.use_frozen;
        settings.freeze_chill = chosen.freeze_chill;
        settings.repack = chosen.repack;
        settings.cal_version = chosen.cal_version.clone();
        settings.owner = chosen.owner;
        settings.base_notebook.clone_from(&chosen.base_notebook);
        settings.engine = chosen.engine;
        settings.network.clone_from(&chosen.network);
        settings.source_url.clone_from(&chosen.source_url);
        settings.insecure_hosts.clone_from(&chosen.insecure_hosts);
        settings.ca_bundle = chosen.ca_bundle.clone();
        if chosen.base_image.is_some() {
            settings.base_image.clone_from(&chosen.base_image);
        }
        Ok(settings)
    }

    fn fill_in(&self, chosen: &Settings) -> String {
        let variables = exported::of(chosen);
        let line = |line: &str| match assigned(line).filter(|name| DECIDED.contains(name)) {
            Some(name) => match variables.iter().find(|(n, _)| *n == name) {
                Some((_, value)) => format!("export {name}={}", quote(value)),
                None => line.to_owned(),
            },
            None => line.to_owned(),
        };
        let mut text: String = self.text.lines().map(line).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text
    }
}

/// The variable that a line assigns: `export NAME=…` or `NAME=…`, but not in a comment.
fn assigned(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, _) = line.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const TEMPLATE: &str = "# for this site\n\
        export DEPLOYMENT_NAME=cluster-name  # roman, tike\n\
        export USE_FROZEN=0\n\
        # export OWNER=\"elsewhere\"\n\
        export OWNER=\"spacetelescope\"   # who\n\
        export BASE_IMAGE=${OWNER}/scipy-notebook\n\
        export CAL_VERSION=none\n\
        source infrequent-env\n";
    const INFREQUENT: &str = "export JUPYTERHUB_DIR=`pwd`\n\
        export CONDA_VER=mamba\n\
        export PIP_SWITCHES='--no-color --retries 9'\n\
        export IMAGE_RUN_PARS=\"--rm -v /data:/data\"\n\
        export CRDS_PATH=/crds/${DEPLOYMENT_NAME}\n";

    fn repository() -> (tempfile::TempDir, Settings) {
        let root = tempfile::Builder::new().prefix("a clone ").tempdir().unwrap();
        fs::write(root.path().join(FILE_NAME), TEMPLATE).unwrap();
        fs::write(root.path().join("infrequent-env"), INFREQUENT).unwrap();
        let mut chosen = Settings::new(root.path(), "roman".parse().unwrap());
        chosen.use_frozen = common::settings::UseFrozen::Frozen;
        chosen.owner = common::settings::Owner::QuayJupyter;
        (root, chosen)
    }

    fn settings(root: &Path, chosen: &Settings) -> Settings {
        find(root).unwrap().unwrap().settings(chosen, &Console::silent()).unwrap()
    }

    #[test]
    fn what_the_site_changed_holds_and_what_was_asked_for_wins() {
        let (root, chosen) = repository();
        let settings = settings(root.path(), &chosen);
        assert_eq!(settings.deployment.as_str(), "roman");
        assert_eq!((settings.use_frozen, settings.owner), (chosen.use_frozen, chosen.owner));
        assert_eq!(settings.base_reference(), "quay.io/jupyter/scipy-notebook");
        assert_eq!(settings.conda_ver, "mamba");
        assert_eq!(settings.pip_switches, "--no-color --retries 9");
        assert_eq!(settings.run_words(), ["--rm", "-v", "/data:/data"]);
        assert_eq!(settings.exports.get("CRDS_PATH").map(String::as_str), Some("/crds/roman"));
    }

    /// D9: `source infrequent-env` took one from PATH.
    #[test]
    fn d9_the_repositorys_own_infrequent_env_is_sourced() {
        let (root, chosen) = repository();
        fs::write(root.path().join("infrequent-env"), "export JUPYTERHUB_DIR=$PWD OURS=1\n").unwrap();
        assert!(settings(root.path(), &chosen).exports.contains_key("OURS"));
    }

    #[test]
    fn the_generation_shows_in_the_template() {
        let (root, _) = repository();
        assert_eq!(find(root.path()).unwrap().unwrap().generation(), Generation::Chilly);
        let newest = format!("{TEMPLATE}export BASE_NOTEBOOK=\"minimal-notebook\"\n");
        fs::write(root.path().join(FILE_NAME), newest).unwrap();
        assert_eq!(find(root.path()).unwrap().unwrap().generation(), Generation::Newest);
    }

    #[test]
    fn a_template_that_bash_refuses_is_named() {
        let (root, chosen) = repository();
        fs::remove_file(root.path().join("infrequent-env")).unwrap();
        let template = find(root.path()).unwrap().unwrap();
        let error = template.settings(&chosen, &Console::silent()).unwrap_err();
        assert!(error.to_string().contains(FILE_NAME), "{error}");
    }

    #[test]
    fn only_assignments_count() {
        for (line, name) in [
            ("export A=1", Some("A")),
            ("  B=2 # c", Some("B")),
            ("# export A=1", None),
            ("docker build --build-arg X=1", None),
        ] {
            assert_eq!(assigned(line), name, "{line}");
        }
    }
}

//! What will be run and written, worked out before anything is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::exported;
use common::process::Invocation;
use common::settings::Settings;

use crate::dockerfile::{self, Generated};
use crate::error::Error;

/// Everything that an update does.
#[derive(Debug)]
pub struct Plan {
    /// One for each environment, sorted by name.
    pub environments: Vec<Environment>,
    /// The Dockerfile, where the mission has a `Dockerfile.custom`.
    pub dockerfile: Option<Generated>,
}

/// One environment's part.
#[derive(Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    /// Its script, to be run there; none if it has none or nothing is asked for.
    pub script: Option<Invocation>,
}

/// Looks at the mission of `settings`. A script that cannot be run is found out here, before any
/// other was.
pub fn plan(settings: &Settings) -> Result<Plan, Error> {
    let deployment = settings.deployment();
    let environments = deployment
        .environments()?
        .into_iter()
        .map(|name| {
            let dir = deployment.environment_dir(&name);
            let script = if settings.cal_version.is_none() { None } else { script(&dir, settings)? };
            Ok(Environment { name, dir, script })
        })
        .collect::<Result<_, Error>>()?;
    Ok(Plan { environments, dockerfile: dockerfile::generate(&deployment)? })
}

/// `update-requirements VERSION` in its own directory, with the variables of `setup-env`.
fn script(dir: &Path, settings: &Settings) -> Result<Option<Invocation>, Error> {
    let path = dir.join("update-requirements");
    let Ok(metadata) = path.metadata() else { return Ok(None) };
    if !metadata.is_file() {
        return Ok(None);
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(Error::NotExecutable { path });
    }
    let call = Invocation::new(path).arg(settings.cal_version.to_string()).dir(dir);
    let variables = exported::of(settings);
    Ok(Some(variables.into_iter().fold(call, |call, (name, value)| call.env(name, value))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn settings(root: &Path, cal: &str) -> Settings {
        fs::create_dir_all(root.join("deployments/roman/environments/b")).unwrap();
        fs::create_dir_all(root.join("deployments/roman/environments/a")).unwrap();
        let mut settings = Settings::new(root, "roman".parse().unwrap());
        settings.cal_version = cal.parse().unwrap();
        settings
    }

    fn add_script(root: &Path, environment: &str, mode: u32) {
        let path = root.join("deployments/roman/environments").join(environment).join("update-requirements");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn every_environment_is_planned_in_order_and_only_scripts_run() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path(), "0.13.0");
        add_script(root.path(), "b", 0o755);
        let plan = plan(&settings).unwrap();
        let names: Vec<_> = plan.environments.iter().map(|e| (e.name.as_str(), e.script.is_some())).collect();
        assert_eq!(names, [("a", false), ("b", true)]);
        let call = plan.environments[1].script.as_ref().unwrap();
        assert_eq!(call.arguments(), ["0.13.0"]);
        assert!(call.directory().unwrap().ends_with("environments/b"));
    }

    #[test]
    fn with_no_calibration_version_no_script_is_even_looked_at() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path(), "none");
        add_script(root.path(), "b", 0o644);
        assert!(plan(&settings).unwrap().environments.iter().all(|e| e.script.is_none()));
    }

    #[test]
    fn a_script_that_cannot_run_is_found_before_another_has_run() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path(), "latest");
        add_script(root.path(), "a", 0o755);
        add_script(root.path(), "b", 0o644);
        assert!(matches!(plan(&settings), Err(Error::NotExecutable { .. })));
    }
}

//! What will be fetched, run and written, worked out before anything is.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::deployment::{self, Deployment};
use common::exported;
use common::generated::{self, Generated};
use common::process::Invocation;
use common::settings::Settings;
use common::sources::{self, Mode, Sources};

use crate::error::Error;
use crate::profile;

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
    /// Where its specs come from.
    pub driver: Driver,
}

/// Where an environment's specs come from.
#[derive(Debug)]
pub enum Driver {
    /// Nowhere: it has nothing of the kind, or nothing is asked for.
    Nothing,
    /// Declared sources.
    Declared(Box<Declared>),
    /// Its script, to be run in its directory.
    Script(Invocation),
}

/// Sources, and what of them is asked for.
#[derive(Debug)]
pub struct Declared {
    /// The sources: its `sources.json`, or a profile's.
    pub sources: Sources,
    /// The case that was asked for.
    pub mode: Mode,
    /// The profile, if it has no file of its own.
    pub profile: Option<&'static str>,
}

/// Looks at the mission of `settings`. A script that cannot be run and a file that makes no sense are
/// found out here, before anything is done.
pub fn plan(settings: &Settings, run_scripts: bool) -> Result<Plan, Error> {
    let deployment = settings.deployment();
    if !deployment.dir().is_dir() {
        // Configured, and gone since.
        deployment::mission(&settings.root, settings.deployment.as_str())?;
    }
    let environments = deployment
        .environments()?
        .into_iter()
        .map(|name| {
            let dir = deployment.environment_dir(&name);
            let driver = driver(&dir, settings, run_scripts)?;
            Ok(Environment { name, dir, driver })
        })
        .collect::<Result<_, Error>>()?;
    Ok(Plan { environments, dockerfile: generated::dockerfile(&deployment)? })
}

/// The sources of the environments of `deployment` that have any, whatever is asked for.
pub fn declared(deployment: &Deployment) -> Result<Vec<(String, PathBuf, Sources)>, Error> {
    let mut found = Vec::new();
    for name in deployment.environments()? {
        let dir = deployment.environment_dir(&name);
        let script = read(&dir.join("update-requirements"))?;
        let profile = || script.as_deref().and_then(profile::of_script).map(|(_, sources)| sources);
        if let Some(sources) = own_sources(&dir)?.or_else(profile) {
            found.push((name, dir, sources));
        }
    }
    Ok(found)
}

fn driver(dir: &Path, settings: &Settings, run_scripts: bool) -> Result<Driver, Error> {
    if settings.cal_version.is_none() {
        return Ok(Driver::Nothing);
    }
    let path = dir.join("update-requirements");
    let script = if path.is_file() { read(&path)? } else { None };
    if run_scripts && script.is_some() {
        return call((path, script.as_deref()), dir, settings).map(Driver::Script);
    }
    let own = own_sources(dir)?.map(|sources| (None, sources));
    let known = || script.as_deref().and_then(profile::of_script).map(|(name, found)| (Some(name), found));
    if let Some((profile, sources)) = own.or_else(known) {
        let Some(mode) = sources.mode(&settings.cal_version).cloned() else {
            let version = settings.cal_version.to_string();
            return Err(Error::NoMode { path: dir.join(sources::FILE_NAME), version });
        };
        return Ok(Driver::Declared(Box::new(Declared { sources, mode, profile })));
    }
    if script.is_none() {
        return Ok(Driver::Nothing);
    }
    call((path, script.as_deref()), dir, settings).map(Driver::Script)
}

fn own_sources(dir: &Path) -> Result<Option<Sources>, Error> {
    let path = dir.join(sources::FILE_NAME);
    let text = read(&path)?;
    Ok(text.map(|text| Sources::parse(&text, &path.display().to_string())).transpose()?)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

/// `update-requirements VERSION` in its own directory, with the variables of `setup-env`. One that does not say what
/// runs it is bash's, as it was where a shell started it.
fn call(
    (path, text): (PathBuf, Option<&[u8]>),
    dir: &Path,
    settings: &Settings,
) -> Result<Invocation, Error> {
    let executable = path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0);
    if !executable {
        return Err(Error::NotExecutable { path });
    }
    let says_who = text.is_some_and(|text| text.starts_with(b"#!") || text.starts_with(b"\x7fELF"));
    let call = if says_who { Invocation::new(path) } else { Invocation::new("bash").arg(path) };
    let call = call.arg(settings.cal_version.to_string()).dir(dir);
    let variables = exported::of(settings);
    Ok(variables.into_iter().fold(call, |call, (name, value)| call.env(name, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(root: &Path, cal: &str) -> Settings {
        fs::create_dir_all(root.join("deployments/roman/environments/b")).unwrap();
        fs::create_dir_all(root.join("deployments/roman/environments/a")).unwrap();
        let mut settings = Settings::new(root, "roman".parse().unwrap());
        settings.cal_version = cal.parse().unwrap();
        settings
    }

    fn add(root: &Path, name: &str, content: &str, mode: u32) {
        let path = root.join("deployments/roman/environments").join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    const SOURCES: &str = r#"{"schema": 1, "modes": {"release": {"files": []}}}"#;

    fn kinds(plan: &Plan) -> Vec<&'static str> {
        let kind = |driver: &Driver| match driver {
            Driver::Nothing => "nothing",
            Driver::Declared(_) => "declared",
            Driver::Script(_) => "script",
        };
        plan.environments.iter().map(|e| kind(&e.driver)).collect()
    }

    #[test]
    fn every_environment_is_planned_in_order_and_only_what_is_there_counts() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path(), "0.13.0");
        add(root.path(), "b/update-requirements", "#!/bin/sh\n", 0o755);
        let found = plan(&settings, false).unwrap();
        assert_eq!(kinds(&found), ["nothing", "script"]);
        let Driver::Script(call) = &found.environments[1].driver else { panic!("{found:?}") };
        assert_eq!(call.arguments(), ["0.13.0"]);
        assert!(call.directory().unwrap().ends_with("environments/b"));
        add(root.path(), "b/sources.json", SOURCES, 0o644);
        assert_eq!(kinds(&plan(&settings, false).unwrap()), ["nothing", "declared"]);
        assert_eq!(kinds(&plan(&settings, true).unwrap()), ["nothing", "script"]);
    }

    #[test]
    fn with_no_calibration_version_nothing_is_even_looked_at() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path(), "none");
        add(root.path(), "b/update-requirements", "#!/bin/sh\n", 0o644);
        add(root.path(), "a/sources.json", "oops", 0o644);
        assert_eq!(kinds(&plan(&settings, false).unwrap()), ["nothing", "nothing"]);
    }

    #[test]
    fn what_cannot_work_is_found_before_anything_is_done() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path(), "latest");
        add(root.path(), "a/update-requirements", "#!/bin/sh\n", 0o755);
        add(root.path(), "b/update-requirements", "#!/bin/sh\n", 0o644);
        assert!(matches!(plan(&settings, false), Err(Error::NotExecutable { .. })));
        add(root.path(), "b/sources.json", SOURCES, 0o644);
        assert!(matches!(plan(&settings, false), Err(Error::NoMode { .. })));
        add(root.path(), "b/sources.json", "{\"schema\": 1, \"oops\": 1}", 0o644);
        let message = plan(&settings, false).unwrap_err().to_string();
        assert!(message.contains("sources.json:1: at `oops`"), "{message}");
    }
}

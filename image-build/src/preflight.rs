//! What can be known to fail before anything runs. All of it is told at once.

mod files;
mod in_image;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use common::deployment::{Deployment, DeploymentError};
use common::fault::{Fault, Status};
use common::settings::{Settings, UseFrozen};

use files::missing;

/// Something of the tree that a build cannot be made from, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    what: String,
    todo: String,
}

/// The tree cannot be built.
#[derive(Debug, Error)]
#[error("{} cannot be built:{}", mission, List(problems))]
pub(crate) struct PreflightError {
    mission: String,
    problems: Vec<Problem>,
}

struct List<'a>(&'a [Problem]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| write!(f, "\n  {}", problem.what))
    }
}

impl Fault for PreflightError {
    fn status(&self) -> Status {
        Status::Data
    }

    fn hint(&self) -> Option<String> {
        self.problems.first().map(|problem| problem.todo.clone())
    }
}

/// What of the tree is odd and does not stop a build.
pub(crate) type Oddities = Vec<String>;

/// Looks at the tree before anything runs. `specs_move` says that image-update is about to run the
/// environments' `update-requirements`, which replaces floating specs: those are looked at later.
///
/// # Errors
/// Everything that a build from this tree would fail by.
pub(crate) fn check(settings: &Settings, specs_move: bool) -> Result<Oddities, CheckError> {
    let deployment = settings.deployment();
    let environments = environments(&deployment)?;
    let mut problems = files::all(&deployment);
    for environment in &environments {
        match settings.use_frozen {
            UseFrozen::Floating if specs_move => {}
            UseFrozen::Floating => problems.extend(floating(&deployment, environment)),
            UseFrozen::Frozen => {
                problems.extend(locked(&deployment, &deployment.frozen_dir(), environment, FREEZE));
            }
            UseFrozen::Chilly => {
                problems.extend(locked(&deployment, &deployment.chilly_dir(), environment, CHILL));
                problems.extend(unhinted(&deployment, environment));
            }
        }
    }
    if settings.use_frozen == UseFrozen::Frozen {
        problems.extend(missing(&deployment, &deployment.frozen_dir().join("base/requirements.yml"), FREEZE));
    }
    if problems.is_empty() {
        let mut odd = strangers(&deployment, &environments);
        odd.extend(in_image::oddities(&deployment, &environments, settings.use_frozen));
        if settings.use_frozen == UseFrozen::Floating {
            // A build that freezes is about to mend that.
            odd.extend(unfrozen(&deployment, &environments).filter(|_| !settings.freeze_chill));
            odd.extend(no_common_hints(&deployment, &environments));
        }
        return Ok(odd);
    }
    Err(PreflightError { mission: settings.deployment.to_string(), problems }.into())
}

/// The tree cannot be built, or not even be looked at.
#[derive(Debug, Error)]
pub(crate) enum CheckError {
    /// It was looked at and is wrong.
    #[error(transparent)]
    Wrong(#[from] PreflightError),
    /// It cannot be read.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
}

impl Fault for CheckError {
    fn status(&self) -> Status {
        match self {
            Self::Wrong(error) => error.status(),
            Self::Deployment(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong(error) => error.hint(),
            Self::Deployment(error) => error.hint(),
        }
    }
}

const FREEZE: &str =
    "make it with a floating build: image-configure MISSION --use-frozen=floating --freeze-chill=1";
const CHILL: &str = "image-freeze chill";

/// The mission's environments; a mission may have none.
pub(crate) fn environments(deployment: &Deployment) -> Result<Vec<String>, DeploymentError> {
    if deployment.environments_dir().is_dir() { deployment.environments() } else { Ok(Vec::new()) }
}

fn problem(what: String, todo: &str) -> Problem {
    Problem { what, todo: todo.to_owned() }
}

fn shown(deployment: &Deployment, path: &Path) -> String {
    path.strip_prefix(deployment.root()).unwrap_or(path).display().to_string()
}

fn floating(deployment: &Deployment, environment: &str) -> Option<Problem> {
    let dir = deployment.environment_dir(environment);
    let spec = |ending: &str| dir.join(format!("{environment}.{ending}"));
    let (yml, explicit) = (spec("yml"), spec("explicit"));
    let names = format!("{environment}.yml and {environment}.explicit");
    match (yml.exists(), explicit.exists()) {
        (true, true) => {
            let yml = shown(deployment, &yml);
            let todo = format!("git mv {yml} {yml}.disabled (to build the release), or remove the other");
            Some(problem(format!("{} has both {names}", shown(deployment, &dir)), &todo))
        }
        (false, false) => {
            let todo = format!("git mv {0}.disabled {0}, or write it", shown(deployment, &yml));
            Some(problem(format!("{} has neither {names}", shown(deployment, &dir)), &todo))
        }
        _ => None,
    }
}

fn locked(deployment: &Deployment, dir: &Path, environment: &str, todo: &str) -> Vec<Problem> {
    let specs = ["requirements.yml", "requirements.txt"].map(|name| dir.join(environment).join(name));
    specs.iter().filter_map(|path| missing(deployment, path, todo)).collect()
}

/// The hints that a chilly build cannot do without (D41); they may be empty.
fn unhinted(deployment: &Deployment, environment: &str) -> Vec<Problem> {
    let dir = deployment.chilly_dir().join(environment);
    let files = ["build-hints.pip", "common-hints.pip"].map(|name| dir.join(name));
    let lacking = files.iter().filter(|path| !path.is_file());
    lacking.map(|path| problem(format!("{} is missing", shown(deployment, path)), CHILL)).collect()
}

/// What in-image scripts pass to pip whether it is there or not (D41).
fn no_common_hints(deployment: &Deployment, environments: &[String]) -> Option<String> {
    let path = deployment.environments_dir().join("common-hints.pip");
    let asks_pip = |name: &String| deployment.environment_dir(name).join(format!("{name}.pip")).is_file();
    let path = Some(path).filter(|path| !path.is_file() && environments.iter().any(asks_pip))?;
    let path = shown(deployment, &path);
    Some(format!(
        "{path} is missing, and what compiles pip requirements asks for it; if there are no hints: touch {path}"
    ))
}

/// Environments that a frozen build could not be made of.
fn unfrozen(deployment: &Deployment, environments: &[String]) -> Option<String> {
    let lacks = |name: &&String| !deployment.frozen_dir().join(name).is_dir();
    let names: Vec<&str> = environments.iter().filter(lacks).map(String::as_str).collect();
    let dir = shown(deployment, &deployment.frozen_dir());
    (!names.is_empty()).then(|| {
        format!(
            "{dir} has nothing of {}, which a frozen build needs: image-freeze, after this build",
            names.join(", ")
        )
    })
}

/// Says if the mission's Dockerfile is not what its parts make: a build that runs no image-update is
/// made of it as it is. (image-update keeps such a one aside.)
pub(crate) fn edited_dockerfile(deployment: &Deployment) -> Option<String> {
    let paths =
        [deployment.dir().join("Dockerfile.custom"), deployment.common_dir().join("Dockerfile.trailer")];
    let parts = paths.iter().map(fs::read).collect::<Result<Vec<_>, _>>().ok()?;
    let path = deployment.dir().join("Dockerfile");
    let edited = fs::read(&path).ok()? != parts.concat();
    edited.then(|| {
        let [custom, trailer] = paths.each_ref().map(|path| shown(deployment, path));
        format!(
            "{} is not {custom} and {trailer}, and is built as it is; what is to stay belongs into {custom}",
            shown(deployment, &path)
        )
    })
}

/// Directories of frozen specs whose environment is gone.
fn strangers(deployment: &Deployment, environments: &[String]) -> Oddities {
    let mut odd: Vec<PathBuf> = Vec::new();
    for dir in [deployment.frozen_dir(), deployment.chilly_dir()] {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let known = name == "base" || name.starts_with('.') || environments.contains(&name);
            if entry.path().is_dir() && !known {
                odd.push(entry.path());
            }
        }
    }
    odd.sort_unstable();
    let told = odd.iter().map(|path| {
        let path = shown(deployment, path);
        format!("{path} belongs to no environment of the mission; to drop it: git rm -r {path}")
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with the files `files`, each holding a line; a name that ends in `/` is a directory.
    fn repository(files: &[&str]) -> (tempfile::TempDir, Settings) {
        let root = tempfile::tempdir().unwrap();
        let common =
            ["Dockerfile", "Dockerfile.cache", "Dockerfile.trailer"].map(|name| format!("common/{name}"));
        let basics = common.each_ref().map(String::as_str).into_iter().chain(["roman/Dockerfile.custom"]);
        for file in basics.chain(files.iter().copied()) {
            let path = root.path().join("deployments").join(file);
            if file.ends_with('/') {
                fs::create_dir_all(path).unwrap();
                continue;
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "FROM x\n").unwrap();
        }
        let settings = Settings::new(root.path(), "roman".parse().unwrap());
        (root, settings)
    }

    fn check_refused(mode: UseFrozen, files: &[&str], expected: &[&str]) {
        let (_root, mut settings) = repository(files);
        settings.use_frozen = mode;
        let error = check(&settings, false).unwrap_err();
        assert_eq!(error.status(), Status::Data);
        assert!(error.hint().is_some());
        let message = error.to_string();
        for part in expected {
            assert!(message.contains(part), "{part:?} in {message}");
        }
    }

    #[test]
    fn an_environment_needs_exactly_one_conda_spec() {
        let env = "roman/environments/roman-cal";
        let (yml, explicit) = (format!("{env}/roman-cal.yml"), format!("{env}/roman-cal.explicit"));
        check_refused(UseFrozen::Floating, &[&yml, &explicit], &["has both"]);
        check_refused(UseFrozen::Floating, &["roman/environments/roman-cal/"], &["has neither"]);
        let (named, frozen) = (format!("{env}/kernel.name"), "roman/env-frozen/roman-cal/");
        let (_root, settings) = repository(&[&yml, &named, frozen]);
        assert_eq!(check(&settings, false).unwrap(), [""; 0]);
    }

    #[test]
    fn specs_that_are_about_to_be_replaced_are_not_judged() {
        let (_root, settings) = repository(&["roman/environments/roman-cal/"]);
        assert!(check(&settings, true).is_ok());
    }

    #[test]
    fn a_frozen_build_names_every_spec_that_is_missing() {
        check_refused(
            UseFrozen::Frozen,
            &[
                "roman/environments/a/a.yml",
                "roman/environments/b/b.yml",
                "roman/env-frozen/a/requirements.txt",
            ],
            &[
                "deployments/roman/env-frozen/a/requirements.yml is missing",
                "env-frozen/b/requirements.txt is missing",
                "env-frozen/base/requirements.yml is missing",
            ],
        );
        check_refused(UseFrozen::Chilly, &["roman/environments/a/a.yml"], &["env-chilly/a/requirements.yml"]);
    }

    #[test]
    fn what_a_build_cannot_do_without_is_named() {
        let (root, settings) = repository(&[]);
        fs::remove_file(root.path().join("deployments/common/Dockerfile.cache")).unwrap();
        fs::remove_file(root.path().join("deployments/roman/Dockerfile.custom")).unwrap();
        let message = check(&settings, false).unwrap_err().to_string();
        assert!(message.contains("deployments/common/Dockerfile.cache is missing"), "{message}");
        assert!(message.contains("deployments/roman/Dockerfile is missing"), "{message}");
    }

    #[test]
    fn frozen_specs_of_no_environment_are_odd_but_no_error() {
        let (_root, settings) =
            repository(&["roman/env-frozen/gone/requirements.txt", "roman/env-frozen/base/x"]);
        let odd = check(&settings, false).unwrap();
        assert_eq!(odd.len(), 1);
        assert!(odd[0].contains("git rm -r deployments/roman/env-frozen/gone"), "{odd:?}");
    }
}

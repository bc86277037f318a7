//! A deployments repository: `deployments/common` and one directory for each mission.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fault::{Fault, Status};

/// The name of a mission, which is also the name of its directory below `deployments`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[a-z0-9]+([._-]+[a-z0-9]+)*$"))]
pub struct Mission(String);

/// The text cannot name a mission.
#[derive(Debug, Error)]
#[error(
    "{0:?} cannot name a mission: image names take lower-case letters, digits, and `.`, `_`, `-` between them"
)]
pub struct BadMission(String);

impl Mission {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Mission {
    type Err = BadMission;

    /// The rule is that of a path component in an image name, which the mission becomes a part of.
    fn from_str(text: &str) -> Result<Self, BadMission> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().is_some_and(|b| letter(*b)) && bytes.last().is_some_and(|b| letter(*b));
        if ends && bytes.iter().all(|b| letter(*b) || b"._-".contains(b)) && text != "common" {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadMission(text.to_owned()))
        }
    }
}

impl fmt::Display for Mission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Mission {
    type Error = BadMission;

    fn try_from(text: String) -> Result<Self, BadMission> {
        text.parse()
    }
}

impl From<Mission> for String {
    fn from(mission: Mission) -> Self {
        mission.0
    }
}

/// The repository does not have what was asked for.
#[derive(Debug, Error)]
pub enum DeploymentError {
    /// There is no deployments repository here.
    #[error("{} is not in a deployments repository: neither it nor a directory above it holds `deployments/`", from.display())]
    NoRepository {
        /// Where the search began.
        from: PathBuf,
    },
    /// There is no such mission.
    #[error("there is no mission {name:?} in {}: it has {}", root.display(), list(known))]
    NoMission {
        /// What was asked for.
        name: String,
        /// The repository.
        root: PathBuf,
        /// The missions it has.
        known: Vec<Mission>,
    },
    /// A directory cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn list(missions: &[Mission]) -> String {
    if missions.is_empty() {
        return "none".to_owned();
    }
    missions.iter().map(Mission::as_str).collect::<Vec<_>>().join(", ")
}

impl Fault for DeploymentError {
    fn status(&self) -> Status {
        match self {
            Self::NoRepository { .. } => Status::Settings,
            Self::NoMission { .. } => Status::Usage,
            Self::Read { .. } => Status::Io,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRepository { .. } => {
                Some("change to the repository's root, or name it with --root DIR".to_owned())
            }
            Self::NoMission { name, known, .. } => {
                let near = |m: &&Mission| strsim::damerau_levenshtein(m.as_str(), name) <= 2;
                known.iter().find(near).map(|m| format!("did you mean `{m}`?"))
            }
            Self::Read { .. } => None,
        }
    }
}

/// The root of the repository that `start` is in: the nearest directory, upwards, with `deployments/`.
///
/// # Errors
/// There is none.
pub fn find_root(start: &Path) -> Result<PathBuf, DeploymentError> {
    let found = start.ancestors().find(|dir| dir.join("deployments").is_dir());
    found.map(Path::to_owned).ok_or_else(|| DeploymentError::NoRepository { from: start.to_owned() })
}

/// The missions of the repository at `root`, sorted: the directories of `deployments` other than
/// `common` that can name a mission and hold something to build.
///
/// # Errors
/// `deployments` cannot be read.
pub fn missions(root: &Path) -> Result<Vec<Mission>, DeploymentError> {
    let names = subdirectories(&root.join("deployments"))?;
    let is_mission = |dir: &Path| {
        ["Dockerfile.custom", "Dockerfile", "MISSION_VERSION", "environments"]
            .iter()
            .any(|sign| dir.join(sign).exists())
    };
    let found = names.into_iter().filter_map(|name| {
        let mission = name.parse::<Mission>().ok()?;
        is_mission(&root.join("deployments").join(&name)).then_some(mission)
    });
    Ok(found.collect())
}

/// The mission called `name`.
///
/// # Errors
/// There is none of that name; the error lists those there are.
pub fn mission(root: &Path, name: &str) -> Result<Mission, DeploymentError> {
    let known = missions(root)?;
    match known.iter().find(|m| m.as_str() == name) {
        Some(mission) => Ok(mission.clone()),
        None => Err(DeploymentError::NoMission { name: name.to_owned(), root: root.to_owned(), known }),
    }
}

/// One mission's part of the repository: paths only, nothing is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    root: PathBuf,
    mission: Mission,
}

impl Deployment {
    /// `mission` in the repository at `root`.
    #[must_use]
    pub fn new(root: &Path, mission: &Mission) -> Self {
        Self { root: root.to_owned(), mission: mission.clone() }
    }

    /// The root of the repository.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The mission.
    #[must_use]
    pub const fn mission(&self) -> &Mission {
        &self.mission
    }

    /// `deployments/<mission>`, also the context of its build. `IMAGE_DIR`.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.root.join("deployments").join(self.mission.as_str())
    }

    /// `deployments/common`. `COMMON_IMAGE_DIR`.
    #[must_use]
    pub fn common_dir(&self) -> PathBuf {
        self.root.join("deployments/common")
    }

    /// The floating specs.
    #[must_use]
    pub fn environments_dir(&self) -> PathBuf {
        self.dir().join("environments")
    }

    /// The floating specs of one environment.
    #[must_use]
    pub fn environment_dir(&self, environment: &str) -> PathBuf {
        self.environments_dir().join(environment)
    }

    /// The frozen specs.
    #[must_use]
    pub fn frozen_dir(&self) -> PathBuf {
        self.dir().join("env-frozen")
    }

    /// The loosened frozen specs.
    #[must_use]
    pub fn chilly_dir(&self) -> PathBuf {
        self.dir().join("env-chilly")
    }

    /// The file with the mission's version.
    #[must_use]
    pub fn mission_version_file(&self) -> PathBuf {
        self.dir().join("MISSION_VERSION")
    }

    /// The file with the version of the shared infrastructure.
    #[must_use]
    pub fn common_version_file(&self) -> PathBuf {
        self.common_dir().join("VERSION")
    }

    /// The names of the environments, sorted: every directory of `environments` (D10, D11: the
    /// original listed `env-frozen`, so that a new environment was not seen).
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn environments(&self) -> Result<Vec<String>, DeploymentError> {
        subdirectories(&self.environments_dir())
    }
}

/// The names of the directories in `dir`, sorted, without hidden ones. What is not UTF-8 cannot name
/// a kernel, a conda environment or an image, and is passed over.
fn subdirectories(dir: &Path) -> Result<Vec<String>, DeploymentError> {
    let failed = |source| DeploymentError::Read { path: dir.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Through a link too: a mission may share an environment with another.
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
            && entry.path().is_dir()
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for dir in ["common", "roman/environments/roman-cal", "tike/environments/tess", "notes"] {
            fs::create_dir_all(root.path().join("deployments").join(dir)).unwrap();
        }
        fs::create_dir_all(root.path().join("deployments/roman/environments/baseline")).unwrap();
        root
    }

    #[test]
    fn missions_are_found_in_the_tree() {
        let root = repository();
        let names: Vec<String> = missions(root.path()).unwrap().into_iter().map(String::from).collect();
        assert_eq!(names, ["roman", "tike"]);
    }

    #[test]
    fn a_near_miss_is_suggested() {
        let root = repository();
        let error = mission(root.path(), "romna").unwrap_err();
        assert_eq!(error.status(), Status::Usage);
        assert_eq!(error.hint().unwrap(), "did you mean `roman`?");
        assert!(error.to_string().ends_with("it has roman, tike"));
    }

    /// D10, D11: unsorted, blind to new environments, and `baseline` was dropped.
    #[test]
    fn d10_d11_environments_come_from_environments_sorted_and_whole() {
        let root = repository();
        let roman = Deployment::new(root.path(), &"roman".parse().unwrap());
        assert_eq!(roman.environments().unwrap(), ["baseline", "roman-cal"]);
    }

    #[test]
    fn the_root_is_found_from_below() {
        let root = repository();
        let below = root.path().join("deployments/roman/environments");
        assert_eq!(find_root(&below).unwrap(), root.path());
        assert!(find_root(Path::new("/")).is_err());
    }

    #[test]
    fn names_that_cannot_be_images_are_refused() {
        for name in ["", "Roman", "a b", "../x", "-a", "common"] {
            assert!(name.parse::<Mission>().is_err(), "{name:?}");
        }
        assert!("rges-pit-nexus".parse::<Mission>().is_ok());
    }
}

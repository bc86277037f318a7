//! A release by its two versions: what its files say, and what its tags are called.

use std::path::Path;

use common::deployment::Deployment;
use common::git::{GitError, Repo};
use common::version_file::{self, MissionVersion, VersionFileError};

/// The versions of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The mission's.
    pub mission: MissionVersion,
    /// The common infrastructure's.
    pub common: semver::Version,
}

impl Release {
    /// The versions that the files in the work tree say.
    ///
    /// # Errors
    /// A file is missing, or does not hold a version.
    pub fn in_tree(deployment: &Deployment) -> Result<Self, VersionFileError> {
        let mission = version_file::read_mission(&deployment.mission_version_file(), deployment.mission())?;
        let common = version_file::read_common(&deployment.common_version_file())?;
        Ok(Self { mission, common })
    }

    /// The versions that the files in `commit` say.
    ///
    /// # Errors
    /// git failed; or, inside, a file is missing there or does not hold a version.
    pub fn in_commit(
        repo: &Repo<'_>,
        commit: &str,
        deployment: &Deployment,
    ) -> Result<Result<Self, VersionFileError>, GitError> {
        let line = |file: &Path| -> Result<Result<String, VersionFileError>, GitError> {
            let path = file.strip_prefix(deployment.root()).unwrap_or(file);
            // Messages tell this file from the one in the work tree.
            let shown = Path::new(commit).join(path);
            Ok(match repo.file_at(commit, path)? {
                Some(content) => version_file::line_of(&content, &shown),
                None => Err(VersionFileError::Missing { path: shown }),
            })
        };
        let (mission, common) = (deployment.mission_version_file(), deployment.common_version_file());
        let (mission_line, common_line) = (line(&mission)?, line(&common)?);
        let both = || {
            Ok(Self {
                mission: version_file::mission_of(&mission_line?, &mission, deployment.mission())?,
                common: version_file::common_of(&common_line?, &common)?,
            })
        };
        Ok(both())
    }

    /// The names of its tags: one for each version, or one for both.
    #[must_use]
    pub fn tag_names(&self, combined: bool) -> Vec<String> {
        let (mission, common) = (&self.mission, &self.common);
        if combined {
            vec![format!("{mission}-c-{common}")]
        } else {
            vec![mission.to_string(), common.to_string()]
        }
    }

    /// One line for people, also the subject of its commit and its tags.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Release {}, infrastructure {}", self.mission, self.common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_called_as_ever() {
        let mission = "roman".parse().unwrap();
        let release = Release {
            mission: MissionVersion::parse("12.0.0", &mission).unwrap(),
            common: semver::Version::new(1, 3, 0),
        };
        assert_eq!(release.tag_names(false), ["roman-12.0.0", "1.3.0"]);
        assert_eq!(release.tag_names(true), ["roman-12.0.0-c-1.3.0"]);
        assert_eq!(release.title(), "Release roman-12.0.0, infrastructure 1.3.0");
    }
}

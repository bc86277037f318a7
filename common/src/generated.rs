//! The generated Dockerfile: the bytes of `Dockerfile.custom`, then those of the common trailer.

use std::fs;
use std::path::{Path, PathBuf};

use crate::deployment::Deployment;
use crate::state_file::{self, StateFileError};

/// A Dockerfile as it must be.
#[derive(Debug, PartialEq, Eq)]
pub struct Generated {
    /// Where it goes.
    pub path: PathBuf,
    /// What it holds.
    pub content: Vec<u8>,
}

/// The Dockerfile of `deployment`; none if it has no `Dockerfile.custom`, and so is written by hand.
///
/// # Errors
/// A part of it cannot be read.
pub fn dockerfile(deployment: &Deployment) -> Result<Option<Generated>, StateFileError> {
    let Some(mut content) = state_file::read(&deployment.dir().join("Dockerfile.custom"))? else {
        return Ok(None);
    };
    content.extend(read(&deployment.common_dir().join("Dockerfile.trailer"))?);
    Ok(Some(Generated { path: deployment.dir().join("Dockerfile"), content }))
}

fn read(path: &Path) -> Result<Vec<u8>, StateFileError> {
    fs::read(path).map_err(|source| StateFileError::new("read", path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(root: &Path) -> Deployment {
        fs::create_dir_all(root.join("deployments/common")).unwrap();
        fs::create_dir_all(root.join("deployments/roman")).unwrap();
        Deployment::new(root, &"roman".parse().unwrap())
    }

    #[test]
    fn it_is_both_files_byte_for_byte_with_nothing_between() {
        let root = tempfile::tempdir().unwrap();
        let roman = deployment(root.path());
        fs::write(roman.dir().join("Dockerfile.custom"), b"FROM x\r\nRUN \xff").unwrap();
        fs::write(roman.common_dir().join("Dockerfile.trailer"), b"\nUSER root").unwrap();
        let generated = dockerfile(&roman).unwrap().unwrap();
        assert_eq!(generated.content, b"FROM x\r\nRUN \xff\nUSER root");
    }

    #[test]
    fn without_a_custom_part_the_dockerfile_is_somebodys_own() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(dockerfile(&deployment(root.path())).unwrap(), None);
    }

    #[test]
    fn a_missing_trailer_is_named() {
        let root = tempfile::tempdir().unwrap();
        let roman = deployment(root.path());
        fs::write(roman.dir().join("Dockerfile.custom"), "FROM x\n").unwrap();
        let error = dockerfile(&roman).unwrap_err().to_string();
        assert!(error.ends_with("deployments/common/Dockerfile.trailer"), "{error}");
    }
}

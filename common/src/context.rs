//! What counts of a build context: the same for the copy that is built, for the digest that the
//! evidence keeps of it, and for the check at the release.

use std::io;
use std::path::Path;

use crate::digest::{self, Digest, Entry};

/// Names of directories that never are input: what git and Python programs leave.
const NEVER: [&str; 3] = [".git", ".ipynb_checkpoints", "__pycache__"];

/// Endings of files that never are input: what the original tools left beside their Dockerfiles.
/// And what a killed run of ours left half-written.
const ENDINGS: [&str; 3] = ["cached", "log", "image-tools-unfinished"];

/// The record of a release, at the top of a mission's directory. It tells the image's id, so it can
/// be no input of that image.
pub const RECORD: &str = "release.json";

/// The waivers of an environment. They judge an image's tests, and make no other image of it.
pub const WAIVERS: &str = "tests/waivers.json";

/// The waivers of what belongs to no environment, at the top of a mission's directory: there is nothing below
/// `environments` that they could be mistaken for.
pub const MISSION_WAIVERS: &str = "waivers.json";

/// Whether `path`, as seen from the top of its context, goes into a build: by its last component, but
/// for the files that judge images.
#[must_use]
pub fn is_input(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let at_top = [RECORD, MISSION_WAIVERS].iter().any(|name| path == Path::new(name));
    let judges = at_top || (path.starts_with("environments") && path.ends_with(WAIVERS));
    !judges && !NEVER.contains(&name) && !ENDINGS.contains(&ending)
}

/// The digest of the build context `dir`: of every file that goes into a build from it.
///
/// # Errors
/// A file cannot be read.
pub fn context_digest(dir: &Path) -> io::Result<Digest> {
    Ok(digest::of_entries(entries(dir)?))
}

/// Every file that goes into a build from the build context `dir`, in no order.
///
/// # Errors
/// A file cannot be read.
pub fn entries(dir: &Path) -> io::Result<Vec<Entry>> {
    // The walk does not follow links, and a mission's directory may be one.
    let dir = dir.canonicalize()?;
    digest::entries(&dir, &|path| !is_input(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn litter_does_not_change_what_a_context_is() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("environments")).unwrap();
        fs::write(dir.path().join("Dockerfile"), "FROM a").unwrap();
        let before = context_digest(dir.path()).unwrap();
        for litter in [
            "Dockerfile.cached",
            "build.log",
            "environments/.ipynb_checkpoints/a",
            "__pycache__/a.pyc",
            RECORD,
        ] {
            let path = dir.path().join(litter);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        assert_eq!(context_digest(dir.path()).unwrap(), before);
        fs::write(dir.path().join("environments/a.pip"), "x").unwrap();
        assert_ne!(context_digest(dir.path()).unwrap(), before);
    }

    /// The record tells the image's id and the waivers judge its tests: neither may change it.
    #[test]
    fn what_judges_an_image_is_no_input_of_it() {
        for path in [RECORD, MISSION_WAIVERS, "environments/roman-cal/tests/waivers.json"] {
            assert!(!is_input(Path::new(path)), "{path}");
        }
        for path in ["environments/release.json", "tests/waivers.json", "environments/waivers.json"] {
            assert!(is_input(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_context_behind_a_link_is_the_same_context() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        fs::write(dir.path().join("real/Dockerfile"), "FROM a").unwrap();
        std::os::unix::fs::symlink("real", dir.path().join("link")).unwrap();
        let real = context_digest(&dir.path().join("real")).unwrap();
        assert_eq!(context_digest(&dir.path().join("link")).unwrap(), real);
    }
}

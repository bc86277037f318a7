//! What belongs to a release commit, and what must be settled before there is one.

use std::path::{Path, PathBuf};

use common::deployment::Deployment;
use common::git::{Change, ChangeKind, Ignored, Repo};

use crate::args::SaveArgs;
use crate::error::Error;

/// Endings of files that say what goes into an image.
const SPEC_ENDINGS: [&str; 6] = ["conda", "disabled", "explicit", "pip", "yaml", "yml"];
/// And names of such files.
const SPEC_NAMES: [&str; 6] =
    ["CAL_VERSION", "MISSION_VERSION", "VERSION", "docker-stacks.hash", "kernel.name", "requirements.txt"];

/// What will be committed.
#[derive(Debug)]
pub struct Plan {
    /// The changes, sorted by path.
    pub changes: Vec<Change>,
    /// What was staged before, anywhere.
    pub staged: Vec<(PathBuf, String)>,
}

impl Plan {
    /// Looks what there is to commit.
    ///
    /// # Errors
    /// Something must be settled first, or git failed.
    pub fn of(repo: &Repo<'_>, deployment: &Deployment, args: &SaveArgs) -> Result<Self, Error> {
        if let Some(what) = repo.underway()? {
            return Err(Error::Underway { what });
        }
        let below = |dir: PathBuf| dir.strip_prefix(deployment.root()).unwrap_or(&dir).to_owned();
        let (mission, common) = (below(deployment.dir()), below(deployment.common_dir()));
        let both = [mission.as_path(), common.as_path()];
        refuse_ignored(repo.ignored(&both)?)?;
        let changes = choose(repo.changes(&both)?, &common, args.include_common)?;
        Ok(Self { changes, staged: repo.staged()? })
    }
}

/// The changes that belong to the release: all of the mission's, and of the common ones its versions.
fn choose(changes: Vec<Change>, common: &Path, all_of_common: bool) -> Result<Vec<Change>, Error> {
    let paths = |wanted: &dyn Fn(&Change) -> bool| -> Vec<PathBuf> {
        changes.iter().filter(|change| wanted(change)).map(|change| change.path.clone()).collect()
    };
    let conflicted = paths(&|change| change.kind == ChangeKind::Conflicted);
    if !conflicted.is_empty() {
        return Err(Error::Conflicted { paths: conflicted });
    }
    let nested = paths(&|change| change.path.as_os_str().as_encoded_bytes().ends_with(b"/"));
    if !nested.is_empty() {
        return Err(Error::Nested { paths: nested });
    }
    let own = [common.join("VERSION"), common.join("HASH")];
    let other = paths(&|change| change.path.starts_with(common) && !own.contains(&change.path));
    if !other.is_empty() && !all_of_common {
        return Err(Error::OtherCommon { paths: other });
    }
    Ok(changes)
}

/// D12d: a spec that git does not look at is easily missing from the release.
fn refuse_ignored(ignored: Vec<Ignored>) -> Result<(), Error> {
    let specs: Vec<Ignored> = ignored.into_iter().filter(|file| is_spec(&file.path)).collect();
    if specs.is_empty() { Ok(()) } else { Err(Error::IgnoredSpecs { specs }) }
}

fn is_spec(path: &Path) -> bool {
    let hidden = path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    let ending = path.extension().is_some_and(|ending| SPEC_ENDINGS.iter().any(|e| ending == *e));
    let name = path.file_name().is_some_and(|name| SPEC_NAMES.iter().any(|n| name == *n));
    !hidden && (ending || name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(paths: &[(&str, ChangeKind)]) -> Vec<Change> {
        paths.iter().map(|(path, kind)| Change { path: path.into(), kind: *kind }).collect()
    }

    fn chosen(paths: &[(&str, ChangeKind)], all_of_common: bool) -> Result<usize, String> {
        let chosen = choose(changes(paths), Path::new("deployments/common"), all_of_common);
        chosen.map(|changes| changes.len()).map_err(|e| e.to_string())
    }

    #[test]
    fn what_else_changed_in_common_is_asked_about() {
        let paths = [
            ("deployments/common/HASH", ChangeKind::Modified),
            ("deployments/common/VERSION", ChangeKind::Modified),
            ("deployments/roman/new.explicit", ChangeKind::Untracked),
        ];
        assert_eq!(chosen(&paths, false), Ok(3));
        let mut more = paths.to_vec();
        more.push(("deployments/common/common-env/new.pip", ChangeKind::Untracked));
        assert!(chosen(&more, false).unwrap_err().contains("common-env/new.pip"));
        assert_eq!(chosen(&more, true), Ok(4));
    }

    #[test]
    fn conflicts_and_repositories_inside_are_settled_first() {
        let check = |path: &str, kind, said: &str| {
            assert!(chosen(&[(path, kind)], true).unwrap_err().contains(said), "{path}");
        };
        check("deployments/roman/a.pip", ChangeKind::Conflicted, "a.pip");
        check("deployments/roman/clone/", ChangeKind::Untracked, "clone");
    }

    #[test]
    fn specs_are_told_from_litter() {
        for spec in [
            "e/x.explicit",
            "e/a.pip",
            "e/x.yml.disabled",
            "env-frozen/e/requirements.txt",
            "MISSION_VERSION",
        ] {
            assert!(is_spec(Path::new(spec)), "{spec}");
        }
        for litter in ["build.log", "e/tests/.ipynb_checkpoints/a.yml", "a.pyc", "notes.txt"] {
            assert!(!is_spec(Path::new(litter)), "{litter}");
        }
    }
}

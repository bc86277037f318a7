//! Uploads that were begun and not ended: where each of them goes on, kept over runs. The address may
//! carry a secret of the registry's, so nobody else may read it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::digest::Digest;
use common::state_file;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::Repository;

/// Registries throw away what was begun longer ago than this, as a rule.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// Notes of uploads to one repository.
#[derive(Debug)]
pub struct Begun {
    dir: PathBuf,
    repository: String,
}

/// One upload.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    repository: String,
    blob: Digest,
    location: String,
}

impl Begun {
    /// The notes in `dir` of uploads to `repository`. Those that are too old to be of use go.
    #[must_use]
    pub fn in_dir(dir: &Path, repository: &Repository) -> Self {
        state_file::sweep(dir);
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > KEPT) {
                _ = fs::remove_file(entry.path());
            }
        }
        Self { dir: dir.to_owned(), repository: repository.to_string() }
    }

    /// Where the upload of `blob` goes on. What cannot be read is none: the blob is then sent anew.
    #[must_use]
    pub fn of(&self, blob: &Digest) -> Option<Url> {
        let note: Note = serde_json::from_slice(&fs::read(self.path(blob)).ok()?).ok()?;
        let ours = note.repository == self.repository && note.blob == *blob;
        Url::parse(&note.location).ok().filter(|_| ours)
    }

    /// Notes that the upload of `blob` goes on at `location`. That it cannot be noted does not keep the
    /// blob from being sent.
    pub fn keep(&self, blob: &Digest, location: &Url) {
        let (repository, location) = (self.repository.clone(), location.to_string());
        let note = serde_json::to_vec(&Note { repository, blob: blob.clone(), location });
        _ = note.map(|text| state_file::replace(&self.path(blob), &text, 0o600));
    }

    /// Forgets the upload of `blob`.
    pub fn end(&self, blob: &Digest) {
        _ = fs::remove_file(self.path(blob));
    }

    fn path(&self, blob: &Digest) -> PathBuf {
        let name = Digest::of(format!("{} {blob}", self.repository).as_bytes());
        self.dir.join(format!("{}.json", name.hex()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn an_upload_is_known_to_its_own_repository_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let begun = |name: &str| Begun::in_dir(dir.path(), &name.parse().unwrap());
        let (blob, location) = (Digest::of(b"x"), Url::parse("https://ghcr.io/u/1?state=secret").unwrap());
        begun("ghcr.io/a/b").keep(&blob, &location);
        assert_eq!(begun("ghcr.io/a/b").of(&blob), Some(location));
        assert_eq!(begun("ghcr.io/a/c").of(&blob), None);
        assert_eq!(begun("ghcr.io/a/b").of(&Digest::of(b"y")), None);
        let file = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(file.path(), "{").unwrap();
        assert_eq!(begun("ghcr.io/a/b").of(&blob), None);
        begun("ghcr.io/a/b").end(&blob);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

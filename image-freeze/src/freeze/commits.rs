//! The commits that an environment was built from, as its installers noted them in the image.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Component, Path};

use common::console::Console;
use common::engine::{Engine, EngineError, FileEntry};
use common::report::ImageIdentity;
use common::requirement::{DirectReference, PackageName, PipItem};

use crate::error::Error;
use crate::inventory::{Origin, origin};
use crate::provenance::is_of;

/// No note of an origin is larger, in bytes.
const LIMIT: u64 = 1 << 20;

/// Where distributions came from, by name.
#[derive(Debug, Default)]
pub(super) struct Commits(BTreeMap<PackageName, Origin>);

impl Commits {
    /// What was noted in the environment at `prefix` for Python `python` (`3.11`); nothing where
    /// there is no such environment.
    ///
    /// # Errors
    /// The engine failed.
    pub(super) fn read(
        image: &ImageIdentity,
        (prefix, python): (&str, &str),
        (engine, console): (&Engine, &Console),
    ) -> Result<Self, Error> {
        let mut commits = Self::default();
        let mut visit = |entry: &FileEntry<'_>, content: &mut dyn Read| commits.take(entry, content);
        let dir = format!("{}/lib/python{python}/site-packages", prefix.trim_end_matches('/'));
        match engine.read_tree(image.id.as_str(), &dir, console, &mut visit) {
            Ok(()) | Err(EngineError::NoPath { .. }) => Ok(commits),
            Err(error) => Err(error.into()),
        }
    }

    fn take(&mut self, entry: &FileEntry<'_>, content: &mut dyn Read) -> io::Result<()> {
        let Some(name) = distribution(entry.path).filter(|_| entry.link.is_none()) else { return Ok(()) };
        let mut bytes = Vec::new();
        content.take(LIMIT).read_to_end(&mut bytes)?;
        if let Ok(origin) = origin(&bytes) {
            self.0.insert(name, origin);
        }
        Ok(())
    }

    /// The commit that `item`, which names `reference`, was built from.
    pub(super) fn of(&self, item: &PipItem, reference: &DirectReference) -> Option<String> {
        reference.vcs().filter(|_| reference.commit().is_none())?;
        let origin = match item {
            PipItem::Requirement(requirement) => self.0.get(&requirement.name),
            _ => self.0.values().find(|origin| is_of(origin, reference)),
        };
        origin.filter(|origin| is_of(origin, reference))?.commit.clone()
    }
}

/// The distribution whose note of its origin the file at `path` is.
fn distribution(path: &Path) -> Option<PackageName> {
    let mut parts = path.components().map(Component::as_os_str);
    let (dir, file) = (parts.next()?.to_str()?, parts.next()?);
    let is_note = file == "direct_url.json" && parts.next().is_none();
    let (name, _) = dir.strip_suffix(".dist-info").filter(|_| is_note)?.split_once('-')?;
    PackageName::new(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_told_from_other_files() {
        let name = |path: &str| distribution(Path::new(path)).map(|name| name.to_string());
        assert_eq!(name("Ruamel_Yaml-1.dist-info/direct_url.json").as_deref(), Some("ruamel-yaml"));
        assert_eq!(name("x/_vendor/a-1.dist-info/direct_url.json"), None);
        assert_eq!(name("a-1.dist-info/METADATA"), None);
    }
}

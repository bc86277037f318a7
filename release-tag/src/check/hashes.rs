//! Finding out what the commits are that the two hash files name.

use std::path::{Path, PathBuf};

use common::context;
use common::deployment::Deployment;
use common::git::{Ancestry, Repo};
use common::version_file;

use super::facts::{HashFile, Source};
use super::gather::told;
use super::history::followed;
use crate::committed;
use crate::error::Error;
use crate::versions::relative;

/// A hash file and what it speaks of.
struct Hashed<'a> {
    repo: &'a Repo<'a>,
    /// The commit that is checked out.
    head: &'a str,
    /// Its directory, in commits.
    dir: PathBuf,
    /// The file, in commits.
    file: PathBuf,
    /// The names in the directory that the hash says nothing of: they are written with or after it.
    own: [&'static str; 3],
    shallow: bool,
}

/// What the hash files say, where they are.
pub fn of(
    repo: &Repo<'_>,
    deployment: &Deployment,
    head: Option<&str>,
    shallow: bool,
) -> Result<Vec<HashFile>, Error> {
    let mut found = Vec::new();
    let (common, mission) = (deployment.common_dir(), deployment.dir());
    for (dir, name, own) in [
        (common, "HASH", ["HASH", "VERSION", "VERSION"]),
        (mission, "MISSION_HASH", ["MISSION_HASH", "MISSION_VERSION", context::RECORD]),
    ] {
        let path = dir.join(name);
        if !path.exists() {
            continue;
        }
        let says = match (version_file::read_line(&path), head) {
            (Ok(line), Some(head)) => {
                let dir = followed(&dir, deployment.root());
                let hashed = Hashed { repo, head, file: dir.join(name), dir, own, shallow };
                let source = hashed.source(&line)?;
                Ok((line, source))
            }
            (Ok(line), None) => Ok((line, Source::Stray)),
            (Err(error), _) => Err(told(&error)),
        };
        found.push(HashFile { name: relative(&path, deployment.root()), says });
    }
    Ok(found)
}

impl Hashed<'_> {
    /// What the commit `line` is to the directory.
    ///
    /// `release-tag hashes` (by hand, by `prepare`, after a freeze of the newest generation) writes the commit that is
    /// checked out, and what it is written with is committed upon that. So either that commit holds what the directory
    /// holds, or the commit that brought the line was made upon it, and nothing came after.
    fn source(&self, line: &str) -> Result<Source, Error> {
        if !is_commit(line) {
            return Ok(Source::Stray);
        }
        if self.repo.ancestry(line, self.head)? != Ancestry::Ancestor {
            return Ok(if self.shallow { Source::Cut } else { Source::Stray });
        }
        let since = self.differing(line, self.head)?;
        if since.is_empty() || self.was_made_upon(line)? {
            return Ok(Source::Right);
        }
        Ok(if self.shallow { Source::Cut } else { Source::Changed(since) })
    }

    /// Whether the line came with the last change of the directory, and that was made upon the commit `line`.
    fn was_made_upon(&self, line: &str) -> Result<bool, Error> {
        let committed = self.repo.file_at(self.head, &self.file)?.unwrap_or_default();
        if String::from_utf8_lossy(&committed).trim_end() != line {
            return Ok(false);
        }
        let Some((brought, upon)) = self.repo.last_change(self.head, &self.file)? else { return Ok(false) };
        if !self.differing(&brought, self.head)?.is_empty() {
            return Ok(false);
        }
        for parent in upon {
            if self.differing(line, &parent)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files that are input of an image and differ between the commits `a` and `b`.
    fn differing(&self, a: &str, b: &str) -> Result<Vec<String>, Error> {
        let counts = |path: &&Path| {
            let inside = path.strip_prefix(&self.dir).unwrap_or(path);
            committed::is_input(inside) && !self.own.iter().any(|own| inside == Path::new(own))
        };
        let all = self.repo.differing(a, b, &self.dir)?;
        Ok(all.iter().map(PathBuf::as_path).filter(counts).map(|path| path.display().to_string()).collect())
    }
}

/// Whether `text` is a full commit.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

//! Finding out what the release's tags are that are there already.

use std::collections::BTreeMap;
use std::path::Path;

use common::fault::{Fault as _, Status};
use common::git::{GitError, RemoteRefs};

use super::facts::{Found, Standing};
use super::gather::told;
use super::history::{Look, followed};
use crate::committed;
use crate::error::Error;
use crate::message::{RECORD_TRAILER, trailer};

/// The tags in this clone.
pub fn here(look: &Look<'_>) -> Result<BTreeMap<String, Standing>, Error> {
    let mut found = BTreeMap::new();
    for name in look.names {
        if let Some(tag) = look.repo.tag(name)? {
            found.insert(name.clone(), standing(look, name, (tag.object, tag.commit))?);
        }
    }
    Ok(found)
}

/// The tags that the remote called `remote` has, which answered with `refs`. What it takes to judge them is
/// brought here, and no tag of ours is made.
pub fn there(look: &Look<'_>, remote: &str, refs: &RemoteRefs) -> Result<BTreeMap<String, Standing>, Error> {
    let mut found = BTreeMap::new();
    for name in look.names {
        let full = format!("refs/tags/{name}");
        let (Some(object), Some(commit)) = (refs.object(&full), refs.tagged(name)) else { continue };
        let known = if look.head == Some(commit) && object == commit {
            // A lightweight tag at our commit: there is nothing to bring.
            Ok(())
        } else if look.head == Some(commit) || look.shared == Some(name) {
            ours_or(look.repo.bring(remote, &full, object))?
        } else {
            // It is at another commit, whatever it says.
            Err("not looked at".to_owned())
        };
        let tag = (object.to_owned(), commit.to_owned());
        let standing = match known {
            Ok(()) => standing(look, name, tag)?,
            Err(reason) => Standing {
                shared: look.shared.filter(|shared| shared == name).map(|_| Err(reason.clone())),
                object: tag.0,
                commit: tag.1,
                record: Err(reason),
            },
        };
        found.insert(name.clone(), standing);
    }
    Ok(found)
}

fn standing(look: &Look<'_>, name: &str, (object, commit): (String, String)) -> Result<Standing, Error> {
    let said = look.repo.said_in(&object)?.unwrap_or_default();
    let record = trailer(&said, RECORD_TRAILER).map(str::to_owned);
    let shared = match look.shared {
        Some(shared) if shared == name => shared_with(look, &commit, record.as_deref())?,
        _ => None,
    };
    Ok(Standing { object, commit, record: Ok(record), shared })
}

/// What the infrastructure's tag at `commit`, which tells of `record`, has to do with this release; none if no other
/// release made it.
fn shared_with(
    look: &Look<'_>,
    commit: &str,
    record: Option<&str>,
) -> Result<Option<Found<Vec<String>>>, Error> {
    let Some(head) = look.head else { return Ok(None) };
    if commit != head {
        return common_differs(look, commit, head).map(Some);
    }
    // Another mission was released from this very commit.
    let Some(record) = record else { return Ok(None) };
    let of = committed::record(look.repo, commit, record)?;
    let another = of.is_some_and(|(mission, _)| mission != look.deployment.mission().as_str());
    Ok(another.then(|| Ok(Vec::new())))
}

/// The files of `deployments/common` that are input of an image and are not the same in both commits. What the hash
/// file says is no content: each release may write another commit there.
fn common_differs(look: &Look<'_>, then: &str, now: &str) -> Result<Found<Vec<String>>, Error> {
    let dir = followed(&look.deployment.common_dir(), look.deployment.root());
    let mut both = Vec::new();
    for commit in [then, now] {
        match ours_or(committed::entries(look.repo, commit, &dir))? {
            Ok(Ok(entries)) => both.push(entries),
            Ok(Err(error)) => return Ok(Err(error.to_string())),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let other = committed::differing(&both[0], &both[1]);
    let counts = other.iter().filter(|path| path.as_path() != Path::new("HASH"));
    Ok(Ok(counts.map(|path| dir.join(path).display().to_string()).collect()))
}

/// What git cannot do is a finding; that we were told to stop is not.
fn ours_or<T>(done: Result<T, GitError>) -> Result<Found<T>, Error> {
    match done {
        Ok(value) => Ok(Ok(value)),
        Err(error) if matches!(error.status(), Status::Signal(_)) => Err(error.into()),
        Err(error) => Ok(Err(told(&error))),
    }
}

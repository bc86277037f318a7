//! Finding out which versions were released before.

use common::git::{Ancestry, RemoteRefs};
use common::version_file::MissionVersion;

use super::facts::Earlier;
use super::history::Look;
use super::remote::Seen;
use crate::error::Error;

/// The highest version of each kind that was tagged before, other than the release's own: in the history
/// of the commit, and on the remote. There every tag counts, unless a branch was named: a line of its own
/// has versions of its own, so only the tags in its history count.
pub fn of(look: &Look<'_>, seen: &Seen) -> Result<Earlier, Error> {
    let Some(head) = look.head else { return Ok(Earlier::default()) };
    let mut found = Earlier::default();
    for tag in look.repo.tags_before(head)? {
        take(look, &tag, &mut found, || Ok(true))?;
    }
    for (tag, commit) in seen.refs.iter().flat_map(RemoteRefs::tags) {
        let counts = || {
            let asked = seen.wanted.is_some();
            Ok(!asked || look.repo.ancestry(commit, head)? == Ancestry::Ancestor)
        };
        take(look, tag, &mut found, counts)?;
    }
    Ok(found)
}

/// Takes what `tag` tells, if it is higher and it `counts`, which may cost a call.
fn take(
    look: &Look<'_>,
    tag: &str,
    found: &mut Earlier,
    counts: impl Fn() -> Result<bool, Error>,
) -> Result<(), Error> {
    if look.names.iter().any(|own| own == tag) {
        return Ok(());
    }
    let mission = look.deployment.mission();
    // A combined tag tells both.
    let (first, second) = tag.split_once("-c-").unwrap_or((tag, tag));
    let missions = first.starts_with(&format!("{mission}-")).then(|| MissionVersion::parse(first, mission));
    if let Some(Ok(version)) = missions
        && found.mission.as_ref().is_none_or(|old| version.compare(old).is_gt())
        && counts()?
    {
        found.mission = Some(version);
    }
    if let Ok(version) = second.parse::<semver::Version>()
        && found.common.as_ref().is_none_or(|old| version > *old)
        && counts()?
    {
        found.common = Some(version);
    }
    Ok(())
}

//! Rules about the commit, the tags and the remote.

use std::collections::BTreeMap;

use common::git::{Ancestry, short};

use super::facts::{Facts, HashFile, Remote};
use super::rules::Ruling;

/// RT002
pub fn committed_versions(facts: &Facts) -> Ruling {
    if let Some(skipped) = unknown(facts) {
        return skipped;
    }
    match (&facts.git.committed, &facts.tree.release) {
        (Ok(committed), Ok(here)) if committed == here => Ruling::Passed,
        (Ok(committed), Ok(here)) => {
            let (committed, here) = (committed.title(), here.title());
            Ruling::Failed(format!("the commit says {committed}, the files say {here}"))
        }
        (Err(reason), _) => Ruling::Failed(reason.clone()),
        (_, Err(_)) => Ruling::Skipped("RT001 is broken".to_owned()),
    }
}

/// RT003
pub fn higher(facts: &Facts) -> Ruling {
    let Ok(release) = &facts.tree.release else { return Ruling::Skipped("RT001 is broken".to_owned()) };
    let mut lower = Vec::new();
    if let Some(old) = facts.git.earlier.mission.as_ref().filter(|old| release.mission.compare(old).is_le()) {
        lower.push(format!("{} comes after {old}, which is tagged before this commit", release.mission));
    }
    if let Some(old) =
        facts.git.earlier.common.as_ref().filter(|old| release.common.cmp_precedence(old).is_lt())
    {
        lower.push(format!("{} comes after {old}, which is tagged before this commit", release.common));
    }
    Ruling::none_of(&lower)
}

/// RT012
pub fn branch(facts: &Facts) -> Ruling {
    match (&facts.git.branch, &facts.git.wanted_branch) {
        (None, _) => Ruling::Failed("HEAD is detached".to_owned()),
        (Some(here), Some(wanted)) if here != wanted => {
            Ruling::Failed(format!("{here} is checked out, not {wanted}"))
        }
        _ => Ruling::Passed,
    }
}

/// RT022
pub fn hashes(facts: &Facts) -> Ruling {
    let flaw = |file: &HashFile| {
        let name = &file.name;
        match &file.says {
            Err(reason) => Some(reason.clone()),
            // Nothing is said, and so nothing wrong.
            Ok((line, _)) if line.bytes().all(|b| b == b'0') => None,
            Ok((_, Ancestry::Ancestor)) => None,
            Ok((line, _)) => Some(format!("{name} says {}, which is not in this history", short(line))),
        }
    };
    Ruling::none_of(&facts.git.hashes.iter().filter_map(flaw).collect::<Vec<_>>())
}

/// RT010
pub fn clean(facts: &Facts) -> Ruling {
    if let Some(skipped) = unknown(facts) {
        return skipped;
    }
    let told = |change: &common::git::Change| format!("{} {}", change.kind.letter(), change.path.display());
    Ruling::none_of(&facts.git.changes.iter().map(told).collect::<Vec<_>>())
}

/// RT011
pub fn nothing_ignored(facts: &Facts) -> Ruling {
    if let Some(skipped) = unknown(facts) {
        return skipped;
    }
    let told = |file: &common::git::Ignored| format!("{} ({})", file.path.display(), file.rule);
    Ruling::none_of(&facts.git.ignored.iter().map(told).collect::<Vec<_>>())
}

/// RT060
pub fn tags_here(facts: &Facts) -> Ruling {
    if let Some(skipped) = unknown(facts) {
        return skipped;
    }
    elsewhere(facts, &facts.git.tags)
}

/// RT061
pub fn tags_there(facts: &Facts) -> Ruling {
    match &facts.git.remote {
        Remote::Asked { tags, .. } => elsewhere(facts, tags),
        silent => unasked(silent),
    }
}

/// RT062
pub fn not_behind(facts: &Facts) -> Ruling {
    let (name, branch) = match &facts.git.remote {
        Remote::Asked { name, branch: Some(branch), .. } => (name, branch),
        Remote::Asked { name, branch: None, .. } => {
            return Ruling::Skipped(format!("{name} has no branch of this name"));
        }
        silent => return unasked(silent),
    };
    match branch.standing {
        Ancestry::Ancestor => Ruling::Passed,
        Ancestry::Other | Ancestry::Unknown => {
            let commit = short(&branch.commit);
            Ruling::Failed(format!("{name}/{} is at {commit}, which is not in this branch", branch.name))
        }
    }
}

/// The ruling where nothing is known of git.
pub(super) fn unknown(facts: &Facts) -> Option<Ruling> {
    facts.git.unknown.clone().map(Ruling::Skipped)
}

/// The tags that are at another commit than the one that is checked out.
fn elsewhere(facts: &Facts, tags: &BTreeMap<String, String>) -> Ruling {
    if facts.git.committed.is_err() {
        return Ruling::Skipped("RT002 is broken".to_owned());
    }
    let other = tags.iter().filter(|(_, commit)| Some(*commit) != facts.git.head.as_ref());
    Ruling::none_of(
        &other.map(|(name, commit)| format!("{name} is at {}", short(commit))).collect::<Vec<_>>(),
    )
}

/// What cannot be asked is no yes; only who said --offline, or has no remote, is not held to it.
fn unasked(remote: &Remote) -> Ruling {
    match remote {
        Remote::Unasked { name } => Ruling::Skipped(format!("{name} was not asked: --offline")),
        Remote::Silent { name, reason } => {
            let last = reason.lines().rev().find(|line| !line.trim().is_empty());
            let last = last.unwrap_or("no answer").trim_start_matches([' ', '|']);
            Ruling::Failed(format!("{name} does not answer: {last}"))
        }
        _ => Ruling::Skipped("there is no remote".to_owned()),
    }
}

//! Rules about the commit, the tags and the remote.

use common::git::{Ancestry, short};

use super::facts::{Facts, HashFile, Remote, Source};
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
    if facts.git.shallow {
        return Ruling::Failed(format!("what was released before cannot be told: {CUT}"));
    }
    let mut lower = Vec::new();
    if let Some(old) = facts.git.earlier.mission.as_ref().filter(|old| release.mission.compare(old).is_le()) {
        lower.push(format!("{} comes after {old}, which is tagged already", release.mission));
    }
    if let Some(old) =
        facts.git.earlier.common.as_ref().filter(|old| release.common.cmp_precedence(old).is_lt())
    {
        lower.push(format!("{} comes after {old}, which is tagged already", release.common));
    }
    Ruling::none_of(&lower)
}

/// RT012
pub fn branch(facts: &Facts) -> Ruling {
    let git = &facts.git;
    let Some(here) = &git.branch else { return detached(facts) };
    let queued = matches!(git.remote, Remote::Asked { queued: true, .. });
    let follows = git.follows.as_ref().map(|followed| &followed.branch);
    match &git.release_branch {
        Some(wanted) if here != wanted && follows != Some(wanted) && !queued => {
            let asked = git.wanted_branch.is_some();
            let hint = if asked { String::new() } else { format!("; if it is meant: --branch {here}") };
            Ruling::Failed(format!("{here} is checked out, not {wanted}{hint}"))
        }
        _ => Ruling::Passed,
    }
}

/// A detached `HEAD` is as good as the branch whose tip it is, as in CI.
fn detached(facts: &Facts) -> Ruling {
    match &facts.git.remote {
        Remote::Asked { queued: true, .. } => Ruling::Passed,
        Remote::Asked { base: Some(base), .. } if Some(&base.commit) == facts.git.head.as_ref() => {
            Ruling::Passed
        }
        Remote::Asked { base: Some(base), .. } => {
            Ruling::Failed(format!("HEAD is detached, and {base} is at {}", short(&base.commit)))
        }
        _ => Ruling::Failed("HEAD is detached".to_owned()),
    }
}

/// RT022
pub fn hashes(facts: &Facts) -> Ruling {
    Ruling::none_of(&hash_flaws(&facts.git.hashes))
}

/// What is wrong with the hash files.
pub fn hash_flaws(files: &[HashFile]) -> Vec<String> {
    let flaw = |file: &HashFile| {
        let name = &file.name;
        let (line, source) = match &file.says {
            Err(reason) => return Some(reason.clone()),
            // Nothing is said, and so nothing wrong.
            Ok((line, _)) if line.bytes().all(|b| b == b'0') => return None,
            Ok((line, source)) => (short(line), source),
        };
        match source {
            Source::Right => None,
            Source::Stray => Some(format!("{name} says {line}, which is not in this history")),
            Source::Cut => Some(format!("{name} says {line}, and what that is cannot be told: {CUT}")),
            Source::Changed(files) => {
                let files = files.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
                Some(format!("{name} says {line}, and was not written again since others changed: {files}"))
            }
        }
    };
    files.iter().filter_map(flaw).collect()
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

/// RT062
pub fn not_behind(facts: &Facts) -> Ruling {
    let branch = match &facts.git.remote {
        Remote::Asked { branch: Some(branch), .. } => branch,
        Remote::Asked { name, branch: None, .. } => {
            return Ruling::Skipped(format!("{name} has no branch of this name"));
        }
        silent => return unasked(silent),
    };
    match branch.standing {
        Ancestry::Ancestor => Ruling::Passed,
        Ancestry::Other | Ancestry::Unknown => {
            let (commit, cut) = (short(&branch.commit), cut(facts));
            Ruling::Failed(format!("{branch} is at {commit}, which is not in what is checked out{cut}"))
        }
    }
}

/// RT064
pub fn published(facts: &Facts) -> Ruling {
    let (name, base, queued) = match &facts.git.remote {
        Remote::Asked { name, base, queued, .. } => (name, base, *queued),
        silent => return unasked(silent),
    };
    if facts.git.may_be_unpublished {
        return Ruling::Skipped("--allow-unpublished".to_owned());
    }
    match base {
        _ if queued => Ruling::Passed,
        Some(base) if base.holds == Ancestry::Ancestor => Ruling::Passed,
        Some(base) => {
            let (commit, cut) = (short(&base.commit), cut(facts));
            Ruling::Failed(format!("{base} is at {commit}, which does not hold this commit{cut}"))
        }
        None => {
            let branch = facts.git.release_branch.as_ref().or(facts.git.branch.as_ref());
            let branch =
                branch.map_or_else(|| "that holds this commit".to_owned(), |name| format!("{name:?}"));
            Ruling::Failed(format!("{name} has no branch {branch}"))
        }
    }
}

/// What to do in a clone that lacks history.
const CUT: &str = "this clone is shallow: git fetch --unshallow --tags";

/// That a clone that lacks history may be the cause.
fn cut(facts: &Facts) -> String {
    if facts.git.shallow { format!(" ({CUT})") } else { String::new() }
}

/// The ruling where nothing is known of git.
pub(super) fn unknown(facts: &Facts) -> Option<Ruling> {
    facts.git.unknown.clone().map(Ruling::Skipped)
}

/// What cannot be asked is no yes; only who said --offline, or has no remote, is not held to it.
pub(super) fn unasked(remote: &Remote) -> Ruling {
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

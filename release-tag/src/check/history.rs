//! Finding out what the rules judge of git: the commit, its history, the tags and the remote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::context;
use common::deployment::Deployment;
use common::digest::{self, Digest};
use common::fault::Fault as _;
use common::git::{Ancestry, Change, Repo};
use common::version_file::{self, MissionVersion};

use super::Reach;
use super::facts::{CommittedContexts, Earlier, Found, Git, HashFile, Remote, Upstream};
use super::gather::told;
use crate::args::TagsArgs;
use crate::committed;
use crate::error::Error;
use crate::message::{RECORD_TRAILER, trailer};
use crate::release::Release;
use crate::versions::relative;
use crate::workplace::Workplace;

/// The tags that a release may get.
#[derive(Clone, Copy, Debug)]
pub enum Names<'a> {
    /// Those that are asked for.
    Asked(&'a TagsArgs),
    /// Every one that tells the mission's version: how it was tagged is not known at a delivery.
    Mission,
}

impl Names<'_> {
    fn of(self, release: &Release) -> Vec<String> {
        match self {
            Self::Asked(tags) => release.tag_names(tags.combined),
            Self::Mission => vec![release.mission.to_string(), release.tag_names(true).concat()],
        }
    }
}

/// The commit and the tags in this clone; and what the remote has, if `tags` are asked for and it is
/// within `reach`.
pub fn git(repo: &Repo<'_>, place: &Workplace, tags: Names<'_>, reach: Reach) -> Result<Git, Error> {
    let deployment = &place.deployment;
    let below = |dir: std::path::PathBuf| dir.strip_prefix(deployment.root()).unwrap_or(&dir).to_owned();
    let contexts = [below(deployment.common_dir()), below(deployment.dir())];
    let contexts = [contexts[0].as_path(), contexts[1].as_path()];
    let mut ignored = repo.ignored(&contexts)?;
    ignored.retain(|file| is_input(&file.path, &contexts));
    let head = repo.head()?;
    let committed = match &head {
        Some(commit) => Release::in_commit(repo, commit, deployment)?.map_err(|e| told(&e)),
        None => Err("there is no commit yet".to_owned()),
    };
    let names = committed.as_ref().map_or_else(|_| Vec::new(), |release| tags.of(release));
    let (remote, wanted_branch) = match tags {
        Names::Asked(tags) => (remote(repo, &names, tags, reach)?, tags.branch.clone()),
        Names::Mission => (Remote::None, None),
    };
    let changes = repo.changes(&contexts)?;
    // What image-configure reads decides what is built, as the contexts do.
    let inputs = [contexts[0], contexts[1], Path::new("setup-env.template"), Path::new("infrequent-env")];
    Ok(Git {
        unknown: None,
        contexts: head
            .as_deref()
            .map(|commit| committed_contexts(repo, commit, place, &changes))
            .transpose()?,
        changes: repo.changes(&inputs)?,
        ignored,
        branch: repo.branch()?,
        wanted_branch,
        earlier: earlier(repo, place, head.as_deref(), &names)?,
        hashes: hashes(repo, deployment, head.as_deref())?,
        tag_records: records(repo, &names)?,
        tags: local(repo, &names)?,
        remote,
        head,
        committed,
    })
}

/// Whether a build takes the file `path`, which is below one of `contexts`.
fn is_input(path: &Path, contexts: &[&Path]) -> bool {
    let inside = contexts.iter().find_map(|context| path.strip_prefix(context).ok()).unwrap_or(path);
    committed::is_input(inside)
}

/// What a checkout of `commit` has of the two contexts. That it has none is a finding.
fn committed_contexts(
    repo: &Repo<'_>,
    commit: &str,
    place: &Workplace,
    changes: &[Change],
) -> Result<Found<CommittedContexts>, Error> {
    let deployment = &place.deployment;
    let mut other = Vec::new();
    let mut digest = |dir: &Path| -> Result<Found<Digest>, Error> {
        let below = followed(dir, deployment.root());
        let theirs = match committed::entries(repo, commit, &below) {
            Ok(Ok(entries)) => entries,
            Ok(Err(error)) => return Ok(Err(format!("{}: {error}", dir.display()))),
            Err(error) if matches!(error.status(), common::fault::Status::Signal(_)) => {
                return Err(error.into());
            }
            Err(error) => return Ok(Err(told(&error))),
        };
        let ours = context::entries(dir).unwrap_or_default();
        for path in committed::differing(&ours, &theirs) {
            let path = below.join(path);
            if !changes.iter().any(|change| path.starts_with(&change.path)) {
                other.push(otherwise(repo, &path)?);
            }
        }
        Ok(Ok(digest::of_entries(theirs)))
    };
    let (common, mission) = (digest(&deployment.common_dir())?, digest(&deployment.dir())?);
    Ok(common.and_then(|common| Ok(CommittedContexts { common, mission: mission?, other })))
}

/// A file that a checkout has otherwise, in words.
fn otherwise(repo: &Repo<'_>, path: &Path) -> Result<String, Error> {
    let attributes = repo.attributes(path)?.join(" ");
    let path = path.display();
    Ok(if attributes.is_empty() { path.to_string() } else { format!("{path} (attributes: {attributes})") })
}

/// Where `dir` is below `root`, behind links: a mission's directory may be one.
fn followed(dir: &Path, root: &Path) -> PathBuf {
    let (real, top) = (dir.canonicalize(), root.canonicalize());
    let below = real.ok().zip(top.ok()).and_then(|(real, top)| Some(real.strip_prefix(top).ok()?.to_owned()));
    below.unwrap_or_else(|| dir.strip_prefix(root).unwrap_or(dir).to_owned())
}

fn local(repo: &Repo<'_>, names: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for name in names {
        if let Some(tag) = repo.tag(name)? {
            found.insert(name.clone(), tag.commit);
        }
    }
    Ok(found)
}

/// The digest of the record that each of the tags `names` tells, where it tells one.
fn records(repo: &Repo<'_>, names: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for name in names {
        let message = repo.tag_message(name)?.unwrap_or_default();
        if let Some(record) = trailer(&message, RECORD_TRAILER) {
            found.insert(name.clone(), record.to_owned());
        }
    }
    Ok(found)
}

/// The highest version of each kind that is tagged in the history of `head`, other than `own`.
fn earlier(repo: &Repo<'_>, place: &Workplace, head: Option<&str>, own: &[String]) -> Result<Earlier, Error> {
    let Some(head) = head else { return Ok(Earlier::default()) };
    let mission = place.deployment.mission();
    let mut found = Earlier::default();
    for tag in repo.tags_before(head)?.iter().filter(|tag| !own.contains(tag)) {
        // A combined tag tells both.
        let (first, second) = tag.split_once("-c-").unwrap_or((tag, tag));
        if first.starts_with(&format!("{mission}-"))
            && let Ok(version) = MissionVersion::parse(first, mission)
            && found.mission.as_ref().is_none_or(|old| version.compare(old).is_gt())
        {
            found.mission = Some(version);
        }
        if let Ok(version) = second.parse::<semver::Version>()
            && found.common.as_ref().is_none_or(|old| version > *old)
        {
            found.common = Some(version);
        }
    }
    Ok(found)
}

/// What the hash files say, where they are.
fn hashes(repo: &Repo<'_>, deployment: &Deployment, head: Option<&str>) -> Result<Vec<HashFile>, Error> {
    let mut found = Vec::new();
    for path in [deployment.common_dir().join("HASH"), deployment.dir().join("MISSION_HASH")] {
        if !path.exists() {
            continue;
        }
        let says = match version_file::read_line(&path) {
            Ok(line) => {
                let asked = head.filter(|_| is_commit(&line));
                let standing = asked.map_or(Ok(Ancestry::Unknown), |head| repo.ancestry(&line, head))?;
                Ok((line, standing))
            }
            Err(error) => Err(told(&error)),
        };
        found.push(HashFile { name: relative(&path, deployment.root()), says });
    }
    Ok(found)
}

/// Whether `text` is a full commit.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What is known of git where nothing can be known, or nothing needs to be: because of `reason`.
pub fn nothing(reason: &str) -> Git {
    Git {
        unknown: Some(reason.to_owned()),
        head: None,
        committed: Err("not looked at".to_owned()),
        contexts: None,
        changes: Vec::new(),
        ignored: Vec::new(),
        branch: None,
        wanted_branch: None,
        earlier: Earlier::default(),
        hashes: Vec::new(),
        tags: BTreeMap::new(),
        tag_records: BTreeMap::new(),
        remote: Remote::None,
    }
}

fn remote(repo: &Repo<'_>, names: &[String], tags: &TagsArgs, reach: Reach) -> Result<Remote, Error> {
    let Some(name) = repo.remote(tags.remote.as_deref())? else { return Ok(Remote::None) };
    if reach == Reach::Clone {
        return Ok(Remote::Unasked { name });
    }
    let branch = repo.branch()?;
    let branch_ref = branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
    let refs: Vec<String> =
        names.iter().map(|n| format!("refs/tags/{n}")).chain(branch_ref.clone()).collect();
    let found = match repo.remote_refs(&name, &refs) {
        Ok(found) => found,
        Err(error) if matches!(error.status(), common::fault::Status::Signal(_)) => return Err(error.into()),
        Err(error) => return Ok(Remote::Silent { name, reason: told(&error) }),
    };
    let there = names.iter().filter_map(|n| Some((n.clone(), found.tagged(n)?.to_owned())));
    let tip = branch_ref.and_then(|r| found.object(&r).map(str::to_owned));
    let upstream = match (branch, tip, repo.head()?) {
        (Some(branch), Some(commit), Some(head)) => {
            let standing = repo.ancestry(&commit, &head)?;
            Some(Upstream { name: branch, commit, standing })
        }
        _ => None,
    };
    Ok(Remote::Asked { name, tags: there.collect(), branch: upstream })
}

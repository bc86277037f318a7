//! Finding out what the rules judge of git: the commit, its history, the tags and the remote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::context;
use common::deployment::Deployment;
use common::digest::{self, Digest};
use common::fault::Fault as _;
use common::git::{Change, Repo};

use super::facts::{CommittedContexts, Earlier, Found, Git, Remote};
use super::gather::told;
use super::remote::{self, Seen};
use super::{Reach, earlier, hashes, standing};
use crate::args::TagsArgs;
use crate::committed;
use crate::error::Error;
use crate::release::Release;
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
    let shared = committed.as_ref().ok().map(|release| release.common.to_string());
    let look = Look { repo, deployment, head: head.as_deref(), names: &names, shared: shared.as_deref() };
    let seen = match tags {
        Names::Asked(tags) => remote::look(&look, tags, reach)?,
        Names::Mission => Seen::nothing(repo)?,
    };
    let changes = repo.changes(&contexts)?;
    // What image-configure reads decides what is built, as the contexts do.
    let inputs = [contexts[0], contexts[1], Path::new("setup-env.template"), Path::new("infrequent-env")];
    let shallow = repo.is_shallow()?;
    Ok(Git {
        unknown: None,
        contexts: head
            .as_deref()
            .map(|commit| committed_contexts(repo, commit, place, &changes))
            .transpose()?,
        changes: repo.changes(&inputs)?,
        ignored,
        earlier: earlier::of(&look, &seen)?,
        hashes: hashes::of(repo, deployment, head.as_deref(), shallow)?,
        tags: standing::here(&look)?,
        shallow,
        branch: seen.branch,
        follows: seen.follows,
        wanted_branch: seen.wanted,
        release_branch: seen.release_branch,
        may_be_unpublished: seen.may_be_unpublished,
        remote: seen.remote,
        head,
        committed,
    })
}

/// What the tags and the remote are looked at for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    /// The repository.
    pub repo: &'a Repo<'a>,
    /// The mission in it.
    pub deployment: &'a Deployment,
    /// The commit that is checked out.
    pub head: Option<&'a str>,
    /// The release's tags.
    pub names: &'a [String],
    /// The tag of the infrastructure's version, which other releases may have made.
    pub shared: Option<&'a str>,
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
pub(super) fn followed(dir: &Path, root: &Path) -> PathBuf {
    let (real, top) = (dir.canonicalize(), root.canonicalize());
    let below = real.ok().zip(top.ok()).and_then(|(real, top)| Some(real.strip_prefix(top).ok()?.to_owned()));
    below.unwrap_or_else(|| dir.strip_prefix(root).unwrap_or(dir).to_owned())
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
        follows: None,
        wanted_branch: None,
        release_branch: None,
        may_be_unpublished: false,
        shallow: false,
        earlier: Earlier::default(),
        hashes: Vec::new(),
        tags: BTreeMap::new(),
        remote: Remote::None,
    }
}

//! Finding out what the remote has: one question, whose answer tells all tags and branches.

use common::fault::{Fault as _, Status};
use common::git::{Followed, RemoteRefs, Repo};

use super::Reach;
use super::facts::{Remote, Upstream};
use super::gather::told;
use super::history::Look;
use super::standing;
use crate::args::TagsArgs;
use crate::error::Error;

/// What was seen of branches and of the remote.
#[derive(Debug)]
pub(super) struct Seen {
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// The branch that it follows.
    pub follows: Option<Followed>,
    /// The branch that was asked for.
    pub wanted: Option<String>,
    /// The branch that releases are made of.
    pub release_branch: Option<String>,
    /// Whether the commit need not be on it.
    pub may_be_unpublished: bool,
    /// The remote, for the rules.
    pub remote: Remote,
    /// All of its answer.
    pub refs: Option<RemoteRefs>,
}

impl Seen {
    /// Where no remote is of interest.
    pub fn nothing(repo: &Repo<'_>) -> Result<Self, Error> {
        Ok(Self {
            branch: repo.branch()?,
            follows: None,
            wanted: None,
            release_branch: None,
            may_be_unpublished: false,
            remote: Remote::None,
            refs: None,
        })
    }
}

/// What a remote is asked, and what it says.
struct Question<'a> {
    look: &'a Look<'a>,
    tags: &'a TagsArgs,
    name: &'a str,
    refs: &'a RemoteRefs,
}

/// Asks the remote that `tags` name, or that is the branch's, if it is within `reach`.
pub(super) fn look(look: &Look<'_>, tags: &TagsArgs, reach: Reach) -> Result<Seen, Error> {
    let repo = look.repo;
    let mut seen = Seen::nothing(repo)?;
    seen.wanted.clone_from(&tags.branch);
    seen.release_branch.clone_from(&tags.branch);
    seen.may_be_unpublished = tags.allow_unpublished;
    seen.follows = seen.branch.as_ref().map(|branch| repo.followed(branch)).transpose()?.flatten();
    let Some(name) = repo.remote(tags.remote.as_deref())? else { return Ok(seen) };
    let answer = match reach {
        Reach::Clone => Err(Remote::Unasked { name: name.clone() }),
        Reach::Remote => match repo.advertised(&name) {
            Ok(refs) => Ok(refs),
            Err(error) if matches!(error.status(), Status::Signal(_)) => return Err(error.into()),
            Err(error) => Err(Remote::Silent { name: name.clone(), reason: told(&error) }),
        },
    };
    match answer {
        Ok(refs) => {
            let question = Question { look, tags, name: &name, refs: &refs };
            if seen.release_branch.is_none() {
                seen.release_branch = question.release_branch(&seen);
            }
            seen.remote = question.answered(&seen)?;
            seen.refs = Some(refs);
        }
        Err(remote) => {
            if seen.release_branch.is_none() {
                seen.release_branch = repo.remembered_head(&name)?.or_else(|| followed_on(&seen, &name));
            }
            seen.remote = remote;
        }
    }
    Ok(seen)
}

/// The branch of the remote `name` that is followed.
fn followed_on(seen: &Seen, name: &str) -> Option<String> {
    Some(seen.follows.as_ref().filter(|followed| followed.remote == name)?.branch.clone())
}

impl Question<'_> {
    /// What the remote calls its `HEAD`; where it calls nothing so, what is followed, or is at this commit.
    fn release_branch(&self, seen: &Seen) -> Option<String> {
        let at_head = || {
            let mut heads = self.refs.below("refs/heads/");
            let (name, _) = heads.find(|(_, id)| seen.branch.is_none() && Some(*id) == self.look.head)?;
            Some(name.trim_start_matches("refs/heads/").to_owned())
        };
        let told = self.refs.head().map(str::to_owned);
        told.or_else(|| followed_on(seen, self.name)).or_else(at_head)
    }

    fn answered(&self, seen: &Seen) -> Result<Remote, Error> {
        let base = seen.release_branch.clone().or_else(|| seen.branch.clone());
        let base = match base {
            Some(branch) => self.upstream(self.name, &branch)?,
            None => None,
        };
        let branch = match self.compared(seen) {
            Some(Followed { remote, branch }) => match self.upstream(&remote, &branch) {
                Ok(found) => found,
                Err(Error::Git(error)) if !matches!(error.status(), Status::Signal(_)) => {
                    return Ok(Remote::Silent { name: remote, reason: told(&error) });
                }
                Err(error) => return Err(error),
            },
            None => None,
        };
        let queued = base.as_ref().is_some_and(|base| self.is_queued(base));
        let tags = standing::there(self.look, self.name, self.refs)?;
        Ok(Remote::Asked { name: self.name.to_owned(), tags, base, branch, queued })
    }

    /// The branch that the checked out one must not be behind: what it follows, unless another remote was named.
    fn compared(&self, seen: &Seen) -> Option<Followed> {
        let on = |branch: String| Followed { remote: self.name.to_owned(), branch };
        match (&seen.follows, &seen.branch) {
            (Some(followed), _) if self.tags.remote.is_some() => Some(on(followed.branch.clone())),
            (Some(followed), _) => Some(followed.clone()),
            (None, Some(branch)) => Some(on(branch.clone())),
            (None, None) => seen.release_branch.clone().map(on),
        }
    }

    fn upstream(&self, remote: &str, branch: &str) -> Result<Option<Upstream>, Error> {
        let full = format!("refs/heads/{branch}");
        let tip = if remote == self.name {
            self.refs.object(&full).map(str::to_owned)
        } else {
            let refs = self.look.repo.remote_refs(remote, std::slice::from_ref(&full))?;
            refs.object(&full).map(str::to_owned)
        };
        let (Some(commit), Some(head)) = (tip, self.look.head) else { return Ok(None) };
        let standing = self.look.repo.ancestry(&commit, head)?;
        let holds = match self.look.repo.commit_of(&commit)? {
            Some(_) => self.look.repo.ancestry(head, &commit)?,
            None => common::git::Ancestry::Unknown,
        };
        let (remote, name) = (remote.to_owned(), branch.to_owned());
        Ok(Some(Upstream { remote, name, commit, standing, holds }))
    }

    /// Whether the commit waits in a merge queue for `base`: it will be what `base` is then.
    fn is_queued(&self, base: &Upstream) -> bool {
        let queue = format!("refs/heads/gh-readonly-queue/{}/", base.name);
        let in_queue = self.refs.below(&queue).chain(self.refs.below("refs/merge-requests/"));
        base.standing == common::git::Ancestry::Ancestor
            && in_queue.into_iter().any(|(_, id)| Some(id) == self.look.head)
    }
}

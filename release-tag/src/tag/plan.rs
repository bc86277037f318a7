//! Which tags must be made, taken over and pushed.

use common::git;

use crate::args::TagArgs;
use crate::check::{Facts, Remote};
use crate::error::Error;
use crate::message;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The commit that is tagged.
    pub commit: String,
    /// What the tags say.
    pub message: String,
    /// Where they are pushed to.
    pub remote: Option<String>,
    /// Whether the tags are signed.
    pub sign: bool,
    /// One for each tag.
    pub steps: Vec<Step>,
}

/// What is to be done for one tag. Nothing at all, if it is where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// It must be made here.
    pub make: bool,
    /// The remote has it, at our commit, and this clone does not.
    pub take_over: bool,
    /// The remote must get it.
    pub push: bool,
}

impl Plan {
    /// What is to be done about the release that `facts` tell of.
    ///
    /// # Errors
    /// There is no commit, it does not say its versions, or a tag is at another commit; to carry it
    /// out, the remote must also have said what it has.
    pub fn of(facts: &Facts, args: &TagArgs) -> Result<Self, Error> {
        let git = &facts.git;
        let commit = git.head.clone().ok_or(Error::NoCommit)?;
        let release =
            git.committed.as_ref().map_err(|reason| Error::NoVersions { reason: reason.clone() })?;
        let (remote, there) = match &git.remote {
            Remote::None => (None, None),
            Remote::Asked { name, tags, .. } => (Some(name.clone()), Some(tags)),
            Remote::Unasked { name } => (Some(name.clone()), None),
            Remote::Silent { name, .. } if !args.execute => (Some(name.clone()), None),
            Remote::Silent { name, reason } => {
                return Err(Error::RemoteSilent { remote: name.clone(), reason: reason.clone() });
            }
        };
        let mut steps = Vec::new();
        for name in release.tag_names(args.tags.combined) {
            let (here, there) = (git.tags.get(&name), there.and_then(|tags| tags.get(&name)));
            for (found, place) in [(here, "this clone"), (there, remote.as_deref().unwrap_or_default())] {
                if let Some(found) = found.filter(|found| **found != commit) {
                    let (tag, place, found) = (name.clone(), place.to_owned(), found.clone());
                    return Err(Error::Taken { tag, place, found, commit });
                }
            }
            steps.push(Step {
                make: here.is_none() && there.is_none(),
                take_over: here.is_none() && there.is_some(),
                push: remote.is_some() && there.is_none(),
                name,
            });
        }
        Ok(Self {
            message: message::of(facts, &release.title(), args.no_check),
            commit,
            remote,
            sign: args.sign,
            steps,
        })
    }

    /// The names of the tags for which `wanted` holds.
    pub fn names(&self, wanted: impl Fn(&Step) -> bool) -> Vec<&str> {
        self.steps.iter().filter(|step| wanted(step)).map(|step| step.name.as_str()).collect()
    }

    /// The commit, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        git::short(&self.commit)
    }
}

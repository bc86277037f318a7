//! Which tags must be made, taken over and pushed.

use common::digest::Digest;
use common::git;

use crate::args::TagArgs;
use crate::check::{Facts, Remote, Standing};
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
    /// It stands at this commit, for another release with the same infrastructure: nothing is done about it.
    pub stands_at: Option<String>,
}

impl Step {
    /// Why nothing is done, where another release made it.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let at = self.stands_at.as_ref()?;
        let at = git::short(at);
        let name = &self.name;
        Some(format!(
            "{name} stands at {at} with the very same deployments/common: it is left as it is, and is not pushed"
        ))
    }
}

/// Where a tag is.
type Place<'a> = (Option<&'a Standing>, &'a str);

impl Plan {
    /// What is to be done about the release that `facts` tell of.
    ///
    /// # Errors
    /// There is no commit, it does not say its versions, or a tag is at another commit or tells of another
    /// record; to carry it out, the remote must also have said what it has.
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
            let places = [(here, "this clone"), (there, remote.as_deref().unwrap_or_default())];
            let stands_at = stands_at(&name, places, (facts, &commit))?;
            let free = stands_at.is_none();
            steps.push(Step {
                make: free && here.is_none() && there.is_none(),
                take_over: free && here.is_none() && there.is_some(),
                push: free && remote.is_some() && there.is_none(),
                stands_at,
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

    /// The tags that are where they belong already, and so must be as they would be made.
    pub fn present<'f>(&'f self, facts: &'f Facts) -> impl Iterator<Item = (&'f str, &'f Standing)> {
        let there = match &facts.git.remote {
            Remote::Asked { tags, .. } => Some(tags),
            _ => None,
        };
        let ours = self.steps.iter().filter(|step| step.stands_at.is_none()).map(|step| step.name.as_str());
        ours.flat_map(move |name| {
            let both = [facts.git.tags.get(name), there.and_then(|tags| tags.get(name))];
            both.into_iter().flatten().map(move |tag| (name, tag))
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

/// The commit at which the tag `name`, which is in `places`, stands for another release too; none if it is this
/// release's alone, or free.
fn stands_at(
    name: &str,
    places: [Place<'_>; 2],
    (facts, commit): (&Facts, &str),
) -> Result<Option<String>, Error> {
    let record = facts.tree.record.as_ref().ok().and_then(Option::as_ref).map(|bytes| Digest::of(bytes));
    let only_here = places[1].0.is_none();
    let mut stands_at = None;
    for (tag, place) in places.into_iter().filter_map(|(tag, place)| Some((tag?, place.to_owned()))) {
        if tag.stands_for_both() {
            stands_at = Some(tag.commit.clone());
        } else if tag.commit != commit {
            let other_common = matches!(&tag.shared, Some(Ok(_)));
            let (tag, found, commit) = (name.to_owned(), tag.commit.clone(), commit.to_owned());
            return Err(Error::Taken { tag, place, found, commit, other_common });
        } else if facts.is_foreign(tag, record.as_ref()) {
            return Err(Error::Foreign { tag: name.to_owned(), place, found: tag.telling(), only_here });
        }
    }
    Ok(stands_at)
}

//! What the rules judge: gathered once, as values, so that every rule is a pure function.
//!
//! What could not be found out is a fact too: a rule then says so instead of passing.

use std::collections::BTreeMap;

use common::digest::Digest;
use common::engine::Engine;
use common::evidence::{Built, Compared, Tested};
use common::git::{Ancestry, Change, Followed, Ignored};
use common::report::ImageIdentity;
use common::version_file::MissionVersion;
use common::waiver::MissionWaivers;
use jiff::Timestamp;

use crate::release::Release;

/// Something that was found out, or why it was not.
pub type Found<T> = Result<T, String>;

/// All that is known about a release.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The files in the work tree.
    pub tree: Tree,
    /// The image and the evidence about it.
    pub image: Image,
    /// The commit, the tags and the remote.
    pub git: Git,
    /// The moment at which waivers are judged.
    pub now: Timestamp,
}

/// The files in the work tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The versions that its files say.
    pub release: Found<Release>,
    /// Its environments, sorted by name.
    pub environments: Found<Vec<Environment>>,
    /// The frozen specs.
    pub frozen: Found<Frozen>,
    /// The content of `env-frozen`.
    pub specs: Found<Digest>,
    /// The content of `deployments/common` and of `deployments/<mission>`.
    pub contexts: Found<(Digest, Digest)>,
    /// The digests of the files in `env-frozen`.
    pub locks: Found<BTreeMap<String, Digest>>,
    /// The release's record, as its file holds it.
    pub record: Found<Option<Vec<u8>>>,
    /// The failures and the drift that are accepted.
    pub waivers: Found<MissionWaivers>,
}

impl Tree {
    /// What is accepted; nothing where that cannot be told, which is a finding of its own.
    #[must_use]
    pub fn accepted(&self) -> MissionWaivers {
        self.waivers.clone().unwrap_or_default()
    }
}

/// What an environment says of itself.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The line in `CAL_VERSION`, where there is such a file.
    pub cal_version: Option<String>,
    /// The line in `kernel.name`, where there is such a file.
    pub kernel_name: Option<String>,
    /// Where its delivered specs came from, where that was noted.
    pub receipt: Option<Receipt>,
}

/// The receipt of delivered specs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The digest of the file.
    pub digest: Digest,
    /// The calibration version that was asked for, where it tells one.
    pub version: Option<String>,
    /// Whether the specs were delivered, and not made by a script.
    pub delivered: bool,
}

/// What the rules need of the frozen specs.
#[derive(Clone, Debug, Default)]
pub struct Frozen {
    /// What is missing: `roman-cal/requirements.txt`.
    pub missing: Vec<String>,
    /// References to a version control system without a commit: `FILE:LINE: REFERENCE`.
    pub moving: Vec<String>,
}

/// The image that the release is about.
#[derive(Clone, Debug)]
pub struct Image {
    /// Which one; none if nothing was built.
    pub identity: Option<ImageIdentity>,
    /// How it was built.
    pub built: Found<Option<Built>>,
    /// How its tests went.
    pub tested: Found<Option<Tested>>,
    /// How it compared with the frozen specs.
    pub compared: Found<Option<Compared>>,
    /// The software bill of materials that was made of it.
    pub sbom: Option<Digest>,
    /// What the engine has.
    pub engine: Found<Presence>,
}

/// What an engine has of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The engine, in words.
    pub engine: String,
    /// Whether it has the image.
    pub has_image: bool,
    /// What it has under the image's name now.
    pub named: Option<Digest>,
    /// What it has under the name of the image's base now.
    pub base: Option<Digest>,
    /// The image's size in bytes, where it tells.
    pub size: Option<u64>,
    /// The engine, to go on working with; not of interest to any rule.
    pub handle: Option<Engine>,
}

/// The commit, the tags and the remote.
#[derive(Clone, Debug)]
pub struct Git {
    /// Why nothing of it is known, where nothing is.
    pub unknown: Option<String>,
    /// The commit that is checked out.
    pub head: Option<String>,
    /// The versions that its files say.
    pub committed: Found<Release>,
    /// The content of `deployments/common` and of `deployments/<mission>` in it. None where git is not
    /// asked: what git's index is told to overlook shows here only.
    pub contexts: Option<Found<CommittedContexts>>,
    /// What differs from it in the two contexts.
    pub changes: Vec<Change>,
    /// What git does not look at in the two contexts, and a build would take.
    pub ignored: Vec<Ignored>,
    /// The branch that is checked out; none on a detached HEAD.
    pub branch: Option<String>,
    /// The branch of a remote that it follows.
    pub follows: Option<Followed>,
    /// The branch that was asked for.
    pub wanted_branch: Option<String>,
    /// The branch that releases are made of: the one that was asked for, else what the remote calls its
    /// `HEAD`, else the one that is followed.
    pub release_branch: Option<String>,
    /// Whether the user said that the commit need not be on a branch of the remote.
    pub may_be_unpublished: bool,
    /// Whether this clone lacks the history from some commits on.
    pub shallow: bool,
    /// The release before this one, as far as this clone and the remote have its tags.
    pub earlier: Earlier,
    /// The two hash files.
    pub hashes: Vec<HashFile>,
    /// The release's tags in this clone, by name, where there are such tags.
    pub tags: BTreeMap<String, Standing>,
    /// The remote.
    pub remote: Remote,
}

/// A tag that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The object that it names: a tag object, or for a lightweight tag the commit itself.
    pub object: String,
    /// The commit that it is at.
    pub commit: String,
    /// The digest of the record that it tells of, where it tells of one.
    pub record: Found<Option<String>>,
    /// For the tag of the infrastructure's version, where another release made it: the files of
    /// `deployments/common` that are not what they were then.
    pub shared: Option<Found<Vec<String>>>,
}

impl Standing {
    /// Whether another release made it, of the very same `deployments/common`.
    #[must_use]
    pub fn stands_for_both(&self) -> bool {
        matches!(&self.shared, Some(Ok(other)) if other.is_empty())
    }
}

/// What a checkout of the commit has of the two contexts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedContexts {
    /// The digest of `deployments/common`.
    pub common: Digest,
    /// The digest of `deployments/<mission>`.
    pub mission: Digest,
    /// What it has otherwise than the work tree, although git tells of no change: the file, and the
    /// attributes that git gives it.
    pub other: Vec<String>,
}

/// The highest versions that were tagged before, other than the release's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The mission's.
    pub mission: Option<MissionVersion>,
    /// The common infrastructure's.
    pub common: Option<semver::Version>,
}

/// A file that names the commit its directory comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashFile {
    /// The file, from the root.
    pub name: String,
    /// What it says, and what that commit is to the directory.
    pub says: Found<(String, Source)>,
}

/// What a commit that a hash file names is to the file's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It holds what the directory holds, or is what the commit that wrote the file was made upon, and
    /// nothing changed since.
    Right,
    /// These files are others since.
    Changed(Vec<String>),
    /// It is not in this history.
    Stray,
    /// This clone lacks the history that would tell.
    Cut,
}

/// What a remote has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// There is none.
    None,
    /// It was not asked, because the user said so.
    Unasked {
        /// Its name.
        name: String,
    },
    /// It did not answer.
    Silent {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// It answered.
    Asked {
        /// Its name.
        name: String,
        /// The release's tags there, by name, where there are such tags.
        tags: BTreeMap<String, Standing>,
        /// The branch that releases are made of, if it has it.
        base: Option<Upstream>,
        /// The branch that is followed by the one that is checked out, maybe on another remote.
        branch: Option<Upstream>,
        /// Whether the commit is in a merge queue for the branch that releases are made of.
        queued: bool,
    },
}

/// A branch on a remote, as seen from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The remote that it is on.
    pub remote: String,
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: String,
    /// How that stands to the commit that is checked out.
    pub standing: Ancestry,
    /// How the commit that is checked out stands to it.
    pub holds: Ancestry,
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.remote, self.name)
    }
}

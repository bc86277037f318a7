//! What the rules judge: gathered once, as values, so that every rule is a pure function.
//!
//! What could not be found out is a fact too: a rule then says so instead of passing.

use std::collections::BTreeMap;

use common::digest::Digest;
use common::engine::Engine;
use common::evidence::{Built, Compared, Tested};
use common::git::{Ancestry, Change, Ignored};
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
    /// The branch that was asked for.
    pub wanted_branch: Option<String>,
    /// The release before this one, as far as this clone has its tags.
    pub earlier: Earlier,
    /// The two hash files.
    pub hashes: Vec<HashFile>,
    /// The commits of the release's tags in this clone, by name, where there are such tags.
    pub tags: BTreeMap<String, String>,
    /// The records that those of them name which name one.
    pub tag_records: BTreeMap<String, String>,
    /// The remote.
    pub remote: Remote,
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

/// The highest versions that are tagged in the history of the commit, other than the release's own.
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
    /// What it says, and how that stands to the commit that is checked out.
    pub says: Found<(String, Ancestry)>,
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
        /// The commits of the release's tags there, by name, where there are such tags.
        tags: BTreeMap<String, String>,
        /// The branch there, if it has one of the name.
        branch: Option<Upstream>,
    },
}

/// A branch on a remote, as seen from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: String,
    /// How that stands to the commit that is checked out.
    pub standing: Ancestry,
}

//! How `release-tag` fails.

use std::path::PathBuf;

use common::deployment::DeploymentError;
use common::digest::Digest;
use common::engine::EngineError;
use common::evidence::EvidenceError;
use common::fault::{Fault, Status};
use common::frozen::FrozenError;
use common::git::{GitError, Ignored};
use common::image_diff::DiffError;
use common::lock::LockError;
use common::process::ProcessError;
use common::session::SessionError;
use common::sibling::SiblingError;
use common::state_file::StateFileError;
use common::tree::TreeError;
use common::version_file::{BadMissionVersion, VersionFileError};
use thiserror::Error;

use crate::companion::CompanionError;
use crate::oci::OciError;
use crate::registry::{BadRepository, RegistryError};
use crate::signature::KeyError;

/// The release could not be versioned, saved, checked, tagged or delivered.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no document.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// There is no such mission.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// The clone's own directory cannot be used.
    #[error(transparent)]
    State(#[from] StateFileError),
    /// Another run is at it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The evidence about an image is damaged.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A companion command could not do its part.
    #[error(transparent)]
    Companion(Box<CompanionError>),
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An image is not what it should be.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// Images cannot be compared.
    #[error(transparent)]
    Diff(#[from] DiffError),
    /// A registry did not do its part.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A version file makes no sense.
    #[error(transparent)]
    VersionFile(#[from] VersionFileError),
    /// The mission's version is none.
    #[error(transparent)]
    BadMissionVersion(#[from] BadMissionVersion),
    /// The infrastructure's version is none.
    #[error("{given:?} is not a version such as 1.3.0: {source}")]
    BadCommonVersion {
        /// What was given.
        given: String,
        /// What is wrong with it.
        source: semver::Error,
    },
    /// The new version is lower than the old one.
    #[error("{new} is lower than {old}, which is the version now")]
    Lower {
        /// The version now.
        old: String,
        /// The version that was given.
        new: String,
    },
    /// There is no such rule.
    #[error("there is no rule {code:?}")]
    NoSuchRule {
        /// What was given.
        code: String,
    },
    /// A merge or the like must be ended first.
    #[error("{what} is underway in this work tree")]
    Underway {
        /// What it is.
        what: &'static str,
    },
    /// Two sides of a merge disagree.
    #[error("there are conflicts:{}", lines(paths))]
    Conflicted {
        /// Where.
        paths: Vec<PathBuf>,
    },
    /// There is a git repository inside.
    #[error("git would commit these repositories as links and not what is in them:{}", lines(paths))]
    Nested {
        /// Where.
        paths: Vec<PathBuf>,
    },
    /// More than the versions changed in the common part.
    #[error(
        "more than the versions changed in deployments/common, which every mission is built of:{}",
        lines(paths)
    )]
    OtherCommon {
        /// What changed.
        paths: Vec<PathBuf>,
    },
    /// git does not look at specs.
    #[error("git ignores files that say what goes into the image:{}", rules(specs))]
    IgnoredSpecs {
        /// The files and the rules.
        specs: Vec<Ignored>,
    },
    /// There is nothing to tag.
    #[error("there is no commit yet")]
    NoCommit,
    /// The commit does not say its versions.
    #[error("the commit that is checked out does not say its versions: {reason}")]
    NoVersions {
        /// Why not.
        reason: String,
    },
    /// A tag is somewhere else.
    #[error("{tag} is at {found} in {place}, not at {commit}")]
    Taken {
        /// The tag.
        tag: String,
        /// This clone, or the remote.
        place: String,
        /// The commit it is at.
        found: String,
        /// The commit that is checked out.
        commit: String,
        /// Whether it is the infrastructure's, of another `deployments/common`.
        other_common: bool,
    },
    /// A tag is at this commit, and stands for something else.
    #[error("{tag} in {place} tells of {found}, and not of this release's record")]
    Foreign {
        /// The tag.
        tag: String,
        /// This clone, or the remote.
        place: String,
        /// What it tells of.
        found: String,
        /// Whether nobody else has it, as far as is known.
        only_here: bool,
    },
    /// A tag was to be signed, and is there without a good signature.
    #[error("{tag} is there already, and {flaw}")]
    Unsigned {
        /// The tag.
        tag: String,
        /// What is wrong with it.
        flaw: String,
    },
    /// The version was released with another record.
    #[error(
        "{tag} tells of the record {found}, and this one is {ours}: a release that was tagged stays what it is"
    )]
    Recorded {
        /// The tag.
        tag: String,
        /// The digest of the record that it tells of.
        found: String,
        /// The digest of the one that would be written.
        ours: Digest,
    },
    /// The remote did not say what it has.
    #[error("the remote {remote} does not say which tags it has: {reason}")]
    RemoteSilent {
        /// Its name.
        remote: String,
        /// Why not.
        reason: String,
    },
    /// The push went well and the tag is not there.
    #[error("after the push, {tag} is at {found} on {remote}, not at {commit}")]
    NotOnRemote {
        /// The tag.
        tag: String,
        /// The remote.
        remote: String,
        /// Where it should be.
        commit: String,
        /// Where it is.
        found: String,
    },
    /// There is no such tag.
    #[error("there is no tag {tag} in this clone")]
    NoSuchTag {
        /// What was given.
        tag: String,
    },
    /// There is nobody to propose to.
    #[error("there is no remote to propose the release to")]
    NoRemote,
    /// A branch cannot be merged into itself.
    #[error("{branch} of {remote} is what the release is to be merged into, so it cannot be what is pushed")]
    IntoItself {
        /// The branch.
        branch: String,
        /// Its remote.
        remote: String,
    },
    /// The branch has something else.
    #[error("the branch {branch} is at {found}, not at {commit}")]
    BranchElsewhere {
        /// The branch.
        branch: String,
        /// Where it is.
        found: String,
        /// The commit that is checked out.
        commit: String,
    },
    /// The frozen specs make no sense.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// A program that helps could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The destination is none.
    #[error("{given:?} is no destination: {reason}")]
    BadDestination {
        /// What was given.
        given: String,
        /// Why not.
        reason: String,
    },
    /// Another tool of ours failed.
    #[error("{step}: {source}")]
    Sibling {
        /// The step.
        step: &'static str,
        /// What it said.
        source: SiblingError,
    },
    /// The tree cannot be staged.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// What was built is not of what the record tells.
    #[error("the record of {release} is of another {what} than the commit has: {found}, not {expected}")]
    OtherContext {
        /// The release.
        release: String,
        /// Which part.
        what: &'static str,
        /// What the record says.
        expected: Digest,
        /// What was built.
        found: String,
    },
    /// Docker tells images by their manifests.
    #[error(
        "the base image {id} is told by its manifest, as where docker keeps images in containerd's store: \
         no archive can bring it back under that id"
    )]
    BaseByManifest {
        /// Its id.
        id: Digest,
    },
    /// There is no password where it was said to be.
    #[error("there is no password on standard input")]
    NoPassword,
    /// Two things are to come on standard input.
    #[error("standard input cannot be both the document and the password")]
    TwiceInput,
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The registry's repository is none.
    #[error(transparent)]
    BadRepository(#[from] BadRepository),
    /// The tag there means another image.
    #[error("{destination} has {found} under {tag}, and this is {ours}")]
    Occupied {
        /// The destination.
        destination: String,
        /// The tag.
        tag: String,
        /// What is there.
        found: Digest,
        /// What would be there.
        ours: Digest,
        /// The flag that replaces it.
        flag: &'static str,
    },
}

impl From<CompanionError> for Error {
    fn from(error: CompanionError) -> Self {
        // Boxed, since it is the largest and the rarest.
        Self::Companion(Box::new(error))
    }
}

fn lines(paths: &[PathBuf]) -> String {
    paths.iter().fold(String::new(), |text, path| text + "\n  " + &path.display().to_string())
}

fn rules(specs: &[Ignored]) -> String {
    specs
        .iter()
        .fold(String::new(), |text, file| format!("{text}\n  {} ({})", file.path.display(), file.rule))
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Session(error) => error.status(),
            Self::Deployment(error) => error.status(),
            Self::State(error) => error.status(),
            Self::Lock(error) => error.status(),
            Self::Evidence(error) => error.status(),
            Self::Companion(error) => error.status(),
            Self::Git(error) => error.status(),
            Self::Engine(error) => error.status(),
            Self::Oci(error) => error.status(),
            Self::Registry(error) => error.status(),
            Self::Diff(error) => error.status(),
            Self::Frozen(error) => error.status(),
            Self::Process(error) => error.status(),
            Self::Key(error) => error.status(),
            Self::Sibling { source, .. } => source.status(),
            Self::Tree(error) => error.status(),
            Self::VersionFile(error) => error.status(),
            Self::BadMissionVersion(_)
            | Self::BadCommonVersion { .. }
            | Self::NoSuchRule { .. }
            | Self::NoSuchTag { .. }
            | Self::BadDestination { .. }
            | Self::IntoItself { .. }
            | Self::NoPassword
            | Self::TwiceInput
            | Self::BadRepository(_) => Status::Usage,
            Self::Lower { .. }
            | Self::Underway { .. }
            | Self::Conflicted { .. }
            | Self::Nested { .. }
            | Self::OtherCommon { .. }
            | Self::IgnoredSpecs { .. }
            | Self::NoCommit
            | Self::NoRemote
            | Self::BranchElsewhere { .. }
            | Self::NoVersions { .. }
            | Self::Taken { .. }
            | Self::Foreign { .. }
            | Self::Unsigned { .. }
            | Self::Recorded { .. }
            | Self::OtherContext { .. }
            | Self::Occupied { .. } => Status::No,
            Self::RemoteSilent { .. } | Self::BaseByManifest { .. } => Status::Unavailable,
            Self::NotOnRemote { .. } => Status::Protocol,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Session(error) => return error.hint(),
            Self::Deployment(error) => return error.hint(),
            Self::Lock(error) => return error.hint(),
            Self::Evidence(error) => return error.hint(),
            Self::Companion(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::Engine(error) => return error.hint(),
            Self::Registry(error) => return error.hint(),
            Self::Diff(error) => return error.hint(),
            Self::Key(error) => return error.hint(),
            Self::VersionFile(error) => return error.hint(),
            Self::BadCommonVersion { given, .. } => return corrected(given),
            Self::Lower { .. } => "if it is meant: --allow-lower",
            Self::NoSuchRule { .. } => "release-tag check --explain all",
            Self::Underway { .. } => "git status",
            Self::Conflicted { .. } => "git diff",
            Self::Nested { .. } => "move them out of the mission's directory",
            Self::OtherCommon { .. } => "if they belong to the release: release-tag save --include-common",
            Self::IgnoredSpecs { .. } => "take the rule out of the .gitignore, or: git add --force FILE",
            Self::NoSuchTag { .. } => "git fetch --tags",
            Self::NoRemote => "git remote add origin URL",
            Self::IntoItself { .. } | Self::BranchElsewhere { .. } => "choose another name: --branch NAME",
            Self::NoCommit | Self::NoVersions { .. } => "release-tag save",
            Self::Taken { other_common: true, .. } => {
                "raise the infrastructure's version (release-tag versions --common VERSION), or tag both as one (--combined)"
            }
            Self::Foreign { tag, only_here: true, .. } | Self::Unsigned { tag, .. } => {
                return Some(format!("if nobody else has it: git tag -d {tag}"));
            }
            Self::Taken { .. } | Self::Foreign { .. } => "choose other versions: release-tag versions",
            Self::Recorded { .. } => "release-tag versions --mission VERSION",
            Self::BadDestination { .. } => "oci:DIR, oci-archive:FILE or docker://REGISTRY/REPOSITORY",
            Self::Occupied { flag, .. } => return Some(format!("if it is to be replaced: {flag}")),
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// A version that was nearly one.
fn corrected(given: &str) -> Option<String> {
    let bare = given.trim().trim_start_matches(['v', 'V']);
    let fuller = [bare.to_owned(), format!("{bare}.0"), format!("{bare}.0.0")];
    let right = fuller.into_iter().find(|text| semver::Version::parse(text).is_ok())?;
    Some(format!("did you mean `{right}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_was_nearly_one_is_corrected() {
        let check = |given: &str, right: Option<&str>| {
            let hint = right.map(|right| format!("did you mean `{right}`?"));
            assert_eq!(corrected(given), hint, "{given}");
        };
        check("v1.3.0", Some("1.3.0"));
        check("1.3", Some("1.3.0"));
        check("2", Some("2.0.0"));
        check("one", None);
    }
}

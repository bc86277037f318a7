//! How the tool fails.

use std::path::PathBuf;

use common::archive::ArchiveError;
use common::chill_policy::ChillPolicyError;
use common::deployment::DeploymentError;
use common::digest::Digest;
use common::engine::EngineError;
use common::evidence::EvidenceError;
use common::fault::{Fault, Status, io_status};
use common::frozen::FrozenError;
use common::git::GitError;
use common::inventory::InventoryError;
use common::lock::LockError;
use common::oci::OciError;
use common::requirement::SpecError;
use common::session::SessionError;
use common::sibling::SiblingError;
use common::state_file::StateFileError;
use common::strict_json::StrictJsonError;
use common::tree::TreeError;
use common::waiver::WaiverError;
use thiserror::Error;

use crate::conda_solver::CondaError;
use crate::index::IndexError;
use crate::uv::UvError;

/// Why the tool could not do what it was asked. The trees are then as they were.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// There is no document, or it cannot be passed on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The mission is not there.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// Another run is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was built here is gone from the engine.
    #[error("the image that was built as {name} ({}) is not in {engine} any more", id.short())]
    Gone {
        /// The name it was built as.
        name: String,
        /// Its id.
        id: Digest,
        /// The engine.
        engine: String,
    },
    /// A frozen spec in the tree is not good.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// What the image holds cannot be kept.
    #[error("the specs in the image are not good, so env-frozen stays as it is")]
    BadSpecs(#[source] FrozenError),
    /// The image holds something that cannot be meant to be taken.
    #[error("{path} in {image}: {reason}")]
    Unfit {
        /// The image's name.
        image: String,
        /// The path in the image.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The image was built without freezing anything.
    #[error("{image} holds no frozen specs of any environment of {mission}")]
    NothingInImage {
        /// The image's name.
        image: String,
        /// The mission.
        mission: String,
    },
    /// There is nothing to loosen or to compare with.
    #[error("there is nothing frozen in {}", dir.display())]
    NothingFrozen {
        /// Where it should be.
        dir: PathBuf,
    },
    /// A receipt makes no sense.
    #[error(transparent)]
    Receipt(#[from] StrictJsonError),
    /// A frozen spec cannot be loosened.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// There are no floating specs.
    #[error("there is no such environment to solve in {}", dir.display())]
    NothingToSolve {
        /// Where it should be.
        dir: PathBuf,
    },
    /// A package index cannot be asked.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The solver of pip's half cannot be asked.
    #[error(transparent)]
    Uv(#[from] UvError),
    /// The solver of conda's half cannot be asked.
    #[error(transparent)]
    Conda(#[from] CondaError),
    /// The index tells no digest of what is to be pinned by it.
    #[error("the index tells no SHA-256 of any file of {name} {version}")]
    NoDigest {
        /// The project.
        name: String,
        /// The version.
        version: String,
    },
    /// It knows nothing of what is frozen.
    #[error("{} knows none of the projects that are frozen, so it is not where they come from", indexes.join(", "))]
    WrongIndex {
        /// The indexes that were asked.
        indexes: Vec<String>,
    },
    /// Nothing could be learned about any pin.
    #[error("cannot tell whether anything is gone:{}", list(reasons))]
    Untold {
        /// Why not.
        reasons: Vec<String>,
    },
    /// Nothing says which Python a lock is for.
    #[error("nothing in {} says which Python it is for", path.display())]
    NoPython {
        /// The environment's frozen specs.
        path: PathBuf,
    },
    /// How far pins are to be loosened is not plain.
    #[error(transparent)]
    Policy(#[from] ChillPolicyError),
    /// A spec is not UTF-8.
    #[error("{}:1: not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// What was found in the image is damaged, so that nothing can be said about it.
    #[error("cannot tell what {image} holds:{}", list(flaws))]
    Damaged {
        /// The image's name.
        image: String,
        /// Each file that makes no sense, and why.
        flaws: Vec<String>,
    },
    /// An archive cannot be read.
    #[error("cannot tell what {name} holds")]
    Archive {
        /// The archive.
        name: String,
        /// Why not.
        source: ArchiveError,
    },
    /// An image in a layout or an archive cannot be read or believed.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// A file that is to hold an inventory does not.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// A directory is nothing that an inventory can be made of.
    #[error("{} is a directory, and no image layout: it has no index.json", path.display())]
    NoSource {
        /// The directory.
        path: PathBuf,
    },
    /// It is not clear which image is meant.
    #[error("{place} has {} images{}:{}", images.len(), meant(select.as_deref()), list(images))]
    WhichImage {
        /// The layout or archive.
        place: String,
        /// What was asked for.
        select: Option<String>,
        /// Those it has.
        images: Vec<String>,
    },
    /// It is not clear whose specs are meant.
    #[error("{} has more than one mission", root.display())]
    WhichMission {
        /// The repository.
        root: PathBuf,
    },
    /// There is no such revision.
    #[error("git knows no revision {revision}")]
    NoRevision {
        /// What was asked for.
        revision: String,
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// There can be no patch.
    #[error(
        "a patch changes frozen specs in a directory to what an image holds: A must be the one, B the other"
    )]
    NoPatch,
    /// Standard output cannot be written to.
    #[error("cannot write to standard output")]
    Print {
        /// Why not.
        source: std::io::Error,
    },
    /// A file in the tree stands where a directory is needed, or the other way round.
    #[error("{}: {reason}", path.display())]
    InTheWay {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] StateFileError),
    /// A tree cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Nothing can be copied to there.
    #[error("cannot copy to {}: {reason}", path.display())]
    NoPlace {
        /// Where.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// A file out of the image cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A tree cannot be replaced.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The commit cannot be noted in the hash files; what was frozen is in the tree.
    #[error("env-frozen is written, but HASH and MISSION_HASH are not")]
    Hashes(#[source] SiblingError),
    /// What was found cannot be recorded.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// What is waived cannot be told.
    #[error(transparent)]
    Waivers(#[from] WaiverError),
}

fn meant(select: Option<&str>) -> String {
    select.map_or_else(
        || ", and which one is meant was not said".to_owned(),
        |text| format!(", and not just one is {text}"),
    )
}

fn list(flaws: &[String]) -> String {
    let mut text = String::new();
    for flaw in flaws {
        text.push_str("\n  ");
        text.push_str(flaw);
    }
    text
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Session(error) => error.status(),
            Self::Deployment(error) => error.status(),
            Self::Lock(error) => error.status(),
            Self::Engine(error) => error.status(),
            Self::Frozen(error) | Self::BadSpecs(error) => error.status(),
            Self::Spec(error) => error.status(),
            Self::Receipt(error) => error.status(),
            Self::Policy(error) => error.status(),
            Self::Index(error) => error.status(),
            Self::Uv(error) => error.status(),
            Self::Conda(error) => error.status(),
            Self::Gone { .. } | Self::NoDigest { .. } | Self::Untold { .. } => Status::Unavailable,
            Self::WrongIndex { .. } => Status::Settings,
            Self::NoPython { .. }
            | Self::Unfit { .. }
            | Self::NothingInImage { .. }
            | Self::NothingFrozen { .. }
            | Self::NotText { .. }
            | Self::Damaged { .. }
            | Self::NoSource { .. }
            | Self::WhichImage { .. }
            | Self::NoRevision { .. }
            | Self::InTheWay { .. } => Status::Data,
            Self::File(error) => error.status(),
            Self::Read { source, .. } | Self::Write { source, .. } | Self::Print { source } => {
                io_status(source)
            }
            Self::Archive { source, .. } => source.status(),
            Self::Oci(error) => error.status(),
            Self::Git(error) => error.status(),
            Self::NothingToSolve { .. } | Self::WhichMission { .. } | Self::NoPatch => Status::Usage,
            Self::Inventory(error) => error.status(),
            Self::NoPlace { .. } => Status::CannotCreate,
            Self::Tree(error) => error.status(),
            Self::Hashes(error) => error.status(),
            Self::Evidence(error) => error.status(),
            Self::Waivers(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Deployment(error) => error.hint(),
            Self::Receipt(error) => {
                error.hint().or_else(|| Some("git restore FILE, or image-update to have it anew".to_owned()))
            }
            Self::Frozen(FrozenError::Spec(_) | FrozenError::Empty { .. }) | Self::NotText { .. } => {
                Some("git restore FILE, or image-freeze to take it out of the image again".to_owned())
            }
            Self::Lock(error) => error.hint(),
            Self::Waivers(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Gone { name, .. } => {
                Some(format!("image-build, or --image {name} for what has that name now"))
            }
            Self::Index(error) => error.hint(),
            Self::Uv(error) => error.hint(),
            Self::Conda(error) => error.hint(),
            Self::WrongIndex { .. } => Some("--index URL".to_owned()),
            Self::NoPython { .. } => Some("--python 3.11".to_owned()),
            Self::Hashes(_) => Some("release-hashes".to_owned()),
            Self::NothingFrozen { .. } => Some("image-freeze".to_owned()),
            Self::NothingInImage { .. } | Self::BadSpecs(_) => Some("image-build".to_owned()),
            Self::WhichImage { images, .. } if !images.is_empty() => {
                let id = images[0].split(' ').next().unwrap_or_default();
                Some(format!("--select {id}"))
            }
            Self::WhichMission { .. } => Some("--mission MISSION".to_owned()),
            _ => None,
        }
    }
}

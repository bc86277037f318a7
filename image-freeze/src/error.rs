//! How the tool fails.

use std::path::PathBuf;

use common::deployment::DeploymentError;
use common::digest::Digest;
use common::engine::EngineError;
use common::evidence::EvidenceError;
use common::fault::{Fault, Status, io_status};
use common::frozen::FrozenError;
use common::lock::LockError;
use common::requirement::SpecError;
use common::session::SessionError;
use common::state_file::StateFileError;
use common::tree::TreeError;
use thiserror::Error;

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
    /// A frozen spec cannot be loosened.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A spec is not UTF-8.
    #[error("{} is not UTF-8 text", path.display())]
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
    /// What was found cannot be recorded.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
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
            Self::Gone { .. } => Status::Unavailable,
            Self::Frozen(error) | Self::BadSpecs(error) => error.status(),
            Self::Spec(error) => error.status(),
            Self::Unfit { .. }
            | Self::NothingInImage { .. }
            | Self::NothingFrozen { .. }
            | Self::NotText { .. }
            | Self::Damaged { .. }
            | Self::InTheWay { .. } => Status::Data,
            Self::File(error) => error.status(),
            Self::Read { source, .. } | Self::Write { source, .. } => io_status(source),
            Self::NoPlace { .. } => Status::CannotCreate,
            Self::Tree(error) => error.status(),
            Self::Evidence(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Deployment(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Gone { name, .. } => {
                Some(format!("image-build, or --image {name} for what has that name now"))
            }
            Self::NothingFrozen { .. } => Some("image-freeze".to_owned()),
            Self::NothingInImage { .. } | Self::BadSpecs(_) => Some("image-build".to_owned()),
            _ => None,
        }
    }
}

//! How a build fails.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use common::base_lock::BaseLockError;
use common::ca_bundle::CaBundleError;
use common::deployment::DeploymentError;
use common::engine::EngineError;
use common::evidence::EvidenceError;
use common::fault::{Fault, Status, io_status};
use common::git::GitError;
use common::lock::LockError;
use common::process::Exit;
use common::session::SessionError;
use common::settings::BadValue;
use common::sibling::SiblingError;
use common::state_file::StateFileError;

use crate::apply::HandedError;
use crate::base::bootstrap::BootstrapError;
use crate::base::source::SourceError;
use crate::capsule::CapsuleError;
use crate::preflight::CheckError;
use crate::progress::Output;
use crate::repack::RepackError;
use crate::stage::StageError;

/// What went wrong, by what was being done.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// There is no document, or it cannot be passed on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A flag asks for what such a build has not.
    #[error("--index-cutoff: a frozen build solves nothing, so it has no moment to solve against")]
    FrozenClock,
    /// No engine takes a value.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// What is to be written at the end cannot be.
    #[error("cannot write {}: {} is no directory, or the file is one", path.display(), dir.display())]
    NoPlace {
        /// What is to be written.
        path: PathBuf,
        /// Where.
        dir: PathBuf,
    },
    /// There is no commit whose time an image could count as made at.
    #[error("--reproducible: there is no commit yet whose time an image could have")]
    NoCommit,
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The tree cannot be built from.
    #[error(transparent)]
    Preflight(#[from] CheckError),
    /// The tree cannot be read.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// What the base is locked to cannot be known.
    #[error(transparent)]
    BaseLock(#[from] BaseLockError),
    /// The CA bundle cannot be used.
    #[error(transparent)]
    CaBundle(#[from] CaBundleError),
    /// Another build of this clone runs.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The clone's own directory cannot be written.
    #[error(transparent)]
    State(#[from] StateFileError),
    /// What was built cannot be noted.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A context cannot be digested.
    #[error("cannot read the context {context}")]
    Context {
        /// Which.
        context: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The engine cannot be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine said no in a step.
    #[error("{}", Failure(step, *exit, output))]
    Step {
        /// Which.
        step: String,
        /// How the engine ended.
        exit: Exit,
        /// What it said last.
        output: Output,
    },
    /// Another of our tools failed.
    #[error("{step}: {source}")]
    Sibling {
        /// The step.
        step: &'static str,
        /// What it said.
        source: SiblingError,
    },
    /// Another of our tools did what it could, and the answer is no.
    #[error("{step}: the answer was no, so the build is not complete")]
    SiblingNo {
        /// The step.
        step: &'static str,
    },
    /// A context cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A builder cannot be given what it builds upon.
    #[error(transparent)]
    Handed(#[from] HandedError),
    /// The docker-stacks source cannot be built.
    #[error("base: {0}")]
    Source(#[from] SourceError),
    /// An image could not be made one of one layer.
    #[error("repack: {0}")]
    Repack(#[from] RepackError),
    /// A capsule could not be recorded or built from.
    #[error(transparent)]
    Capsule(#[from] Box<CapsuleError>),
    /// No base image could be made.
    #[error("base: {0}")]
    Bootstrap(#[from] BootstrapError),
    /// Two builds met.
    #[error(
        "{image} was built upon another {name} than this build made: somebody else builds the same images on \
         this engine"
    )]
    Mixed {
        /// The image.
        image: String,
        /// The name that both use.
        name: String,
    },
    /// The tree was edited after it had been looked at.
    #[error("the tree changed while {image} was being built: {}", differences.join(", "))]
    Edited {
        /// The image.
        image: String,
        /// What is not what it was.
        differences: Vec<String>,
    },
    /// The image says something else than the settings.
    #[error(
        "{image} was to be built with USE_FROZEN={wanted} and says {}: the engine ignored the build argument",
        found.as_deref().unwrap_or("nothing")
    )]
    NotAsSet {
        /// The image.
        image: String,
        /// What the settings say.
        wanted: &'static str,
        /// What the image says.
        found: Option<String>,
    },
}

struct Failure<'a>(&'a str, Exit, &'a Output);

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(step, exit, output) = self;
        write!(f, "the step `{step}` failed with {exit}")?;
        output.unseen.iter().try_for_each(|line| write!(f, "\n  | {line}"))?;
        write!(f, "\n  its log: {}", output.log.display())
    }
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Session(error) => error.status(),
            Self::FrozenClock | Self::NoCommit => Status::Usage,
            Self::Value(error) => error.status(),
            Self::NoPlace { .. } => Status::CannotCreate,
            Self::Git(error) => error.status(),
            Self::Preflight(error) => error.status(),
            Self::Deployment(error) => error.status(),
            Self::BaseLock(error) => error.status(),
            Self::CaBundle(error) => error.status(),
            Self::Lock(error) => error.status(),
            Self::State(error) => error.status(),
            Self::Evidence(error) => error.status(),
            Self::Context { source, .. } => io_status(source),
            Self::Engine(error) => error.status(),
            Self::Step { exit, .. } => exit.status(),
            Self::Sibling { source, .. } => source.status(),
            Self::SiblingNo { .. } => Status::No,
            Self::Stage(error) => error.status(),
            Self::Handed(error) => error.status(),
            Self::Source(error) => error.status(),
            Self::Bootstrap(error) => error.status(),
            Self::Repack(error) => error.status(),
            Self::Capsule(error) => error.status(),
            Self::Mixed { .. } => Status::Unavailable,
            Self::Edited { .. } => Status::Locked,
            Self::NotAsSet { .. } => Status::Protocol,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Preflight(error) => error.hint(),
            Self::Deployment(error) => error.hint(),
            Self::CaBundle(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Evidence(error) => error.hint(),
            Self::Git(error) => error.hint(),
            // It would say to run image-build.
            Self::Engine(error) if !matches!(error, EngineError::NoImage { .. }) => error.hint(),
            Self::Step { output, .. } if output.untrusted => {
                Some("image-build --ca-bundle FILE, with the certificates of your network (PEM)".to_owned())
            }
            Self::Source(error) => error.hint(),
            Self::Bootstrap(error) => error.hint(),
            Self::Repack(error) => error.hint(),
            Self::Value(error) => error.hint(),
            Self::NoPlace { dir, .. } => Some(format!("mkdir -p {}", dir.display())),
            Self::Capsule(error) => error.hint(),
            Self::Mixed { .. } => Some("image-build, when the other build is over".to_owned()),
            Self::Edited { .. } => Some("image-build, when the tree stays as it is".to_owned()),
            Self::NotAsSet { .. } => Some(
                "in the Dockerfile, put `ARG USE_FROZEN` and `ENV USE_FROZEN=$USE_FROZEN` before a RUN of the stage"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(output: Output) -> Error {
        Error::Step { step: "common".to_owned(), exit: Exit::Code(17), output }
    }

    #[test]
    fn a_failing_step_shows_its_last_lines_its_log_and_its_own_status() {
        let output = Output {
            log: "/r/.image/logs/1/02-common.log".into(),
            unseen: vec!["no space".to_owned()],
            ..Output::default()
        };
        let error = failed(output);
        assert_eq!(error.status(), Status::Passed(17));
        assert_eq!(
            error.to_string(),
            "the step `common` failed with status 17\n  | no space\n  its log: /r/.image/logs/1/02-common.log"
        );
        assert_eq!(error.hint(), None);
    }

    #[test]
    fn an_unknown_authority_leads_to_the_flag() {
        let error = failed(Output { untrusted: true, ..Output::default() });
        assert!(error.hint().unwrap().contains("--ca-bundle FILE"));
    }
}

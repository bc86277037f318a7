//! How image-test fails.

use std::path::PathBuf;

use common::engine::EngineError;
use common::evidence::EvidenceError;
use common::fault::{Fault, Status, io_status};
use common::process::Exit;
use common::report::ImageIdentity;
use common::session::SessionError;
use common::state_file::StateFileError;
use common::waiver::WaiverError;
use thiserror::Error;

use crate::bisect::BisectError;
use crate::native::PayloadError;
use crate::plan::TEST;
use crate::reports::ReportError;
use crate::specs::SpecError;

/// The tests could not be run, or their results not be kept. That tests fail is no error.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// There is no document to work with, or it cannot be passed on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// What the repository asks for cannot be read.
    #[error("cannot tell what the repository asks to be tested: {0}")]
    Specs(#[from] SpecError),
    /// The clone's own directory cannot be used.
    #[error("cannot keep the log of the tests: {0}")]
    Log(#[from] StateFileError),
    /// The facts about images cannot be read or written.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// What is waived cannot be told.
    #[error(transparent)]
    Waivers(#[from] WaiverError),
    /// The document says that there is nothing to test.
    #[error("the last image-build in the document did not succeed: there is nothing to test")]
    NotBuilt,
    /// There is no image of that name.
    #[error("there is no image {name} in {engine}")]
    NoImage {
        /// What was looked for.
        name: String,
        /// Where.
        engine: String,
    },
    /// The image that was built is gone.
    #[error("the image {} ({}) that image-build recorded is not in {engine} any more", image.name, image.id.short())]
    Gone {
        /// The image.
        image: ImageIdentity,
        /// Where it was looked for.
        engine: String,
    },
    /// The engine cannot be used.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine did not get as far as to start the tests.
    #[error("{engine} could not run the tests in {image}: {said}")]
    NotStarted {
        /// The engine.
        engine: String,
        /// The image's name.
        image: String,
        /// Its status, which we pass through.
        status: u8,
        /// What it said.
        said: String,
    },
    /// The image has no tests to run.
    #[error("{image} has no {TEST} that can be run, or its interpreter is missing: {said}")]
    NoTest {
        /// The image's name.
        image: String,
        /// What the engine said.
        said: String,
    },
    /// The image's test cannot be executed.
    #[error("{TEST} in {image} is not executable: {said}")]
    NotExecutable {
        /// The image's name.
        image: String,
        /// What the engine said.
        said: String,
    },
    /// The image has no Python to run the tests with.
    #[error("{image} has no {python} to run the tests with: {said}")]
    NoPython {
        /// The image's name.
        image: String,
        /// What was asked for.
        python: String,
        /// What the engine said.
        said: String,
    },
    /// What the container is to read cannot be put together.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// Which upgrade is to blame cannot be found out.
    #[error(transparent)]
    Bisect(#[from] BisectError),
    /// There is no image to run a command in, and it is not looked for elsewhere.
    #[error("there is no image {image} in {engine}, and it is not fetched from a registry")]
    NotThere {
        /// What was looked for.
        image: String,
        /// Where.
        engine: String,
    },
    /// A directory to be mounted cannot be made.
    #[error("cannot make the directory {} to be mounted", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A directory cannot be mounted.
    #[error("cannot mount {}: {reason}", path.display())]
    Unfit {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// A word cannot be a part of `IMAGE_RUN_PARS`.
    #[error("{word:?} cannot be in IMAGE_RUN_PARS, which is split at blanks")]
    Blank {
        /// The word.
        word: String,
    },
    /// The hub's hook failed.
    #[error("post-start-hook ended with {exit}; the command was not run")]
    Hook {
        /// How it ended.
        exit: Exit,
    },
    /// The time limit passed.
    #[error("the tests were ended after {seconds} seconds, the time limit")]
    TimeLimit {
        /// The limit.
        seconds: u64,
    },
}

impl Fault for Error {
    fn status(&self) -> Status {
        match self {
            Self::Session(error) => error.status(),
            Self::Report(error) => error.status(),
            Self::Specs(error) => error.status(),
            Self::Log(error) => error.status(),
            Self::Evidence(error) => error.status(),
            Self::Waivers(error) => error.status(),
            Self::NotBuilt | Self::NoImage { .. } | Self::Gone { .. } => Status::Unavailable,
            Self::Engine(error) => error.status(),
            Self::NotStarted { status, .. } => Status::Passed(*status),
            Self::Payload(error) => error.status(),
            Self::Bisect(error) => error.status(),
            Self::NoTest { .. } | Self::NoPython { .. } => Status::Passed(127),
            Self::NotExecutable { .. } => Status::Passed(126),
            // What docker itself ends with.
            Self::NotThere { .. } => Status::Passed(125),
            Self::Directory { source, .. } => io_status(source),
            Self::Unfit { .. } | Self::Blank { .. } => Status::Settings,
            Self::Hook { exit } => exit.status(),
            Self::TimeLimit { .. } => Status::TimeLimit,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Report(error) => error.hint(),
            Self::Evidence(error) => error.hint(),
            Self::Waivers(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Bisect(error) => error.hint(),
            Self::NotBuilt | Self::NoImage { .. } | Self::NotThere { .. } => Some("image-build".to_owned()),
            Self::Gone { image, .. } => {
                Some(format!("image-build, or image-test --image {} for what has that name now", image.name))
            }
            Self::NoTest { .. } => Some("give the mission an environments/test, then image-build".to_owned()),
            Self::NoPython { .. } => {
                Some("name one of the image: image-test --native --python /opt/conda/bin/python".to_owned())
            }
            Self::NotExecutable { .. } => Some("chmod +x environments/test, then image-build".to_owned()),
            Self::TimeLimit { .. } => Some("give them longer: image-test --timeout DURATION".to_owned()),
            Self::Blank { .. } => Some("image-sh --dev or run-lab --dev, which take any path".to_owned()),
            Self::Specs(error) => error.hint(),
            Self::Log(_)
            | Self::NotStarted { .. }
            | Self::Directory { .. }
            | Self::Unfit { .. }
            | Self::Payload(_)
            | Self::Hook { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::digest::Digest;

    fn check(error: &Error, status: u8, hint: Option<&str>) {
        assert_eq!(error.status().code(), status, "{error}");
        assert_eq!(error.hint().as_deref(), hint, "{error}");
    }

    #[test]
    fn each_failure_has_a_status_and_something_to_type() {
        let (image, said) = (|| "notebook-roman:latest".to_owned(), || "exec: no".to_owned());
        let engine = || "docker 24 (/usr/bin/docker)".to_owned();
        let identity = ImageIdentity { name: image(), id: Digest::of(b"image") };
        check(&Error::NotBuilt, 69, Some("image-build"));
        check(&Error::NoImage { name: image(), engine: engine() }, 69, Some("image-build"));
        check(
            &Error::Gone { image: identity, engine: engine() },
            69,
            Some("image-build, or image-test --image notebook-roman:latest for what has that name now"),
        );
        check(
            &Error::NoTest { image: image(), said: said() },
            127,
            Some("give the mission an environments/test, then image-build"),
        );
        check(
            &Error::NotExecutable { image: image(), said: said() },
            126,
            Some("chmod +x environments/test, then image-build"),
        );
        check(&Error::NotStarted { engine: engine(), image: image(), status: 125, said: said() }, 125, None);
        check(&Error::TimeLimit { seconds: 5 }, 124, Some("give them longer: image-test --timeout DURATION"));
    }
}

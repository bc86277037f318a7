//! How a run's output is read: by the marks of the image's own scripts, or by our runner's events.

use std::borrow::Cow;
use std::time::Duration;

use common::process::Exit;
use common::report::{TestEnvironment, TestRunner};

use crate::cross_check;
use crate::native::Results;
use crate::specs::Spec;
use crate::transcript::{Ending, Tail, Transcript};
use crate::verdict;

/// What a run has told so far.
#[derive(Debug)]
pub(crate) enum Account {
    /// The image's own scripts ran the tests.
    Transcript(Transcript),
    /// We did.
    Native(Results),
}

impl Account {
    /// Takes in one line, which came `at` this time since the start; gives what people are to see of
    /// it, and what the log keeps.
    pub(crate) fn line<'a>(&mut self, line: &'a [u8], at: Duration) -> (Cow<'a, [u8]>, Cow<'a, [u8]>) {
        let shown = match self {
            Self::Transcript(transcript) => {
                transcript.line(line, at);
                None
            }
            Self::Native(results) => results.line(line),
        };
        match shown {
            None => (line.into(), line.into()),
            Some(shown) => (shown.line.into_bytes().into(), shown.all.into_bytes().into()),
        }
    }

    /// Whether any test began.
    pub(crate) const fn has_begun(&self) -> bool {
        match self {
            Self::Transcript(transcript) => transcript.has_begun(),
            Self::Native(results) => results.has_begun(),
        }
    }

    /// What was printed last, where an engine tells its own trouble.
    pub(crate) const fn last_lines(&self) -> &Tail {
        match self {
            Self::Transcript(transcript) => transcript.last_lines(),
            Self::Native(results) => results.last_lines(),
        }
    }

    /// What ran the tests.
    pub(crate) const fn runner(&self) -> TestRunner {
        match self {
            Self::Transcript(_) => TestRunner::Image,
            Self::Native(_) => TestRunner::Native,
        }
    }

    /// What it means that the container ended so. Of our own runner's end there is nothing to say.
    pub(crate) fn ending(&self, exit: Exit) -> Ending {
        let ending = verdict::ending(exit, self.last_lines());
        match self {
            Self::Native(results) if results.has_ended() && exit.is_success() => {
                Ending { words: String::new(), ..ending }
            }
            Self::Transcript(_) | Self::Native(_) => ending,
        }
    }

    /// The results, completed by what `specs` ask for and was not run.
    pub(crate) fn finish(self, ending: &Ending, took: Duration, specs: &[Spec]) -> Vec<TestEnvironment> {
        match self {
            Self::Transcript(transcript) => {
                cross_check::complete(transcript.finish(ending, took), specs, ending.clean)
            }
            Self::Native(results) => results.finish(ending),
        }
    }
}

//! The pull request, through `gh`.

use common::console::Console;
use common::fault::{Fault as _, Status};
use common::process::{self, Input, Invocation, ProcessError};
use common::report::ProposeOutcome;
use serde_json::Value;

use super::host::{Host, Kind};
use crate::error::Error;

/// A request to merge a branch of one repository into another's.
pub struct Request<'a> {
    /// The repository with the branch.
    pub from: &'a Host,
    /// The repository that it is to be merged into.
    pub into: &'a Host,
    /// What is proposed.
    pub outcome: &'a ProposeOutcome,
    /// Where people are told.
    pub console: &'a Console,
}

impl Request<'_> {
    /// Makes the request, or brings the one that is there up to date; gives its address. None where `gh` cannot.
    ///
    /// # Errors
    /// `gh` cannot be run, although it is there.
    pub fn put(&self) -> Result<Option<String>, Error> {
        match self.attempt() {
            // There is no such program here.
            Err(error) if error.status() == Status::Missing => Ok(None),
            done => Ok(done?),
        }
    }

    fn attempt(&self) -> Result<Option<String>, ProcessError> {
        if !self.is_known()? {
            return Ok(None);
        }
        match self.there()? {
            Some(url) => self.update(&url).map(|()| Some(url)),
            None => self.make(),
        }
    }

    /// Whether `gh` knows the host: by its name, or because somebody logged in there, as at an Enterprise's.
    fn is_known(&self) -> Result<bool, ProcessError> {
        Ok(match self.into.kind() {
            Kind::GitHub => true,
            Kind::Unknown => {
                let call = Invocation::new("gh").args(["auth", "status", "--hostname", self.into.name()]);
                process::capture(&call, self.console)?.exit.is_success()
            }
            _ => false,
        })
    }

    fn gh(&self, words: &[&str]) -> Invocation {
        Invocation::new("gh").args(words.iter().copied()).arg("--repo").arg(self.into.repository())
    }

    /// The open request of this branch. Others' forks may have branches of the same name.
    fn there(&self) -> Result<Option<String>, ProcessError> {
        let fields = "url,headRepositoryOwner";
        let list = self.gh(&["pr", "list", "--head", &self.outcome.branch, "--json", fields]);
        let listed = process::capture(&list, self.console)?;
        let requests: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap_or_default();
        let is_ours = |request: &&Value| {
            let owner = request["headRepositoryOwner"]["login"].as_str();
            owner.is_none_or(|owner| owner.eq_ignore_ascii_case(self.from.owner()))
        };
        let ours = requests.iter().find(is_ours).and_then(|request| request["url"].as_str());
        Ok(ours.map(str::to_owned))
    }

    fn make(&self) -> Result<Option<String>, ProcessError> {
        let head = self.from.head(&self.outcome.branch, self.into);
        let made = self.send(&["pr", "create", "--head", &head], "gh made no pull request")?;
        Ok(made.and_then(|said| said.lines().last().map(str::to_owned)))
    }

    /// The release may have changed since it was proposed.
    fn update(&self, url: &str) -> Result<(), ProcessError> {
        self.send(&["pr", "edit", url], "gh did not bring the pull request up to date").map(|_| ())
    }

    /// Gives `gh` the words with title, text and base; what it printed, if it did it.
    fn send(&self, words: &[&str], otherwise: &str) -> Result<Option<String>, ProcessError> {
        let call = self
            .gh(words)
            .args(["--base", &self.outcome.base, "--title", &self.outcome.title, "--body-file", "-"])
            .input(Input::Bytes(self.outcome.notes.as_bytes().to_vec()));
        let captured = process::capture(&call, self.console)?;
        if captured.exit.is_success() {
            return Ok(Some(captured.text()));
        }
        let said = String::from_utf8_lossy(&captured.stderr).trim().to_owned();
        self.console.warn(format_args!("{otherwise}: {said}"));
        Ok(None)
    }
}

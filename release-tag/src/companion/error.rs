//! How the companion commands fail.

use std::path::PathBuf;

use common::fault::{Fault, Status};
use thiserror::Error;

/// A companion command could not do its part.
#[derive(Debug, Error)]
pub enum CompanionError {
    /// It was not started where it must be.
    #[error("{} is not the root of a clone", dir.display())]
    NotAtRoot {
        /// Where it was started.
        dir: PathBuf,
    },
    /// Work could be lost, or would not be looked at.
    #[error("tracked files have changes that are not committed:{}", list(paths))]
    Unsaved {
        /// Which.
        paths: Vec<PathBuf>,
        /// The status that callers of this command know it by.
        status: Status,
    },
    /// There is no such branch here.
    #[error("there is no branch {branch:?} in this clone")]
    NoBranch {
        /// What was given.
        branch: String,
    },
    /// There is no such branch there.
    #[error("{remote} has no branch {branch:?}")]
    NoRemoteBranch {
        /// The remote, or its address.
        remote: String,
        /// What was asked for.
        branch: String,
    },
    /// The baseline is none.
    #[error("{given:?} is no baseline: there is no branch after the last `@`")]
    BadBaseline {
        /// What was given.
        given: String,
    },
    /// Two branches have no history in common.
    #[error("{branch} and {baseline} share no commit that this clone has")]
    NoMergeBase {
        /// The branch.
        branch: String,
        /// The baseline.
        baseline: String,
    },
    /// There is nobody to ask.
    #[error("nothing was done: there is no terminal to ask on")]
    NobodyToAsk,
    /// There is no remote.
    #[error("there is no remote whose main branch the versions could be for")]
    NoRemote,
    /// The new versions are not on the main branch yet (D62).
    #[error("{branch} of {remote} still says {there}, while {place} here says {here}: it is not merged yet")]
    NotMerged {
        /// The remote.
        remote: String,
        /// Its branch.
        branch: String,
        /// The versions there.
        there: String,
        /// Where other versions are.
        place: String,
        /// The versions here.
        here: String,
    },
    /// The versions on the main branch are those of an earlier release (D62).
    #[error("{branch} of {remote} says {versions}, and {tag} is already at {found}, not at {commit}")]
    Released {
        /// The remote.
        remote: String,
        /// Its branch.
        branch: String,
        /// The versions there.
        versions: String,
        /// A tag of theirs.
        tag: String,
        /// Where that is.
        found: String,
        /// The tip of the branch.
        commit: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().fold(String::new(), |text, path| text + "\n  " + &path.display().to_string())
}

impl Fault for CompanionError {
    fn status(&self) -> Status {
        match self {
            Self::NotAtRoot { .. } => Status::Passed(3),
            Self::Unsaved { status, .. } => *status,
            Self::BadBaseline { .. } | Self::NobodyToAsk | Self::NoRemote => Status::Usage,
            Self::NoBranch { .. } | Self::NoRemoteBranch { .. } | Self::NoMergeBase { .. } => {
                Status::Unavailable
            }
            Self::NotMerged { .. } | Self::Released { .. } => Status::No,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotAtRoot { .. } => "cd \"$(git rev-parse --show-toplevel)\"",
            Self::Unsaved { .. } => "git commit, or: git stash push",
            Self::NoBranch { .. } => "git branch --all",
            Self::NoRemoteBranch { remote, .. } => return Some(format!("git ls-remote --heads {remote}")),
            Self::BadBaseline { .. } => "REMOTE/BRANCH, URL@BRANCH, or a branch of this clone",
            Self::NoMergeBase { .. } => "if this clone is shallow: git fetch --unshallow",
            Self::NobodyToAsk => "if it is meant: --yes",
            Self::NoRemote => "git remote add upstream URL",
            Self::NotMerged { .. } => "merge the pull request first",
            Self::Released { .. } => "merge new versions first: release-tag prepare COMMON_VER MISSION_NUM",
        };
        Some(text.to_owned())
    }
}

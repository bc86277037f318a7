//! What a branch is compared with.

use common::git::Repo;

use super::error::CompanionError;
use crate::error::Error;

/// A branch, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// A remote of this clone, or an address, has it.
    Remote {
        /// The remote's name, or the address.
        remote: String,
        /// The branch there.
        branch: String,
    },
    /// This clone has it.
    Local(String),
}

impl Baseline {
    /// Reads `text`, where `remotes` are the remotes of this clone.
    ///
    /// An address may hold an `@` itself, as in `git@host:org/repo@main`: it ends at the last one
    /// (D37). What begins with a remote's name and a slash is that remote's, whatever follows.
    ///
    /// # Errors
    /// What follows the last `@` cannot be a branch.
    pub fn parse(text: &str, remotes: &[String]) -> Result<Self, Error> {
        let of = |remote: &String| {
            let branch = text.strip_prefix(remote.as_str())?.strip_prefix('/')?;
            Some((remote.clone(), branch.to_owned()))
        };
        // A remote's name may hold a slash: the longest one that fits.
        if let Some((remote, branch)) = remotes.iter().filter_map(of).max_by_key(|(name, _)| name.len()) {
            return Ok(Self::Remote { remote, branch });
        }
        let Some((remote, branch)) = text.rsplit_once('@') else { return Ok(Self::Local(text.to_owned())) };
        // `git@host:org/repo` and `https://user@host/repo` are addresses without a branch.
        let cut_in_address = branch.contains(':')
            || remote.split_once("://").is_some_and(|(_, host)| !host.contains('/') && !host.is_empty());
        if remote.is_empty() || branch.is_empty() || cut_in_address {
            return Err(CompanionError::BadBaseline { given: text.to_owned() }.into());
        }
        Ok(Self::Remote { remote: remote.to_owned(), branch: branch.to_owned() })
    }

    /// Its newest commit, whose content is in this clone afterwards.
    ///
    /// # Errors
    /// There is no such branch, the remote does not answer, or git failed.
    pub fn tip(&self, repo: &Repo<'_>) -> Result<String, Error> {
        Ok(match self {
            Self::Remote { remote, branch } => {
                let missing =
                    || CompanionError::NoRemoteBranch { remote: remote.clone(), branch: branch.clone() };
                repo.fetch_branch(remote, branch)?.ok_or_else(missing)?
            }
            Self::Local(branch) => {
                let missing = || CompanionError::NoBranch { branch: branch.clone() };
                repo.tip(branch)?.ok_or_else(missing)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D37: an ssh address was cut at its first `@`.
    #[test]
    fn d37_an_address_ends_at_its_last_at_sign() {
        let remotes = ["origin", "team", "team/fork"].map(str::to_owned);
        let check = |text: &str, remote: &str, branch: &str| {
            let expected = Baseline::Remote { remote: remote.to_owned(), branch: branch.to_owned() };
            assert_eq!(Baseline::parse(text, &remotes).unwrap(), expected, "{text}");
        };
        check("git@host:org/repo@main", "git@host:org/repo", "main");
        check("https://user@host/org/repo.git@release/1", "https://user@host/org/repo.git", "release/1");
        check("file:///a b/repo@main", "file:///a b/repo", "main");
        check("origin/main", "origin", "main");
        check("origin/user@feature", "origin", "user@feature");
        check("team/fork/main", "team/fork", "main");
        for local in ["main", "feature/x", "upstream/main"] {
            assert_eq!(Baseline::parse(local, &remotes).unwrap(), Baseline::Local(local.to_owned()));
        }
        for bad in ["git@host:org/repo", "https://user@host/org/repo", "repo@", "@main"] {
            let error = Baseline::parse(bad, &remotes).unwrap_err();
            assert!(error.to_string().contains("is no baseline"), "{bad}");
        }
    }
}

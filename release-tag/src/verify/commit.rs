//! The links that the tagged commit holds: record, versions, locks, receipts, contexts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::deployment::Deployment;
use common::digest::Digest;
use common::frozen::{CONDA_FILE, PIP_FILE};
use common::git::{Repo, short};
use common::receipt;

use super::chain::{Chain, Link};
use crate::committed;
use crate::error::Error;
use crate::message::{CHECKED_TRAILER, RECORD_TRAILER, trailer};
use crate::record::Record;
use crate::release::Release;

/// What a tag tells.
pub struct Told {
    /// The commit that it leads to.
    pub commit: String,
    /// The record in it.
    pub record: Record,
    /// The record's bytes.
    pub bytes: Vec<u8>,
}

/// Checks what `tag` leads to. None if the chain ends there.
///
/// # Errors
/// git failed.
pub fn check(tag: &str, repo: &Repo<'_>, chain: &mut Chain) -> Result<Option<Told>, Error> {
    let Some(found) = repo.tag(tag)? else {
        chain.unchecked(Link::Tag, format!("there is no tag {tag} in this clone: git fetch --tags"));
        return Ok(None);
    };
    let message = repo.tag_message(tag)?.unwrap_or_default();
    let Some(expected) = trailer(&message, RECORD_TRAILER) else {
        chain.unchecked(Link::Tag, format!("{tag} tells of no record: it was made before there were any"));
        return Ok(None);
    };
    let commit = found.commit;
    let Some((mission, bytes)) = committed::record(repo, &commit, expected)? else {
        chain.broken(Link::Tag, format!("no release.json in {} has the digest {expected}", short(&commit)));
        return Ok(None);
    };
    chain.holds(Link::Tag);
    let record = match Record::parse(&bytes) {
        Ok(record) => record,
        Err(reason) => {
            chain.broken(Link::Record, reason);
            return Ok(None);
        }
    };
    chain.holds(Link::Record);
    match trailer(&message, CHECKED_TRAILER) {
        None => chain.holds(Link::Checked),
        Some(word) => chain.broken(Link::Checked, format!("the tag says `{CHECKED_TRAILER}: {word}`")),
    }
    match repo.tagged_at(tag)? {
        Some(moment) => chain.judge(Link::Excused, &record.unexcused(Some(moment))),
        None => chain.unchecked(Link::Excused, "the tag does not say when it was made"),
    }
    if let Ok(mission) = mission.parse() {
        let deployment = Deployment::new(repo.root(), &mission);
        Side { repo, deployment: &deployment, commit: &commit, record: &record }.check(tag, chain)?;
    }
    Ok(Some(Told { commit, record, bytes }))
}

/// A commit and what the record says of it.
struct Side<'a> {
    repo: &'a Repo<'a>,
    deployment: &'a Deployment,
    commit: &'a str,
    record: &'a Record,
}

impl Side<'_> {
    fn check(&self, tag: &str, chain: &mut Chain) -> Result<(), Error> {
        chain.judge(Link::Versions, &self.versions(tag)?);
        chain.judge(Link::Locks, &other(&self.record.locks, &self.locks()?));
        chain.judge(Link::Receipts, &other(&self.record.receipts, &self.receipts()?));
        let contexts = &self.record.contexts;
        let mut flaws = Vec::new();
        for (dir, expected) in
            [(self.deployment.common_dir(), &contexts.common), (self.deployment.dir(), &contexts.mission)]
        {
            let dir = self.below(&dir);
            match committed::context_digest(self.repo, self.commit, &dir)? {
                Ok(digest) if digest == *expected => {}
                Ok(_) => flaws.push(format!("{} is not what was built of", dir.display())),
                Err(error) => flaws.push(format!("{}: {error}", dir.display())),
            }
        }
        chain.judge(Link::Contexts, &flaws);
        Ok(())
    }

    fn below(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.deployment.root()).unwrap_or(path).to_owned()
    }

    fn versions(&self, tag: &str) -> Result<Vec<String>, Error> {
        let release = match Release::in_commit(self.repo, self.commit, self.deployment)? {
            Ok(release) => release,
            Err(error) => return Ok(vec![error.to_string()]),
        };
        let mut flaws = Vec::new();
        let (mission, common) = (release.mission.to_string(), release.common.to_string());
        for (theirs, ours) in [(&self.record.mission, &mission), (&self.record.common, &common)] {
            if theirs != ours {
                flaws.push(format!("the record says {theirs}, the commit {ours}"));
            }
        }
        let named = [release.tag_names(false), release.tag_names(true)].concat();
        if !named.iter().any(|name| name == tag) {
            flaws.push(format!("the commit is to be tagged {}, not {tag}", named.join(" or ")));
        }
        Ok(flaws)
    }

    fn locks(&self) -> Result<BTreeMap<String, Digest>, Error> {
        let dir = self.below(&self.deployment.frozen_dir());
        let mut found = BTreeMap::new();
        for name in self.repo.names_in(self.commit, &dir)? {
            for file in [CONDA_FILE, PIP_FILE] {
                if let Some(content) = self.repo.file_at(self.commit, &dir.join(&name).join(file))? {
                    found.insert(format!("{name}/{file}"), Digest::of(&content));
                }
            }
        }
        Ok(found)
    }

    fn receipts(&self) -> Result<BTreeMap<String, Digest>, Error> {
        let dir = self.below(&self.deployment.environments_dir());
        let mut found = BTreeMap::new();
        for name in self.repo.names_in(self.commit, &dir)? {
            if let Some(content) =
                self.repo.file_at(self.commit, &dir.join(&name).join(receipt::FILE_NAME))?
            {
                found.insert(name, Digest::of(&content));
            }
        }
        Ok(found)
    }
}

/// What differs between the record and the commit, by name.
fn other(record: &BTreeMap<String, Digest>, commit: &BTreeMap<String, Digest>) -> Vec<String> {
    let names = record.keys().chain(commit.keys().filter(|name| !record.contains_key(*name)));
    names
        .filter(|name| record.get(*name) != commit.get(*name))
        .map(|name| format!("{name} differs"))
        .collect()
}

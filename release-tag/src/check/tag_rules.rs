//! Rules about the tags that are there already: they are this release's, or the infrastructure's of another
//! release with the very same infrastructure.

use std::collections::BTreeMap;

use common::digest::Digest;

use common::git::short;

use super::facts::{Facts, Remote, Standing};
use super::git_rules;
use super::rules::Ruling;

/// RT060
pub fn here(facts: &Facts) -> Ruling {
    if let Some(skipped) = git_rules::unknown(facts) {
        return skipped;
    }
    elsewhere(facts, &facts.git.tags)
}

/// RT061
pub fn there(facts: &Facts) -> Ruling {
    match &facts.git.remote {
        Remote::Asked { tags, .. } => elsewhere(facts, tags),
        silent => git_rules::unasked(silent),
    }
}

/// The tags that are at another commit than the one that is checked out, and stand for something else.
fn elsewhere(facts: &Facts, tags: &BTreeMap<String, Standing>) -> Ruling {
    if facts.git.committed.is_err() {
        return Ruling::Skipped("RT002 is broken".to_owned());
    }
    let other = tags.iter().filter(|(_, tag)| Some(&tag.commit) != facts.git.head.as_ref());
    let other = other.filter(|(_, tag)| !tag.stands_for_both());
    Ruling::none_of(&other.map(|(name, tag)| tag.elsewhere(name)).collect::<Vec<_>>())
}

/// RT063
pub fn records(facts: &Facts) -> Ruling {
    if let Some(skipped) = git_rules::unknown(facts) {
        return skipped;
    }
    let Ok(Some(bytes)) = &facts.tree.record else { return Ruling::Skipped("RT070 is broken".to_owned()) };
    let ours = Digest::of(bytes);
    let nothing = BTreeMap::new();
    let (remote, there) = match &facts.git.remote {
        Remote::Asked { name, tags, .. } => (name.as_str(), tags),
        _ => ("", &nothing),
    };
    let mut flaws = Vec::new();
    for (name, tag) in facts.git.tags.iter().filter(|(_, tag)| facts.is_foreign(tag, Some(&ours))) {
        let only_here = !there.contains_key(name);
        let hint = if only_here { format!("; if it is only here: git tag -d {name}") } else { String::new() };
        flaws.push(format!("{name} tells of {}, and this is {ours}{hint}", tag.telling()));
    }
    for (name, tag) in there.iter().filter(|(_, tag)| facts.is_foreign(tag, Some(&ours))) {
        flaws.push(format!("{name} on {remote} tells of {}, and this is {ours}", tag.telling()));
    }
    Ruling::none_of(&flaws)
}

impl Facts {
    /// Whether `tag` is at the commit of this release, and does not tell of the record `ours`.
    #[must_use]
    pub fn is_foreign(&self, tag: &Standing, ours: Option<&Digest>) -> bool {
        let is_here = Some(&tag.commit) == self.git.head.as_ref();
        let same = matches!(&tag.record, Ok(record) if record.as_deref() == ours.map(Digest::as_str));
        is_here && !same && !tag.stands_for_both()
    }
}

impl Standing {
    /// Where the tag `name` is, and why it stands for something else.
    #[must_use]
    pub fn elsewhere(&self, name: &str) -> String {
        let at = format!("{name} is at {}", short(&self.commit));
        match &self.shared {
            None => at,
            Some(Ok(files)) => {
                let files = files.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
                format!(
                    "{at}, and deployments/common was another there ({files}): raise its version (release-tag versions \
                     --common VERSION), or tag both versions as one (--combined)"
                )
            }
            Some(Err(reason)) => format!("{at}, and what it stands for cannot be told: {reason}"),
        }
    }

    /// What it tells of, in words.
    #[must_use]
    pub fn telling(&self) -> String {
        match &self.record {
            Ok(Some(record)) => record.clone(),
            Ok(None) => "no record".to_owned(),
            Err(reason) => format!("something that cannot be read ({reason})"),
        }
    }
}

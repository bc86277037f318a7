//! What the frozen specs say about an environment's Python distributions.
//!
//! `requirements.txt` wins: it is what the environment is synchronised to, after conda has made it.
//! The pip block of `requirements.yml` was recorded before that. So an item of the block which the
//! list does not name may be gone, and is only held to its version if it is there. Where there is no
//! list (the base environment), the block is the list.

use std::collections::BTreeMap;

use common::frozen::FrozenEnvironment;
use common::requirement::{DirectReference, MarkerTarget, PackageName, PipItem, PipRequirement, PipSource};
use pep440_rs::{Version, VersionSpecifiers};

use crate::inventory::{Distribution, Origin};

/// What is expected of one distribution.
#[derive(Clone, Debug)]
pub(super) struct Expectation<'a> {
    /// Which one it must be.
    pub what: What<'a>,
    /// Whether it must be there.
    pub demanded: bool,
}

/// Which version or source is expected.
#[derive(Clone, Debug)]
pub(super) enum What<'a> {
    /// Any version: the item names none.
    Any,
    /// One version.
    Version(&'a Version),
    /// A version that satisfies these.
    Range(&'a VersionSpecifiers),
    /// What stands at an address.
    Direct(&'a DirectReference),
}

/// What `frozen` expects, by name. Items whose marker is false in the environment do not count;
/// without a `target` to ask, they count if they are there.
pub(super) fn of<'a>(
    frozen: &'a FrozenEnvironment,
    target: Option<&MarkerTarget>,
) -> BTreeMap<&'a PackageName, Expectation<'a>> {
    let block = frozen.conda.iter().flat_map(|file| requirements(&file.pip));
    let list = frozen.pip.iter().flat_map(|file| requirements(&file.items));
    let has_list = frozen.pip.is_some();
    let mut expected = BTreeMap::new();
    for (requirement, demanded) in block.map(|r| (r, !has_list)).chain(list.map(|r| (r, true))) {
        let known = requirement.marker.as_ref().map(|marker| target.map(|target| marker.holds(target)));
        let demanded = match known {
            Some(Some(false)) => continue,
            Some(None) => false,
            None | Some(Some(true)) => demanded,
        };
        expected.insert(&requirement.name, Expectation { what: what(requirement), demanded });
    }
    expected
}

fn requirements(items: &[PipItem]) -> impl Iterator<Item = &PipRequirement> {
    items.iter().filter_map(|item| match item {
        PipItem::Requirement(requirement) => Some(requirement),
        PipItem::Unnamed { .. } | PipItem::Option { .. } => None,
    })
}

fn what(requirement: &PipRequirement) -> What<'_> {
    match (&requirement.source, requirement.pin()) {
        (PipSource::Any, _) => What::Any,
        (_, Some(version)) => What::Version(version),
        (PipSource::Specifiers(range), None) => What::Range(range),
        (PipSource::Direct(reference), None) => What::Direct(reference),
    }
}

impl What<'_> {
    /// Whether `distribution` is it. An address without a commit or digest says nothing about what
    /// stood there, so being there is all that can be asked.
    pub(super) fn is(&self, distribution: &Distribution) -> bool {
        let version = || distribution.version.parse::<Version>();
        match self {
            Self::Any => true,
            Self::Version(wanted) => version().is_ok_and(|found| found == **wanted),
            Self::Range(range) => version().is_ok_and(|found| range.contains(&found)),
            Self::Direct(reference) => {
                let origin = distribution.origin.as_ref();
                let same_commit = reference.commit().is_none_or(|commit| {
                    let found = origin.and_then(|o| o.commit.as_deref());
                    found.is_some_and(|found| found.eq_ignore_ascii_case(commit))
                });
                // Installers need not note the digest; one that they noted must be right.
                let other_digest = reference.sha256().is_some_and(|digest| {
                    let found = origin.and_then(|o| o.sha256.as_deref());
                    found.is_some_and(|found| !found.eq_ignore_ascii_case(digest))
                });
                same_commit && !other_digest
            }
        }
    }

    /// What was frozen, in words.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Any => "any version".to_owned(),
            Self::Version(version) => version.to_string(),
            Self::Range(range) => range.to_string(),
            Self::Direct(reference) => reference.url().to_owned(),
        }
    }

    /// What was found instead, in words that can be compared with [`Self::text`].
    pub(super) fn found(&self, distribution: &Distribution) -> String {
        let Distribution { version, origin, .. } = distribution;
        match (self, origin) {
            (Self::Direct(_), Some(Origin { url, commit: Some(commit), .. })) => {
                format!("{version} from {url}@{commit}")
            }
            (Self::Direct(_), Some(Origin { url, sha256: Some(digest), .. })) => {
                format!("{version} from {url}#sha256={digest}")
            }
            (Self::Direct(_), Some(Origin { url, .. })) => format!("{version} from {url}"),
            (Self::Direct(_), None) => format!("{version} from an index"),
            _ => version.clone(),
        }
    }
}

//! What the frozen specs say about an environment's Python distributions.
//!
//! `requirements.txt` wins: it is what the environment is synchronised to, after conda has made it.
//! The pip block of `requirements.yml` was recorded before that. So an item of the block which the
//! list does not name may be gone, and is only held to its version if it is there. Where there is no
//! list (the base environment), the block is the list.

use std::collections::BTreeMap;

use common::frozen::FrozenEnvironment;
use common::report::DriftClass;
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
    /// The digests of which its archive must have one, as `sha256:…`; none if any will do.
    hashes: &'a [String],
    /// Whether the list itself names it: an export tells a version also of what came out of version
    /// control.
    is_listed: bool,
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
    let block = block.map(|requirement| (requirement, !has_list, false));
    for (requirement, demanded, is_listed) in block.chain(list.map(|r| (r, true, true))) {
        let known = requirement.marker.as_ref().map(|marker| target.map(|target| marker.holds(target)));
        let demanded = match known {
            Some(Some(false)) => continue,
            Some(None) => false,
            None | Some(Some(true)) => demanded,
        };
        let (what, hashes) = (what(requirement), requirement.hashes.as_slice());
        expected.insert(&requirement.name, Expectation { what, demanded, hashes, is_listed });
    }
    expected
}

/// What `frozen` demands by address without saying how it is called, and whether it must be there.
pub(super) fn unnamed(frozen: &FrozenEnvironment) -> impl Iterator<Item = (&DirectReference, bool)> {
    let block = frozen.conda.iter().flat_map(|file| &file.pip).map(|item| (item, frozen.pip.is_none()));
    let list = frozen.pip.iter().flat_map(|file| &file.items).map(|item| (item, true));
    list.chain(block).filter_map(|(item, demanded)| match item {
        PipItem::Unnamed { reference, .. } => Some((reference, demanded)),
        PipItem::Requirement(_) | PipItem::Option { .. } => None,
    })
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

impl<'a> Expectation<'a> {
    /// What stands at the address that a list names.
    pub(super) const fn at(reference: &'a DirectReference) -> Self {
        Self { what: What::Direct(reference), demanded: true, hashes: &[], is_listed: true }
    }
}

impl Expectation<'_> {
    /// Whether `distribution` is what is expected, as far as that was noted when it was installed.
    pub(super) fn is(&self, distribution: &Distribution) -> bool {
        self.what.is(distribution) && !self.is_of_commit(distribution) && self.other(distribution).is_none()
    }

    /// Whether it came out of version control, where a release was listed.
    fn is_of_commit(&self, distribution: &Distribution) -> bool {
        let commit = distribution.origin.as_ref().and_then(|origin| origin.commit.as_ref());
        self.is_listed && commit.is_some() && !matches!(self.what, What::Direct(_))
    }

    /// The digest of its archive, if that was noted and is none of those that are expected.
    fn other<'d>(&self, distribution: &'d Distribution) -> Option<&'d str> {
        let mut comparable = self.hashes.iter().filter_map(|hash| hash.strip_prefix("sha256:")).peekable();
        comparable.peek()?;
        let found = distribution.origin.as_ref()?.sha256.as_deref()?;
        (!comparable.any(|hash| hash.eq_ignore_ascii_case(found))).then_some(found)
    }

    /// What is wrong with `distribution`, which is not what is expected.
    pub(super) fn class(&self, distribution: &Distribution) -> DriftClass {
        match &self.what {
            What::Direct(reference) if reference.commit().is_some() => DriftClass::SourceCommit,
            What::Direct(_) => DriftClass::Hash,
            what if !what.is(distribution) => DriftClass::Version,
            _ if self.is_of_commit(distribution) => DriftClass::SourceCommit,
            _ => DriftClass::Hash,
        }
    }

    /// What was frozen, in words.
    pub(super) fn text(&self, distribution: &Distribution) -> String {
        match (self.class(distribution), self.hashes) {
            (DriftClass::Hash, [hash]) => format!("{} {hash}", self.what.text()),
            (DriftClass::Hash, [_, ..]) => format!("{} of {} digests", self.what.text(), self.hashes.len()),
            _ => self.what.text(),
        }
    }

    /// What was found instead, in words that can be compared with [`Self::text`].
    pub(super) fn found(&self, distribution: &Distribution) -> String {
        let Distribution { version, origin, .. } = distribution;
        match origin.as_ref().map(|origin| (&origin.url, origin.commit.as_ref())) {
            Some((url, Some(commit))) if self.is_of_commit(distribution) => {
                format!("{version} from {url}@{commit}")
            }
            _ => match self.other(distribution).filter(|_| !matches!(self.what, What::Direct(_))) {
                Some(digest) => format!("{version} sha256:{digest}"),
                None => self.what.found(distribution),
            },
        }
    }
}

impl What<'_> {
    /// Whether `distribution` is it. An address without a commit or digest says nothing about what
    /// stood there, so being there is all that can be asked.
    fn is(&self, distribution: &Distribution) -> bool {
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
    fn found(&self, distribution: &Distribution) -> String {
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

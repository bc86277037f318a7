//! The links of the chain, each with its code and what it demands.

use common::report::{CheckedRule, RuleStatus};

/// What is said of a link that nothing was said of.
pub const NOT_COME_TO: &str = "it was not come to, or not asked for";

/// One link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// From the tag to the record.
    Tag,
    /// The record itself.
    Record,
    /// From the record to the versions.
    Versions,
    /// From the record to the locks.
    Locks,
    /// From the record to the receipts.
    Receipts,
    /// From the record to all that was built of.
    Contexts,
    /// From the tag to the check before it.
    Checked,
    /// From what failed to who answers for it.
    Excused,
    /// From the manifest to its bytes.
    Manifest,
    /// From the manifest to the image id, and from there to the record.
    Image,
    /// From the image id to the layers.
    Layers,
    /// From the image to the record beside it.
    AttachedRecord,
    /// From the record to the tests.
    Tests,
    /// From the record to the comparison.
    Drift,
    /// From the manifest to its provenance.
    Provenance,
    /// From the record to the bill of materials.
    Bill,
    /// From the manifest to who stands for it.
    Signature,
    /// From the commit to the image, once more.
    Rebuild,
}

/// Every link, with its code and its demand; and whether there is no yes without it.
const LINKS: [(Link, &str, &str, bool); 18] = [
    (Link::Tag, "RV001", "the tag leads to a commit and tells of the record in it", true),
    (Link::Record, "RV002", "the record is as release-tag wrote it", true),
    (Link::Versions, "RV003", "the commit's version files and the tag say what the record says", true),
    (Link::Locks, "RV004", "the commit's locks are those of the record", true),
    (Link::Receipts, "RV005", "the commit's receipts are those of the record", true),
    (Link::Contexts, "RV006", "the image was built of what the commit holds", true),
    (Link::Checked, "RV007", "the release was checked before it was tagged", true),
    (Link::Excused, "RV008", "what failed or differed was waived when the release was tagged", true),
    (Link::Manifest, "RV010", "there is a manifest under the tag, and it is what its digest says", true),
    (Link::Image, "RV011", "the manifest's image is the one of the record", true),
    (Link::Layers, "RV012", "every layer is there", true),
    (Link::AttachedRecord, "RV020", "the record beside the image is that of the commit", true),
    (
        Link::Tests,
        "RV021",
        "the test evidence is about this image, unchanged, and says what the record says",
        true,
    ),
    (
        Link::Drift,
        "RV022",
        "the evidence of drift is about this image, unchanged, and says what the record says",
        true,
    ),
    (Link::Provenance, "RV023", "the provenance is about this manifest", true),
    (Link::Bill, "RV024", "the bill of materials beside the image is the one of the record", true),
    (Link::Signature, "RV030", "the manifest is signed with the key that was named", false),
    (Link::Rebuild, "RV040", "what is built again of the commit is the image that was tested", false),
];

impl Link {
    /// Every code.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        LINKS.iter().map(|(_, code, ..)| *code)
    }
}

/// What was found of one link.
#[derive(Debug)]
struct Finding {
    link: Link,
    status: RuleStatus,
    detail: Option<String>,
    /// Whether that it was not checked is of no consequence: there is nothing to check.
    is_moot: bool,
}

/// What was found of each link.
#[derive(Debug, Default)]
pub struct Chain(Vec<Finding>);

impl Chain {
    fn found(&mut self, link: Link, status: RuleStatus, detail: Option<String>) {
        self.0.push(Finding { link, status, detail, is_moot: false });
    }

    /// `link` holds.
    pub fn holds(&mut self, link: Link) {
        self.found(link, RuleStatus::Passed, None);
    }

    /// `link` holds, as far as `remark` says.
    pub fn holds_as_far(&mut self, link: Link, remark: impl Into<String>) {
        self.found(link, RuleStatus::Passed, Some(remark.into()));
    }

    /// `link` does not hold, because of `why`.
    pub fn broken(&mut self, link: Link, why: impl Into<String>) {
        self.found(link, RuleStatus::Failed, Some(why.into()));
    }

    /// `link` could not be checked, because of `why`.
    pub fn unchecked(&mut self, link: Link, why: impl Into<String>) {
        self.found(link, RuleStatus::Skipped, Some(why.into()));
    }

    /// There is nothing to check of `link`, because of `why`.
    pub fn moot(&mut self, link: Link, why: impl Into<String>) {
        self.0.push(Finding { link, status: RuleStatus::Skipped, detail: Some(why.into()), is_moot: true });
    }

    /// `link` holds if there is nothing in `flaws`.
    pub fn judge(&mut self, link: Link, flaws: &[String]) {
        if flaws.is_empty() { self.holds(link) } else { self.broken(link, flaws.join("; ")) }
    }

    /// `link` holds if one of the things `attached` has no flaw. Which of several is the newest, lists do not tell.
    pub fn attached<T>(&mut self, link: Link, attached: &[T], flaw: impl Fn(&T) -> Option<String>) {
        let flaws: Vec<String> = attached.iter().filter_map(flaw).collect();
        match flaws.first() {
            _ if attached.is_empty() => self.unchecked(link, "none is attached"),
            Some(first) if flaws.len() == attached.len() => self.broken(link, first.clone()),
            _ => self.holds(link),
        }
    }

    fn of(&self, link: Link) -> Option<&Finding> {
        self.0.iter().find(|finding| finding.link == link)
    }

    /// Whether something is open without which there is no yes: a link that is not among those with the codes
    /// `excused`, or one that was `asked` for.
    #[must_use]
    pub fn is_open(&self, excused: &[String], asked: &[Link]) -> bool {
        let open = |(link, code, _, essential): &(Link, &str, &str, bool)| {
            let is_skipped =
                self.of(*link).is_none_or(|found| found.status == RuleStatus::Skipped && !found.is_moot);
            let counts = (*essential || asked.contains(link)) && !excused.iter().any(|known| known == code);
            is_skipped && counts
        };
        LINKS.iter().any(open)
    }

    /// All links in their order. Those of which nothing was said were not come to; a rebuild that nobody asked for
    /// is none.
    #[must_use]
    pub fn finish(self) -> Vec<CheckedRule> {
        let missing = || (RuleStatus::Skipped, Some(NOT_COME_TO.to_owned()));
        let of = |(link, code, demand, _): &(Link, &str, &str, bool)| {
            let found = self.of(*link);
            let (status, detail) = found.map_or_else(missing, |found| (found.status, found.detail.clone()));
            CheckedRule { code: (*code).to_owned(), demand: (*demand).to_owned(), status, detail }
        };
        let asked = |link: Link| link != Link::Rebuild || self.of(link).is_some();
        LINKS.iter().filter(|(link, ..)| asked(*link)).map(of).collect()
    }
}

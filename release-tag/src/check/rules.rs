//! The checklist: every rule with its code, its demand, its reason and its judge. Codes are an
//! interface: a rule may go, its code is never given to another.

use common::report::{CheckedRule, RuleStatus};

use super::facts::Facts;
use super::{
    git_rules as git, image_rules as image, record_rules as record, tag_rules as tags, tree_rules as tree,
};
use crate::error::Error;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// What it demands.
    pub demand: &'static str,
    /// Why, and what to do.
    pub reason: &'static str,
    /// Whether a delivery depends on it.
    pub for_delivery: bool,
    /// Whether a record is written only where it holds.
    pub for_record: bool,
    /// How a release fares.
    pub judge: fn(&Facts) -> Ruling,
}

/// How a release fares under a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is as demanded.
    Passed,
    /// It is not, and this was found instead.
    Failed(String),
    /// It does not apply, because of this.
    Skipped(String),
}

impl Ruling {
    /// Passed if `found` is empty, else failed with all of it.
    #[must_use]
    pub fn none_of(found: &[String]) -> Self {
        if found.is_empty() { Self::Passed } else { Self::Failed(shortened(found)) }
    }
}

/// The first few, and how many more.
fn shortened(found: &[String]) -> String {
    const SHOWN: usize = 8;
    let text = found[..found.len().min(SHOWN)].join("; ");
    if found.len() > SHOWN { format!("{text}; and {} more", found.len() - SHOWN) } else { text }
}

/// Every rule, in the order of the checklist.
pub const RULES: &[Rule] = &[
    Rule {
        code: "RT001",
        demand: "both version files hold a version",
        reason: "deployments/<mission>/MISSION_VERSION must be `<mission>-<version>` and deployments/common/VERSION \
                 MAJOR.MINOR.PATCH: the tags are made of them, and the image carries them. Set them with: \
                 release-tag versions --mission VERSION --common VERSION",
        for_delivery: true,
        for_record: true,
        judge: tree::versions,
    },
    Rule {
        code: "RT002",
        demand: "the commit says the same versions as the work tree",
        reason: "Tags are made of what the commit that is checked out says. If the files say something else, a tag \
                 would not mean what you see. Commit the release with: release-tag save",
        for_delivery: true,
        for_record: false,
        judge: git::committed_versions,
    },
    Rule {
        code: "RT003",
        demand: "the versions are higher than those that were released before",
        reason: "A release that is called lower than one before it is taken for the older one, by people and by tools. The highest tags in \
                 this commit's history and on the remote are compared; the infrastructure's version may stay. Choose others with: release-tag \
                 versions. A branch that is named (--branch NAME) has versions of its own: then only the tags in its history count. A shallow \
                 clone lacks history and tags: git fetch --unshallow --tags",
        for_delivery: false,
        for_record: false,
        judge: git::higher,
    },
    Rule {
        code: "RT010",
        demand: "the commit holds all of deployments/common and of the mission",
        reason: "What is changed or untracked there went into the image and would not be in the tagged commit. \
                 Commit it with: release-tag save",
        for_delivery: true,
        for_record: false,
        judge: git::clean,
    },
    Rule {
        code: "RT011",
        demand: "git ignores nothing that a build takes",
        reason: "An ignored file below deployments/common or the mission goes into the image all the same, and the \
                 tagged commit would not hold it. Remove it, or take the rule out of the .gitignore.",
        for_delivery: true,
        for_record: false,
        judge: git::nothing_ignored,
    },
    Rule {
        code: "RT012",
        demand: "the branch that releases are made of is checked out",
        reason: "Releases are made of the branch that the remote calls its HEAD (git remote show REMOTE), or, if it calls none so, of the one \
                 that is followed; with --branch NAME, of that one. A detached HEAD must be that branch's newest commit on the remote, or wait \
                 in a merge queue for it: any other commit is on no branch, so that nobody would find it but by its tag. Check it out with: git \
                 switch BRANCH",
        for_delivery: false,
        for_record: false,
        judge: git::branch,
    },
    Rule {
        code: "RT020",
        demand: "every CAL_VERSION is a released version",
        reason: "A release says which calibration software it holds; `latest` means something else each day. \
                 Configure with --cal-version=VERSION and run: image-update",
        for_delivery: false,
        for_record: false,
        judge: tree::calibration,
    },
    Rule {
        code: "RT021",
        demand: "every kernel.name tells its CAL_VERSION",
        reason: "The kernel's name is what users see of the calibration version. The mission's update-requirements \
                 writes both: image-update",
        for_delivery: false,
        for_record: false,
        judge: tree::kernel_names,
    },
    Rule {
        code: "RT022",
        demand: "HASH and MISSION_HASH name the commits that their directories come from",
        reason: "They are in the image and tell where it comes from: the commit must hold what the directory holds, or be the one that the last \
                 change was made upon, when the hash was written with it. The versions, the record and the hash itself do not count. A commit \
                 that was rebased or squashed away can be found by nobody. Zeros, or no file, say nothing. Write them with: release-tag hashes; \
                 then build and test again",
        for_delivery: false,
        for_record: false,
        judge: git::hashes,
    },
    Rule {
        code: "RT023",
        demand: "every receipt tells of its environment's CAL_VERSION",
        reason: "sources.lock.json tells which version was asked for when the specs were delivered. If it is another one than CAL_VERSION, \
                 the specs are of another delivery than the image claims. Fetch them again with: image-update",
        for_delivery: false,
        for_record: false,
        judge: tree::receipts,
    },
    Rule {
        code: "RT030",
        demand: "every environment is frozen",
        reason: "Each environment needs requirements.yml and requirements.txt below env-frozen, and the base its \
                 requirements.yml. A floating build with --freeze-chill=1 writes them, or: image-freeze",
        for_delivery: false,
        for_record: false,
        judge: tree::frozen,
    },
    Rule {
        code: "RT031",
        demand: "every VCS requirement in env-frozen names a commit",
        reason: "A branch or a tag can move, so that the same frozen specs would give another image tomorrow. Name \
                 the full commit in the floating spec (`pkg @ git+https://host/repo@<40 hex digits>`) and freeze again.",
        for_delivery: false,
        for_record: false,
        judge: tree::commits,
    },
    Rule {
        code: "RT040",
        demand: "the image was built in this clone",
        reason: "Only of an image that image-build made here is known what went into it. An image that was pulled, or made elsewhere, is \
                 not built again if its label (image-tools.key) says that it is of these files; but whoever makes an image can give it any \
                 label. The same holds for the shared image below. Build all of it here, and test that: image-build --force; image-test; \
                 image-freeze check",
        for_delivery: true,
        for_record: true,
        judge: image::built,
    },
    Rule {
        code: "RT041",
        demand: "the image is a frozen build",
        reason: "A floating build has versions that nobody wrote down before. Configure with --use-frozen=frozen, \
                 and run: image-build",
        for_delivery: true,
        for_record: true,
        judge: image::frozen,
    },
    Rule {
        code: "RT042",
        demand: "the image was built of exactly these files",
        reason: "deployments/common and deployments/<mission> must hold what they held when the image was built, in the work tree and in the \
                 commit: there, what a checkout of it has, so that whoever builds the commit gets the same. Commit what changed (release-tag save), \
                 or build and test again: image-build; image-test; image-freeze check. Where git shows no change and files are named all \
                 the same, either git was told to overlook them (`git ls-files -v` shows small letters and S; take it back with \
                 `git update-index --no-assume-unchanged --no-skip-worktree FILE`), or an attribute (eol, text, filter, ident, \
                 working-tree-encoding; `git check-attr --all FILE`) changes them between the commit and the work tree. Then take what a \
                 checkout has, `rm FILE; git checkout -- FILE`, and build and test that; or mend .gitattributes so that what is built \
                 is stored as it is (`FILE -text -filter`), `git add --renormalize FILE`, and commit. export-ignore and export-subst \
                 change no checkout and do not matter.",
        for_delivery: true,
        for_record: true,
        judge: image::contexts,
    },
    Rule {
        code: "RT043",
        demand: "the engine still has the image",
        reason: "What is released must be there to be delivered. Build it again: image-build",
        for_delivery: true,
        for_record: true,
        judge: image::present,
    },
    Rule {
        code: "RT044",
        demand: "the image's name still means this image",
        reason: "Somebody who looks at the name would look at another image. Build again, or give the name back \
                 with the engine's `tag`.",
        for_delivery: false,
        for_record: false,
        judge: image::named,
    },
    Rule {
        code: "RT045",
        demand: "the base's name still means the image that this one was built on",
        reason: "If the base was rebuilt or pulled anew, whoever builds these specs again gets another image. \
                 Build and test again: image-build; image-test; image-freeze check",
        for_delivery: false,
        for_record: false,
        judge: image::base,
    },
    Rule {
        code: "RT050",
        demand: "this image's tests passed, or their failure is waived",
        reason: "The tests must have passed in this very image, told by its id: image-test. A known failure can be \
                 excused until a day in environments/<env>/tests/waivers.json: what, owner, reason, expires",
        for_delivery: true,
        for_record: true,
        judge: image::tested,
    },
    Rule {
        code: "RT051",
        demand: "this image has no drift, or it is explained",
        reason: "The image must hold what the frozen specs say: image-freeze check. A difference is explained by a waiver of \
                 `drift PACKAGE` in environments/<env>/tests/waivers.json, for the base environment and the image itself (`drift base`) in \
                 deployments/<mission>/waivers.json",
        for_delivery: true,
        for_record: true,
        judge: image::no_drift,
    },
    Rule {
        code: "RT052",
        demand: "it was compared with the frozen specs as they are now",
        reason: "A comparison with other specs says nothing about these: image-freeze check",
        for_delivery: true,
        for_record: true,
        judge: image::compared_with_these,
    },
    Rule {
        code: "RT054",
        demand: "no waiver has ended",
        reason: "A waiver excuses a known failure until a day, so that somebody looks at it again. Mend what it excuses and take it out of \
                 environments/<env>/tests/waivers.json (or deployments/<mission>/waivers.json), or have its owner agree to another day there",
        for_delivery: true,
        for_record: true,
        judge: tree::waivers,
    },
    Rule {
        code: "RT060",
        demand: "the tags are free in this clone, or stand for this release",
        reason: "A release that was tagged stays what it is. To deliver it, check it out: git switch --detach TAG. For another one, choose \
                 other versions: release-tag versions. Only the infrastructure's tag may be at another commit, if deployments/common is the very \
                 same there (the commit in HASH aside): then it stands for both releases, and is left as it is",
        for_delivery: true,
        for_record: false,
        judge: tags::here,
    },
    Rule {
        code: "RT061",
        demand: "the tags are free on the remote, or stand for this release",
        reason: "Others have this release already, and it is another commit. Choose other versions: release-tag versions. What is said of the \
                 infrastructure's tag under RT060 holds here too",
        for_delivery: false,
        for_record: false,
        judge: tags::there,
    },
    Rule {
        code: "RT062",
        demand: "the branch is not behind its remote",
        reason: "The branch that is followed (git status --branch) has commits that this release would leave out: git pull --ff-only, then \
                 build and test again. A detached HEAD is compared with the branch that releases are made of.",
        for_delivery: false,
        for_record: false,
        judge: git::not_behind,
    },
    Rule {
        code: "RT063",
        demand: "the tags that are there tell of this record",
        reason: "A tag carries the digest of deployments/<mission>/release.json. One that tells of another record, or of none, stands for \
                 something else, and whoever verifies it finds no release. If it is only in this clone, remove it: git tag -d TAG. If others \
                 have it, choose other versions: release-tag versions",
        for_delivery: true,
        for_record: false,
        judge: tags::records,
    },
    Rule {
        code: "RT064",
        demand: "the branch that releases are made of holds the commit, on the remote",
        reason: "What is tagged must have been reviewed and merged: a tag would publish a commit that is on no branch. Propose and merge it \
                 (release-tag propose), or push it: git push REMOTE BRANCH. If the tag must come first: --allow-unpublished",
        for_delivery: false,
        for_record: false,
        judge: git::published,
    },
    Rule {
        code: "RT070",
        demand: "the release has a record, as release-tag wrote it",
        reason: "deployments/<mission>/release.json tells others which image was tested, and of what it was made. It is not to be edited. \
                 After the frozen image was tested and compared, write and commit it with: release-tag save",
        for_delivery: true,
        for_record: false,
        judge: record::present,
    },
    Rule {
        code: "RT071",
        demand: "the record tells of this image",
        reason: "What is tagged and delivered must be the image that the record names, built as it says. Write it anew with: release-tag save",
        for_delivery: true,
        for_record: false,
        judge: record::image,
    },
    Rule {
        code: "RT072",
        demand: "the record tells these versions",
        reason: "The record, the version files and the tags must agree. Write it anew with: release-tag save",
        for_delivery: true,
        for_record: false,
        judge: record::versions,
    },
    Rule {
        code: "RT073",
        demand: "the record tells of these locks and receipts",
        reason: "Whoever verifies the release compares the locks in the tagged commit with those in the record. If they changed, the image \
                 must be built and tested again before: release-tag save",
        for_delivery: true,
        for_record: false,
        judge: record::specs,
    },
    Rule {
        code: "RT074",
        demand: "the record tells these test results and this drift",
        reason: "The tests were run again, or a waiver changed, after the record was written. Write it anew with: release-tag save",
        for_delivery: true,
        for_record: false,
        judge: record::results,
    },
];

/// How `facts` fare under the rules that are `wanted`.
#[must_use]
pub fn judge(facts: &Facts, wanted: impl Fn(&Rule) -> bool) -> Vec<CheckedRule> {
    let checked = |rule: &Rule| {
        let (status, detail) = match (rule.judge)(facts) {
            Ruling::Passed => (RuleStatus::Passed, None),
            Ruling::Failed(found) => (RuleStatus::Failed, Some(found)),
            Ruling::Skipped(why) => (RuleStatus::Skipped, Some(why)),
        };
        CheckedRule { code: rule.code.to_owned(), demand: rule.demand.to_owned(), status, detail }
    };
    RULES.iter().filter(|rule| wanted(rule)).map(checked).collect()
}

/// The rule `code` in words; `all` for a list of them.
///
/// # Errors
/// There is no such rule.
pub fn explain(code: &str) -> Result<String, Error> {
    if code == "all" {
        let lines: Vec<String> = RULES.iter().map(|rule| format!("{}  {}", rule.code, rule.demand)).collect();
        return Ok(lines.join("\n") + "\n");
    }
    let rule = RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code));
    let rule = rule.ok_or_else(|| Error::NoSuchRule { code: code.to_owned() })?;
    Ok(format!("{}: {}\n\n{}\n", rule.code, rule.demand, rule.reason))
}

#[cfg(test)]
mod tests;

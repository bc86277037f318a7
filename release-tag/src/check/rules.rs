//! The checklist: every rule with its code, its demand, its reason and its judge. Codes are an
//! interface: a rule may go, its code is never given to another.

use common::report::{CheckedRule, RuleStatus};

use super::facts::Facts;
use super::{git_rules as git, image_rules as image, tree_rules as tree};
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
        judge: tree::versions,
    },
    Rule {
        code: "RT002",
        demand: "the commit says the same versions as the work tree",
        reason: "Tags are made of what the commit that is checked out says. If the files say something else, a tag \
                 would not mean what you see. Commit the release with: release-tag save",
        for_delivery: false,
        judge: git::committed_versions,
    },
    Rule {
        code: "RT010",
        demand: "the commit holds all of deployments/common and of the mission",
        reason: "What is changed or untracked there went into the image and would not be in the tagged commit. \
                 Commit it with: release-tag save",
        for_delivery: false,
        judge: git::clean,
    },
    Rule {
        code: "RT011",
        demand: "git ignores nothing that a build takes",
        reason: "An ignored file below deployments/common or the mission goes into the image all the same, and the \
                 tagged commit would not hold it. Remove it, or take the rule out of the .gitignore.",
        for_delivery: false,
        judge: git::nothing_ignored,
    },
    Rule {
        code: "RT020",
        demand: "every CAL_VERSION is a released version",
        reason: "A release says which calibration software it holds; `latest` means something else each day. \
                 Configure with --cal-version=VERSION and run: image-update",
        for_delivery: false,
        judge: tree::calibration,
    },
    Rule {
        code: "RT021",
        demand: "every kernel.name tells its CAL_VERSION",
        reason: "The kernel's name is what users see of the calibration version. The mission's update-requirements \
                 writes both: image-update",
        for_delivery: false,
        judge: tree::kernel_names,
    },
    Rule {
        code: "RT030",
        demand: "every environment is frozen",
        reason: "Each environment needs requirements.yml and requirements.txt below env-frozen, and the base its \
                 requirements.yml. A floating build with --freeze-chill=1 writes them, or: image-freeze",
        for_delivery: false,
        judge: tree::frozen,
    },
    Rule {
        code: "RT031",
        demand: "every VCS requirement in env-frozen names a commit",
        reason: "A branch or a tag can move, so that the same frozen specs would give another image tomorrow. Name \
                 the full commit in the floating spec (`pkg @ git+https://host/repo@<40 hex digits>`) and freeze again.",
        for_delivery: false,
        judge: tree::commits,
    },
    Rule {
        code: "RT040",
        demand: "the image was built in this clone",
        reason: "Only of an image that image-build made here is known what went into it.",
        for_delivery: true,
        judge: image::built,
    },
    Rule {
        code: "RT041",
        demand: "the image is a frozen build",
        reason: "A floating build has versions that nobody wrote down before. Configure with --use-frozen=frozen, \
                 and run: image-build",
        for_delivery: true,
        judge: image::frozen,
    },
    Rule {
        code: "RT042",
        demand: "the image was built of exactly these files",
        reason: "deployments/common and deployments/<mission> must hold what they held when the image was built. \
                 Build and test again: image-build; image-test; image-freeze check",
        for_delivery: true,
        judge: image::contexts,
    },
    Rule {
        code: "RT043",
        demand: "the engine still has the image",
        reason: "What is released must be there to be delivered. Build it again: image-build",
        for_delivery: true,
        judge: image::present,
    },
    Rule {
        code: "RT044",
        demand: "the image's name still means this image",
        reason: "Somebody who looks at the name would look at another image. Build again, or give the name back \
                 with the engine's `tag`.",
        for_delivery: false,
        judge: image::named,
    },
    Rule {
        code: "RT050",
        demand: "this image's tests passed",
        reason: "The tests must have passed in this very image, told by its id: image-test",
        for_delivery: true,
        judge: image::tested,
    },
    Rule {
        code: "RT051",
        demand: "this image has no drift",
        reason: "The image must hold what the frozen specs say: image-freeze check",
        for_delivery: false,
        judge: image::no_drift,
    },
    Rule {
        code: "RT052",
        demand: "it was compared with the frozen specs as they are now",
        reason: "A comparison with other specs says nothing about these: image-freeze check",
        for_delivery: false,
        judge: image::compared_with_these,
    },
    Rule {
        code: "RT060",
        demand: "the tags are free in this clone, or at this commit",
        reason: "A release that was tagged stays what it is. Choose other versions: release-tag versions",
        for_delivery: false,
        judge: git::tags_here,
    },
    Rule {
        code: "RT061",
        demand: "the tags are free on the remote, or at this commit",
        reason: "Others have this release already, and it is another commit. Choose other versions: release-tag versions",
        for_delivery: false,
        judge: git::tags_there,
    },
    Rule {
        code: "RT062",
        demand: "the branch is not behind its remote",
        reason: "The remote has commits that this release would leave out: git pull --ff-only, then build and test again.",
        for_delivery: false,
        judge: git::not_behind,
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
#[path = "rules_tests.rs"]
mod tests;

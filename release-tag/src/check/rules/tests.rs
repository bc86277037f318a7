//! Each rule is tripped by one change of a release that fulfils all of them.

mod git;
mod image;
mod ready;
mod record;
mod tree;
mod waivers;

use common::git::{Change, ChangeKind};

use super::{RULES, RuleStatus, explain, judge};
use ready::{broken, good, why};

#[test]
fn nothing_stands_against_a_good_release() {
    assert_eq!(broken(|_| ()), [""; 0]);
    assert!(judge(&good(), |_| true).iter().all(|rule| rule.status == RuleStatus::Passed));
}

#[test]
fn every_failure_is_collected_before_the_check_ends() {
    let all = broken(|f| {
        f.tree.release = Err(why());
        f.git.changes = vec![Change { path: "a".into(), kind: ChangeKind::Modified }];
        f.image.tested = Ok(None);
        f.image.engine = Err(why());
        f.tree.record = Ok(None);
    });
    assert_eq!(all, ["RT001", "RT010", "RT043", "RT050", "RT070"]);
}

#[test]
fn every_rule_explains_itself_and_codes_are_unique() {
    let mut codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    for rule in RULES {
        let text = explain(&rule.code.to_lowercase()).unwrap();
        assert!(text.starts_with(rule.code) && rule.reason.len() > 40, "{text}");
    }
    assert_eq!(explain("all").unwrap().lines().count(), RULES.len());
    assert!(explain("RT999").is_err());
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), RULES.len());
}

//! The commit, its history, the tags and the remote.

use std::collections::BTreeMap;

use common::git::{Ancestry, Change, ChangeKind, Ignored};

use super::super::super::facts::{Earlier, Remote};
use super::ready::{OTHER, broken, good, release, trips, why};
use super::{RuleStatus, judge};

#[test]
fn a_commit_that_says_other_versions_is_refused() {
    trips("RT002", |f| f.git.committed = Ok(release("11.0.0")));
    trips("RT002", |f| f.git.committed = Err(why()));
}

#[test]
fn versions_that_are_not_higher_than_the_last_release_are_refused() {
    trips("RT003", |f| f.git.earlier.mission = Some(release("12.0.0").mission));
    trips("RT003", |f| f.git.earlier.common = Some(semver::Version::new(1, 4, 0)));
    assert_eq!(broken(|f| f.git.earlier = Earlier::default()), [""; 0], "the first release");
}

#[test]
fn what_is_not_committed_is_refused() {
    let change = Change { path: "deployments/roman/a.pip".into(), kind: ChangeKind::Untracked };
    trips("RT010", |f| f.git.changes = vec![change]);
}

#[test]
fn what_is_ignored_and_would_be_built_in_is_refused() {
    trips("RT011", |f| f.git.ignored = vec![Ignored { path: "deployments/roman/x".into(), rule: why() }]);
}

#[test]
fn a_release_is_made_of_the_branch_that_is_meant() {
    trips("RT012", |f| f.git.branch = None);
    trips("RT012", |f| f.git.wanted_branch = Some("develop".to_owned()));
    assert_eq!(broken(|f| f.git.wanted_branch = Some("main".to_owned())), [""; 0]);
}

#[test]
fn a_hash_file_names_a_commit_of_this_history_or_nothing() {
    for standing in [Ancestry::Other, Ancestry::Unknown] {
        trips("RT022", |f| f.git.hashes[0].says = Ok((OTHER.to_owned(), standing)));
    }
    trips("RT022", |f| f.git.hashes[0].says = Err(why()));
    assert_eq!(broken(|f| f.git.hashes[0].says = Ok(("0".repeat(40), Ancestry::Unknown))), [""; 0]);
}

/// D62: a tag that was there was a message and status 0.
#[test]
fn d62_tags_at_another_commit_are_refused() {
    let other = || BTreeMap::from([("roman-12.0.0".to_owned(), OTHER.to_owned())]);
    trips("RT060", |f| f.git.tags = other());
    trips("RT061", |f| match &mut f.git.remote {
        Remote::Asked { tags, .. } => *tags = other(),
        remote => panic!("{remote:?}"),
    });
}

#[test]
fn a_branch_that_is_behind_is_refused() {
    for ancestry in [Ancestry::Other, Ancestry::Unknown] {
        trips("RT062", |f| match &mut f.git.remote {
            Remote::Asked { branch, .. } => branch.as_mut().unwrap().standing = ancestry,
            remote => panic!("{remote:?}"),
        });
    }
}

#[test]
fn a_remote_that_does_not_answer_is_no_yes() {
    let silent = || Remote::Silent { name: "origin".to_owned(), reason: "call\n  | no route".to_owned() };
    let rules = judge(
        &{
            let mut facts = good();
            facts.git.remote = silent();
            facts
        },
        |_| true,
    );
    let failed = rules.iter().filter(|rule| rule.status == RuleStatus::Failed);
    let told: Vec<_> = failed.map(|rule| (rule.code.as_str(), rule.detail.as_deref())).collect();
    let why = Some("origin does not answer: no route");
    assert_eq!(told, [("RT061", why), ("RT062", why)]);
}

#[test]
fn without_a_remote_to_ask_its_rules_are_skipped_and_say_why() {
    let unasked = Remote::Unasked { name: "origin".to_owned() };
    for (remote, said) in [(Remote::None, "there is no remote"), (unasked, "origin was not asked: --offline")]
    {
        let mut facts = good();
        facts.git.remote = remote;
        let rules = judge(&facts, |_| true);
        let skipped: Vec<&str> =
            rules.iter().filter(|r| r.status == RuleStatus::Skipped).map(|r| r.code.as_str()).collect();
        assert_eq!(skipped, ["RT061", "RT062"]);
        assert!(rules.iter().filter_map(|r| r.detail.as_deref()).all(|detail| detail == said));
    }
}

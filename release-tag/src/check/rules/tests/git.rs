//! The commit, its history, the tags and the remote.

use common::git::{Ancestry, Change, ChangeKind, Followed, Ignored};

use super::super::super::facts::{Earlier, Facts, Remote, Source, Standing, Upstream};
use super::ready::{OTHER, asked, broken, good, release, tag, trips, upstream, why};
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
    let on = |f: &mut Facts, branch: &str| f.git.branch = Some(branch.to_owned());
    trips("RT012", |f| on(f, "develop"));
    trips("RT012", |f| {
        f.git.wanted_branch = Some("develop".to_owned());
        f.git.release_branch = Some("develop".to_owned());
    });
    assert_eq!(broken(|f| f.git.wanted_branch = Some("main".to_owned())), [""; 0]);
    assert_eq!(broken(|f| f.git.release_branch = None), [""; 0], "nobody says which");
    // Under another name here.
    let follows = |f: &mut Facts| {
        on(f, "rel");
        f.git.follows = Some(Followed { remote: "origin".to_owned(), branch: "main".to_owned() });
    };
    assert_eq!(broken(follows), [""; 0]);
}

/// CI checks commits out, not branches.
#[test]
fn a_detached_head_is_as_good_as_the_tip_of_the_branch() {
    assert_eq!(broken(|f| f.git.branch = None), [""; 0]);
    let elsewhere = |f: &mut Facts| {
        f.git.branch = None;
        let tip = Upstream { commit: OTHER.to_owned(), ..upstream() };
        *asked(f).1 = Some(tip);
    };
    trips("RT012", elsewhere);
    trips("RT012", |f| {
        f.git.branch = None;
        f.git.remote = Remote::None;
    });
}

#[test]
fn a_commit_in_a_merge_queue_is_as_good_as_merged() {
    let queued = |f: &mut Facts| {
        f.git.branch = Some("gh-readonly-queue/main/pr-7".to_owned());
        asked(f).1.as_mut().unwrap().holds = Ancestry::Other;
        if let Remote::Asked { queued, .. } = &mut f.git.remote {
            *queued = true;
        }
    };
    assert_eq!(broken(queued), [""; 0]);
}

/// Tags were pushed for a commit that nobody had seen, with a notice only.
#[test]
fn a_commit_that_the_remotes_branch_does_not_hold_is_refused() {
    for holds in [Ancestry::Other, Ancestry::Unknown] {
        trips("RT064", |f| asked(f).1.as_mut().unwrap().holds = holds);
    }
    trips("RT064", |f| *asked(f).1 = None);
    let allowed = |f: &mut Facts| {
        asked(f).1.as_mut().unwrap().holds = Ancestry::Other;
        f.git.may_be_unpublished = true;
    };
    assert_eq!(broken(allowed), [""; 0]);
}

#[test]
fn a_hash_file_names_the_commit_that_its_directory_comes_from_or_nothing() {
    for source in [Source::Stray, Source::Cut, Source::Changed(vec![why()])] {
        trips("RT022", |f| f.git.hashes[0].says = Ok((OTHER.to_owned(), source)));
    }
    trips("RT022", |f| f.git.hashes[0].says = Err(why()));
    assert_eq!(broken(|f| f.git.hashes[0].says = Ok(("0".repeat(40), Source::Stray))), [""; 0]);
}

#[test]
fn a_clone_without_its_history_cannot_tell_what_was_released() {
    trips("RT003", |f| f.git.shallow = true);
    let mut facts = good();
    facts.git.shallow = true;
    let told = judge(&facts, |rule| rule.code == "RT003").remove(0).detail.unwrap();
    assert!(told.contains("git fetch --unshallow --tags"), "{told}");
}

/// D62: a tag that was there was a message and status 0.
#[test]
fn d62_tags_at_another_commit_are_refused() {
    for name in ["roman-12.0.0", "1.3.0"] {
        trips("RT060", |f| _ = f.git.tags.insert(name.to_owned(), tag(OTHER, None)));
        trips("RT061", |f| _ = asked(f).0.insert(name.to_owned(), tag(OTHER, None)));
    }
}

/// Every release after the first on one infrastructure was refused.
#[test]
fn the_infrastructures_tag_stands_for_every_release_with_the_same_one() {
    let of = |other: Result<Vec<String>, String>| Standing { shared: Some(other), ..tag(OTHER, None) };
    let same = |f: &mut Facts| {
        f.git.tags.insert("1.3.0".to_owned(), of(Ok(Vec::new())));
        asked(f).0.insert("1.3.0".to_owned(), of(Ok(Vec::new())));
    };
    assert_eq!(broken(same), [""; 0]);
    for other in [Ok(vec!["deployments/common/Dockerfile".to_owned()]), Err(why())] {
        trips("RT060", |f| _ = f.git.tags.insert("1.3.0".to_owned(), of(other.clone())));
        trips("RT061", |f| _ = asked(f).0.insert("1.3.0".to_owned(), of(other)));
    }
}

#[test]
fn a_branch_that_is_behind_is_refused() {
    for ancestry in [Ancestry::Other, Ancestry::Unknown] {
        trips("RT062", |f| asked(f).2.as_mut().unwrap().standing = ancestry);
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
    assert_eq!(told, [("RT061", why), ("RT062", why), ("RT064", why)]);
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
        assert_eq!(skipped, ["RT061", "RT062", "RT064"]);
        assert!(rules.iter().filter_map(|r| r.detail.as_deref()).all(|detail| detail == said));
    }
}

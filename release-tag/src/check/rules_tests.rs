//! Each rule is tripped by one change of a release that fulfils all of them.

use std::collections::BTreeMap;

use common::digest::Digest;
use common::evidence::{Built, Compared, Tested};
use common::git::{Ancestry, Change, ChangeKind, Ignored};
use common::report::{
    CheckOutcome, ImageIdentity, TestCase, TestEnvironment, TestKind, TestOutcome, TestStatus, Verdict,
};
use common::settings::{CalVersion, UseFrozen};
use common::version_file::MissionVersion;
use jiff::Timestamp;

use super::super::facts::{Environment, Facts, Frozen, Git, Image, Presence, Remote, Tree, Upstream};
use super::{RULES, RuleStatus, explain, judge};
use crate::release::Release;

const HEAD: &str = "1111111111111111111111111111111111111111";
const OTHER: &str = "2222222222222222222222222222222222222222";

fn release(mission: &str) -> Release {
    let roman = "roman".parse().unwrap();
    let mission = MissionVersion::parse(mission, &roman).unwrap();
    Release { mission, common: semver::Version::new(1, 3, 0) }
}

fn identity() -> ImageIdentity {
    ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(b"image") }
}

fn built() -> Built {
    Built {
        image: identity(),
        at: Timestamp::UNIX_EPOCH,
        use_frozen: UseFrozen::Frozen,
        cal_version: CalVersion::None,
        common_context: Digest::of(b"common"),
        mission_context: Digest::of(b"mission"),
        base: identity(),
        engine: "docker".to_owned(),
    }
}

fn image() -> Image {
    let (image, at) = (identity(), Timestamp::UNIX_EPOCH);
    let tested = green();
    let compared = CheckOutcome { environments: Vec::new() };
    let verdict = Verdict::Yes;
    let frozen = Digest::of(b"specs");
    Image {
        built: Ok(Some(built())),
        tested: Ok(Some(Tested { image: image.clone(), at, verdict, outcome: tested })),
        compared: Ok(Some(Compared { image: image.clone(), at, verdict, frozen, outcome: compared })),
        engine: Ok(Presence {
            engine: "docker".to_owned(),
            has_image: true,
            named: Some(image.id.clone()),
            handle: None,
        }),
        identity: Some(image),
    }
}

/// A release against which nothing stands.
fn good() -> Facts {
    let environment = |name: &str, cal: Option<&str>, kernel: &str| Environment {
        name: name.to_owned(),
        cal_version: cal.map(str::to_owned),
        kernel_name: Some(kernel.to_owned()),
    };
    let branch = Upstream { name: "main".to_owned(), commit: OTHER.to_owned(), standing: Ancestry::Ancestor };
    let at_head = || BTreeMap::from([("1.3.0".to_owned(), HEAD.to_owned())]);
    Facts {
        tree: Tree {
            release: Ok(release("12.0.0")),
            environments: Ok(vec![
                environment("roman-cal", Some("0.13.0"), "Roman Calibration 0.13.0 (2024-08-05)"),
                environment("tools", None, "Tools"),
            ]),
            frozen: Ok(Frozen::default()),
            specs: Ok(Digest::of(b"specs")),
            contexts: Ok((Digest::of(b"common"), Digest::of(b"mission"))),
        },
        image: image(),
        git: Git {
            head: Some(HEAD.to_owned()),
            committed: Ok(release("12.0.0")),
            changes: Vec::new(),
            ignored: Vec::new(),
            tags: at_head(),
            remote: Remote::Asked { name: "origin".to_owned(), tags: at_head(), branch: Some(branch) },
        },
    }
}

/// The codes that fail after `change`.
fn broken(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = good();
    change(&mut facts);
    let failed = judge(&facts, |_| true).into_iter().filter(|rule| rule.status == RuleStatus::Failed);
    failed.map(|rule| rule.code).collect()
}

fn trips(code: &str, change: impl FnOnce(&mut Facts)) {
    assert_eq!(broken(change), [code]);
}

fn why() -> String {
    "because".to_owned()
}

#[test]
fn nothing_stands_against_a_good_release() {
    assert_eq!(broken(|_| ()), [""; 0]);
    assert!(judge(&good(), |_| true).iter().all(|rule| rule.status == RuleStatus::Passed));
}

#[test]
fn versions_that_are_none_are_refused() {
    trips("RT001", |f| f.tree.release = Err(why()));
}

#[test]
fn a_commit_that_says_other_versions_is_refused() {
    trips("RT002", |f| f.git.committed = Ok(release("11.0.0")));
    trips("RT002", |f| f.git.committed = Err(why()));
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

/// Release tags 14, 16 and 20 say `latest`.
#[test]
fn no_release_says_latest() {
    for version in ["latest", "none", "v0.13.0"] {
        trips("RT020", |f| {
            let environment = &mut f.tree.environments.as_mut().unwrap()[0];
            environment.cal_version = Some(version.to_owned());
            environment.kernel_name = Some(format!("Roman {version} (2024-08-05)"));
        });
    }
}

#[test]
fn a_kernel_name_tells_its_version_as_a_word() {
    for name in ["Roman Calibration", "Roman 0.13.01", "Roman 10.13.0"] {
        trips("RT021", |f| f.tree.environments.as_mut().unwrap()[0].kernel_name = Some(name.to_owned()));
    }
    trips("RT021", |f| f.tree.environments.as_mut().unwrap()[0].kernel_name = None);
}

#[test]
fn an_environment_that_is_not_frozen_is_refused() {
    trips("RT030", |f| f.tree.frozen.as_mut().unwrap().missing = vec![why()]);
    trips("RT030", |f| f.tree.frozen = Err(why()));
}

#[test]
fn d50_a_vcs_requirement_without_a_commit_is_refused() {
    trips("RT031", |f| f.tree.frozen.as_mut().unwrap().moving = vec![why()]);
}

#[test]
fn an_image_of_which_nothing_is_known_is_refused() {
    trips("RT040", |f| f.image.built = Ok(None));
    trips("RT040", |f| f.image.built = Err(why()));
    trips("RT040", |f| {
        f.image.identity = None;
        f.image.built = Ok(None);
    });
    trips("RT040", |f| f.image.built.as_mut().unwrap().as_mut().unwrap().image.id = Digest::of(b"other"));
}

#[test]
fn a_floating_or_chilly_image_is_refused() {
    for mode in [UseFrozen::Floating, UseFrozen::Chilly] {
        trips("RT041", |f| f.image.built.as_mut().unwrap().as_mut().unwrap().use_frozen = mode);
    }
}

#[test]
fn an_image_of_other_files_is_refused() {
    trips("RT042", |f| f.tree.contexts = Ok((Digest::of(b"common"), Digest::of(b"x"))));
    trips("RT042", |f| f.tree.contexts = Ok((Digest::of(b"x"), Digest::of(b"mission"))));
    trips("RT042", |f| f.tree.contexts = Err(why()));
}

#[test]
fn an_image_that_is_gone_or_cannot_be_looked_at_is_refused() {
    trips("RT043", |f| f.image.engine.as_mut().unwrap().has_image = false);
    trips("RT043", |f| f.image.engine = Err(why()));
}

#[test]
fn a_name_that_moved_on_is_refused() {
    trips("RT044", |f| f.image.engine.as_mut().unwrap().named = Some(Digest::of(b"other")));
    trips("RT044", |f| f.image.engine.as_mut().unwrap().named = None);
}

#[test]
fn an_image_that_was_not_tested_green_is_refused() {
    trips("RT050", |f| f.image.tested = Ok(None));
    trips("RT050", |f| f.image.tested = Err(why()));
    trips("RT050", |f| f.image.tested.as_mut().unwrap().as_mut().unwrap().verdict = Verdict::No);
    trips("RT050", |f| f.image.tested.as_mut().unwrap().as_mut().unwrap().image.id = Digest::of(b"other"));
}

#[test]
fn an_image_with_drift_is_refused() {
    trips("RT051", |f| f.image.compared = Ok(None));
    trips("RT051", |f| f.image.compared.as_mut().unwrap().as_mut().unwrap().verdict = Verdict::No);
}

#[test]
fn a_comparison_with_older_specs_is_refused() {
    trips("RT052", |f| f.tree.specs = Ok(Digest::of(b"edited")));
    trips("RT052", |f| f.tree.specs = Err(why()));
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
fn a_run_that_was_allowed_to_test_nothing_is_no_test() {
    trips("RT050", |f| {
        let tested = f.image.tested.as_mut().unwrap().as_mut().unwrap();
        tested.outcome.environments.clear();
    });
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

#[test]
fn every_failure_is_collected_before_the_check_ends() {
    let all = broken(|f| {
        f.tree.release = Err(why());
        f.git.changes = vec![Change { path: "a".into(), kind: ChangeKind::Modified }];
        f.image.tested = Ok(None);
        f.image.engine = Err(why());
    });
    assert_eq!(all, ["RT001", "RT010", "RT043", "RT050"]);
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

/// The results of a run in which one thing was tested, and passed.
fn green() -> TestOutcome {
    let case = TestCase {
        kind: TestKind::Import,
        name: "numpy".to_owned(),
        status: TestStatus::Passed,
        seconds: None,
        detail: None,
    };
    let name = "roman-cal".to_owned();
    let environment = TestEnvironment { name, cases: vec![case], ..TestEnvironment::default() };
    TestOutcome { environments: vec![environment], ..TestOutcome::default() }
}

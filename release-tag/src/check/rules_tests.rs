//! Each rule is tripped by one change of a release that fulfils all of them.

use std::collections::BTreeMap;

use common::digest::Digest;
use common::evidence::{Built, Compared, Materials, Tested};
use common::git::{Ancestry, Change, ChangeKind, Ignored};
use common::report::{
    CheckOutcome, Difference, DriftClass, EnvironmentDrift, ImageIdentity, PackageKind, TestStatus, Verdict,
};
use common::settings::{CalVersion, UseFrozen};
use common::testing;
use common::version_file::MissionVersion;
use common::waiver::{Waiver, Waivers};
use jiff::Timestamp;

use super::super::facts::{
    Earlier, Environment, Facts, Frozen, Git, HashFile, Image, Presence, Receipt, Remote, Tree, Upstream,
};
use super::{RULES, RuleStatus, explain, judge};
use crate::record::Record;
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
        materials: Materials::default(),
        index_cutoff: None,
    }
}

fn image() -> Image {
    let (image, at) = (identity(), Timestamp::UNIX_EPOCH);
    let tested = testing::tested(TestStatus::Passed);
    let compared = CheckOutcome { environments: Vec::new() };
    let verdict = Verdict::Yes;
    let frozen = Digest::of(b"specs");
    Image {
        built: Ok(Some(built())),
        tested: Ok(Some(Tested { image: image.clone(), at, verdict, outcome: tested, inputs: None })),
        compared: Ok(Some(Compared { image: image.clone(), at, verdict, frozen, outcome: compared })),
        engine: Ok(Presence {
            engine: "docker".to_owned(),
            has_image: true,
            named: Some(image.id.clone()),
            base: Some(image.id.clone()),
            size: Some(7),
            handle: None,
        }),
        sbom: None,
        identity: Some(image),
    }
}

/// A release against which nothing stands.
fn good() -> Facts {
    let mut facts = unrecorded();
    record(&mut facts);
    facts
}

/// Writes the record of the release, where there can be one.
fn record(facts: &mut Facts) {
    if let Ok(record) = Record::of(facts) {
        facts.tree.record = Ok(Some(record.bytes()));
    }
}

fn unrecorded() -> Facts {
    let environment = |name: &str, cal: Option<&str>, kernel: &str| Environment {
        name: name.to_owned(),
        cal_version: cal.map(str::to_owned),
        kernel_name: Some(kernel.to_owned()),
        receipt: cal.map(|cal| Receipt { digest: Digest::of(b"receipt"), version: Some(cal.to_owned()) }),
        waivers: Ok(Waivers::default()),
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
            locks: Ok(BTreeMap::from([("base/requirements.yml".to_owned(), Digest::of(b"lock"))])),
            record: Ok(None),
        },
        image: image(),
        git: Git {
            unknown: None,
            contexts: Some(Ok((Digest::of(b"common"), Digest::of(b"mission")))),
            head: Some(HEAD.to_owned()),
            committed: Ok(release("12.0.0")),
            changes: Vec::new(),
            ignored: Vec::new(),
            branch: Some("main".to_owned()),
            wanted_branch: None,
            earlier: Earlier {
                mission: Some(release("11.0.0").mission),
                common: Some(semver::Version::new(1, 3, 0)),
            },
            hashes: vec![HashFile {
                name: "deployments/common/HASH".to_owned(),
                says: Ok((OTHER.to_owned(), Ancestry::Ancestor)),
            }],
            tags: at_head(),
            tag_records: BTreeMap::new(),
            remote: Remote::Asked { name: "origin".to_owned(), tags: at_head(), branch: Some(branch) },
        },
        now: Timestamp::UNIX_EPOCH,
    }
}

/// The codes that fail after `change`, which the record knows of.
fn broken(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = good();
    change(&mut facts);
    record(&mut facts);
    let mut codes = failed(&facts);
    if Record::of(&facts).is_err() && facts.tree.record != Ok(None) {
        assert!(RECORDED.iter().filter(|code| codes.iter().any(|c| c == *code)).count() >= 3, "{codes:?}");
        codes.retain(|code| !RECORDED.contains(&code.as_str()));
    }
    codes
}

/// What falls with the evidence that the record is compared with.
const RECORDED: [&str; 4] = ["RT071", "RT072", "RT073", "RT074"];

/// The codes that fail after a `change` that came after the record.
fn broken_since(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = good();
    change(&mut facts);
    failed(&facts)
}

fn failed(facts: &Facts) -> Vec<String> {
    let failed = judge(facts, |_| true).into_iter().filter(|rule| rule.status == RuleStatus::Failed);
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
            environment.receipt = None;
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
    trips("RT042", |f| f.git.contexts = Some(Ok((Digest::of(b"common"), Digest::of(b"x")))));
    trips("RT042", |f| f.git.contexts = Some(Ok((Digest::of(b"x"), Digest::of(b"mission")))));
    trips("RT042", |f| f.git.contexts = Some(Err(why())));
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

fn first(facts: &mut Facts) -> &mut Environment {
    &mut facts.tree.environments.as_mut().unwrap()[0]
}

#[test]
fn versions_that_are_not_higher_than_the_last_release_are_refused() {
    trips("RT003", |f| f.git.earlier.mission = Some(release("12.0.0").mission));
    trips("RT003", |f| f.git.earlier.common = Some(semver::Version::new(1, 4, 0)));
    assert_eq!(broken(|f| f.git.earlier = Earlier::default()), [""; 0], "the first release");
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

#[test]
fn a_receipt_of_another_version_is_refused() {
    trips("RT023", |f| first(f).receipt.as_mut().unwrap().version = Some("0.14.0".to_owned()));
    assert_eq!(broken(|f| first(f).receipt.as_mut().unwrap().version = None), [""; 0]);
}

#[test]
fn a_base_that_moved_on_is_refused() {
    trips("RT045", |f| f.image.engine.as_mut().unwrap().base = Some(Digest::of(b"other")));
}

fn waive(facts: &mut Facts, what: &str, expires: &str) {
    let (owner, reason) = ("ada".to_owned(), why());
    let waiver = Waiver { what: what.to_owned(), owner, reason, expires: expires.parse().unwrap() };
    first(facts).waivers = Ok(Waivers { waivers: vec![waiver] });
}

fn fail_the_test(facts: &mut Facts) {
    let tested = facts.image.tested.as_mut().unwrap().as_mut().unwrap();
    tested.outcome = testing::tested(TestStatus::Failed);
    tested.verdict = Verdict::No;
}

#[test]
fn a_waiver_excuses_a_failure_until_its_day() {
    trips("RT050", fail_the_test);
    let waived = |what: &str, expires: &str| {
        broken(|f| {
            fail_the_test(f);
            waive(f, what, expires);
        })
    };
    assert_eq!(waived("import numpy", "1970-01-01"), [""; 0]);
    assert_eq!(waived("import numpy", "1969-12-31"), ["RT050", "RT054"]);
    assert_eq!(waived("import scipy", "1970-01-01"), ["RT050"]);
    trips("RT054", |f| waive(f, "import numpy", "1969-12-31"));
    trips("RT054", |f| first(f).waivers = Err(why()));
}

#[test]
fn a_run_that_a_signal_ended_is_not_excused() {
    trips("RT050", |f| {
        fail_the_test(f);
        waive(f, "import numpy", "1970-01-01");
        f.image.tested.as_mut().unwrap().as_mut().unwrap().outcome.container_status = 137;
    });
}

#[test]
fn drift_is_refused_unless_it_is_explained() {
    let drift = |f: &mut Facts| {
        let (kind, name) = (PackageKind::Pip, "numpy".to_owned());
        let (class, frozen, built) = (DriftClass::Version, Some("1".to_owned()), Some("2".to_owned()));
        let difference = Difference { kind, class, name, frozen, built, path: None };
        let environment =
            EnvironmentDrift { name: "roman-cal".to_owned(), same: 1, differences: vec![difference] };
        let compared = f.image.compared.as_mut().unwrap().as_mut().unwrap();
        compared.outcome.environments.push(environment);
        compared.verdict = Verdict::No;
    };
    trips("RT051", drift);
    let explained = broken(|f| {
        drift(f);
        waive(f, "drift numpy", "1970-01-01");
    });
    assert_eq!(explained, [""; 0]);
}

#[test]
fn a_tag_that_tells_of_another_record_is_refused() {
    trips("RT063", |f| {
        f.git.tag_records.insert("1.3.0".to_owned(), Digest::of(b"other").to_string());
    });
}

#[test]
fn a_record_that_is_missing_edited_or_of_something_else_is_refused() {
    let since = |code: &str, change: &dyn Fn(&mut Facts)| assert_eq!(broken_since(change), [code]);
    since("RT070", &|f| f.tree.record = Ok(None));
    since("RT070", &|f| f.tree.record.as_mut().unwrap().as_mut().unwrap().push(b' '));
    since("RT070", &|f| f.tree.record = Err(why()));
    since("RT071", &|f| {
        f.image.built.as_mut().unwrap().as_mut().unwrap().base.id = {
            f.image.engine.as_mut().unwrap().base = Some(Digest::of(b"base"));
            Digest::of(b"base")
        }
    });
    since("RT072", &|f| {
        f.tree.release = Ok(release("12.0.1"));
        f.git.committed = Ok(release("12.0.1"));
    });
    since("RT073", &|f| {
        f.tree.locks.as_mut().unwrap().insert("base/requirements.yml".to_owned(), Digest::of(b"edited"));
    });
    since("RT073", &|f| first(f).receipt = None);
    since("RT073", &|f| f.image.sbom = Some(Digest::of(b"sbom")));
    since("RT074", &|f| {
        fail_the_test(f);
        waive(f, "import numpy", "1970-01-01");
    });
}

#[test]
fn the_same_release_makes_the_same_record_and_it_is_read_back() {
    let (one, two) = (Record::of(&good()).unwrap(), Record::of(&good()).unwrap());
    assert_eq!(one.bytes(), two.bytes());
    assert_eq!(Record::parse(&one.bytes()).unwrap(), one);
    let newer = String::from_utf8(one.bytes()).unwrap().replace("\"schema\": 1", "\"schema\": 2");
    assert!(Record::parse(newer.as_bytes()).unwrap_err().contains("version 2"));
}

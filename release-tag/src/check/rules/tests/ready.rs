//! A release that fulfils every rule, and what becomes of it after a change.

use std::collections::BTreeMap;

use common::digest::Digest;
use common::evidence::{Built, Compared, Materials, Origin, Tested};
use common::git::Ancestry;
use common::report::{CheckOutcome, ImageIdentity, TestStatus, Verdict};
use common::settings::{CalVersion, UseFrozen};
use common::testing;
use common::version_file::MissionVersion;
use common::waiver::{MissionWaivers, Waiver, Waivers};
use jiff::Timestamp;

use super::super::super::facts::{
    CommittedContexts, Earlier, Environment, Facts, Frozen, Git, HashFile, Image, Presence, Receipt, Remote,
    Source, Standing, Tree, Upstream,
};
use super::{RuleStatus, judge};
use crate::record::Record;
use crate::release::Release;

pub const HEAD: &str = "1111111111111111111111111111111111111111";
pub const OTHER: &str = "2222222222222222222222222222222222222222";

pub fn release(mission: &str) -> Release {
    let roman = "roman".parse().unwrap();
    let mission = MissionVersion::parse(mission, &roman).unwrap();
    Release { mission, common: semver::Version::new(1, 3, 0) }
}

pub fn identity() -> ImageIdentity {
    ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(b"image") }
}

pub fn built() -> Built {
    Built {
        image: identity(),
        origin: Origin::Built,
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

pub fn image() -> Image {
    let (image, at) = (identity(), Timestamp::UNIX_EPOCH);
    let tested = testing::tested(TestStatus::Passed);
    let compared = CheckOutcome::of(Vec::new());
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
pub fn good() -> Facts {
    let mut facts = unrecorded();
    record(&mut facts);
    facts
}

/// The branch main on the remote, at the commit that is checked out.
pub fn upstream() -> Upstream {
    Upstream {
        remote: "origin".to_owned(),
        name: "main".to_owned(),
        commit: HEAD.to_owned(),
        standing: Ancestry::Ancestor,
        holds: Ancestry::Ancestor,
    }
}

/// A tag at `commit`, which tells of the record with this digest.
pub fn tag(commit: &str, record: Option<Digest>) -> Standing {
    let record = Ok(record.map(|digest| digest.to_string()));
    Standing { object: OTHER.to_owned(), commit: commit.to_owned(), record, shared: None }
}

/// What the remote has.
pub fn asked(
    facts: &mut Facts,
) -> (&mut BTreeMap<String, Standing>, &mut Option<Upstream>, &mut Option<Upstream>) {
    match &mut facts.git.remote {
        Remote::Asked { tags, base, branch, .. } => (tags, base, branch),
        remote => panic!("{remote:?}"),
    }
}

/// Writes the record of the release, where there can be one.
pub fn record(facts: &mut Facts) {
    if let Ok(record) = Record::of(facts) {
        facts.tree.record = Ok(Some(record.bytes()));
    }
}

/// The commit, which is merged and not tagged yet.
fn git() -> Git {
    let branch = upstream();
    Git {
        unknown: None,
        contexts: Some(Ok(committed(b"common", b"mission"))),
        head: Some(HEAD.to_owned()),
        committed: Ok(release("12.0.0")),
        changes: Vec::new(),
        ignored: Vec::new(),
        branch: Some("main".to_owned()),
        follows: None,
        wanted_branch: None,
        release_branch: Some("main".to_owned()),
        may_be_unpublished: false,
        shallow: false,
        earlier: Earlier {
            mission: Some(release("11.0.0").mission),
            common: Some(semver::Version::new(1, 3, 0)),
        },
        hashes: vec![HashFile {
            name: "deployments/common/HASH".to_owned(),
            says: Ok((OTHER.to_owned(), Source::Right)),
        }],
        tags: BTreeMap::new(),
        remote: Remote::Asked {
            name: "origin".to_owned(),
            tags: BTreeMap::new(),
            base: Some(branch.clone()),
            branch: Some(branch),
            queued: false,
        },
    }
}

pub fn unrecorded() -> Facts {
    let environment = |name: &str, cal: Option<&str>, kernel: &str| Environment {
        name: name.to_owned(),
        cal_version: cal.map(str::to_owned),
        kernel_name: Some(kernel.to_owned()),
        receipt: cal.map(|cal| Receipt {
            digest: Digest::of(b"receipt"),
            version: Some(cal.to_owned()),
            delivered: true,
        }),
    };
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
            waivers: Ok(MissionWaivers::default()),
        },
        image: image(),
        git: git(),
        now: Timestamp::UNIX_EPOCH,
    }
}

/// The codes that fail after `change`, which the record knows of.
pub fn broken(change: impl FnOnce(&mut Facts)) -> Vec<String> {
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
pub const RECORDED: [&str; 4] = ["RT071", "RT072", "RT073", "RT074"];

/// The codes that fail after a `change` that came after the record.
pub fn broken_since(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = good();
    change(&mut facts);
    failed(&facts)
}

pub fn failed(facts: &Facts) -> Vec<String> {
    let failed = judge(facts, |_| true).into_iter().filter(|rule| rule.status == RuleStatus::Failed);
    failed.map(|rule| rule.code).collect()
}

pub fn trips(code: &str, change: impl FnOnce(&mut Facts)) {
    assert_eq!(broken(change), [code]);
}

pub fn why() -> String {
    "because".to_owned()
}

pub fn committed(common: &[u8], mission: &[u8]) -> CommittedContexts {
    let (common, mission) = (Digest::of(common), Digest::of(mission));
    CommittedContexts { common, mission, other: Vec::new() }
}

pub fn first(facts: &mut Facts) -> &mut Environment {
    &mut facts.tree.environments.as_mut().unwrap()[0]
}

pub fn waive(facts: &mut Facts, what: &str, expires: &str) {
    let mut waivers = MissionWaivers::default();
    waivers.environments.insert("roman-cal".to_owned(), waiver(what, expires));
    facts.tree.waivers = Ok(waivers);
}

/// The mission waives what belongs to no environment.
pub fn waive_for_the_mission(facts: &mut Facts, what: &str, expires: &str) {
    let mission = waiver(what, expires);
    facts.tree.waivers = Ok(MissionWaivers { mission, ..MissionWaivers::default() });
}

fn waiver(what: &str, expires: &str) -> Waivers {
    let (owner, reason) = ("ada".to_owned(), why());
    let waiver = Waiver { what: what.to_owned(), owner, reason, expires: expires.parse().unwrap() };
    Waivers { waivers: vec![waiver] }
}

pub fn fail_the_test(facts: &mut Facts) {
    let tested = facts.image.tested.as_mut().unwrap().as_mut().unwrap();
    tested.outcome = testing::tested(TestStatus::Failed);
    tested.verdict = Verdict::No;
}

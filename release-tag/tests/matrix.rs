//! One change between any two steps of a release, whatever it is: the check refuses it under the right
//! code, and nothing is tagged. And what changes nothing is not refused.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeSet;
use std::fs;

use common::digest::Digest;
use common::evidence::{Compared, Frozen, Tested};
use common::report::{ImageIdentity, TestStatus, Verdict};
use common::settings::UseFrozen;
use common::testing;
use jiff::Timestamp;
use support::{NAME, Release, Remote, receipt};

const CAL: &str = "deployments/roman/environments/roman-cal";
const PIP: &str = "deployments/roman/env-frozen/roman-cal/requirements.txt";
const YML: &str = "deployments/roman/env-frozen/roman-cal/requirements.yml";
const RECORD: &str = "deployments/roman/release.json";
const MISSION: &str = "deployments/roman/MISSION_VERSION";
const COMMON: &str = "deployments/common/VERSION";

/// A release that is ready, and its remote.
struct World {
    release: Release,
    remote: Remote,
}

impl World {
    fn new() -> Self {
        let release = Release::ready();
        let remote = release.remote();
        Self { release, remote }
    }

    fn git(&self, args: &[&str]) {
        self.release.repository.run_git(args);
    }

    fn write(&self, path: &str, text: &str) {
        self.release.repository.write(path, text);
    }

    fn read(&self, path: &str) -> String {
        self.release.repository.read(path)
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.release.repository.at(path)).unwrap();
    }

    /// Flips a bit in the middle of the file.
    fn flip(&self, path: &str) {
        let path = self.release.repository.at(path);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    /// Writes the file and makes the release anew with it, record and all.
    fn released_with(&self, path: &str, text: &str) {
        self.write(path, text);
        self.release.repository.commit("change");
        self.release.settle();
    }

    /// Releases a change that `git status` does not show because of `flag`.
    fn overlooked(&self, flag: &str) {
        let path = format!("{CAL}/roman-cal.pip");
        self.git(&["update-index", flag, &path]);
        self.write(&path, "romancal\n");
        self.release.settle();
    }

    fn edit_record(&self, from: &str, to: &str) {
        let text = self.read(RECORD);
        assert!(text.contains(from), "{text}");
        self.write(RECORD, &text.replace(from, to));
    }

    fn evidence(&self, fact: &str) -> String {
        format!(".image/evidence/{}/{fact}.json", self.release.id.hex())
    }

    fn tested(&self, verdict: Verdict, status: Option<TestStatus>) {
        let outcome = status.map(testing::tested).unwrap_or_default();
        let (image, at) = (self.release.identity(), Timestamp::UNIX_EPOCH);
        self.release
            .store()
            .write(&self.release.id, &Tested { image, at, verdict, outcome, inputs: None })
            .unwrap();
    }

    fn compared(&self, change: impl FnOnce(&mut Compared)) {
        let mut fact: Compared = self.release.store().read(&self.release.id).unwrap().unwrap();
        change(&mut fact);
        self.release.store().write(&self.release.id, &fact).unwrap();
    }

    /// A test fails, which is excused until `expires`; made a release of.
    fn waived(&self, expires: &str) {
        self.waive(expires);
        self.release.repository.commit("waive");
        self.release.build();
        self.tested(Verdict::No, Some(TestStatus::Failed));
        self.release.compare();
        self.release.run(&["save"]).outcome("save");
    }

    fn waive(&self, expires: &str) {
        let waiver = format!(
            r#"{{"waivers": [{{"what": "import numpy", "owner": "ada", "reason": "known", "expires": "{expires}"}}]}}"#
        );
        self.write(&format!("{CAL}/tests/waivers.json"), &waiver);
    }
}

/// What is changed, and the rule that must find it.
type Case = (&'static str, &'static str, fn(&World));

/// Changes of the files that are built of.
const FILES: &[Case] = &[
    ("a byte of a pip lock flips", "RT073", |w| w.flip(PIP)),
    ("a byte of a conda lock flips", "RT073", |w| w.flip(YML)),
    ("a lock is deleted", "RT030", |w| w.remove(PIP)),
    ("a lock comes in", "RT073", |w| w.write("deployments/roman/env-frozen/x/requirements.yml", "name: x\n")),
    ("a floating spec is edited", "RT042", |w| w.write(&format!("{CAL}/roman-cal.pip"), "romancal\n")),
    ("an untracked spec comes in", "RT010", |w| w.write(&format!("{CAL}/new.pip"), "x\n")),
    ("a tracked file is deleted", "RT010", |w| w.remove("deployments/common/HASH")),
    ("a Dockerfile is edited", "RT042", |w| w.write("deployments/roman/Dockerfile.custom", "FROM evil\n")),
    ("the common part is edited", "RT042", |w| w.write("deployments/common/common-env/required.pip", "x\n")),
    ("a script may not be executed any more", "RT042", |w| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = w.release.repository.at("deployments/roman/environments/test");
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }),
    ("an ignored file comes in", "RT011", |w| {
        fs::write(w.release.repository.at(".git/info/exclude"), "secret.txt\n").unwrap();
        w.write("deployments/roman/secret.txt", "x");
    }),
    ("the configuration's template is edited", "RT010", |w| w.write("setup-env.template", "export X=1\n")),
    ("a receipt is deleted", "RT073", |w| w.remove(&format!("{CAL}/sources.lock.json"))),
    ("a receipt is edited", "RT073", |w| {
        w.write(&format!("{CAL}/sources.lock.json"), &receipt("0.13.0", "somebody else"));
    }),
    ("a change that git is told to skip is built", "RT042", |w| w.overlooked("--skip-worktree")),
    ("a change that git is told not to expect is built", "RT042", |w| w.overlooked("--assume-unchanged")),
    ("a mode that git does not look at is built", "RT042", |w| {
        use std::os::unix::fs::PermissionsExt as _;
        w.git(&["config", "core.fileMode", "false"]);
        let path = w.release.repository.at("deployments/roman/environments/test");
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        w.release.settle();
    }),
    ("a reference can move", "RT031", |w| {
        w.released_with(PIP, "romancal @ git+https://github.com/x/romancal@main\n");
    }),
];

/// Changes of what the release says of itself.
const VERSIONS: &[Case] = &[
    ("the mission's version is edited", "RT002", |w| w.write(MISSION, "roman-13.0.0\n")),
    ("the common version is edited", "RT072", |w| w.write(COMMON, "1.4.0\n")),
    ("a version is none", "RT001", |w| w.write(COMMON, "1.3\n")),
    ("a version is missing", "RT001", |w| w.remove(MISSION)),
    ("a higher mission was released before", "RT003", |w| w.git(&["tag", "roman-12.1.0", "HEAD~1"])),
    ("a higher infrastructure was released before", "RT003", |w| {
        w.git(&["tag", "roman-11.0.0-c-1.9.0", "HEAD~1"]);
    }),
    ("CAL_VERSION says latest", "RT020", |w| w.released_with(&format!("{CAL}/CAL_VERSION"), "latest\n")),
    ("the kernel tells another version", "RT021", |w| {
        w.released_with(&format!("{CAL}/kernel.name"), "Roman 0.12.0\n");
    }),
    ("the receipt tells another version", "RT023", |w| {
        w.released_with(&format!("{CAL}/sources.lock.json"), &receipt("0.12.0", "a release engineer"));
    }),
    ("HASH names no commit of ours", "RT022", |w| {
        w.released_with("deployments/common/HASH", "0123456789abcdef0123456789abcdef01234567\n");
    }),
    ("MISSION_HASH names a branch", "RT022", |w| w.released_with("deployments/roman/MISSION_HASH", "main\n")),
];

/// Changes of the record.
const RECORDS: &[Case] = &[
    ("the record's image is another", "RT071", |w| w.edit_record(w.release.id.hex(), Digest::of(b"x").hex())),
    ("the record's image has another name", "RT071", |w| w.edit_record(NAME, "notebook-evil:latest")),
    ("the record's version is another", "RT072", |w| w.edit_record("roman-12.0.0", "roman-12.0.1")),
    ("the record's calibration is another", "RT072", |w| {
        w.edit_record("\"roman-cal\": \"0.13.0\"", "\"roman-cal\": \"0.13.1\"");
    }),
    ("the record's lock is another", "RT073", |w| {
        let lock = Digest::of(w.read(PIP).as_bytes());
        w.edit_record(lock.hex(), Digest::of(b"x").hex());
    }),
    ("the record's receipt is another", "RT073", |w| {
        let receipt = Digest::of(w.read(&format!("{CAL}/sources.lock.json")).as_bytes());
        w.edit_record(receipt.hex(), Digest::of(b"x").hex());
    }),
    ("the record counts another test", "RT074", |w| w.edit_record("\"passed\": 1", "\"passed\": 2")),
    ("the record tells of no bill of materials", "RT073", |w| {
        let bill = w.release.store().read::<Frozen>(&w.release.id).unwrap().unwrap().sbom.unwrap();
        w.edit_record(&format!("\"sbom\": \"{bill}\""), "\"sbom\": null");
    }),
    ("the record tells of another bill of materials", "RT073", |w| {
        let bill = w.release.store().read::<Frozen>(&w.release.id).unwrap().unwrap().sbom.unwrap();
        w.edit_record(bill.hex(), Digest::of(b"x").hex());
    }),
    ("the record has a blank more", "RT070", |w| w.write(RECORD, &(w.read(RECORD) + " "))),
    ("the record has a key more", "RT070", |w| w.edit_record("\"schema\": 1,", "\"schema\": 1, \"x\": 1,")),
    ("the record is of a later form", "RT070", |w| w.edit_record("\"schema\": 1,", "\"schema\": 2,")),
    ("the record is deleted", "RT070", |w| w.remove(RECORD)),
    ("the record is edited and committed", "RT071", |w| {
        w.edit_record(w.release.id.hex(), Digest::of(b"x").hex());
        w.git(&["commit", "-q", "--amend", "-a", "--no-edit"]);
    }),
];

/// Changes of the history, the branch, the tags and the remote.
const HISTORY: &[Case] = &[
    ("the commit is amended with another file", "RT042", |w| {
        w.write(&format!("{CAL}/new.pip"), "x\n");
        w.git(&["add", "--all"]);
        w.git(&["commit", "-q", "--amend", "--no-edit"]);
    }),
    ("a commit comes on top", "RT042", |w| {
        w.write(&format!("{CAL}/new.pip"), "x\n");
        w.release.repository.commit("more");
    }),
    ("the record's commit is taken back", "RT070", |w| w.git(&["reset", "-q", "--hard", "HEAD~1"])),
    ("HEAD is detached", "RT012", |w| w.git(&["checkout", "-q", "--detach"])),
    ("a tag is elsewhere in this clone", "RT060", |w| w.git(&["tag", "roman-12.0.0", "HEAD~1"])),
    ("a tag is elsewhere on the remote", "RT061", |w| {
        w.git(&["push", "-q", "origin", "HEAD~1:refs/tags/roman-12.0.0"]);
    }),
    ("a tag tells of another record", "RT063", |w| {
        let message = format!("Release\n\nRelease-Record: {}", Digest::of(b"x"));
        w.git(&["tag", "-a", "-m", &message, "roman-12.0.0"]);
    }),
    ("the remote is ahead", "RT062", |w| {
        w.release.repository.commit("more");
        w.git(&["push", "-q", "origin", "main"]);
        w.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }),
    ("the remote is gone", "RT061", |w| fs::remove_dir_all(w.remote.path()).unwrap()),
];

/// Changes of the image and of the evidence about it.
const IMAGES: &[Case] = &[
    ("the name means another image", "RT044", |w| _ = w.release.engine.image(NAME, &["OTHER=1"])),
    ("the base means another image", "RT045", |w| {
        let mut built = w.release.built();
        "base:1".clone_into(&mut built.base.name);
        w.release.note_built(&built);
        w.release.engine.image("base:1", &["MOVED=1"]);
    }),
    ("the engine lost the image", "RT043", |w| w.release.engine.fail("inspect", 9)),
    ("another image was built", "RT040", |w| {
        let image = ImageIdentity { name: NAME.to_owned(), id: Digest::of(b"another") };
        w.release.store().set_last_built(&"roman".parse().unwrap(), &image).unwrap();
    }),
    ("the build was floating", "RT041", |w| {
        let mut built = w.release.built();
        built.use_frozen = UseFrozen::Floating;
        w.release.note_built(&built);
    }),
    ("a byte of the build's evidence flips", "RT040", |w| w.flip(&w.evidence("built"))),
    ("the build's evidence is deleted", "RT040", |w| w.remove(&w.evidence("built"))),
    ("a byte of the tests' evidence flips", "RT050", |w| w.flip(&w.evidence("tested"))),
    ("the tests' evidence is deleted", "RT050", |w| w.remove(&w.evidence("tested"))),
    ("the tests' evidence says passed where it said failed", "RT050", |w| {
        w.tested(Verdict::No, Some(TestStatus::Failed));
        let path = w.evidence("tested");
        w.write(&path, &w.read(&path).replace("failed", "passed").replace("\"no\"", "\"yes\""));
    }),
    ("a test failed", "RT050", |w| w.tested(Verdict::No, Some(TestStatus::Failed))),
    ("a test was not run", "RT050", |w| w.tested(Verdict::Yes, Some(TestStatus::NotRun))),
    ("nothing was tested", "RT050", |w| w.tested(Verdict::Yes, None)),
    ("the tests' evidence is of the form before", "RT050", |w| {
        let fact: Tested = w.release.store().read(&w.release.id).unwrap().unwrap();
        w.write(&w.evidence("tested"), &serde_json::to_string(&fact).unwrap());
    }),
    ("a byte of the comparison flips", "RT051", |w| w.flip(&w.evidence("compared"))),
    ("the comparison is deleted", "RT051", |w| w.remove(&w.evidence("compared"))),
    ("the comparison says no", "RT051", |w| w.compared(|fact| fact.verdict = Verdict::No)),
    ("the comparison was with other specs", "RT052", |w| w.compared(|fact| fact.frozen = Digest::of(b"x"))),
    ("other tests were run since the record", "RT074", |w| {
        let mut outcome = testing::tested(TestStatus::Passed);
        "scipy".clone_into(&mut outcome.environments[0].cases[0].name);
        let (image, at) = (w.release.identity(), Timestamp::UNIX_EPOCH);
        let fact = Tested { image, at, verdict: Verdict::Yes, outcome, inputs: None };
        w.release.store().write(&w.release.id, &fact).unwrap();
    }),
    ("a waiver ended", "RT054", |w| {
        w.waived("9999-12-31");
        w.waive("2024-08-05");
    }),
    ("a waiver is taken away", "RT050", |w| {
        w.waived("9999-12-31");
        w.remove(&format!("{CAL}/tests/waivers.json"));
    }),
    ("waivers make no sense", "RT054", |w| w.write(&format!("{CAL}/tests/waivers.json"), "{}")),
    ("a waiver is for something else", "RT050", |w| {
        w.waived("9999-12-31");
        let path = format!("{CAL}/tests/waivers.json");
        w.write(&path, &w.read(&path).replace("numpy", "scipy"));
    }),
];

fn all() -> impl Iterator<Item = &'static Case> {
    [FILES, VERSIONS, RECORDS, HISTORY, IMAGES].into_iter().flatten()
}

/// Rules that say nothing of whether the image may be delivered: they are about the release to come, the
/// names that people look at, and the remote.
const NOT_OF_DELIVERIES: [&str; 12] = [
    "RT003", "RT012", "RT020", "RT021", "RT022", "RT023", "RT030", "RT031", "RT044", "RT045", "RT061",
    "RT062",
];

/// What the check refuses is not delivered either.
fn delivers_nothing(world: &World, (change, code): (&str, &str)) {
    if NOT_OF_DELIVERIES.contains(&code) {
        return;
    }
    let ran = world.release.run(&["deliver"]);
    assert_eq!(ran.code(), 1, "{change}: {}", ran.said());
    assert!(ran.broken().iter().any(|found| found == code), "{change}: {:?}", ran.broken());
    assert!(!world.release.repository.at(".image/delivery/roman-12.0.0").exists(), "{change}");
}

fn refuses(cases: &[Case]) {
    for (change, code, apply) in cases {
        let world = World::new();
        apply(&world);
        let ran = world.release.run(&["check"]);
        let broken = ran.broken();
        assert_eq!(ran.code(), 1, "{change}: {}", ran.said());
        assert!(broken.iter().any(|found| found == code), "{change}: {code} is not in {broken:?}");
        delivers_nothing(&world, (change, code));
        let before = world.release.refs();
        let tag = world.release.run(&["tag", "--execute"]);
        assert_ne!(tag.code(), 0, "{change}: it was tagged");
        assert_eq!(world.release.refs(), before, "{change}");
    }
}

#[test]
fn no_change_of_the_files_gets_through() {
    refuses(FILES);
}

#[test]
fn no_change_of_the_versions_gets_through() {
    refuses(VERSIONS);
}

#[test]
fn no_change_of_the_record_gets_through() {
    refuses(RECORDS);
}

#[test]
fn no_change_of_the_history_gets_through() {
    refuses(HISTORY);
}

#[test]
fn no_change_of_the_image_and_its_evidence_gets_through() {
    refuses(IMAGES);
}

#[test]
fn the_table_is_large_and_trips_every_rule() {
    assert!(all().count() >= 60, "{}", all().count());
    let tripped: BTreeSet<&str> = all().map(|(_, code, _)| *code).collect();
    let release = Release::ready();
    let listed = release.run(&["check", "--explain", "all"]);
    let listed = String::from_utf8_lossy(&listed.0.stdout).into_owned();
    let rules: BTreeSet<&str> = listed.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(tripped, rules);
}

/// What is done, and makes no difference.
type Harmless = (&'static str, fn(&World));

/// What makes no difference to the release.
const HARMLESS: &[Harmless] = &[
    ("nothing", |_| ()),
    ("another mission is edited", |w| w.write("deployments/tike/MISSION_VERSION", "tike-1\n")),
    ("notes beside", |w| w.write("notes.txt", "x")),
    ("the same tests again", |w| w.release.test(Verdict::Yes)),
    ("saved again", |w| _ = w.release.run(&["save"]).outcome("save")),
    ("checked before", |w| _ = w.release.run(&["check"]).outcome("gate")),
    ("a lower release was tagged before", |w| w.git(&["tag", "roman-11.9.9", "HEAD~1"])),
    ("a higher one of another mission", |w| w.git(&["tag", "tike-99.0.0", "HEAD~1"])),
    ("a failure that is waived", |w| w.waived("9999-12-31")),
    ("tagged before", |w| _ = w.release.run(&["tag", "--execute"]).outcome("tag")),
    ("HASH names the first commit", |w| {
        let first = w.release.repository.run_git(&["rev-list", "--max-parents=0", "HEAD"]);
        w.released_with("deployments/common/HASH", &format!("{first}\n"));
    }),
];

#[test]
fn what_changes_nothing_is_not_refused() {
    for (change, apply) in HARMLESS {
        let world = World::new();
        apply(&world);
        let ran = world.release.run(&["check"]);
        assert_eq!((ran.code(), ran.broken()), (0, vec![]), "{change}: {}", ran.said());
        world.release.run(&["tag", "--execute"]).outcome("tag");
        assert_eq!(world.remote.tags(&world.release).len(), 2, "{change}");
    }
}

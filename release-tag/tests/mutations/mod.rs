//! Changes between any two steps of a release, one at a time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod files;
mod harmless;
mod history;
mod images;
mod records;

use std::fs;

use common::digest::Digest;
use common::evidence::{Compared, Tested};
use common::report::{Difference, DriftClass, EnvironmentDrift, PackageKind, TestStatus, Verdict};
use common::testing;
use jiff::Timestamp;

use super::support::{Release, Remote};

pub use files::{FILES, VERSIONS};
pub use harmless::HARMLESS;
pub use history::HISTORY;
pub use images::IMAGES;
pub use records::RECORDS;

pub const CAL: &str = "deployments/roman/environments/roman-cal";
pub const PIP: &str = "deployments/roman/env-frozen/roman-cal/requirements.txt";
pub const YML: &str = "deployments/roman/env-frozen/roman-cal/requirements.yml";
pub const RECORD: &str = "deployments/roman/release.json";
pub const MISSION: &str = "deployments/roman/MISSION_VERSION";
pub const COMMON: &str = "deployments/common/VERSION";
pub const MISSION_WAIVERS: &str = "deployments/roman/waivers.json";

/// A release that is ready, and its remote.
pub struct World {
    pub release: Release,
    pub remote: Remote,
}

impl World {
    pub fn new() -> Self {
        let release = Release::ready();
        let remote = release.remote();
        Self { release, remote }
    }

    pub fn git(&self, args: &[&str]) {
        self.release.repository.run_git(args);
    }

    pub fn write(&self, path: &str, text: &str) {
        self.release.repository.write(path, text);
    }

    pub fn read(&self, path: &str) -> String {
        self.release.repository.read(path)
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.release.repository.at(path)).unwrap();
    }

    /// Flips a bit in the middle of the file.
    pub fn flip(&self, path: &str) {
        let path = self.release.repository.at(path);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    /// Writes the file and makes the release anew with it, record and all.
    pub fn released_with(&self, path: &str, text: &str) {
        self.write(path, text);
        self.release.repository.commit("change");
        self.release.settle();
        self.publish();
    }

    /// Forgets the history, as a checkout in CI does not have it.
    pub fn become_shallow(&self) {
        fs::write(self.release.repository.at(".git/shallow"), self.release.head() + "\n").unwrap();
        assert_eq!(self.release.repository.run_git(&["rev-list", "--count", "HEAD"]), "1");
    }

    /// What is committed is merged.
    pub fn publish(&self) {
        self.git(&["push", "-q", "origin", "HEAD:main"]);
    }

    /// Releases the mission tike, of the very same infrastructure, and comes back to roman.
    pub fn release_tike(&self) {
        let release = &self.release;
        let record = release.repository.read(RECORD).replace("roman", "tike");
        self.write("deployments/tike/release.json", &record);
        release.repository.commit("tike");
        self.publish();
        let message = format!("Release tike\n\nRelease-Record: {}\n", Digest::of(record.as_bytes()));
        for tag in ["tike-2025.06.0", "1.3.0"] {
            self.git(&["tag", "-a", "-m", &message, tag]);
            self.git(&["push", "-q", "origin", tag]);
        }
    }

    /// Releases a change that `git status` does not show because of `flag`.
    pub fn overlooked(&self, flag: &str) {
        let path = format!("{CAL}/roman-cal.pip");
        self.git(&["update-index", flag, &path]);
        self.write(&path, "romancal\n");
        self.release.settle();
        self.publish();
    }

    pub fn edit_record(&self, from: &str, to: &str) {
        let text = self.read(RECORD);
        assert!(text.contains(from), "{text}");
        self.write(RECORD, &text.replace(from, to));
    }

    pub fn evidence(&self, fact: &str) -> String {
        format!(".image/evidence/{}/{fact}.json", self.release.id.hex())
    }

    pub fn tested(&self, verdict: Verdict, status: Option<TestStatus>) {
        let outcome = status.map(testing::tested).unwrap_or_default();
        let (image, at) = (self.release.identity(), Timestamp::UNIX_EPOCH);
        self.release
            .store()
            .write(&self.release.id, &Tested { image, at, verdict, outcome, inputs: None })
            .unwrap();
    }

    pub fn compared(&self, change: impl FnOnce(&mut Compared)) {
        let mut fact: Compared = self.release.store().read(&self.release.id).unwrap().unwrap();
        change(&mut fact);
        self.release.store().write(&self.release.id, &fact).unwrap();
    }

    /// A test fails, which is excused until `expires`; made a release of.
    pub fn waived(&self, expires: &str) {
        self.waive(expires);
        self.release.repository.commit("waive");
        self.release.build();
        self.tested(Verdict::No, Some(TestStatus::Failed));
        self.release.compare();
        self.release.run(&["save"]).outcome("save");
        self.publish();
    }

    pub fn waive(&self, expires: &str) {
        self.write(&format!("{CAL}/tests/waivers.json"), &waiver("import numpy", expires));
    }

    /// conda drifts in `environment`, which the mission waives until `expires`; made a release of.
    pub fn drifted(&self, environment: &str, expires: &str) {
        self.write(MISSION_WAIVERS, &waiver("drift conda", expires));
        self.release.repository.commit("waive");
        self.release.build();
        self.compared(|fact| {
            let (kind, class, name) = (PackageKind::Conda, DriftClass::Missing, "conda".to_owned());
            let difference =
                Difference { kind, class, name, frozen: Some("24.1.2".to_owned()), built: None, path: None };
            let name = environment.to_owned();
            fact.outcome.environments.push(EnvironmentDrift { name, same: 0, differences: vec![difference] });
            fact.verdict = Verdict::No;
        });
        self.release.run(&["save"]).outcome("save");
        self.publish();
    }
}

/// A file that waives `what` until `expires`.
pub fn waiver(what: &str, expires: &str) -> String {
    format!(
        r#"{{"waivers": [{{"what": "{what}", "owner": "ada", "reason": "known", "expires": "{expires}"}}]}}"#
    )
}

/// What is changed, and the rule that must find it.
pub type Case = (&'static str, &'static str, fn(&World));

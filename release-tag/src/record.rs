//! The record of a release: `deployments/<mission>/release.json`, tracked. It binds the versions, the
//! image, what the image was made of and how its tests went, so that whoever has the commit can tell
//! whether an image is the one that was tested.
//!
//! It holds no time and no name of a machine: the same image, tests and specs make the same bytes.

mod summary;

use std::collections::BTreeMap;

use common::digest::Digest;
use common::report::ImageIdentity;
use common::waiver::{self, Waived};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{Environment, Facts, Found};

pub use summary::{DriftSummary, TestSummary, unexcused};

/// Where the schema of this version stands.
const SCHEMA_URL: &str = "docs/schema/release-1.json";

/// The version of the record's form that this build reads and writes.
pub const SCHEMA: u32 = 1;

/// What a release is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Where the schema stands, for editors.
    #[serde(rename = "$schema")]
    pub schema_url: String,
    /// The version of the form.
    pub schema: u32,
    /// The mission's version: `roman-12.0.0`.
    pub mission: String,
    /// The version of the common infrastructure.
    pub common: String,
    /// The calibration version of each environment that has one.
    pub calibration: BTreeMap<String, String>,
    /// The image that was tested.
    pub image: ImageIdentity,
    /// Its size in bytes, where the engine tells.
    pub size: Option<u64>,
    /// What it was built on.
    pub base: ImageIdentity,
    /// The contents that went in.
    pub contexts: Contexts,
    /// The frozen specs: `roman-cal/requirements.txt` and its digest.
    pub locks: BTreeMap<String, Digest>,
    /// The receipts of delivered specs, by environment.
    pub receipts: BTreeMap<String, Digest>,
    /// How the image's tests went.
    pub tests: TestSummary,
    /// How the image compared with the frozen specs.
    pub drift: DriftSummary,
    /// The software bill of materials; none where no inventory was made.
    pub sbom: Option<Digest>,
}

/// The contents of the two build contexts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// Of `deployments/common`.
    pub common: Digest,
    /// Of `deployments/<mission>`.
    pub mission: Digest,
}

impl Record {
    /// The record of the release that `facts` tell of.
    ///
    /// # Errors
    /// Something that it must tell is not known; in words.
    pub fn of(facts: &Facts) -> Found<Self> {
        let (tree, image) = (&facts.tree, &facts.image);
        let release = tree.release.as_ref().map_err(Clone::clone)?;
        let environments = tree.environments.as_ref().map_err(Clone::clone)?;
        let built = known(&image.built, "image-build made no such image here")?;
        let tested = known(&image.tested, "image-test was not run on it")?;
        let compared = known(&image.compared, "image-freeze check was not run on it")?;
        let told = |e: &Environment| Some((e.name.clone(), e.cal_version.clone()?));
        let receipt = |e: &Environment| Some((e.name.clone(), e.receipt.as_ref()?.digest.clone()));
        let (common, mission) = (built.common_context.clone(), built.mission_context.clone());
        Ok(Self {
            schema_url: SCHEMA_URL.to_owned(),
            schema: SCHEMA,
            mission: release.mission.to_string(),
            common: release.common.to_string(),
            calibration: environments.iter().filter_map(told).collect(),
            image: built.image.clone(),
            size: image.engine.as_ref().ok().and_then(|presence| presence.size),
            base: built.base.clone(),
            contexts: Contexts { common, mission },
            locks: tree.locks.clone()?,
            receipts: environments.iter().filter_map(receipt).collect(),
            tests: TestSummary::of(&tested.outcome, &tree.accepted(), facts.now),
            drift: DriftSummary::of(&compared.outcome, &tree.accepted(), facts.now),
            sbom: image.sbom.clone(),
        })
    }

    /// Its bytes: the same record, the same bytes.
    ///
    /// # Panics
    /// Never: a record has only string keys.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a record has only string keys");
        text.push(b'\n');
        text
    }

    /// The record in `bytes`, which must be as this build writes it.
    ///
    /// # Errors
    /// It is none, or was edited; in words.
    pub fn parse(bytes: &[u8]) -> Found<Self> {
        let record: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if record.schema != SCHEMA {
            return Err(format!("its form has version {}, this build reads {SCHEMA}", record.schema));
        }
        if record.bytes() == bytes { Ok(record) } else { Err("it is not as release-tag wrote it".to_owned()) }
    }
}

impl Record {
    /// The failures and differences that it tells of and no waiver in it excuses: at `moment`, or ever if that is
    /// not known. In words.
    #[must_use]
    pub fn unexcused(&self, moment: Option<Timestamp>) -> Vec<String> {
        let tests = &self.tests;
        let failed = self.tests.results.iter().flat_map(|(environment, results)| {
            let bad = results.iter().filter(|(_, status)| waiver::is_bad(**status));
            bad.map(move |(name, _)| (environment, name.clone()))
        });
        let drifted = self.drift.differences.iter().flat_map(|(environment, differences)| {
            differences.iter().map(move |one| (environment, format!("drift {}", one.name)))
        });
        let failed: Vec<_> = failed.collect();
        let is_silent = failed.is_empty() && tests.waived.is_empty() && tests.failed + tests.not_run > 0;
        let silent = is_silent.then(|| format!("{} failures without a name", tests.failed + tests.not_run));
        let open = failed.into_iter().map(|found| (found, &tests.waived));
        let open = open.chain(drifted.map(|found| (found, &self.drift.waived)));
        let open = open.filter_map(|((environment, what), waived)| {
            let own = waived.iter().find(|one| one.environment == *environment && one.waiver.what == what);
            let Some(Waived { waiver, .. }) = own else { return Some(format!("{environment}: {what}")) };
            let holds = moment.is_none_or(|moment| waiver.holds(moment));
            (!holds).then(|| format!("{environment}: {what} was waived until {} only", waiver.expires))
        });
        open.chain(silent).collect()
    }
}

fn known<'a, T>(fact: &'a Found<Option<T>>, otherwise: &str) -> Found<&'a T> {
    match fact {
        Ok(Some(fact)) => Ok(fact),
        Ok(None) => Err(otherwise.to_owned()),
        Err(reason) => Err(reason.clone()),
    }
}

/// The JSON Schema of the record, as text with a final newline.
#[cfg(test)]
fn json_schema() -> String {
    let schema = schemars::schema_for!(Record);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        common::testing::committed_schema(super::SCHEMA_URL, &super::json_schema());
    }
}

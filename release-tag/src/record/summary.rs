//! Tests and drift as the record tells them: what came out, and what was excused by whom.

use std::collections::BTreeMap;

use common::report::{CheckOutcome, Difference, TestOutcome, TestStatus};
use common::waiver::{self, Waiver};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Environment;

/// How an image's tests went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSummary {
    /// How many passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// How many were left out on purpose.
    pub skipped: u64,
    /// How many were asked for and have no result.
    pub not_run: u64,
    /// Every result, by environment: `import numpy`.
    pub results: BTreeMap<String, BTreeMap<String, TestStatus>>,
    /// The failures that are excused.
    pub waived: Vec<Waived>,
}

/// How an image compared with the frozen specs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftSummary {
    /// How many packages are as frozen.
    pub same: u64,
    /// Those that are not, by environment.
    pub differences: BTreeMap<String, Vec<Difference>>,
    /// The differences that are explained.
    pub waived: Vec<Waived>,
}

/// A waiver that was needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The environment.
    pub environment: String,
    /// The waiver.
    pub waiver: Waiver,
}

impl TestSummary {
    /// The summary of `outcome`, where the waivers of `environments` excuse failures at `now`.
    #[must_use]
    pub fn of(outcome: &TestOutcome, environments: &[Environment], now: Timestamp) -> Self {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let counts = outcome.counts();
        let mut results: BTreeMap<String, BTreeMap<String, TestStatus>> = BTreeMap::new();
        for environment in &outcome.environments {
            let of = results.entry(environment.name.clone()).or_default();
            for case in &environment.cases {
                let status = of.entry(waiver::name_of(case)).or_insert(case.status);
                // Of two results under one name, the worse one counts.
                if *status == TestStatus::Passed {
                    *status = case.status;
                }
            }
        }
        let red = red(outcome);
        Self {
            passed: count(counts.passed),
            failed: count(counts.failed),
            skipped: count(counts.skipped),
            not_run: count(counts.not_run),
            results,
            waived: excused(&red, environments, now),
        }
    }
}

impl DriftSummary {
    /// The summary of `outcome`, where the waivers of `environments` explain differences at `now`.
    #[must_use]
    pub fn of(outcome: &CheckOutcome, environments: &[Environment], now: Timestamp) -> Self {
        let drifted = outcome.environments.iter().filter(|e| !e.differences.is_empty());
        let names: Vec<(String, String)> = drift(outcome);
        Self {
            same: outcome.environments.iter().map(|e| u64::from(e.same)).sum(),
            differences: drifted.map(|e| (e.name.clone(), e.differences.clone())).collect(),
            waived: excused(&names, environments, now),
        }
    }
}

/// What of `found` (environment, what) no waiver of `environments` excuses at `now`; in words.
#[must_use]
pub fn unexcused(found: &[(String, String)], environments: &[Environment], now: Timestamp) -> Vec<String> {
    let open =
        found.iter().filter(|(environment, what)| waiver_of(environment, what, environments, now).is_none());
    open.map(|(environment, what)| format!("{environment}: {what}")).collect()
}

/// Everything that is not as it should be in `outcome`: environment, and what.
#[must_use]
pub fn red(outcome: &TestOutcome) -> Vec<(String, String)> {
    let environments = outcome.environments.iter();
    environments
        .flat_map(|e| {
            e.cases
                .iter()
                .filter(|case| is_bad(case.status))
                .map(|case| (e.name.clone(), waiver::name_of(case)))
        })
        .collect()
}

/// Whether what came out thus must be waived.
#[must_use]
pub fn is_bad(status: TestStatus) -> bool {
    matches!(status, TestStatus::Failed | TestStatus::NotRun)
}

/// Every package that is not as frozen: environment, and `drift NAME`.
#[must_use]
pub fn drift(outcome: &CheckOutcome) -> Vec<(String, String)> {
    let environments = outcome.environments.iter();
    environments
        .flat_map(|e| e.differences.iter().map(|one| (e.name.clone(), format!("drift {}", one.name))))
        .collect()
}

fn excused(found: &[(String, String)], environments: &[Environment], now: Timestamp) -> Vec<Waived> {
    let mut waived: Vec<Waived> = found
        .iter()
        .filter_map(|(environment, what)| {
            let waiver = waiver_of(environment, what, environments, now)?.clone();
            Some(Waived { environment: environment.clone(), waiver })
        })
        .collect();
    waived.sort();
    waived.dedup();
    waived
}

fn waiver_of<'a>(
    environment: &str,
    what: &str,
    environments: &'a [Environment],
    now: Timestamp,
) -> Option<&'a Waiver> {
    let environment = environments.iter().find(|e| e.name == environment)?;
    let waivers = environment.waivers.as_ref().ok()?;
    waivers.of(what).filter(|waiver| waiver.holds(now))
}

//! Tests and drift as the record tells them: what came out, and what was excused by whom.

use std::collections::BTreeMap;

use common::report::{CheckOutcome, Difference, TestOutcome, TestStatus};
use common::waiver::{self, MissionWaivers, Red, Waived};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

impl TestSummary {
    /// The summary of `outcome`, where `waivers` excuse failures at `now`.
    #[must_use]
    pub fn of(outcome: &TestOutcome, waivers: &MissionWaivers, now: Timestamp) -> Self {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let counts = outcome.counts();
        let mut results: BTreeMap<String, BTreeMap<String, TestStatus>> = BTreeMap::new();
        for environment in &outcome.environments {
            let of = results.entry(environment.name.clone()).or_default();
            for case in &environment.cases {
                let status = of.entry(waiver::name_of(case)).or_insert(case.status);
                // Of two results under one name, the worse one counts.
                if badness(case.status) > badness(*status) {
                    *status = case.status;
                }
            }
        }
        Self {
            passed: count(counts.passed),
            failed: count(counts.failed),
            skipped: count(counts.skipped),
            not_run: count(counts.not_run),
            results,
            waived: waivers.judge(&waiver::red(outcome), now).excused,
        }
    }
}

impl DriftSummary {
    /// The summary of `outcome`, where `waivers` explain differences at `now`.
    #[must_use]
    pub fn of(outcome: &CheckOutcome, waivers: &MissionWaivers, now: Timestamp) -> Self {
        let drifted = outcome.environments.iter().filter(|e| !e.differences.is_empty());
        Self {
            same: outcome.environments.iter().map(|e| u64::from(e.same)).sum(),
            differences: drifted.map(|e| (e.name.clone(), e.differences.clone())).collect(),
            waived: waivers.judge(&waiver::drift(outcome), now).excused,
        }
    }
}

/// What of `found` no waiver excuses at `now`; in words.
#[must_use]
pub fn unexcused(found: &[Red], waivers: &MissionWaivers, now: Timestamp) -> Vec<String> {
    let judged = waivers.judge(found, now);
    let open = found.iter().filter(|(environment, what)| judged.excuse(environment, what).is_none());
    open.map(|(environment, what)| format!("{environment}: {what}")).collect()
}

/// What is worse is more.
const fn badness(status: TestStatus) -> u8 {
    match status {
        TestStatus::Passed => 0,
        TestStatus::Skipped => 1,
        TestStatus::NotRun => 2,
        TestStatus::Failed => 3,
    }
}

#[cfg(test)]
mod tests {
    use common::testing;

    use super::*;

    /// The first result that was not a pass used to stand, a later failure or not.
    #[test]
    fn of_two_results_under_one_name_the_worse_one_counts() {
        use TestStatus::{Failed, NotRun, Passed, Skipped};
        for (statuses, expected) in [
            ([Skipped, Failed], Failed),
            ([Failed, Skipped], Failed),
            ([NotRun, Failed], Failed),
            ([Passed, Skipped], Skipped),
            ([Passed, Passed], Passed),
        ] {
            let mut outcome = testing::tested(Passed);
            let cases = &mut outcome.environments[0].cases;
            let name = waiver::name_of(&cases[0]);
            cases.truncate(1);
            let mut other = cases[0].clone();
            (cases[0].status, other.status) = statuses.into();
            cases.push(other);
            let environment = outcome.environments[0].name.clone();
            let summary = TestSummary::of(&outcome, &MissionWaivers::default(), Timestamp::UNIX_EPOCH);
            assert_eq!(summary.results[&environment][&name], expected, "{statuses:?}");
        }
    }
}

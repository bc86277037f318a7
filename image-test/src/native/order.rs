//! In which order tests start: the longest first, so that none that takes long is left for the end.

use std::collections::HashMap;

use common::evidence::{Store, Tested};
use common::report::TestKind;

use super::planned::Planned;

/// How long tests took before, in seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durations(HashMap<(String, TestKind, String), f64>);

impl Durations {
    /// The newest that this clone's evidence tells, of whatever image.
    pub(crate) fn earlier(store: &Store) -> Self {
        let mut runs: Vec<Tested> = store.all();
        runs.sort_by_key(|run| run.at);
        let mut durations = HashMap::new();
        for environment in runs.into_iter().flat_map(|run| run.outcome.environments) {
            for case in environment.cases {
                if let Some(seconds) = case.seconds {
                    durations.insert((environment.name.clone(), case.kind, case.name), seconds);
                }
            }
        }
        Self(durations)
    }

    /// How long a test will take: as before. One that is not known may be the longest of all, unless
    /// it is an import.
    fn expected(&self, planned: &Planned) -> f64 {
        let key = (planned.environment.clone(), planned.kind, planned.name.clone());
        let unknown = if planned.kind == TestKind::Import { 2.0 } else { f64::INFINITY };
        self.0.get(&key).copied().unwrap_or(unknown)
    }
}

/// The places of `planned`, the longest test first; equals stay as they are.
pub(crate) fn longest_first(planned: &[Planned], durations: &Durations) -> Vec<usize> {
    let mut order: Vec<(usize, f64)> =
        planned.iter().enumerate().map(|(place, one)| (place, durations.expected(one))).collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1));
    order.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(kind: TestKind, name: &str) -> Planned {
        Planned { environment: "e".to_owned(), kind, name: name.to_owned(), alone: false, refused: None }
    }

    #[test]
    fn what_took_long_before_or_may_take_long_starts_first() {
        use TestKind::{Import, Notebook};
        let tests = [
            planned(Import, "quick"),
            planned(Import, "slow"),
            planned(Notebook, "short.ipynb"),
            planned(Notebook, "new.ipynb"),
            planned(Import, "new"),
        ];
        let known = |kind, name: &str, seconds| (("e".to_owned(), kind, name.to_owned()), seconds);
        let durations = Durations(HashMap::from([
            known(Import, "quick", 0.1),
            known(Import, "slow", 9.0),
            known(Notebook, "short.ipynb", 5.0),
        ]));
        assert_eq!(longest_first(&tests, &durations), [3, 1, 2, 4, 0]);
        assert_eq!(longest_first(&tests, &Durations::default()), [2, 3, 0, 1, 4]);
    }
}

//! How long a step takes when it really does something, by its last few runs.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// How many runs are remembered.
const FEW: usize = 3;

/// How much of a run was found in the engine's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cached {
    /// All of it: how long it took says nothing of a build.
    All,
    /// Nothing: that is how long a build takes.
    Nothing,
    /// A part, or the engine does not tell.
    Partly,
}

/// The last few runs, oldest first, in seconds. Empty where none is known that did anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// These and a run that took so many seconds. One that found nothing in a cache is the newest that can be
    /// known; after another, the longer ones still count for a while.
    pub(crate) fn and(&self, seconds: f64, cached: Cached) -> Self {
        match cached {
            Cached::All => self.clone(),
            Cached::Nothing => Self(vec![seconds]),
            Cached::Partly => {
                let all: Vec<f64> = self.0.iter().copied().chain([seconds]).collect();
                Self(all[all.len().saturating_sub(FEW)..].to_vec())
            }
        }
    }

    /// How long the next one may take: as long as the longest of these.
    pub(crate) fn expected(&self) -> Option<f64> {
        self.0.iter().copied().reduce(f64::max)
    }
}

impl<'de> Deserialize<'de> for Times {
    /// One number is what was kept once: of the last run, whatever that did.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let all = if value.is_number() {
            vec![value]
        } else {
            Vec::deserialize(value).map_err(D::Error::custom)?
        };
        let seconds =
            all.iter().map(|one| one.as_f64().ok_or_else(|| D::Error::custom("no number of seconds")));
        seconds.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_found_all_in_the_cache_does_not_say_how_long_a_build_takes() {
        let real = Times::default().and(2400.0, Cached::Nothing);
        assert_eq!(real.and(0.4, Cached::All).expected(), Some(2400.0));
        assert_eq!(Times::default().and(0.4, Cached::All).expected(), None, "nothing is promised");
        assert_eq!(real.and(1800.0, Cached::Nothing).expected(), Some(1800.0), "the newest real one");
        let mut partly = real;
        for (seconds, expected) in [(20.0, 2400.0), (30.0, 2400.0), (10.0, 30.0)] {
            partly = partly.and(seconds, Cached::Partly);
            assert_eq!(partly.expected(), Some(expected), "the longest of the last few");
        }
    }

    #[test]
    fn what_was_kept_before_is_read() {
        let read = |text: &str| serde_json::from_str::<Times>(text).ok().map(|times| times.0);
        assert_eq!(read("12.5"), Some(vec![12.5]));
        assert_eq!(read("[1, 2.5]"), Some(vec![1.0, 2.5]));
        assert_eq!(read("[]"), Some(vec![]));
        assert_eq!((read("\"x\""), read("[\"x\"]")), (None, None));
        assert_eq!(serde_json::to_string(&Times(vec![1.5])).unwrap(), "[1.5]");
    }
}

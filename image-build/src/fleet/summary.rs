//! What became of several missions: who ran how long, and who waited for whom.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::progress::Elapsed;

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) result: Outcome,
    /// How long it waited, and for whom last.
    pub(super) waited: Option<(Duration, String)>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing was to do.
    Stood,
    /// It did what it should, in this time.
    Done(Duration),
    /// It ended with this status.
    Failed(Duration, u8),
    /// It was not tried.
    Dropped,
}

/// All of them.
pub(super) struct Summary(pub(super) Vec<Row>);

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for row in &self.0 {
            let (word, took) = match &row.result {
                Outcome::Stood => ("up to date".to_owned(), None),
                Outcome::Done(took) => ("built".to_owned(), Some(*took)),
                Outcome::Failed(took, status) => (format!("failed ({status})"), Some(*took)),
                Outcome::Dropped => ("not tried".to_owned(), None),
            };
            let took = took.map(|took| Elapsed(took).to_string()).unwrap_or_default();
            let mut line = format!("{:<width$}  {word:<12} {took:>7}", row.name);
            if let Some((time, whom)) = &row.waited {
                write!(line, "  waited {} for {whom}", Elapsed(*time))?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_for_whom_is_told() {
        let row = |name: &str, result, waited| Row { name: name.to_owned(), result, waited };
        let second = Duration::from_secs(1);
        let summary = Summary(vec![
            row("common", Outcome::Done(second * 70), None),
            row("roman", Outcome::Failed(second * 3, 17), Some((second * 70, "common".to_owned()))),
            row("tike", Outcome::Dropped, None),
            row("jwebbinar", Outcome::Stood, None),
        ]);
        assert_eq!(
            summary.to_string(),
            "common     built          1m10s\n\
             roman      failed (17)     3.0s  waited 1m10s for common\n\
             tike       not tried\n\
             jwebbinar  up to date\n"
        );
    }
}

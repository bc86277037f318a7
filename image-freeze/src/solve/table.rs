//! What was solved, for people.

use std::fmt;

use common::report::{SolveOutcome, SolvedEnvironment};

/// What was solved.
pub(crate) struct SolveTable(pub SolveOutcome);

impl fmt::Display for SolveTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for environment in &self.0.environments {
            one(f, environment, &self.0.solver)?;
        }
        Ok(())
    }
}

fn one(f: &mut fmt::Formatter<'_>, environment: &SolvedEnvironment, solver: &str) -> fmt::Result {
    let SolvedEnvironment { name, lock, pins, changed, conflict, conda, .. } = environment;
    if let Some(conflict) = conflict {
        writeln!(f, "{name}: no solution ({solver})")?;
        writeln!(f, "  {}", conflict.explanation)?;
        for side in &conflict.sides {
            writeln!(f, "  {}:{}: {}", side.file, side.line, side.text)?;
        }
    } else {
        let changed = changed.map(|n| format!(", {n} other than frozen")).unwrap_or_default();
        writeln!(f, "{name}: {pins} pins{changed} ({solver})")?;
        writeln!(f, "  {}", lock.as_deref().unwrap_or_default())?;
    }
    writeln!(f, "  conda: {conda}")
}

//! What changes, for people.

use std::fmt;

use common::report::{PackageKind, ThawOutcome, Written};

/// What was relaxed, and the patch.
pub(crate) struct ThawTable(pub ThawOutcome);

impl fmt::Display for ThawTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ThawOutcome { tree, solver, conda_solver, solver_calls, environments, patch } = &self.0;
        let solvers = [Some(solver.as_str()), conda_solver.as_deref()].into_iter().flatten();
        let solvers = solvers.collect::<Vec<_>>().join(", ");
        for environment in environments {
            let changes = environment.changes.len();
            writeln!(f, "{}: {changes} pins change ({solvers}; {solver_calls} searches)", environment.name)?;
            for change in &environment.changes {
                let from = change.from.as_deref().unwrap_or("new");
                let kind = if change.kind == PackageKind::Conda { "conda's " } else { "" };
                writeln!(f, "  {kind}{} {from} -> {}: {}", change.name, change.to, change.reason)?;
            }
        }
        match tree {
            Written::Written => writeln!(f, "env-frozen is changed"),
            Written::Unchanged if patch.is_empty() => Ok(()),
            Written::Unchanged => write!(f, "\n{patch}"),
        }
    }
}

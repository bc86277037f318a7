//! What changes, for people.

use std::fmt;

use common::report::{ThawOutcome, Written};

/// What was relaxed, and the patch.
pub(crate) struct ThawTable(pub ThawOutcome);

impl fmt::Display for ThawTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ThawOutcome { tree, solver, solver_calls, environments, patch } = &self.0;
        for environment in environments {
            let changes = environment.changes.len();
            writeln!(f, "{}: {changes} pins change ({solver}, {solver_calls} searches)", environment.name)?;
            for change in &environment.changes {
                let from = change.from.as_deref().unwrap_or("new");
                writeln!(f, "  {} {from} -> {}: {}", change.name, change.to, change.reason)?;
            }
        }
        match tree {
            Written::Written => writeln!(f, "env-frozen is changed"),
            Written::Unchanged if patch.is_empty() => Ok(()),
            Written::Unchanged => write!(f, "\n{patch}"),
        }
    }
}

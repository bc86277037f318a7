//! The culprits for people.

use std::fmt;

use common::report::{BisectFinding, BisectOutcome, BisectedEnvironment};

use crate::verdict::many;

/// A paragraph for each environment.
pub(crate) struct Table<'a>(pub(crate) &'a BisectOutcome);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.environments.iter().try_for_each(|environment| paragraph(f, environment, self.0))
    }
}

fn paragraph(
    f: &mut fmt::Formatter<'_>,
    environment: &BisectedEnvironment,
    outcome: &BisectOutcome,
) -> fmt::Result {
    let BisectedEnvironment { name, changes, runs, tests, finding, culprits, .. } = environment;
    let (changes, runs) = (many(*changes, "change"), many(*runs, "run"));
    match finding {
        BisectFinding::AfterPasses => {
            return writeln!(f, "{name}: all tests pass with {} too ({changes}, {runs})", outcome.after);
        }
        BisectFinding::BeforeFails => {
            return writeln!(
                f,
                "{name}: what fails with {} fails with {} as well",
                outcome.after, outcome.before
            );
        }
        BisectFinding::Found => {}
    }
    let tests: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    writeln!(f, "{name}: {} of {changes} to blame for {} ({runs})", culprits.len(), tests.join(", "))?;
    let width = culprits.iter().map(|culprit| culprit.package.len()).max().unwrap_or(0);
    for culprit in culprits {
        let line = |line: &Option<String>| {
            let line = line.as_deref().unwrap_or("-");
            line.strip_prefix(&culprit.package).unwrap_or(line).to_owned()
        };
        let note = if culprit.proven { "" } else { "  (the others cannot be installed without it)" };
        let (before, after) = (line(&culprit.before), line(&culprit.after));
        writeln!(f, "  {:<width$}  {before} -> {after}{note}", culprit.package)?;
    }
    Ok(())
}

//! The checklist for people.

use std::fmt;

use common::report::{CheckedRule, RuleStatus};

/// One line a rule, and what was found below those that are broken.
#[derive(Debug)]
pub struct GateTable(pub Vec<CheckedRule>);

impl fmt::Display for GateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rule in &self.0 {
            let word = match rule.status {
                RuleStatus::Passed => "ok  ",
                RuleStatus::Failed => "NO  ",
                RuleStatus::Skipped => "skip",
            };
            writeln!(f, "{word}  {}  {}", rule.code, rule.demand)?;
            if let Some(detail) = &rule.detail {
                writeln!(f, "             {detail}")?;
            }
        }
        let broken = self.0.iter().filter(|rule| rule.status == RuleStatus::Failed).count();
        match broken {
            0 => writeln!(f, "nothing stands against this release"),
            _ => writeln!(
                f,
                "{broken} of {} rules are broken; release-tag check --explain CODE says more",
                self.0.len()
            ),
        }
    }
}

//! The checklist for people.

use std::fmt;

use common::report::{CheckedRule, RuleStatus};

/// One line a rule, and what was found below those that are broken.
#[derive(Debug)]
pub struct GateTable {
    /// Every line.
    pub rules: Vec<CheckedRule>,
    /// Whether they are the links of a chain that was verified, not rules.
    pub verify: bool,
}

impl fmt::Display for GateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rule in &self.rules {
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
        let broken = self.rules.iter().filter(|rule| rule.status == RuleStatus::Failed).count();
        match broken {
            0 if self.verify => writeln!(f, "nothing that was checked speaks against this release"),
            _ if self.verify => writeln!(f, "this release does not hold"),
            0 => writeln!(f, "nothing stands against this release"),
            _ => writeln!(
                f,
                "{broken} of {} rules are broken; release-tag check --explain CODE says more",
                self.rules.len()
            ),
        }
    }
}

//! What becomes of one half of a lock, and why.

use std::collections::BTreeMap;

use common::report::{RotFinding, ThawedPin};

use super::least::{Least, Pins};
use crate::hunks::Edit;

/// What changes in one half.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// Each pin that changes or is added.
    pub changes: Vec<ThawedPin>,
    /// What becomes of each file of the lock.
    pub edits: BTreeMap<&'static str, Vec<Edit>>,
}

/// The pins of a half, by name, and what is known to be wrong with each.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// Their names, in order.
    pub names: Vec<&'a str>,
    /// Those that are lost, by their number.
    pub lost: BTreeMap<usize, &'a RotFinding>,
}

impl Known<'_> {
    /// The pins that cannot stay.
    pub(super) fn gone(&self) -> Pins {
        self.lost.keys().copied().collect()
    }

    /// Why pin `at` had to be relaxed, on one line.
    pub(super) fn reason<S>(&self, at: usize, found: &Least<S>) -> String {
        let text = match self.lost.get(&at) {
            Some(finding) => {
                let reason = finding.reason.as_ref().map(|reason| format!(", {reason}"));
                format!("{}{}", finding.class.word(), reason.unwrap_or_default())
            }
            None => self.company(at, found),
        };
        on_one_line(&text)
    }

    /// With what pin `at`, which is not lost, cannot stay.
    fn company<S>(&self, at: usize, found: &Least<S>) -> String {
        let conflict = found.conflicts.iter().find(|conflict| conflict.contains(&at));
        let others = conflict.into_iter().flatten().filter(|other| **other != at);
        let others: Vec<&str> = others.map(|other| self.names[*other]).collect();
        let lost: Vec<&str> = self.lost.keys().map(|at| self.names[*at]).collect();
        match (others.is_empty(), lost.is_empty()) {
            (false, _) => format!("cannot stay together with {}", others.join(", ")),
            (true, false) => {
                format!("cannot stay together with anything in the place of {}", lost.join(", "))
            }
            (true, true) => "cannot be had, whatever else moves".to_owned(),
        }
    }
}

/// What others wrote stays on its line.
pub(super) fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Why what is new is there, with the pins that changed.
pub(super) fn needed_with(changed: &[&str]) -> String {
    format!("needed with the new {}", changed.join(", "))
}

/// The end of a line that tells what it was before, and why it is not any more.
pub(super) fn remark(from: Option<&str>, reason: &str) -> String {
    match from {
        Some(from) => format!("# thawed from {from}: {reason}"),
        None => format!("# thawed: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use common::report::{PackageKind, RotClass};

    use super::*;

    #[test]
    fn a_pin_moves_for_its_own_loss_or_for_the_company_it_is_in() {
        let finding = RotFinding {
            kind: PackageKind::Conda,
            name: "b".to_owned(),
            pin: "1".to_owned(),
            file: "f".to_owned(),
            line: 1,
            class: RotClass::Gone,
            reason: Some("no\nchannel".to_owned()),
        };
        let known = Known { names: vec!["a", "b", "c", "d"], lost: BTreeMap::from([(1, &finding)]) };
        let conflicts = vec![Pins::from([1]), Pins::from([0]), Pins::from([2, 3])];
        let found = Least { relaxed: Pins::from([0, 1, 2]), solution: (), conflicts };
        assert_eq!(known.reason(1, &found), "gone, no channel");
        assert_eq!(known.reason(0, &found), "cannot stay together with anything in the place of b");
        assert_eq!(known.reason(2, &found), "cannot stay together with d");
    }
}

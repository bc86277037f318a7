//! Notes for people.

use std::fmt;

use common::report::{ChangeDirection, Changed, NotesOutcome, PackageChange, TestStatus};

/// The notes as Markdown.
pub struct Markdown<'n>(pub &'n NotesOutcome);

impl fmt::Display for Markdown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notes = self.0;
        match &notes.from {
            Some(from) => writeln!(f, "# {}\n\nChanges since {from}.", notes.title)?,
            None => writeln!(f, "# {}\n\nThe first release.", notes.title)?,
        }
        for (name, value) in [("Base image", &notes.base), ("Size in bytes", &notes.size)] {
            if let Some(Changed { from, to }) = value {
                let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "not recorded".to_owned());
                writeln!(f, "\n{name}: {} → {}", word(from), word(to))?;
            }
        }
        for (environment, changes) in &notes.packages {
            packages(f, environment, changes)?;
        }
        if !notes.debian.is_empty() {
            packages(f, "apt", &notes.debian)?;
        }
        if notes.packages.is_empty() && notes.debian.is_empty() {
            writeln!(f, "\nNo package changed.")?;
        }
        if !notes.tests.is_empty() {
            writeln!(f, "\n## Tests\n")?;
        }
        for (environment, changes) in &notes.tests {
            for change in changes {
                let (from, to) = (status(change.from), status(change.to));
                writeln!(f, "* {environment}: {}: {from} → {to}", change.name)?;
            }
        }
        if !notes.waivers.is_empty() {
            writeln!(f, "\n## Waivers\n")?;
        }
        notes.waivers.iter().try_for_each(|waiver| writeln!(f, "* {waiver}"))?;
        if !notes.untold.is_empty() {
            writeln!(f, "\n## Not told\n")?;
        }
        notes.untold.iter().try_for_each(|(what, why)| writeln!(f, "* {what}: {why}"))
    }
}

fn packages(f: &mut fmt::Formatter<'_>, environment: &str, changes: &[PackageChange]) -> fmt::Result {
    writeln!(f, "\n## {environment}\n\n| package | | before | now |\n|---|---|---|---|")?;
    for change in changes {
        let (word, kind) = (word(change.change), change.kind.name());
        let (from, to) = (change.before.as_deref().unwrap_or(""), change.after.as_deref().unwrap_or(""));
        writeln!(f, "| {} ({kind}) | {word} | {from} | {to} |", change.name)?;
    }
    Ok(())
}

const fn word(direction: ChangeDirection) -> &'static str {
    match direction {
        ChangeDirection::Added => "added",
        ChangeDirection::Removed => "removed",
        ChangeDirection::Up => "up",
        ChangeDirection::Down => "down",
        ChangeDirection::Other => "changed",
    }
}

const fn status(status: Option<TestStatus>) -> &'static str {
    match status {
        None => "absent",
        Some(TestStatus::Passed) => "passed",
        Some(TestStatus::Failed) => "failed",
        Some(TestStatus::Skipped) => "skipped",
        Some(TestStatus::NotRun) => "not run",
    }
}

//! What people see at the end: a table, and the same as Markdown for a pull request.

use std::fmt::Write as _;

use common::report::{ChangeDirection, PackageChange, UpdateOutcome, UpdatedEnvironment, Written};

/// The table.
pub fn table(outcome: &UpdateOutcome) -> String {
    let mut text = String::new();
    for environment in &outcome.environments {
        // Writing to a String cannot fail.
        _ = writeln!(text, "{:<24} {}", environment.name, summary(environment));
        for change in &environment.packages {
            _ = writeln!(text, "  {}", line(change));
        }
        for difference in environment.check.iter().flat_map(|check| &check.differences) {
            _ = writeln!(text, "  {difference}");
        }
    }
    if let Some(dockerfile) = outcome.dockerfile {
        let what = if dockerfile == Written::Written { "written" } else { "unchanged" };
        _ = writeln!(text, "{:<24} {what}", "Dockerfile");
    }
    text
}

fn summary(environment: &UpdatedEnvironment) -> String {
    if let Some(check) = &environment.check {
        let equal = if check.differences.is_empty() { "as received" } else { "NOT as received" };
        return format!("{} {equal}", check.version);
    }
    if environment.source.is_none() {
        return "not asked for".to_owned();
    }
    let files = match &environment.changed[..] {
        [] => "unchanged".to_owned(),
        changed => changed.join(", "),
    };
    match counts(&environment.packages) {
        counts if counts.is_empty() => files,
        counts => format!("{files}; packages: {counts}"),
    }
}

fn counts(changes: &[PackageChange]) -> String {
    const ORDER: [(ChangeDirection, &str); 5] = [
        (ChangeDirection::Added, "added"),
        (ChangeDirection::Removed, "removed"),
        (ChangeDirection::Up, "up"),
        (ChangeDirection::Down, "down"),
        (ChangeDirection::Other, "otherwise"),
    ];
    let count = |direction| changes.iter().filter(|change| change.change == direction).count();
    let parts =
        ORDER.iter().map(|(direction, word)| (count(*direction), word)).filter(|(count, _)| *count > 0);
    parts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

fn sign(direction: ChangeDirection) -> char {
    match direction {
        ChangeDirection::Added => '+',
        ChangeDirection::Removed => '-',
        ChangeDirection::Up => '^',
        ChangeDirection::Down => 'v',
        ChangeDirection::Other => '~',
    }
}

fn line(change: &PackageChange) -> String {
    let versions = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => String::new(),
    };
    format!("{} {:<5} {:<28} {versions}", sign(change.change), change.kind.name(), change.name)
}

/// The changes as Markdown.
pub fn markdown(outcome: &UpdateOutcome) -> String {
    let mut text = String::new();
    for environment in outcome.environments.iter().filter(|environment| environment.source.is_some()) {
        let counts = match counts(&environment.packages) {
            counts if counts.is_empty() => "no package changed".to_owned(),
            counts => counts,
        };
        _ = writeln!(text, "### {}\n\n{counts}\n", cell(&environment.name));
        if !environment.packages.is_empty() {
            text.push_str("| package | by | before | after |\n|---|---|---|---|\n");
        }
        for change in &environment.packages {
            let version = |version: &Option<String>| version.as_deref().map_or("–".to_owned(), cell);
            let (before, after) = (version(&change.before), version(&change.after));
            _ = writeln!(text, "| {} | {} | {before} | {after} |", cell(&change.name), change.kind.name());
        }
        for (reference, commit) in &environment.resolved {
            _ = writeln!(text, "\n`{}` is `{commit}`", cell(reference));
        }
        text.push('\n');
    }
    text
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use common::report::PackageKind;

    use super::*;
    use common::report::UpdateSource;

    fn outcome() -> UpdateOutcome {
        let change = |name: &str, before: Option<&str>, after: Option<&str>, change| PackageChange {
            kind: PackageKind::Pip,
            name: name.to_owned(),
            change,
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let environment = UpdatedEnvironment {
            name: "roman-cal".to_owned(),
            ran: false,
            source: Some(UpdateSource::Declared),
            changed: vec!["roman-cal.pip".to_owned()],
            packages: vec![
                change("asdf", Some("2.15.1"), Some("3.0.1"), ChangeDirection::Up),
                change("zipp", Some(">=1|2"), None, ChangeDirection::Removed),
            ],
            resolved: std::collections::BTreeMap::default(),
            check: None,
        };
        UpdateOutcome { environments: vec![environment], dockerfile: Some(Written::Unchanged) }
    }

    #[test]
    fn the_table_counts_and_then_tells_each() {
        let text = table(&outcome());
        assert!(text.contains("roman-cal.pip; packages: 1 removed, 1 up\n"), "{text}");
        assert!(text.contains("  ^ pip   asdf                         2.15.1 -> 3.0.1\n"), "{text}");
    }

    #[test]
    fn markdown_keeps_its_cells_whatever_a_version_holds() {
        let text = markdown(&outcome());
        assert!(text.starts_with("### roman-cal\n\n1 removed, 1 up\n\n| package |"), "{text}");
        assert!(text.contains("| zipp | pip | >=1\\|2 | – |\n"), "{text}");
    }
}

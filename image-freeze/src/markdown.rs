//! Differences as Markdown, for a pull request.

use std::fmt::Write as _;

use common::report::{CheckOutcome, Difference};

/// The differences of `outcome` between the two sides of these names.
pub(crate) fn of(outcome: &CheckOutcome, (a, b): (&str, &str)) -> String {
    let count: usize = outcome.environments.iter().map(|e| e.differences.len()).sum();
    let same: u32 = outcome.environments.iter().map(|e| e.same).sum();
    let (a, b) = (code(a), code(b));
    let mut text = match count {
        0 => format!("**No drift** between {a} and {b}: {same} packages are the same.\n"),
        1 => format!("**1 difference** between {a} and {b}; {same} packages are the same.\n"),
        _ => format!("**{count} differences** between {a} and {b}; {same} packages are the same.\n"),
    };
    for environment in outcome.environments.iter().filter(|e| !e.differences.is_empty()) {
        // Writing to a String cannot fail.
        _ = writeln!(
            text,
            "\n### {}\n\n| class | package | {a} | {b} |\n|---|---|---|---|",
            cell(&environment.name)
        );
        for difference in &environment.differences {
            _ = writeln!(text, "{}", row(difference));
        }
    }
    text
}

fn row(difference: &Difference) -> String {
    let side = |side: &Option<String>| side.as_deref().map_or_else(|| "—".to_owned(), code);
    let path = difference.path.as_deref().map(|path| format!(": {}", code(path))).unwrap_or_default();
    format!(
        "| {} | {} {}{path} | {} | {} |",
        difference.class.name(),
        difference.kind.name(),
        code(&difference.name),
        side(&difference.frozen),
        side(&difference.built),
    )
}

/// `text` as code; what it holds can neither end that nor the cell it stands in.
fn code(text: &str) -> String {
    let text = cell(text);
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use common::report::{DriftClass, EnvironmentDrift, PackageKind};

    use super::*;

    #[test]
    fn differences_are_rows_and_nothing_breaks_out_of_its_cell() {
        let difference = Difference {
            kind: PackageKind::Pip,
            class: DriftClass::Version,
            name: "asdf".to_owned(),
            frozen: Some("3.4.0".to_owned()),
            built: Some("3.4|\n`x`".to_owned()),
            path: None,
        };
        let environment =
            EnvironmentDrift { name: "roman-cal".to_owned(), same: 7, differences: vec![difference] };
        let outcome = CheckOutcome { environments: vec![environment] };
        let expected = "\
**1 difference** between `env-frozen` and `roman:1`; 7 packages are the same.

### roman-cal

| class | package | `env-frozen` | `roman:1` |
|---|---|---|---|
| version | pip `asdf` | `3.4.0` | `` 3.4\\| `x` `` |
";
        assert_eq!(of(&outcome, ("env-frozen", "roman:1")), expected);
        let clean = CheckOutcome { environments: Vec::new() };
        assert!(of(&clean, ("a", "b")).starts_with("**No drift**"));
    }
}

//! Differences as Markdown, for a pull request.

use std::fmt::Write as _;

use common::report::{CheckOutcome, Difference};
use common::waiver::{Waived, WaiverUse};

/// The differences of `outcome` between the two sides of these names.
pub(crate) fn of(outcome: &CheckOutcome, (a, b): (&str, &str)) -> String {
    let count: usize = outcome.environments.iter().map(|e| e.differences.len()).sum();
    let same: u32 = outcome.environments.iter().map(|e| e.same).sum();
    let (a, b) = (code(a), code(b));
    let excused =
        |name: &str, one: &Difference| outcome.waivers.excuse(name, &format!("drift {}", one.name)).is_some();
    let environments = outcome.environments.iter();
    let excused = environments.flat_map(|e| e.differences.iter().filter(|one| excused(&e.name, one))).count();
    let mut text = match count {
        0 => format!("**No drift** between {a} and {b}: {same} packages are the same.\n"),
        1 => format!("**1 difference** between {a} and {b}; {same} packages are the same.\n"),
        _ => format!("**{count} differences** between {a} and {b}; {same} packages are the same.\n"),
    };
    if excused > 0 {
        _ = writeln!(text, "\n{excused} of {count} waived.");
    }
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
    text + &waived(&outcome.waivers)
}

/// Which of the differences are waived, by whom, why and until when; and which waivers have ended.
fn waived(waivers: &WaiverUse) -> String {
    let mut text = String::new();
    if !waivers.is_empty() {
        text.push_str("\n### Waivers\n\n");
    }
    for Waived { environment, waiver } in &waivers.excused {
        _ = writeln!(text, "* {}: {}: {}", cell(environment), code(&waiver.what), cell(&waiver.to_string()));
    }
    for Waived { environment, waiver } in &waivers.expired {
        let ended = cell(&waiver.ended());
        _ = writeln!(text, "* {}: {}: its waiver {ended}", cell(environment), code(&waiver.what));
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
    use common::waiver::Waiver;

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
        let mut outcome = CheckOutcome::of(vec![environment]);
        let expected = "\
**1 difference** between `env-frozen` and `roman:1`; 7 packages are the same.

### roman-cal

| class | package | `env-frozen` | `roman:1` |
|---|---|---|---|
| version | pip `asdf` | `3.4.0` | `` 3.4\\| `x` `` |
";
        assert_eq!(of(&outcome, ("env-frozen", "roman:1")), expected);
        let waiver = Waiver {
            what: "drift asdf".to_owned(),
            owner: "ada".to_owned(),
            reason: "known\n# nothing".to_owned(),
            expires: "2026-12-31".parse().unwrap(),
        };
        let one = Waived { environment: "roman-cal".to_owned(), waiver };
        outcome.waivers.excused.push(one.clone());
        let text = of(&outcome, ("env-frozen", "roman:1"));
        assert!(text.contains("packages are the same.\n\n1 of 1 waived.\n\n### roman-cal"), "{text}");
        let told = "* roman-cal: `drift asdf`: waived until 2026-12-31 (ada): known # nothing\n";
        assert!(text.ends_with(&format!("\n\n### Waivers\n\n{told}")), "{text}");
        outcome.waivers = WaiverUse { excused: Vec::new(), expired: vec![one] };
        let text = of(&outcome, ("env-frozen", "roman:1"));
        assert!(text.ends_with("`drift asdf`: its waiver ended on 2026-12-31 (ada)\n"), "{text}");
        let clean = CheckOutcome::of(Vec::new());
        assert!(of(&clean, ("a", "b")).starts_with("**No drift**"));
    }
}

//! What was found, for people: on a terminal, and in a pull request.

use std::fmt;

use common::report::{EnvironmentRot, RotClass, RotFinding, RotOutcome};

/// The table; and whether nobody was asked.
pub(crate) struct RotTable(pub RotOutcome, pub bool);

/// The same in Markdown.
pub(crate) struct Markdown<'a>(pub &'a RotOutcome);

/// What is told one by one; where nobody could be asked, one line has to do for all.
fn told(environment: &EnvironmentRot) -> Vec<&RotFinding> {
    environment.findings.iter().filter(|finding| finding.class != RotClass::Unknown).collect()
}

fn unknown(environment: &EnvironmentRot) -> Option<String> {
    let mut all = environment.findings.iter().filter(|finding| finding.class == RotClass::Unknown).peekable();
    let first = all.peek()?.reason.clone().unwrap_or_default();
    let names: Vec<String> = all.map(|finding| format!("{} {}", finding.kind.name(), finding.name)).collect();
    let more = if names.len() > 3 { ", …" } else { "" };
    let shown = names[..names.len().min(3)].join(", ");
    Some(format!("cannot tell of {}: {shown}{more}: {first}", names.len()))
}

fn lost(environment: &EnvironmentRot) -> usize {
    environment.findings.iter().filter(|finding| finding.class.is_lost()).count()
}

impl fmt::Display for RotTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome, offline) = self;
        if let Some(age) = outcome.age.filter(|_| *offline) {
            writeln!(f, "nobody was asked; the oldest answer used is of {} ago", ago(age))?;
        }
        for environment in &outcome.environments {
            let EnvironmentRot { mission, name, python, pip_pins, conda_pins, .. } = environment;
            let lost = lost(environment);
            writeln!(
                f,
                "{mission} {name} (Python {python}): {lost} of {pip_pins} pip and {conda_pins} conda pins lost"
            )?;
            let findings = told(environment);
            let width = findings.iter().map(|x| x.name.len() + x.pin.len() + 2).max().unwrap_or_default();
            for finding in findings {
                let pin = format!("{}=={}", finding.name, finding.pin);
                let (class, kind, reason) =
                    (finding.class.word(), finding.kind.name(), finding.reason.as_deref());
                let reason = reason.unwrap_or_default();
                let line = format!("  {class:12}  {kind:5}  {pin:width$}  {reason}");
                writeln!(f, "{}", line.trim_end())?;
            }
            if let Some(line) = unknown(environment) {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Markdown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Can what is frozen still be had?\n")?;
        for environment in &self.0.environments {
            let EnvironmentRot { mission, name, python, pip_pins, conda_pins, .. } = environment;
            writeln!(f, "### {mission}, {name} (Python {python})\n")?;
            writeln!(f, "{} of {pip_pins} pip and {conda_pins} conda pins are lost.\n", lost(environment))?;
            let findings = told(environment);
            if !findings.is_empty() {
                writeln!(f, "| | package | frozen | where | what is known |\n|---|---|---|---|---|")?;
            }
            for x in findings {
                let reason = escaped(x.reason.as_deref().unwrap_or_default());
                let (class, place) = (x.class.word(), format!("{}:{}", x.file, x.line));
                writeln!(
                    f,
                    "| {class} | {} ({}) | {} | `{place}` | {reason} |",
                    x.name,
                    x.kind.name(),
                    escaped(&x.pin)
                )?;
            }
            if let Some(line) = unknown(environment) {
                writeln!(f, "\nNot known: {}", escaped(&line))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// What others wrote must not become part of a table, a link or a tag.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ")
}

/// A duration as people say it.
fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use common::report::PackageKind;

    use super::*;

    fn outcome() -> RotOutcome {
        let finding = |kind, name: &str, pin: &str, class, reason: &str| RotFinding {
            kind,
            name: name.to_owned(),
            pin: pin.to_owned(),
            file: "deployments/roman/env-frozen/roman-cal/requirements.txt".to_owned(),
            line: 7,
            class,
            reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        };
        let findings = vec![
            finding(PackageKind::Pip, "debugpy", "1.8.3", RotClass::Gone, "the index has 1.8.2 and 1.8.5"),
            finding(PackageKind::Pip, "x", "1", RotClass::Yanked, "a | b <script>"),
            finding(PackageKind::Conda, "fftw", "3.3", RotClass::Unknown, "no channel"),
        ];
        RotOutcome {
            indexes: vec!["https://h/simple".to_owned()],
            age: Some(7300),
            environments: vec![EnvironmentRot {
                mission: "roman".parse().unwrap(),
                name: "roman-cal".to_owned(),
                python: "3.11.9".to_owned(),
                pip_pins: 262,
                conda_pins: 54,
                findings,
            }],
        }
    }

    #[test]
    fn what_is_lost_is_told_in_aligned_columns() {
        let expected = "\
nobody was asked; the oldest answer used is of 2 hours ago
roman roman-cal (Python 3.11.9): 1 of 262 pip and 54 conda pins lost
  gone          pip    debugpy==1.8.3  the index has 1.8.2 and 1.8.5
  yanked        pip    x==1            a | b <script>
  cannot tell of 1: conda fftw: no channel
";
        assert_eq!(RotTable(outcome(), true).to_string(), expected);
    }

    #[test]
    fn markdown_is_not_broken_by_what_others_wrote() {
        let text = Markdown(&outcome()).to_string();
        assert!(text.contains("| yanked | x (pip) | 1 |") && text.contains("a \\| b &lt;script>"), "{text}");
        assert!(text.contains("Not known: cannot tell of 1"), "{text}");
    }
}

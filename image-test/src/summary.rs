//! The results for people: a table, then what failed with its last lines.

use std::fmt;

use common::report::{TestCase, TestEnvironment, TestKind, TestOutcome, TestStatus};
use common::waiver::{WaiverUse, name_of};

use crate::verdict::many;

/// How many lines of a failure are shown; the log has all.
const SHOWN: usize = 12;

/// The table and the failures.
#[derive(Debug)]
pub(crate) struct Summary<'a>(pub(crate) &'a TestOutcome);

/// The failures alone.
#[derive(Debug)]
pub(crate) struct Failures<'a>(pub(crate) &'a TestOutcome);

/// All in one line.
#[derive(Debug)]
pub(crate) struct Headline<'a>(pub(crate) &'a TestOutcome);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.environments.is_empty() {
            return Ok(());
        }
        let head = ["environment", "imports", "notebooks", "script", "time", "result"].map(str::to_owned);
        let rows = self.0.environments.iter().map(|environment| row(environment, &self.0.waivers));
        let table: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        for row in &table {
            let cells: Vec<String> =
                row.iter().enumerate().map(|(n, cell)| format!("{cell:<0$}", width(n))).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        write!(f, "{}", Failures(self.0))
    }
}

fn row(environment: &TestEnvironment, waivers: &WaiverUse) -> [String; 6] {
    let name = environment.name.as_str();
    let of = |kind| {
        let cases = environment.cases.iter().filter(|case| case.kind == kind);
        Tally::of(cases.map(|case| (name, case)), waivers).to_string()
    };
    let time = environment.seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"));
    let tally = Tally::of(environment.cases.iter().map(|case| (name, case)), waivers);
    let result = match (&environment.skipped, tally) {
        (_, Tally { failed: 1.., .. }) => "failed",
        (_, Tally { not_run: 1.., .. }) => "incomplete",
        (_, Tally { waived: 1.., .. }) => "waived",
        (Some(_), _) => "skipped",
        (None, Tally { passed: 0, .. }) => "nothing run",
        _ => "passed",
    };
    let [imports, notebooks, script] = [TestKind::Import, TestKind::Notebook, TestKind::Script].map(of);
    [environment.name.clone(), imports, notebooks, script, time, result.to_owned()]
}

/// How many tests ended in each way; what is waived is no failure.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    waived: usize,
    skipped: usize,
    not_run: usize,
}

impl Tally {
    fn of<'a>(cases: impl Iterator<Item = (&'a str, &'a TestCase)>, waivers: &WaiverUse) -> Self {
        let mut tally = Self::default();
        for (environment, case) in cases {
            let count = match case.status {
                TestStatus::Passed => &mut tally.passed,
                TestStatus::Skipped => &mut tally.skipped,
                _ if waivers.excuse(environment, &name_of(case)).is_some() => &mut tally.waived,
                TestStatus::Failed => &mut tally.failed,
                TestStatus::NotRun => &mut tally.not_run,
            };
            *count += 1;
        }
        tally
    }
}

impl fmt::Display for Tally {
    /// `11 ok, 1 failed`; only what there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.passed, "ok"),
            (self.failed, "failed"),
            (self.waived, "waived"),
            (self.skipped, "skipped"),
            (self.not_run, "not run"),
        ];
        let shown: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        if shown.is_empty() { f.write_str("-") } else { f.write_str(&shown.join(", ")) }
    }
}

impl fmt::Display for Failures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for environment in &self.0.environments {
            failed(f, environment, &self.0.waivers)?;
            not_run(f, environment, &self.0.waivers)?;
        }
        Ok(())
    }
}

fn failed(f: &mut fmt::Formatter<'_>, environment: &TestEnvironment, waivers: &WaiverUse) -> fmt::Result {
    for case in environment.cases.iter().filter(|case| case.status == TestStatus::Failed) {
        let what = if case.kind == TestKind::Run { case.name.clone() } else { name_of(case) };
        writeln!(f, "\n{}: {what} failed{}", environment.name, verdict(&environment.name, case, waivers))?;
        let lines: Vec<&str> = case.detail.as_deref().unwrap_or_default().lines().collect();
        // The first line is where our own finding stands.
        let dropped = lines.len().saturating_sub(SHOWN);
        for (number, line) in lines.iter().enumerate() {
            if number == 0 || number > dropped {
                writeln!(f, "    {line}")?;
            } else if number == 1 {
                writeln!(f, "    [{} not shown]", many(dropped, "line"))?;
            }
        }
    }
    Ok(())
}

/// What waivers say of a failure, to go behind it; nothing where there is none.
fn verdict(environment: &str, case: &TestCase, waivers: &WaiverUse) -> String {
    let what = name_of(case);
    match (waivers.excuse(environment, &what), waivers.ended(environment, &what)) {
        (Some(waiver), _) => format!(", {waiver}"),
        (None, Some(waived)) => format!("; its waiver {}", waived.waiver.ended()),
        (None, None) => String::new(),
    }
}

/// What was not run, together where the reason is the same and nobody waives it.
fn not_run(f: &mut fmt::Formatter<'_>, environment: &TestEnvironment, waivers: &WaiverUse) -> fmt::Result {
    let all = environment.cases.iter().filter(|case| case.status == TestStatus::NotRun);
    let told = |case: &TestCase| verdict(&environment.name, case, waivers);
    let (mut rest, known): (Vec<&TestCase>, Vec<&TestCase>) = all.partition(|case| told(case).is_empty());
    for case in known {
        writeln!(f, "\n{}: {} was not run{}", environment.name, name_of(case), told(case))?;
    }
    while let Some(first) = rest.first().copied() {
        let (same, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|case| case.detail == first.detail);
        let names: Vec<&str> = same.iter().map(|case| case.name.as_str()).collect();
        let reason = first.detail.as_deref().unwrap_or_default();
        writeln!(f, "\n{}: not run: {}\n    {reason}", environment.name, names.join(", "))?;
        rest = others;
    }
    Ok(())
}

impl fmt::Display for Headline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let environments = self.0.environments.iter();
        let cases = environments.flat_map(|e| e.cases.iter().map(|case| (e.name.as_str(), case)));
        let counts = Tally::of(cases, &self.0.waivers);
        let environments = many(self.0.environments.len(), "environment");
        if self.0.reasons.is_empty() {
            writeln!(f, "passed: {counts} in {environments}")
        } else {
            writeln!(f, "not passed: {}", self.0.reasons.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript;
    use common::waiver::{Waived, Waiver};

    fn outcome() -> TestOutcome {
        use TestStatus::{Failed, NotRun, Passed};
        let case = |kind, name: &str, status, detail: Option<&str>| TestCase {
            detail: detail.map(str::to_owned),
            ..transcript::case(kind, name, status)
        };
        let roman = TestEnvironment {
            name: "roman-cal".to_owned(),
            seconds: Some(12.34),
            cases: vec![
                case(TestKind::Import, "asdf", Passed, None),
                case(TestKind::Import, "gwcs", Failed, Some("KeyError: 'a'")),
                case(TestKind::Import, "x", NotRun, Some("never tried")),
                case(TestKind::Import, "y", NotRun, Some("never tried")),
                case(TestKind::Notebook, "a.ipynb", Passed, None),
            ],
            ..TestEnvironment::default()
        };
        let bare = TestEnvironment {
            name: "b".to_owned(),
            skipped: Some("no tests".to_owned()),
            seconds: Some(0.0),
            ..TestEnvironment::default()
        };
        TestOutcome { environments: vec![roman, bare], ..TestOutcome::default() }
    }

    #[test]
    fn a_table_then_the_failures() {
        let expected = "\
environment  imports                    notebooks  script  time    result
roman-cal    1 ok, 1 failed, 2 not run  1 ok       -       12.3 s  failed
b            -                          -          -       0.0 s   skipped

roman-cal: import gwcs failed
    KeyError: 'a'

roman-cal: not run: x, y
    never tried
";
        assert_eq!(Summary(&outcome()).to_string(), expected);
    }

    fn waived(what: &str) -> Waived {
        let (owner, reason) = ("ada".to_owned(), "known".to_owned());
        let expires = "2026-12-31".parse().unwrap();
        let waiver = Waiver { what: what.to_owned(), owner, reason, expires };
        Waived { environment: "roman-cal".to_owned(), waiver }
    }

    #[test]
    fn what_is_waived_is_told_with_who_and_why_and_until_when() {
        let mut outcome = outcome();
        outcome.waivers.excused = vec![waived("import gwcs"), waived("import x")];
        outcome.waivers.expired = vec![waived("import y")];
        let expected = "\
environment  imports                    notebooks  script  time    result
roman-cal    1 ok, 2 waived, 1 not run  1 ok       -       12.3 s  incomplete
b            -                          -          -       0.0 s   skipped

roman-cal: import gwcs failed, waived until 2026-12-31 (ada): known
    KeyError: 'a'

roman-cal: import x was not run, waived until 2026-12-31 (ada): known

roman-cal: import y was not run; its waiver ended on 2026-12-31 (ada)
";
        assert_eq!(Summary(&outcome).to_string(), expected);
        outcome.environments[0].cases.truncate(3);
        assert!(Summary(&outcome).to_string().contains("1 ok, 2 waived  -          -       12.3 s  waived"));
        let headline = "passed: 1 ok, 2 waived in 2 environments\n";
        assert_eq!(Headline(&outcome).to_string(), headline);
    }

    #[test]
    fn a_long_failure_shows_its_first_line_and_its_last_ones() {
        let lines: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
        let case = TestCase {
            detail: Some(lines.join("\n")),
            ..transcript::case(TestKind::Run, "tests", TestStatus::Failed)
        };
        let environment =
            TestEnvironment { name: "e".to_owned(), cases: vec![case], ..TestEnvironment::default() };
        let outcome = TestOutcome { environments: vec![environment], ..TestOutcome::default() };
        let text = Failures(&outcome).to_string();
        assert!(
            text.starts_with("\ne: tests failed\n    line 1\n    [18 lines not shown]\n    line 20\n"),
            "{text}"
        );
        assert!(text.ends_with("    line 30\n"));
    }

    #[test]
    fn one_line_for_a_terminal() {
        let mut outcome = outcome();
        assert_eq!(
            Headline(&outcome).to_string(),
            "passed: 2 ok, 1 failed, 2 not run in 2 environments\n",
            "the reasons decide, not the counts"
        );
        outcome.reasons = vec!["1 test failed".to_owned()];
        assert_eq!(Headline(&outcome).to_string(), "not passed: 1 test failed\n");
    }
}

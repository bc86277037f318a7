//! The results for people: a table, then what failed with its last lines.

use std::fmt;

use common::report::{TestCase, TestCounts, TestEnvironment, TestKind, TestOutcome, TestStatus};

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
        let rows = self.0.environments.iter().map(row);
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

fn row(environment: &TestEnvironment) -> [String; 6] {
    let of = |kind| cell(environment.cases.iter().filter(|case| case.kind == kind));
    let time = environment.seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"));
    let counts = TestCounts::of(&environment.cases);
    let result = match (&environment.skipped, counts) {
        (_, TestCounts { failed: 1.., .. }) => "failed".to_owned(),
        (_, TestCounts { not_run: 1.., .. }) => "incomplete".to_owned(),
        (Some(_), _) => "skipped".to_owned(),
        (None, TestCounts { passed: 0, .. }) => "nothing run".to_owned(),
        _ => "passed".to_owned(),
    };
    let [imports, notebooks, script] = [TestKind::Import, TestKind::Notebook, TestKind::Script].map(of);
    [environment.name.clone(), imports, notebooks, script, time, result]
}

/// `11 ok, 1 failed`; only what there is.
fn cell<'a>(cases: impl Iterator<Item = &'a TestCase>) -> String {
    let counts = TestCounts::of(cases);
    let parts = [
        (counts.passed, "ok"),
        (counts.failed, "failed"),
        (counts.skipped, "skipped"),
        (counts.not_run, "not run"),
    ];
    let shown: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

impl fmt::Display for Failures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for environment in &self.0.environments {
            failed(f, environment)?;
            not_run(f, environment)?;
        }
        Ok(())
    }
}

fn failed(f: &mut fmt::Formatter<'_>, environment: &TestEnvironment) -> fmt::Result {
    for case in environment.cases.iter().filter(|case| case.status == TestStatus::Failed) {
        let what = match case.kind {
            TestKind::Import => "import ",
            TestKind::Notebook => "notebook ",
            TestKind::Script => "script ",
            TestKind::Run => "",
        };
        writeln!(f, "\n{}: {what}{} failed", environment.name, case.name)?;
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

/// What was not run, together where the reason is the same.
fn not_run(f: &mut fmt::Formatter<'_>, environment: &TestEnvironment) -> fmt::Result {
    let mut rest: Vec<&TestCase> =
        environment.cases.iter().filter(|case| case.status == TestStatus::NotRun).collect();
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
        let counts = cell(self.0.environments.iter().flat_map(|environment| &environment.cases));
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

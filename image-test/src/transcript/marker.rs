//! The lines by which the in-image scripts tell how far they are, out of all the others.
//!
//! Most are titles in the middle of a rule of `=`, `-` or `*` (80 to 100 characters wide; a title
//! longer than that has single spaces around it and no rule). The others are known by their start.
//! Whether a marker means anything where it stands is for the transcript to decide.

/// One such line, understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Marker<'a> {
    /// An environment's tests begin.
    Environment(&'a str),
    /// An environment has nothing to test; the whole line.
    SkippedKernel(&'a str),
    /// The imports of this environment begin.
    Imports(&'a str),
    /// A module is being imported; with what stands behind the dots.
    Importing { module: &'a str, rest: &'a str },
    /// A word of the list that is left out, with its `#`.
    SkippedImport(&'a str),
    /// All imports were tried; so many failed, and their names follow.
    FailingImports(usize),
    /// The notebooks that a list names begin, for this environment.
    NotebookList(&'a str),
    /// So many notebooks will be run on this kernel, side by side or one by one.
    Batch { count: usize, kernel: &'a str },
    /// The output of one notebook begins.
    NotebookOutput { name: &'a str, kernel: &'a str },
    /// A notebook is left out.
    SkippedNotebook(&'a str),
    /// One notebook has been run.
    Tested { name: &'a str, passed: bool, seconds: Option<f64> },
    /// All notebooks of a call have been run; so many failed.
    NotebooksDone(usize),
    /// The environment's own script begins.
    Script(&'a str),
    /// The last word of a run: the environments that failed.
    FailingEnvironments(&'a str),
}

/// A marker, and what stands before it on its line: output that did not end with a line end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found<'a> {
    pub(super) before: &'a str,
    pub(super) marker: Marker<'a>,
}

/// The shortest run of rule characters that is taken for a rule in the middle of a line.
const SHORTEST_RULE: usize = 3;
/// From this length on, a title may fill its line so that no rule is left.
const FULL_LINE: usize = 80;

/// The marker on `line`, if it is one.
pub(super) fn find(line: &str) -> Option<Found<'_>> {
    title(line).or_else(|| plain(line))
}

/// A title in a rule. What was printed before it without a line end is glued to its rule.
fn title(line: &str) -> Option<Found<'_>> {
    let text = line.trim_end();
    let Some(rule) = text.chars().last().filter(|c| "=-*".contains(*c)) else {
        let bare = line.len() >= FULL_LINE && line.starts_with(' ');
        return bare.then(|| titled(text.trim_start(), ""))?;
    };
    let body = text.trim_end_matches(rule).strip_suffix(' ')?;
    let inner = body.trim_start_matches(rule);
    // A rule of an odd width has its shorter half on the left, which may be nothing at all.
    if let Some(found) = inner.strip_prefix(' ').and_then(|title| titled(title, "")) {
        return Some(found);
    }
    let opening: String = std::iter::repeat_n(rule, SHORTEST_RULE).chain([' ']).collect();
    body.match_indices(&opening)
        .find_map(|(at, _)| titled(&body[at + opening.len()..], body[..at].trim_end_matches(rule)))
}

fn titled<'a>(title: &'a str, before: &'a str) -> Option<Found<'a>> {
    of_title(title).map(|marker| Found { before, marker })
}

fn of_title(title: &str) -> Option<Marker<'_>> {
    if let Some(rest) = title.strip_prefix("Testing ") {
        return testing(rest);
    }
    if let Some(rest) = title.strip_prefix("Tested ") {
        return tested(rest);
    }
    if let Some(rest) = title.strip_prefix("Running ") {
        return word(rest.strip_suffix(" Test Script")?).map(Marker::Script);
    }
    if title == "Test Notebooks OK" {
        return Some(Marker::NotebooksDone(0));
    }
    if let Some(count) = title.strip_prefix("Test Notebooks Errors=") {
        return count.parse().ok().map(Marker::NotebooksDone);
    }
    failing_imports(title)
}

fn testing(rest: &str) -> Option<Marker<'_>> {
    if let Some(name) = rest.strip_prefix("Environment ") {
        return word(name).map(Marker::Environment);
    }
    if let Some((count, rest)) = rest.split_once(" notebooks on kernel ") {
        let (kernel, jobs) = rest.split_once(" using ")?;
        jobs.strip_suffix(" jobs")?.parse::<usize>().ok()?;
        return Some(Marker::Batch { count: count.parse().ok()?, kernel });
    }
    if let Some((name, kernel)) = rest.rsplit_once(" on kernel ") {
        return Some(Marker::NotebookOutput { name, kernel });
    }
    if let Some(name) = rest.strip_prefix("Imports ") {
        return word(name).map(Marker::Imports);
    }
    word(rest.strip_prefix("Notebooks ")?).map(Marker::NotebookList)
}

/// The verdict is looked for from the right: a notebook may be called `OK OK.ipynb`.
fn tested(rest: &str) -> Option<Marker<'_>> {
    let verdict = |word: &str, passed| rest.rfind(word).map(|at| (at, at + word.len(), passed));
    let (end, start, passed) = verdict(" OK ", true).max(verdict(" FAIL ", false))?;
    let seconds = elapsed(&rest[start..])?;
    Some(Marker::Tested { name: &rest[..end], passed, seconds: Some(seconds) })
}

fn plain(line: &str) -> Option<Found<'_>> {
    let marker = if let Some(rest) = line.strip_prefix("Importing ") {
        importing(rest)
    } else if let Some(rest) = line.strip_prefix("Skipping ") {
        skipping(rest.trim_end(), line)
    } else if let Some(names) = line.strip_prefix("Failing environments: ") {
        Some(Marker::FailingEnvironments(names.trim_end()))
    } else {
        failing_imports(line.trim_end())
    };
    marker.map(|marker| Found { before: "", marker }).or_else(|| glued_import(line))
}

fn skipping<'a>(rest: &'a str, line: &'a str) -> Option<Marker<'a>> {
    if rest.starts_with("kernel ") {
        return Some(Marker::SkippedKernel(line.trim_end()));
    }
    if let Some(name) = rest.strip_prefix("notebook ") {
        return Some(Marker::SkippedNotebook(name));
    }
    word(rest).filter(|name| name.starts_with('#')).map(Marker::SkippedImport)
}

fn importing(rest: &str) -> Option<Marker<'_>> {
    let (module, rest) = rest.split_once(" ...")?;
    Some(Marker::Importing { module: word(module)?, rest: rest.strip_prefix(' ').unwrap_or(rest) })
}

/// A verdict behind something that a module before wrote to standard error without a line end.
fn glued_import(line: &str) -> Option<Found<'_>> {
    let ends = ["ok", "FAIL"].iter().any(|verdict| line.ends_with(&format!(" ... {verdict}")));
    let at = line.rfind("Importing ").filter(|_| ends)?;
    let marker = importing(&line[at + "Importing ".len()..])?;
    Some(Found { before: &line[..at], marker })
}

fn failing_imports(text: &str) -> Option<Marker<'_>> {
    text.strip_prefix("Failing imports: ")?.parse().ok().map(Marker::FailingImports)
}

fn word(text: &str) -> Option<&str> {
    (!text.is_empty() && !text.contains(char::is_whitespace)).then_some(text)
}

/// Seconds from a duration as Python prints it (`0:00:12.345678`, `1 day, 0:00:03`) or `12.3s`.
pub(super) fn elapsed(text: &str) -> Option<f64> {
    if let Some(seconds) = text.strip_suffix('s') {
        return number(seconds);
    }
    let (days, clock) = match text.split_once(", ") {
        Some((days, clock)) => (number(days.split_once(" day")?.0)?, clock),
        None => (0.0, text),
    };
    let mut parts = clock.split(':').map(number);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let total = ((days * 24.0 + hours) * 60.0 + minutes) * 60.0 + seconds;
    parts.next().is_none().then_some(total)
}

fn number(text: &str) -> Option<f64> {
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn centred(title: &str, rule: char, width: usize) -> String {
        let space = width.saturating_sub(title.len() + 2);
        let side = |n: usize| rule.to_string().repeat(n);
        format!("{} {title} {}", side(space / 2), side(space - space / 2))
    }

    fn check(line: &str, expected: Option<Marker<'_>>) {
        assert_eq!(find(line).map(|found| found.marker), expected, "{line:?}");
        let before = find(line).map_or("", |found| found.before);
        assert_eq!(before, "", "{line:?}");
    }

    #[test]
    fn titles_of_any_rule_and_width() {
        for (title, marker) in [
            ("Testing Environment roman-cal", Marker::Environment("roman-cal")),
            ("Testing Imports roman-cal", Marker::Imports("roman-cal")),
            ("Testing Notebooks roman-cal", Marker::NotebookList("roman-cal")),
            ("Testing 3 notebooks on kernel tess using 4 jobs", Marker::Batch { count: 3, kernel: "tess" }),
            ("Testing a.ipynb on kernel tess", Marker::NotebookOutput { name: "a.ipynb", kernel: "tess" }),
            (
                "Tested a.ipynb OK 0:00:12.500000",
                Marker::Tested { name: "a.ipynb", passed: true, seconds: Some(12.5) },
            ),
            (
                "Tested my notes.ipynb FAIL 7.0s",
                Marker::Tested { name: "my notes.ipynb", passed: false, seconds: Some(7.0) },
            ),
            ("Test Notebooks OK", Marker::NotebooksDone(0)),
            ("Test Notebooks Errors=12", Marker::NotebooksDone(12)),
            ("Running tess Test Script", Marker::Script("tess")),
            ("Failing imports: 2", Marker::FailingImports(2)),
        ] {
            for rule in ['=', '-', '*'] {
                for width in [80, 91, 100] {
                    check(&centred(title, rule, width), Some(marker));
                }
            }
            check(&format!("========== {title} =========="), Some(marker));
        }
    }

    #[test]
    fn a_title_as_wide_as_its_line_has_no_rule_left() {
        let name = format!("{}.ipynb", "n".repeat(90));
        let marker = Marker::Tested { name: &name, passed: true, seconds: Some(1.0) };
        check(&format!(" Tested {name} OK 0:00:01 "), Some(marker));
        let name = &name[21..];
        let marker = Marker::Tested { name, passed: true, seconds: Some(1.0) };
        check(&centred(&format!("Tested {name} OK 0:00:01"), '*', 97), Some(marker));
    }

    #[test]
    fn lines_known_by_their_start() {
        check("Importing numpy ... ok", Some(Marker::Importing { module: "numpy", rest: "ok" }));
        check("Importing a.b ... ", Some(Marker::Importing { module: "a.b", rest: "" }));
        check("Importing a.b ...", Some(Marker::Importing { module: "a.b", rest: "" }));
        check("Skipping #numpy", Some(Marker::SkippedImport("#numpy")));
        check("Skipping notebook a.ipynb", Some(Marker::SkippedNotebook("a.ipynb")));
        let line = "Skipping kernel tess with no 'tests' directory.";
        check(line, Some(Marker::SkippedKernel(line)));
        check("Failing imports: 0", Some(Marker::FailingImports(0)));
        check("Failing environments: a b", Some(Marker::FailingEnvironments("a b")));
    }

    #[test]
    fn what_merely_looks_like_a_marker_is_none() {
        for line in [
            "",
            "==========",
            "Testing Environment roman-cal",
            "  Importing numpy ... ok and more",
            "Importing the data ... done",
            "Skipping bad rows",
            "Tested a.ipynb OK 0:00:12",
            "----- Tested a.ipynb OK soon -----",
            "----- Testing many notebooks on kernel x using 4 jobs -----",
            "Failing imports: some",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn output_without_a_line_end_is_told_from_the_marker_behind_it() {
        let rule = "*".repeat(20);
        let line = format!("done *** {rule} Tested a.py OK 1.0s {rule}");
        let found = find(&line).unwrap();
        assert_eq!(found.before.trim_end(), "done ***");
        assert_eq!(found.marker, Marker::Tested { name: "a.py", passed: true, seconds: Some(1.0) });
        let line = "Importing x ... ========== Testing Environment b ==========";
        let found = find(line).unwrap();
        assert_eq!((found.before, found.marker), ("Importing x ... ", Marker::Environment("b")));
        let found = find("warned: slowImporting y ... FAIL").unwrap();
        assert_eq!(found.before, "warned: slow");
        assert_eq!(found.marker, Marker::Importing { module: "y", rest: "FAIL" });
    }

    #[test]
    fn durations_as_python_prints_them() {
        for (text, seconds) in [
            ("0:00:12.345678", Some(12.345_678)),
            ("0:01:00", Some(60.0)),
            ("26:00:01", Some(93_601.0)),
            ("1 day, 0:00:03", Some(86_403.0)),
            ("2 days, 1:00:00.5", Some(176_400.5)),
            ("12.5s", Some(12.5)),
            ("soon", None),
            ("-1s", None),
            ("0:12", None),
            ("0:00:00:12", None),
        ] {
            assert_eq!(elapsed(text), seconds, "{text}");
        }
    }
}

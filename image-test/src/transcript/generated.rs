//! Runs made up at random, told in the form of the original scripts and in that of the example's,
//! and read back: what was made up must come out, whatever noise is in between.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;
use crate::verdict;
use common::process::Exit;

/// A small generator of numbers: the same runs on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// What tested code may print: never a whole marker.
    fn noise(&mut self) -> &'static str {
        const LINES: [&str; 10] = [
            "",
            "INFO: reading reference files",
            "Importing the data ... done",
            "Tested with 3 detectors OK",
            "====",
            "-------- section --------",
            "Skipping bad rows",
            "Testing Environment",
            "\u{1b}[32mok then\u{1b}[0m",
            " 10%|#         |\r100%|##########|",
        ];
        LINES[self.below(LINES.len())]
    }
}

/// The two ways in which runs are told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Original,
    Example,
}

/// A run as it is made up: its text, and what shall come out.
#[derive(Default)]
struct Story {
    text: String,
    expected: Vec<String>,
}

impl Story {
    fn rule(&mut self, form: Form, title: &str, mark: char) {
        let side = |n: usize| mark.to_string().repeat(n);
        let line = match form {
            Form::Original => {
                let space = 100_usize.saturating_sub(title.len() + 2);
                format!("{} {title} {}\n", side(space / 2), side(space - space / 2))
            }
            Form::Example => format!("{} {title} {}\n", side(10), side(10)),
        };
        self.text.push_str(&line);
    }

    fn expect(&mut self, environment: &str, kind: TestKind, name: &str, passed: bool) {
        let status = if passed { TestStatus::Passed } else { TestStatus::Failed };
        self.expected.push(format!("{environment} {kind:?} {name} {status:?}"));
    }

    fn line(&mut self, line: &str) {
        _ = writeln!(self.text, "{line}");
    }

    fn imports(&mut self, dice: &mut Dice, form: Form, environment: &str) {
        self.rule(form, &format!("Testing Imports {environment}"), '-');
        let mut failing = Vec::new();
        for number in 0..=dice.below(6) {
            let module = format!("package_{number}.part");
            let passed = !dice.one_in(4);
            let verdict = if passed { "ok" } else { "FAIL" };
            // The original prints the verdict behind whatever the module prints.
            if form == Form::Original && dice.one_in(3) {
                let noise = dice.noise();
                self.line(&format!("Importing {module} ... {noise}\n{verdict}"));
            } else {
                self.line(&format!("Importing {module} ... {verdict}"));
            }
            if !passed {
                self.line(&format!(
                    "Traceback (most recent call last):\n  File \"x\"\nImportError: {module}"
                ));
                failing.push(module.clone());
            } else if dice.one_in(4) {
                let noise = dice.noise();
                self.line(noise);
            }
            self.expect(environment, TestKind::Import, &module, passed);
        }
        let title = format!("Failing imports: {}", failing.len());
        match form {
            Form::Original => self.rule(form, &title, '='),
            Form::Example => self.line(&title),
        }
        for module in failing {
            self.line(&module);
        }
    }

    fn notebooks(&mut self, dice: &mut Dice, form: Form, environment: &str) {
        let counts = [dice.below(4), dice.below(3)];
        let mut failing = Vec::new();
        for (batch, count) in counts.into_iter().enumerate() {
            self.rule(form, &format!("Testing {count} notebooks on kernel {environment} using 4 jobs"), '*');
            for number in 0..count {
                let name = format!("notebook {batch}-{number}.ipynb");
                if form == Form::Original {
                    self.rule(form, &format!("Testing {name} on kernel {environment}"), '*');
                }
                for _ in 0..dice.below(5) {
                    let noise = dice.noise();
                    self.line(noise);
                }
                let passed = !dice.one_in(4);
                let (verdict, elapsed) = match form {
                    Form::Original => (if passed { "OK" } else { "FAIL" }, "0:00:01.500000"),
                    Form::Example => (if passed { "OK" } else { "FAIL" }, "1.5s"),
                };
                self.rule(form, &format!("Tested {name} {verdict} {elapsed}"), '*');
                if !passed {
                    failing.push(name.clone());
                }
                self.expect(environment, TestKind::Notebook, &name, passed);
            }
        }
        if counts != [0, 0] {
            let title = match failing.len() {
                0 => "Test Notebooks OK".to_owned(),
                n => format!("Test Notebooks Errors={n}"),
            };
            self.rule(form, &title, '=');
            for name in &failing {
                self.line(name);
            }
            self.rule(form, &title, '=');
        }
    }

    /// The original ends behind the first environment that fails; the example's goes on.
    fn make(dice: &mut Dice, form: Form) -> (Self, u8) {
        let mut story = Self::default();
        let mut failing = Vec::new();
        for number in 0..=dice.below(3) {
            let environment = format!("env-{number}");
            let before = story.expected.len();
            story.rule(form, &format!("Testing Environment {environment}"), '=');
            story.imports(dice, form, &environment);
            story.notebooks(dice, form, &environment);
            if story.expected[before..].iter().any(|line| line.ends_with("Failed")) {
                failing.push(environment);
                if form == Form::Original {
                    break;
                }
            }
        }
        if form == Form::Example && !failing.is_empty() {
            story.line(&format!("Failing environments: {}", failing.join(" ")));
        }
        (story, u8::from(!failing.is_empty()))
    }
}

fn read(text: &str, exit: Exit) -> Vec<Observed> {
    let mut transcript = Transcript::new();
    for line in text.lines() {
        transcript.line(line.as_bytes(), Duration::ZERO);
    }
    let ending = verdict::ending(exit, transcript.last_lines());
    transcript.finish(&ending, Duration::ZERO)
}

fn results(found: &[Observed]) -> Vec<String> {
    let of = |environment: &common::report::TestEnvironment| {
        let name = environment.name.clone();
        let cases = environment.cases.clone().into_iter();
        cases.map(move |c| format!("{name} {:?} {} {:?}", c.kind, c.name, c.status)).collect::<Vec<_>>()
    };
    found.iter().flat_map(|one| of(&one.results)).collect()
}

#[test]
fn what_was_made_up_comes_out() {
    let mut dice = Dice(2024);
    for number in 0..600 {
        let form = if number % 2 == 0 { Form::Original } else { Form::Example };
        let (story, status) = Story::make(&mut dice, form);
        let found = read(&story.text, Exit::Code(status));
        assert_eq!(results(&found), story.expected, "{form:?} {number}:\n{}", story.text);
        assert!(found.iter().all(|one| one.gaps == Gaps::default()), "{form:?} {number}:\n{}", story.text);
    }
}

/// Killed at any line: no result is invented, what had been shown is kept, and something failed.
#[test]
fn a_run_that_is_killed_keeps_what_it_had_shown() {
    let mut dice = Dice(2025);
    for number in 0..300 {
        let form = if number % 2 == 0 { Form::Original } else { Form::Example };
        let (story, _) = Story::make(&mut dice, form);
        let lines: Vec<&str> = story.text.lines().collect();
        let cut = 1 + dice.below(lines.len());
        let found = read(&lines[..cut].join("\n"), Exit::Code(137));
        let shown = results(&found);
        let invented = shown.iter().find(|r| r.ends_with("Passed") && !story.expected.contains(r));
        assert_eq!(invented, None, "{form:?} {number}, cut at {cut}:\n{}", story.text);
        assert!(found.iter().any(Observed::has_failure), "{form:?} {number}, cut at {cut}");
    }
}

/// Single bytes changed anywhere: nothing panics, and a run that ended badly never looks green.
#[test]
fn a_garbled_transcript_does_no_harm() {
    let mut dice = Dice(2026);
    for _ in 0..300 {
        let (story, _) = Story::make(&mut dice, Form::Original);
        let mut bytes = story.text.into_bytes();
        for _ in 0..20 {
            let at = dice.below(bytes.len());
            bytes[at] = u8::try_from(dice.below(256)).unwrap();
        }
        let mut transcript = Transcript::new();
        for line in bytes.split(|b| *b == b'\n') {
            transcript.line(line, Duration::ZERO);
        }
        let ending = verdict::ending(Exit::Code(3), transcript.last_lines());
        let found = transcript.finish(&ending, Duration::ZERO);
        assert!(found.is_empty() || found.iter().any(Observed::has_failure));
    }
}

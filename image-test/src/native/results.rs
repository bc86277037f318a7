//! The results as they come in, and what is to be said of those that never came.

use common::report::{TestCase, TestEnvironment, TestKind, TestStatus};

use super::event::{self, Event, Made, Told};
use super::planned::Planned;
use crate::specs::Spec;
use crate::transcript::{Ending, Tail, case};

/// What the runner told so far.
#[derive(Debug)]
pub(crate) struct Results {
    planned: Vec<Planned>,
    /// Which of them have a result.
    told: Vec<bool>,
    environments: Vec<TestEnvironment>,
    venv: Option<Result<Made, String>>,
    has_begun: bool,
    has_ended: bool,
    last: Tail,
}

/// A line for people, and all that the log keeps of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// One line.
    pub(crate) line: String,
    /// The same, and what the test printed.
    pub(crate) all: String,
}

impl Results {
    /// None yet, for what is `planned` of `specs`.
    pub(crate) fn new(specs: &[Spec], planned: Vec<Planned>) -> Self {
        let told = vec![false; planned.len()];
        let environments = specs.iter().map(environment).collect();
        let mut results = Self {
            planned,
            told,
            environments,
            venv: None,
            has_begun: false,
            has_ended: false,
            last: Tail::new(),
        };
        for id in 0..results.planned.len() {
            if let Some(reason) = results.planned[id].refused.clone() {
                results.take(Told { id, reason: Some(reason), seconds: 0.0, output: String::new() });
            }
        }
        results
    }

    /// They with the results of an earlier run, in the order of what was planned.
    pub(crate) fn taking_over(mut self, known: Vec<Option<TestCase>>) -> Self {
        for (id, case) in known.into_iter().enumerate() {
            let Some(case) = case else { continue };
            let name = &self.planned[id].environment;
            let environment = self.environments.iter_mut().find(|one| one.name == *name);
            let environment = environment.expect("each planned test is of an environment");
            *environment.seconds.get_or_insert_default() += case.seconds.unwrap_or_default();
            environment.cases.push(case);
            self.told[id] = true;
        }
        self
    }

    /// Whether the runner itself got to run.
    pub(crate) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether it came to its own end.
    pub(crate) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The virtual environment that was asked for, or why there is none; nothing if that was not told.
    pub(crate) const fn venv(&self) -> Option<&Result<Made, String>> {
        self.venv.as_ref()
    }

    /// The last lines that were no events.
    pub(crate) const fn last_lines(&self) -> &Tail {
        &self.last
    }

    /// Takes in a line; gives what is to be shown of it, if it was an event.
    pub(crate) fn line(&mut self, line: &[u8]) -> Option<Shown> {
        let Some(event) = event::parse(line) else {
            self.last.push(&String::from_utf8_lossy(line));
            return None;
        };
        let line = match event {
            Event::Begin { jobs, python } => {
                self.has_begun = true;
                format!(
                    "{} with {python}, {jobs} at a time",
                    crate::verdict::many(self.told.iter().filter(|told| !**told).count(), "test")
                )
            }
            Event::Prepared(made) => {
                let line = format!("an environment of the lock, by {}", made.uv);
                self.venv = Some(Ok(made));
                line
            }
            Event::Unprepared { why } => {
                let line = format!("no environment of the lock: {why}");
                self.venv = Some(Err(why));
                line
            }
            Event::End => {
                self.has_ended = true;
                "all tests ended".to_owned()
            }
            Event::Result(told) => return self.take(told),
        };
        Some(Shown { all: line.clone(), line })
    }

    fn take(&mut self, told: Told) -> Option<Shown> {
        let planned = self.planned.get(told.id).filter(|_| !self.told[told.id])?;
        self.told[told.id] = true;
        let environment = self.environments.iter_mut().find(|one| one.name == planned.environment)?;
        let status = if told.reason.is_none() { TestStatus::Passed } else { TestStatus::Failed };
        let printed = strip_ansi_escapes::strip_str(&told.output);
        let line = shown(planned, &told);
        let all = format!("{line}\n{}", printed.trim_end()).trim_end().to_owned();
        let detail = told.reason.map(|reason| {
            let mut tail = Tail::new();
            printed.lines().for_each(|line| tail.push(line));
            // The reason first, also where the output ends with it.
            tail.text().map_or_else(|| reason.clone(), |text| format!("{reason}\n{text}"))
        });
        *environment.seconds.get_or_insert_default() += told.seconds;
        let seconds = Some(told.seconds);
        environment.cases.push(TestCase { seconds, detail, ..case(planned.kind, &planned.name, status) });
        Some(Shown { line, all })
    }

    /// Which of what was planned passed, in its order.
    pub(crate) fn passed(&self) -> Vec<bool> {
        let passed = |one: &Planned| {
            let environment = self.environments.iter().find(|found| found.name == one.environment);
            environment.is_some_and(|found| {
                let is_it = |case: &&TestCase| case.kind == one.kind && case.name == one.name;
                found.cases.iter().find(is_it).is_some_and(|case| case.status == TestStatus::Passed)
            })
        };
        self.planned.iter().map(passed).collect()
    }

    /// All results; what has none was not run, because of `ending`.
    pub(crate) fn finish(mut self, ending: &Ending) -> Vec<TestEnvironment> {
        for (planned, _) in self.planned.iter().zip(&self.told).filter(|(_, told)| !**told) {
            let reason = format!("no result: {} before it", ending.words);
            let environment = self.environments.iter_mut().find(|one| one.name == planned.environment);
            let not_run =
                TestCase { detail: Some(reason), ..case(planned.kind, &planned.name, TestStatus::NotRun) };
            environment.expect("each planned test is of an environment").cases.push(not_run);
        }
        self.environments
    }
}

/// An environment before any of its tests ran: with what its lists leave out.
fn environment(spec: &Spec) -> TestEnvironment {
    let left_out = |kind, names: &[String], list: &str| -> Vec<TestCase> {
        let detail = format!("left out in tests/{list}");
        let skipped = |name: &String| TestCase {
            detail: Some(detail.clone()),
            ..case(kind, name, TestStatus::Skipped)
        };
        names.iter().map(skipped).collect()
    };
    let mut cases = left_out(TestKind::Import, &spec.imports.left_out, "imports");
    cases.extend(left_out(TestKind::Notebook, &spec.notebooks.left_out, "notebooks"));
    let skipped = spec.is_empty().then(|| "it has nothing to test".to_owned());
    TestEnvironment { name: spec.environment.clone(), skipped, seconds: None, cases }
}

/// `roman-cal: numpy ok 0.4 s`.
fn shown(planned: &Planned, told: &Told) -> String {
    let Planned { environment, name, .. } = planned;
    let seconds = told.seconds;
    match &told.reason {
        None => format!("{environment}: {name} ok {seconds:.1} s"),
        Some(reason) => format!("{environment}: {name} FAILED {seconds:.1} s: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::Words;

    fn results(imports: &[&str]) -> Results {
        let asked = imports.iter().map(|name| (*name).to_owned()).collect();
        let imports = Words { asked, left_out: vec!["heavy".to_owned()], ..Words::default() };
        let specs = [
            Spec { environment: "e".to_owned(), imports, ..Spec::default() },
            Spec { environment: "bare".to_owned(), ..Spec::default() },
        ];
        let planned = Planned::all(&specs);
        Results::new(&specs, planned)
    }

    fn told(id: usize, reason: &str) -> Vec<u8> {
        let reason = serde_json::json!((!reason.is_empty()).then_some(reason));
        let event = serde_json::json!({
            "event": "result", "id": id, "reason": reason, "seconds": 0.25, "output": "\u{1b}[31mlast\u{1b}[0m\n",
        });
        format!("\x1e{event}").into_bytes()
    }

    #[test]
    fn results_come_in_any_order_and_what_never_came_was_not_run() {
        let mut results = results(&["a", "b", "c"]);
        assert_eq!(results.line(b"just said"), None);
        assert!(results.line(b"\x1e{\"event\": \"begin\", \"jobs\": 2, \"python\": \"/p\"}").is_some());
        assert_eq!(results.line(&told(2, "")).unwrap().line, "e: c ok 0.2 s");
        let failed = results.line(&told(0, "it broke")).unwrap();
        assert_eq!(
            (failed.line.as_str(), failed.all.contains("\nlast")),
            ("e: a FAILED 0.2 s: it broke", true)
        );
        assert_eq!(results.line(&told(0, "")), None, "a second result of one test is none");
        assert_eq!(results.line(&told(9, "")), None);
        assert!(results.has_begun() && !results.has_ended());
        let ending = Ending { clean: false, cut_short: true, words: "signal 9 ended it".to_owned() };
        let found = results.finish(&ending);
        let of = |status| -> Vec<&str> {
            found[0].cases.iter().filter(|c| c.status == status).map(|c| c.name.as_str()).collect()
        };
        assert_eq!(of(TestStatus::Passed), ["c"]);
        assert_eq!(of(TestStatus::Failed), ["a"]);
        assert_eq!(of(TestStatus::NotRun), ["b"]);
        assert_eq!(of(TestStatus::Skipped), ["heavy"]);
        assert_eq!(found[0].seconds, Some(0.5));
        let detail = found[0].cases.iter().find(|c| c.name == "a").unwrap().detail.clone().unwrap();
        assert!(detail.starts_with("it broke\n") && detail.ends_with("last"), "{detail:?}");
        assert!(found[1].skipped.is_some());
    }
}

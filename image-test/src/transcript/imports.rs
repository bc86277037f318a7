//! The imports of one environment.
//!
//! One interpreter may import them all, and then ends silently when a module ends it (D47). What
//! proves that it lived to the end is the summary; a verdict may be missing on the module's own line,
//! because the module or a traceback printed there.

use std::time::Duration;

use common::report::{TestCase, TestKind, TestStatus};

use super::tail::{self, Tail};
use super::{Gaps, case, run_failed};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Open,
    Ok,
    Fail,
    LeftOut,
}

#[derive(Debug)]
struct Tried {
    module: String,
    verdict: Verdict,
    seconds: Option<f64>,
    text: Tail,
}

#[derive(Debug)]
struct Summary {
    failing: usize,
    named: Vec<String>,
}

/// The imports of one environment, as far as they have been told.
#[derive(Debug)]
pub(super) struct Imports {
    tried: Vec<Tried>,
    /// When the module before was done with.
    since: Duration,
    /// What was printed before the first module and after the summary.
    loose: Tail,
    summary: Option<Summary>,
}

impl Imports {
    pub(super) fn new(at: Duration) -> Self {
        Self { tried: Vec::new(), since: at, loose: Tail::new(), summary: None }
    }

    /// Whether the summary came, so that nothing more is to be expected.
    pub(super) const fn is_summed_up(&self) -> bool {
        self.summary.is_some()
    }

    /// `Importing <module> ...` and what stood behind it.
    pub(super) fn importing(&mut self, module: &str, rest: &str, at: Duration) {
        self.settle(at);
        let (module, text) = (module.to_owned(), Tail::new());
        self.tried.push(Tried { module, verdict: Verdict::Open, seconds: None, text });
        self.text(rest, at);
    }

    /// `Skipping #<module>`.
    pub(super) fn skipping(&mut self, word: &str, at: Duration) {
        self.settle(at);
        let module = word.trim_start_matches('#').to_owned();
        // D46: the `#` of a comment for people is left out by itself, and the words behind it are not.
        if !module.is_empty() {
            let (verdict, text) = (Verdict::LeftOut, Tail::new());
            self.tried.push(Tried { module, verdict, seconds: None, text });
        }
    }

    /// `Failing imports: <n>`; their names follow as text.
    pub(super) fn summed_up(&mut self, failing: usize, at: Duration) {
        self.settle(at);
        self.summary = Some(Summary { failing, named: Vec::new() });
    }

    /// Any other line.
    pub(super) fn text(&mut self, line: &str, at: Duration) {
        if is_rule(line) {
            return;
        }
        if let Some(summary) = &mut self.summary {
            let name = line.trim();
            let is_one = self.tried.iter().any(|t| t.module == name && t.verdict != Verdict::LeftOut);
            if is_one && summary.named.len() < summary.failing {
                summary.named.push(name.to_owned());
            } else {
                self.loose.push(line);
            }
            return;
        }
        let Some(last) = self.tried.last_mut() else { return self.loose.push(line) };
        match (last.verdict, line.trim_end()) {
            (Verdict::Open, "ok") => self.close(Verdict::Ok, at),
            (Verdict::Open, "FAIL") => self.close(Verdict::Fail, at),
            (_, line) => last.text.push(line),
        }
    }

    /// The run went on behind a module that showed no verdict of its own: the module's last output
    /// may have the verdict at its end. The summary, if it comes, has the last word.
    fn settle(&mut self, at: Duration) {
        let Some(last) = self.tried.last().filter(|t| t.verdict == Verdict::Open) else { return };
        let failed = last.text.last().is_some_and(|line| line.ends_with("FAIL"));
        self.close(if failed { Verdict::Fail } else { Verdict::Ok }, at);
    }

    /// Puts what was printed where it belongs. The two streams of a container are only roughly in
    /// order: a verdict may come in the middle of a traceback, or before all of it.
    fn mend_order(&mut self) {
        for at in 0..self.tried.len() {
            let (before, rest) = self.tried.split_at_mut(at);
            let [one, after @ ..] = rest else { return };
            if one.verdict != Verdict::Fail {
                continue;
            }
            if let Some(next) = after.first_mut().filter(|_| one.text.is_open_traceback()) {
                one.text.extend(&next.text.split_off_traceback());
            }
            let neighbours = after.first_mut().into_iter().chain(before.last_mut());
            let texts = neighbours.filter(|t| t.verdict != Verdict::Fail).map(|t| &mut t.text);
            if !one.text.is_reason(&one.module)
                && let Some(text) = texts.chain([&mut self.loose]).find(|text| text.is_reason(&one.module))
            {
                let own = std::mem::replace(&mut one.text, std::mem::take(text));
                one.text.extend(&own);
            }
        }
    }

    fn close(&mut self, verdict: Verdict, at: Duration) {
        if let Some(last) = self.tried.last_mut() {
            last.verdict = verdict;
            last.seconds = Some(at.saturating_sub(self.since).as_secs_f64());
        }
        self.since = at;
    }

    /// The results, now that something else comes or the run ended; `cut` says what cut them short
    /// from outside, if something did.
    pub(super) fn end(mut self, cut: Option<&str>, gaps: &mut Gaps) -> Vec<TestCase> {
        gaps.imports_cut |= self.summary.is_none();
        let how = cut.unwrap_or("the interpreter ended");
        self.mend_order();
        let trouble = self.trouble(how);
        let listed = self.summary.take().map_or_else(Vec::new, |summary| summary.named);
        let mut cases: Vec<TestCase> = self.tried.into_iter().map(|t| t.into_case(how, &listed)).collect();
        cases.extend(trouble);
        cases
    }

    /// What is wrong with the run as a whole.
    fn trouble(&self, how: &str) -> Option<TestCase> {
        match (&self.summary, self.tried.last()) {
            (None, None) => Some(run_failed(
                "imports",
                "no import was tried: tests/imports is empty, or the interpreter did not start",
                &self.loose,
            )),
            // Then the import itself is what failed.
            (None, Some(last)) if last.verdict == Verdict::Open => None,
            (None, Some(last)) => {
                let finding = format!(
                    "{how} after importing {}, before the summary of the imports: \
                     what comes after it in tests/imports was never tried",
                    last.module
                );
                Some(run_failed("imports", &finding, &self.loose))
            }
            (Some(summary), _) => {
                let fails = |t: &&Tried| t.verdict == Verdict::Fail || summary.named.contains(&t.module);
                let known = self.tried.iter().filter(fails).count();
                let finding =
                    format!("the image counts {} failing imports and shows {known} of them", summary.failing);
                (summary.failing > known).then(|| run_failed("imports", &finding, &self.loose))
            }
        }
    }
}

/// The line above the summary.
fn is_rule(line: &str) -> bool {
    line.len() >= 40 && line.trim_end().bytes().all(|b| b == b'=')
}

impl Tried {
    fn into_case(self, how: &str, listed: &[String]) -> TestCase {
        let failed = self.verdict == Verdict::Fail || listed.contains(&self.module);
        let (status, detail) = match self.verdict {
            Verdict::Open => {
                let finding = format!(
                    "{how} while importing {}; what comes after it in tests/imports was never tried",
                    self.module
                );
                (TestStatus::Failed, Some(tail::detail(&finding, &self.text)))
            }
            Verdict::LeftOut => (TestStatus::Skipped, Some("left out in tests/imports".to_owned())),
            Verdict::Ok | Verdict::Fail if failed => (TestStatus::Failed, self.text.text()),
            Verdict::Ok | Verdict::Fail => (TestStatus::Passed, None),
        };
        TestCase { seconds: self.seconds, detail, ..case(TestKind::Import, &self.module, status) }
    }
}

//! The notebooks of one call of the in-image notebook runner.
//!
//! A call announces two batches (side by side, then one by one), shows each notebook's output and
//! verdict, and sums up unless there was nothing to run. A notebook that cannot be found or takes
//! too long ends the original runner with a traceback, and all results still to come are lost (D49).
//! Without a summary, what was announced and not shown is lost; with one, it was left out on purpose.

use std::path::Path;

use common::report::{TestCase, TestKind, TestStatus};

use super::tail::{self, Tail};
use super::{Gaps, case, run_failed};

/// What a notebook is called that ended the runner without being named.
pub(crate) const UNNAMED: &str = "(the one that was running)";

/// One call, as far as it has been told.
#[derive(Debug, Default)]
pub(super) struct Notebooks {
    batches: usize,
    announced: usize,
    shown: Vec<TestCase>,
    /// The notebook whose output is being shown, where the runner says so.
    open: Option<String>,
    /// What was printed since the last result.
    text: Tail,
    /// How many failed, once summed up.
    failed: Option<usize>,
}

impl Notebooks {
    /// `Testing <n> notebooks …` again: whether it belongs to this call.
    pub(super) fn takes_batch(&self) -> bool {
        self.batches < 2 && self.failed.is_none() && !(self.missing() > 0 && self.text.has_traceback())
    }

    /// Whether nothing more is to be expected: summed up, or there was nothing to run.
    pub(super) const fn is_over(&self) -> bool {
        self.failed.is_some() || (self.batches == 2 && self.announced == 0)
    }

    /// Whether a notebook's own output is being shown, in which nothing is a marker but its end.
    pub(super) const fn is_inside(&self) -> bool {
        self.open.is_some()
    }

    /// Whether a result for `name` can come now.
    pub(super) fn takes_result(&self, name: &str) -> bool {
        self.failed.is_none() && self.open.as_deref().is_none_or(|open| open == name)
    }

    pub(super) fn batch(&mut self, count: usize) {
        self.batches += 1;
        self.announced += count;
    }

    pub(super) fn output_of(&mut self, name: &str) {
        self.text.clear();
        self.open = Some(name.to_owned());
    }

    pub(super) fn tested(&mut self, name: &str, passed: bool, seconds: Option<f64>) {
        let text = std::mem::take(&mut self.text);
        let status = if passed { TestStatus::Passed } else { TestStatus::Failed };
        let detail = if passed { None } else { text.text() };
        self.shown.push(TestCase { seconds, detail, ..case(TestKind::Notebook, name, status) });
        self.open = None;
    }

    /// The summary, which the runner prints above and below the names of those that failed.
    pub(super) fn summed_up(&mut self, failed: usize) {
        self.failed = Some(failed);
    }

    pub(super) fn text(&mut self, line: &str) {
        self.text.push(line);
    }

    fn missing(&self) -> usize {
        self.announced.saturating_sub(self.shown.len())
    }

    /// The results, now that something else comes or the run ended; `cut` says what cut them short
    /// from outside, if something did.
    pub(super) fn end(mut self, cut: Option<&str>, gaps: &mut Gaps) -> Vec<TestCase> {
        let how = cut.unwrap_or("the notebook runner ended");
        let missing = self.missing();
        let mut cases = std::mem::take(&mut self.shown);
        match self.failed {
            Some(failed) => {
                gaps.left_out += missing;
                let shown = cases.iter().filter(|c| c.status == TestStatus::Failed).count();
                if failed > shown {
                    let finding =
                        format!("the image counts {failed} failing notebooks and shows {shown} of them");
                    cases.push(run_failed("notebooks", &finding, &self.text));
                }
            }
            None if self.announced == 0 => {}
            None if missing == 0 => {
                let finding = format!("{how} before the summary of the notebooks");
                cases.push(run_failed("notebooks", &finding, &self.text));
            }
            None => {
                gaps.lost += missing - 1;
                cases.push(self.aborted(how, missing));
            }
        }
        cases
    }

    /// The notebook that ended the runner, or as much as is known of it.
    fn aborted(&self, how: &str, missing: usize) -> TestCase {
        let finding = format!(
            "{how} before the notebooks were through: {missing} of {} have no result",
            self.announced
        );
        let detail = tail::detail(&finding, &self.text);
        let raised = || self.text.has_traceback().then(|| notebook_in(&detail))?;
        let culprit = self.open.clone().or_else(raised);
        let name = culprit.unwrap_or_else(|| UNNAMED.to_owned());
        TestCase { detail: Some(detail), ..case(TestKind::Notebook, &name, TestStatus::Failed) }
    }
}

/// The notebook that the last exception of a traceback names: by the command that took too long, or
/// as the file that could not be found.
fn notebook_in(text: &str) -> Option<String> {
    let is_notebook = |word: &&str| {
        let ending = Path::new(word).extension();
        ending.is_some_and(|ending| ending == "ipynb" || ending == "py")
    };
    let is_frame = |line: &&str| line.starts_with([' ', '\t']);
    let exceptions = text.lines().rev().filter(|line| !is_frame(line));
    exceptions.take_while(|line| !line.starts_with("Traceback")).find_map(|line| {
        let mut words = line.split(['\'', '"', ' ', ',', '[', ']']).filter(|word| word.len() > 3);
        words.find(is_notebook).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::notebook_in;

    #[test]
    fn d49_the_notebook_that_ended_the_run_is_named_by_the_exception() {
        let check = |line: &str, expected: Option<&str>| {
            let text =
                format!("finding\nTraceback (most recent call last):\n  File \"/x/run.py\", line 1\n{line}");
            assert_eq!(notebook_in(&text).as_deref(), expected, "{line}");
        };
        check(
            "subprocess.TimeoutExpired: Command '['papermill', '--no-progress-bar', 'slow.ipynb', 'test.ipynb', \
             '-k', 'tess']' timed out after 1800 seconds",
            Some("slow.ipynb"),
        );
        check("ValueError: no such kind of test: a/b.py", Some("a/b.py"));
        check("FileNotFoundError: [Errno 2] No such file or directory: '/opt/gone'", None);
    }
}

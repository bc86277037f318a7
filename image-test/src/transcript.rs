//! What the in-image test scripts print, line by line, turned into results.
//!
//! The scripts tell their progress by marker lines ([`marker`]) among everything that the tested
//! code prints. A marker counts only where it can stand: results inside their section, a section
//! inside its environment. What remains possible is that tested code prints, at the start of a line
//! and in its full form, a marker that could come next; nothing in the output tells that from a true
//! one. Where the image's runner frames each notebook's output, not even that is possible inside the
//! frame.

mod imports;
mod marker;
mod notebooks;
mod observed;
mod tail;

use std::time::Duration;

use common::report::{TestCase, TestKind, TestStatus};

use imports::Imports;
use marker::Marker;
use notebooks::Notebooks;
pub(crate) use notebooks::UNNAMED;
pub(crate) use observed::{Gaps, Observed, case};
use observed::{run_failed, script};
pub(crate) use tail::Tail;

/// The part of an environment's tests that is being told.
#[derive(Debug)]
enum Section {
    Between,
    Imports(Imports),
    Notebooks(Notebooks),
    Script { text: Tail, since: Duration, verdict: Option<(bool, Option<f64>)> },
}

/// How a container ended, as the transcript must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Whether its status was 0.
    pub(crate) clean: bool,
    /// Whether it was cut short by something else than its tests: a signal, the engine, a time limit.
    pub(crate) cut_short: bool,
    /// What happened, in words: `the container ended with status 1`.
    pub(crate) words: String,
}

/// The results so far.
#[derive(Debug)]
pub(crate) struct Transcript {
    environments: Vec<Observed>,
    section: Section,
    /// The environments that the image itself says failed, once it says so.
    failing: Option<Vec<String>>,
    /// The last lines, whatever they are.
    last: Tail,
}

impl Transcript {
    pub(crate) const fn new() -> Self {
        Self { environments: Vec::new(), section: Section::Between, failing: None, last: Tail::new() }
    }

    /// The last lines of all.
    pub(crate) const fn last_lines(&self) -> &Tail {
        &self.last
    }

    /// Whether any environment's tests began.
    pub(crate) const fn has_begun(&self) -> bool {
        !self.environments.is_empty()
    }

    /// Takes in one line, which came `at` this time since the start.
    pub(crate) fn line(&mut self, bytes: &[u8], at: Duration) {
        let text = String::from_utf8_lossy(bytes);
        // A progress display overwrites its own line.
        for part in text.split('\r') {
            let part = strip_ansi_escapes::strip_str(part);
            self.last.push(&part);
            self.part(&part, at);
        }
    }

    fn part(&mut self, line: &str, at: Duration) {
        match marker::find(line).filter(|found| self.fits(&found.marker)) {
            Some(found) => {
                if !found.before.is_empty() {
                    self.part(found.before, at);
                }
                self.mark(found.marker, at);
            }
            None => self.text(line, at),
        }
    }

    /// Whether `marker` can stand here.
    fn fits(&self, marker: &Marker<'_>) -> bool {
        let current = self.environments.last().map(|e| e.results.name.as_str());
        let inside = matches!(&self.section, Section::Notebooks(n) if n.is_inside());
        // A script of the mission's own may call the parts of the in-image scripts by itself.
        let of_environment = |name: &str| !inside && (current == Some(name) || self.is_between());
        match (marker, &self.section) {
            (Marker::Environment(_), _) | (Marker::NotebooksDone(_), Section::Notebooks(_)) => !inside,
            (
                Marker::Imports(name)
                | Marker::NotebookList(name)
                | Marker::Script(name)
                | Marker::Batch { kernel: name, .. },
                _,
            ) => of_environment(name),
            (
                Marker::Importing { .. } | Marker::SkippedImport(_) | Marker::FailingImports(_),
                Section::Imports(run),
            ) => !run.is_summed_up(),
            (Marker::NotebookOutput { kernel, .. }, Section::Notebooks(_)) => {
                !inside && current == Some(*kernel)
            }
            (Marker::Tested { name, .. }, Section::Notebooks(run)) => run.takes_result(name),
            (Marker::Tested { name, .. }, Section::Script { verdict, .. }) => {
                *name == "test" && verdict.is_none()
            }
            (Marker::SkippedNotebook(_), section) => {
                !inside && current.is_some() && !matches!(section, Section::Script { .. })
            }
            (Marker::SkippedKernel(line), Section::Between) => {
                current.is_some_and(|name| is_about(line, name))
            }
            (Marker::FailingEnvironments(names), _) => {
                !inside && names.split(' ').all(|n| self.environments.iter().any(|e| e.results.name == n))
            }
            _ => false,
        }
    }

    /// Whether the section that was last begun is over, so that anything may come.
    fn is_between(&self) -> bool {
        match &self.section {
            Section::Between => true,
            Section::Imports(run) => run.is_summed_up(),
            Section::Notebooks(run) => run.is_over(),
            Section::Script { verdict, .. } => verdict.is_some(),
        }
    }

    fn mark(&mut self, marker: Marker<'_>, at: Duration) {
        match marker {
            Marker::Environment(name) => {
                self.end_section(None, at);
                self.begin(name, at);
            }
            Marker::Imports(name) => self.enter(name, Section::Imports(Imports::new(at)), at),
            Marker::NotebookList(name) => self.enter(name, Section::Between, at),
            Marker::Script(name) => {
                let script = Section::Script { text: Tail::new(), since: at, verdict: None };
                self.enter(name, script, at);
            }
            Marker::Batch { count, kernel } => self.batch(count, kernel, at),
            Marker::SkippedKernel(line) => {
                if let Some(environment) = self.environments.last_mut() {
                    environment.results.skipped = Some(line.to_owned());
                    environment.began = true;
                }
            }
            Marker::SkippedNotebook(name) => {
                let left_out = TestCase {
                    detail: Some("left out in tests/notebooks".to_owned()),
                    ..case(TestKind::Notebook, name, TestStatus::Skipped)
                };
                if let Some(environment) = self.environments.last_mut() {
                    environment.results.cases.push(left_out);
                }
            }
            Marker::FailingEnvironments(names) => {
                self.end_section(None, at);
                self.failing = Some(names.split(' ').map(str::to_owned).collect());
            }
            inner => self.mark_inside(inner, at),
        }
    }

    /// A marker that leaves the section what it is.
    fn mark_inside(&mut self, marker: Marker<'_>, at: Duration) {
        match (&mut self.section, marker) {
            (Section::Imports(run), Marker::Importing { module, rest }) => run.importing(module, rest, at),
            (Section::Imports(run), Marker::SkippedImport(word)) => run.skipping(word, at),
            (Section::Imports(run), Marker::FailingImports(count)) => run.summed_up(count, at),
            (Section::Notebooks(run), Marker::NotebookOutput { name, .. }) => run.output_of(name),
            (Section::Notebooks(run), Marker::Tested { name, passed, seconds }) => {
                run.tested(name, passed, seconds);
            }
            (Section::Notebooks(run), Marker::NotebooksDone(failed)) => run.summed_up(failed),
            (Section::Script { verdict, .. }, Marker::Tested { passed, seconds, .. }) => {
                *verdict = Some((passed, seconds));
            }
            // `fits` let no other pair through.
            _ => {}
        }
    }

    fn batch(&mut self, count: usize, kernel: &str, at: Duration) {
        if !matches!(&self.section, Section::Notebooks(run) if run.takes_batch()) {
            self.enter(kernel, Section::Notebooks(Notebooks::default()), at);
        }
        if let Section::Notebooks(run) = &mut self.section {
            run.batch(count);
        }
    }

    fn text(&mut self, line: &str, at: Duration) {
        match &mut self.section {
            Section::Between => {
                if let Some(environment) = self.environments.last_mut() {
                    environment.preamble.push(line);
                }
            }
            Section::Imports(run) => run.text(line, at),
            Section::Notebooks(run) => run.text(line),
            Section::Script { text, .. } => text.push(line),
        }
    }

    /// A section of the environment `name` begins.
    fn enter(&mut self, name: &str, section: Section, at: Duration) {
        self.end_section(None, at);
        if self.environments.last().is_none_or(|e| e.results.name != name) {
            self.begin(name, at);
        }
        if let Some(environment) = self.environments.last_mut() {
            environment.began = true;
        }
        self.section = section;
    }

    fn begin(&mut self, name: &str, at: Duration) {
        self.end_environment(at);
        self.environments.push(Observed::new(name, at));
    }

    fn end_environment(&mut self, at: Duration) {
        if let Some(environment) = self.environments.last_mut() {
            environment.close(at);
        }
    }

    /// Ends the open section; `cut` says what cut it short from outside, if something did.
    fn end_section(&mut self, cut: Option<&str>, at: Duration) {
        let section = std::mem::replace(&mut self.section, Section::Between);
        // Every section is entered through an environment.
        let Some(environment) = self.environments.last_mut() else { return };
        let cases = match section {
            Section::Between => Vec::new(),
            Section::Imports(run) => run.end(cut, &mut environment.gaps),
            Section::Notebooks(run) => run.end(cut, &mut environment.gaps),
            Section::Script { text, since, verdict } => {
                environment.verdictless = verdict.is_none();
                vec![script(&text, at.saturating_sub(since), verdict)]
            }
        };
        environment.results.cases.extend(cases);
    }

    /// The results, now that the container ended.
    pub(crate) fn finish(mut self, ending: &Ending, at: Duration) -> Vec<Observed> {
        let open_script = matches!(&self.section, Section::Script { verdict: None, .. });
        self.end_section(ending.cut_short.then_some(ending.words.as_str()), at);
        self.end_environment(at);
        if !ending.clean {
            self.blame(ending, open_script);
        }
        self.environments.iter_mut().for_each(Observed::tidy);
        self.environments
    }

    /// A status other than 0 has a cause: what the image names, else what ran last.
    fn blame(&mut self, ending: &Ending, open_script: bool) {
        if let Some(failing) = self.failing.take() {
            for environment in self.environments.iter_mut().filter(|e| failing.contains(&e.results.name)) {
                environment.must_have_failed("the image says that this environment failed", &Tail::new());
                environment.doubt_script();
            }
        }
        let explained = self.environments.iter().any(Observed::has_failure);
        if let Some(last) = self.environments.last_mut()
            && (open_script || ending.cut_short || !explained)
        {
            if open_script {
                last.script_failed(&ending.words);
            }
            last.must_have_failed(&ending.words, &self.last);
        }
    }
}

/// Whether `Skipping kernel <name> …` is about the environment `name`.
fn is_about(line: &str, name: &str) -> bool {
    let rest = line.strip_prefix("Skipping kernel ").and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "._-".contains(c)))
}

#[cfg(test)]
mod generated;
#[cfg(test)]
mod tests;

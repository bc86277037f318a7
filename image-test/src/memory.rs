//! What is known of an earlier run on the same image, and what of it still holds. A result that passed
//! is taken over where nothing that it rests on has changed since.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use common::context::WAIVERS;
use common::digest::{self, Digest};
use common::evidence::{TOOL, TestInputs, Tested, locks};
use common::report::{TestCase, TestKind, TestRunner, TestStatus, Verdict};
use serde_json::json;
use walkdir::WalkDir;

use crate::args::Args;
use crate::bench::Bench;
use crate::native::Planned;
use crate::plan::Plan;
use crate::specs::SpecError;

/// What this run rests on, and the run before it.
#[derive(Debug)]
pub(crate) struct Memory {
    /// What this run rests on.
    pub(crate) inputs: TestInputs,
    earlier: Option<Tested>,
}

impl Memory {
    /// What is known before the run of `plan`; of earlier runs nothing if `args` want all tests run, or
    /// other files than the image's.
    pub(crate) fn of(plan: &Plan, args: &Args, bench: &Bench<'_>) -> Result<Self, SpecError> {
        let deployment = bench.settings.deployment();
        let read = |path: &Path| {
            let path = path.to_owned();
            move |source| SpecError::Read { path, source }
        };
        let mut files = BTreeMap::new();
        for spec in &bench.specs {
            let tests = deployment.environment_dir(&spec.environment).join("tests");
            files.extend(below(&tests, &spec.environment).map_err(read(&tests))?);
        }
        let frozen = deployment.frozen_dir();
        let locks = locks(&deployment).map_err(read(&frozen))?;
        let inputs = TestInputs { locks, files, parameters: parameters(plan, args) };
        // What is damaged is made anew.
        let known = || bench.store.read::<Tested>(&plan.image.id).ok().flatten();
        let runner = if args.is_native() { TestRunner::Native } else { TestRunner::Image };
        let earlier = if args.again || args.dev { None } else { known() };
        Ok(Self { inputs, earlier: earlier.filter(|earlier| earlier.outcome.runner == runner) })
    }

    /// The earlier run, if it passed and nothing at all has changed since.
    pub(crate) fn whole(&self) -> Option<&Tested> {
        let unchanged = |earlier: &&Tested| earlier.inputs.as_ref() == Some(&self.inputs);
        self.earlier.as_ref().filter(unchanged).filter(|earlier| earlier.verdict == Verdict::Yes)
    }

    /// The earlier result of `planned`, if it passed and nothing that it rests on has changed since.
    pub(crate) fn result(&self, planned: &Planned) -> Option<TestCase> {
        let earlier = self.earlier.as_ref()?;
        let before = earlier.inputs.as_ref()?;
        if planned.refused.is_some() || !rests_on_the_same(planned, before, &self.inputs) {
            return None;
        }
        let environment = earlier.outcome.environments.iter().find(|e| e.name == planned.environment)?;
        let is_it = |case: &&TestCase| case.kind == planned.kind && case.name == planned.name;
        let case = environment.cases.iter().find(is_it)?;
        let passed = case.status == TestStatus::Passed;
        passed.then(|| TestCase { at: Some(case.at.unwrap_or(earlier.at)), ..case.clone() })
    }
}

/// Whether what `planned` rests on is the same: how it is run, the environment's lock, its own file, and
/// whatever lies beside it that is no test of its own. A script may look at everything.
fn rests_on_the_same(planned: &Planned, before: &TestInputs, now: &TestInputs) -> bool {
    let top = format!("{}/", planned.environment);
    let own = format!("{top}tests/{}", planned.name);
    let counts = |path: &str| match planned.kind {
        TestKind::Script | TestKind::Run => true,
        TestKind::Import | TestKind::Notebook => path == own || !is_another_test(path, &top),
    };
    let part = |all: &BTreeMap<String, Digest>, counts: &dyn Fn(&str) -> bool| -> BTreeMap<String, Digest> {
        let ours = all.iter().filter(|(path, _)| path.starts_with(&top) && counts(path));
        ours.map(|(path, digest)| (path.clone(), digest.clone())).collect()
    };
    // A notebook that is not among the tests' files may have changed without a trace.
    let is_known = planned.kind != TestKind::Notebook || now.files.contains_key(&own);
    is_known
        && before.parameters == now.parameters
        && part(&before.locks, &|_| true) == part(&now.locks, &|_| true)
        && part(&before.files, &counts) == part(&now.files, &counts)
}

/// Whether the file at `path` is a test or a list of tests, so that no other test rests on it.
fn is_another_test(path: &str, top: &str) -> bool {
    let name = path.strip_prefix(top).and_then(|path| path.strip_prefix("tests/")).unwrap_or(path);
    ["imports", "notebooks", "test"].contains(&name)
        || Path::new(name).extension().is_some_and(|extension| extension == "ipynb")
}

/// The files below `tests` of `environment`, and their digests. Waivers are about results.
fn below(tests: &Path, environment: &str) -> io::Result<BTreeMap<String, Digest>> {
    let mut found = BTreeMap::new();
    if !tests.exists() {
        return Ok(found);
    }
    for entry in WalkDir::new(tests).follow_links(false) {
        let entry = entry?;
        if entry.file_type().is_dir() || entry.path().ends_with(WAIVERS) {
            continue;
        }
        let inside = entry.path().strip_prefix(tests).unwrap_or(entry.path()).to_string_lossy();
        let (_, content) = digest::of_entry(entry.path())?;
        found.insert(format!("{environment}/tests/{inside}"), content);
    }
    Ok(found)
}

/// How tests are run, by which tools, and what is accepted.
fn parameters(plan: &Plan, args: &Args) -> Digest {
    let request = &plan.request;
    let all = json!({
        "tool": TOOL,
        "command": request.command,
        "words": request.words,
        "variables": request.variables,
        "network": request.network,
        "mounts": request.mounts.iter().map(|mount| format!("{mount:?}")).collect::<Vec<_>>(),
        "seconds": args.timeout.map(|limit| limit.as_secs()),
        "accepted": [args.allow.empty, args.allow.missing],
    });
    Digest::of(all.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(files: &[(&str, &str)]) -> TestInputs {
        let digests = |all: &[(&str, &str)]| {
            all.iter().map(|(path, text)| ((*path).to_owned(), Digest::of(text.as_bytes()))).collect()
        };
        let locks = digests(&[("e/requirements.txt", "1"), ("other/requirements.txt", "1")]);
        TestInputs { locks, files: digests(files), parameters: Digest::of(b"p") }
    }

    #[test]
    fn a_test_rests_on_its_own_file_and_on_what_is_no_test() {
        let files = [
            ("e/tests/a.ipynb", "a"),
            ("e/tests/b.ipynb", "b"),
            ("e/tests/data.txt", "d"),
            ("e/tests/imports", "numpy"),
            ("e/tests/test", "script"),
            ("other/tests/data.txt", "x"),
        ];
        let before = inputs(&files);
        let same = |kind, name: &str, now: &TestInputs| {
            let planned = Planned {
                environment: "e".to_owned(),
                kind,
                name: name.to_owned(),
                alone: false,
                refused: None,
            };
            rests_on_the_same(&planned, &before, now)
        };
        // What changed, and whether these hold: an import, a.ipynb, the script.
        let check = |path: &str, expected: [bool; 3]| {
            let mut now = before.clone();
            now.files.insert(path.to_owned(), Digest::of(b"changed"));
            let found = [
                same(TestKind::Import, "numpy", &now),
                same(TestKind::Notebook, "a.ipynb", &now),
                same(TestKind::Script, "test", &now),
            ];
            assert_eq!(found, expected, "{path}");
        };
        check("e/tests/a.ipynb", [true, false, false]);
        check("e/tests/b.ipynb", [true, true, false]);
        check("e/tests/new.ipynb", [true, true, false]);
        check("e/tests/data.txt", [false, false, false]);
        check("e/tests/imports", [true, true, false]);
        check("e/tests/test", [true, true, false]);
        check("other/tests/data.txt", [true, true, true]);
        assert!(!same(TestKind::Notebook, "/elsewhere/x.ipynb", &before));
        let mut now = before.clone();
        now.locks.insert("other/requirements.txt".to_owned(), Digest::of(b"2"));
        assert!(same(TestKind::Import, "numpy", &now));
        now.locks.insert("e/requirements.txt".to_owned(), Digest::of(b"2"));
        assert!(!same(TestKind::Import, "numpy", &now));
        assert!(!same(
            TestKind::Import,
            "numpy",
            &TestInputs { parameters: Digest::of(b"q"), ..before.clone() }
        ));
    }
}

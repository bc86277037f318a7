//! What the repository asks for against what the transcript shows: a test that never ran must not
//! look like one that passed.
//!
//! What is asked for and has no result is "not run", and makes the answer a "no" unless that is
//! allowed: either the run ended before it, or the image does not hold what the tree asks for, and
//! then this run says nothing about it.

use common::report::{TestCase, TestEnvironment, TestKind, TestStatus};

use crate::specs::{Script, Spec};
use crate::transcript::{Gaps, Observed, UNNAMED, case};

/// The results, completed by what is asked for and was not run. `clean` is whether the container
/// ended with status 0.
pub(crate) fn complete(observed: Vec<Observed>, specs: &[Spec], clean: bool) -> Vec<TestEnvironment> {
    let mut found = merged(observed);
    for (environment, gaps) in &mut found {
        let spec = specs.iter().find(|spec| spec.environment == environment.name);
        let nothing = Spec::default();
        fill(environment, spec.unwrap_or(&nothing), *gaps, clean);
    }
    let mut environments: Vec<TestEnvironment> =
        found.into_iter().map(|(environment, _)| environment).collect();
    for spec in specs.iter().filter(|spec| !spec.is_empty()) {
        if environments.iter().all(|environment| environment.name != spec.environment) {
            environments.push(untouched(spec, clean));
        }
    }
    environments
}

/// One entry for each name: a script of the mission's own may test an environment in several goes.
fn merged(observed: Vec<Observed>) -> Vec<(TestEnvironment, Gaps)> {
    let mut found: Vec<(TestEnvironment, Gaps)> = Vec::new();
    for one in observed {
        let Some((known, gaps)) = found.iter_mut().find(|(known, _)| known.name == one.results.name) else {
            found.push((one.results, one.gaps));
            continue;
        };
        known.seconds = [known.seconds, one.results.seconds].into_iter().flatten().reduce(|a, b| a + b);
        known.cases.extend(one.results.cases);
        *gaps = gaps.and(one.gaps);
    }
    found
}

/// Adds to an environment what it lacks.
fn fill(environment: &mut TestEnvironment, spec: &Spec, gaps: Gaps, clean: bool) {
    explain_comment_words(&mut environment.cases, spec);
    name_culprit(&mut environment.cases, spec);
    let name = &environment.name;
    let reason = |file: &str, cut: bool| match (cut, clean) {
        (true, _) => "never tried: what ran them ended before it".to_owned(),
        (false, false) => format!(
            "never tried: the tests ended before it, or the image was built before tests/{file} asked for it"
        ),
        (false, true) => format!(
            "never tried, though environments/{name}/tests/{file} asks for it: was the image built before that?"
        ),
    };
    let mut added = Vec::new();
    for module in &spec.imports.asked {
        if !environment.cases.iter().any(|c| c.kind == TestKind::Import && c.name == *module) {
            added.push(not_run(TestKind::Import, module, &reason("imports", gaps.imports_cut)));
        }
    }
    // The line that tells it may be glued to what a module wrote before it.
    for module in &spec.imports.left_out {
        if !environment.cases.iter().any(|c| c.kind == TestKind::Import && c.name == *module) {
            let detail = Some("left out in tests/imports".to_owned());
            added.push(TestCase { detail, ..case(TestKind::Import, module, TestStatus::Skipped) });
        }
    }
    notebooks(&environment.cases, spec, gaps, &mut added, &reason("notebooks", gaps.lost > 0));
    if spec.script.is_some() && !environment.cases.iter().any(|c| c.kind == TestKind::Script) {
        added.push(not_run(TestKind::Script, "test", &reason("test", false)));
    }
    environment.cases.extend(added);
    explain_script(&mut environment.cases, spec);
}

/// Notebooks without a result: by name where the tree tells it, else as a number.
fn notebooks(cases: &[TestCase], spec: &Spec, gaps: Gaps, added: &mut Vec<TestCase>, reason: &str) {
    let mut shown: Vec<&str> =
        cases.iter().filter(|c| c.kind == TestKind::Notebook).map(|c| c.name.as_str()).collect();
    let left_out = unmatched(&spec.notebooks.left_out, &mut shown);
    let missing = unmatched(&spec.notebooks.asked, &mut shown);
    for name in &left_out {
        let detail = Some("left out in tests/notebooks".to_owned());
        added.push(TestCase { detail, ..case(TestKind::Notebook, name, TestStatus::Skipped) });
    }
    added.extend(missing.iter().map(|name| not_run(TestKind::Notebook, name, reason)));
    let number = |n: usize| format!("({n} more)");
    if let Some(rest) = gaps.left_out.checked_sub(left_out.len() + 1) {
        let detail = Some("announced, and left out by the image".to_owned());
        added.push(TestCase { detail, ..case(TestKind::Notebook, &number(rest + 1), TestStatus::Skipped) });
    }
    if let Some(rest) = gaps.lost.checked_sub(missing.len() + 1) {
        added.push(not_run(TestKind::Notebook, &number(rest + 1), "announced, and their results are lost"));
    }
}

/// The paths of `asked` that are not among `shown`, each of which stands for one path only. The
/// original shows a notebook's name without its directory.
fn unmatched(asked: &[String], shown: &mut Vec<&str>) -> Vec<String> {
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut take = |is_it: &dyn Fn(&str) -> bool| {
        let at = shown.iter().position(|name| is_it(name));
        at.map(|at| shown.remove(at)).is_some()
    };
    let mut rest: Vec<&String> = asked.iter().filter(|path| !take(&|name| name == path.as_str())).collect();
    rest.retain(|path| !take(&|name| base(name) == base(path)));
    rest.into_iter().cloned().collect()
}

/// D49: a notebook in a directory that is not there ends the original with that directory's name.
fn name_culprit(cases: &mut [TestCase], spec: &Spec) {
    for case in cases.iter_mut().filter(|case| case.name == UNNAMED) {
        let exception = case.detail.as_deref().and_then(|text| text.lines().last()).unwrap_or_default();
        let is_in = |path: &&String| {
            path.rsplit_once('/').is_some_and(|(dir, _)| exception.ends_with(&format!("'{dir}'")))
        };
        if let Some(path) = spec.notebooks.asked.iter().find(is_in) {
            case.name.clone_from(path);
        }
    }
}

/// D46: the original takes the words of a comment for modules.
fn explain_comment_words(cases: &mut [TestCase], spec: &Spec) {
    let is_comment =
        |name: &String| spec.imports.comment.contains(name) && !spec.imports.asked.contains(name);
    for case in cases.iter_mut().filter(|c| c.kind == TestKind::Import && c.status == TestStatus::Failed) {
        if is_comment(&case.name) {
            let finding = format!(
                "{:?} is a word of a comment in environments/{}/tests/imports: the image leaves out only \
                 words that begin with `#`, so write the comment without spaces or remove it",
                case.name, spec.environment
            );
            let text = case.detail.take();
            case.detail = Some(text.map_or_else(|| finding.clone(), |text| format!("{finding}\n{text}")));
        }
    }
}

/// D48: a script that cannot be executed ends the original with status 126.
fn explain_script(cases: &mut [TestCase], spec: &Spec) {
    if spec.script != Some(Script::NotExecutable) {
        return;
    }
    let failed = |c: &&mut TestCase| c.kind == TestKind::Script && c.status == TestStatus::Failed;
    if let Some(script) = cases.iter_mut().find(failed) {
        let finding = format!("environments/{}/tests/test is not executable", spec.environment);
        let text = script.detail.take();
        script.detail = Some(text.map_or_else(|| finding.clone(), |text| format!("{finding}\n{text}")));
    }
}

/// An environment with tests that the transcript does not know at all.
fn untouched(spec: &Spec, clean: bool) -> TestEnvironment {
    let reason = if spec.environment.contains("frozen") {
        // D48
        "never tested: the image passes over every environment with `frozen` in its name"
    } else if clean {
        "never tested: the image did not come to this environment; was it built before it was added?"
    } else {
        "never tested: the run ended before this environment"
    };
    let imports = spec.imports.asked.iter().map(|name| not_run(TestKind::Import, name, reason));
    let notebooks = spec.notebooks.asked.iter().map(|name| not_run(TestKind::Notebook, name, reason));
    let script = spec.script.iter().map(|_| not_run(TestKind::Script, "test", reason));
    TestEnvironment {
        name: spec.environment.clone(),
        cases: imports.chain(notebooks).chain(script).collect(),
        ..TestEnvironment::default()
    }
}

fn not_run(kind: TestKind, name: &str, reason: &str) -> TestCase {
    TestCase { detail: Some(reason.to_owned()), ..case(kind, name, TestStatus::NotRun) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::Words;

    fn words(asked: &str) -> Words {
        Words { asked: asked.split_whitespace().map(str::to_owned).collect(), ..Words::default() }
    }

    fn spec(environment: &str, imports: &str, notebooks: &str) -> Spec {
        Spec {
            environment: environment.to_owned(),
            imports: words(imports),
            notebooks: words(notebooks),
            script: None,
        }
    }

    fn observed(name: &str, cases: Vec<TestCase>, gaps: Gaps) -> Observed {
        let results = TestEnvironment { name: name.to_owned(), cases, ..TestEnvironment::default() };
        let mut observed = Observed::default();
        observed.results = results;
        observed.gaps = gaps;
        observed
    }

    fn passed(kind: TestKind, name: &str) -> TestCase {
        case(kind, name, TestStatus::Passed)
    }

    fn with(environment: &TestEnvironment, status: TestStatus) -> Vec<&str> {
        environment.cases.iter().filter(|c| c.status == status).map(|c| c.name.as_str()).collect()
    }

    #[test]
    fn d47_imports_after_a_death_are_visible_as_not_run() {
        let cases = vec![passed(TestKind::Import, "a"), case(TestKind::Import, "b", TestStatus::Failed)];
        let gaps = Gaps { imports_cut: true, ..Gaps::default() };
        let found = complete(vec![observed("e", cases, gaps)], &[spec("e", "a b c d", "")], true);
        assert_eq!(with(&found[0], TestStatus::NotRun), ["c", "d"]);
        assert!(found[0].cases[2].detail.as_deref().unwrap().contains("what ran them ended"));
    }

    #[test]
    fn a_tree_that_asks_for_more_than_the_image_tries_is_told() {
        let found = complete(
            vec![observed("e", vec![passed(TestKind::Import, "a")], Gaps::default())],
            &[spec("e", "a new", "")],
            true,
        );
        assert_eq!(with(&found[0], TestStatus::NotRun), ["new"]);
        let detail = found[0].cases[1].detail.as_deref().unwrap();
        assert!(
            detail.contains("environments/e/tests/imports") && detail.contains("built before"),
            "{detail}"
        );
    }

    #[test]
    fn d48_an_environment_with_frozen_in_its_name_is_told_as_never_tested() {
        let found = complete(Vec::new(), &[spec("frozen-base", "a", "n.ipynb"), spec("empty", "", "")], true);
        assert_eq!(found.len(), 1, "nothing is asked for of the other");
        assert_eq!(with(&found[0], TestStatus::NotRun), ["a", "n.ipynb"]);
        assert!(found[0].cases[0].detail.as_deref().unwrap().contains("`frozen` in its name"));
    }

    #[test]
    fn d49_lost_notebooks_are_named_by_the_tree_or_counted() {
        let cases = || vec![case(TestKind::Notebook, "b.ipynb", TestStatus::Failed)];
        let gaps = Gaps { lost: 2, ..Gaps::default() };
        let spec = spec("e", "", "a.ipynb sub/b.ipynb c.ipynb");
        let found = complete(vec![observed("e", cases(), gaps)], &[spec], false);
        assert_eq!(with(&found[0], TestStatus::NotRun), ["a.ipynb", "c.ipynb"]);
        let found = complete(vec![observed("e", cases(), gaps)], &[], false);
        assert_eq!(with(&found[0], TestStatus::NotRun), ["(2 more)"]);
    }

    #[test]
    fn d49_a_notebook_in_a_directory_that_is_not_there_is_named() {
        let mut culprit = case(TestKind::Notebook, UNNAMED, TestStatus::Failed);
        culprit.detail = Some("ended\nFileNotFoundError: No such file or directory: '/gone/dir'".to_owned());
        let spec = spec("e", "", "ok.ipynb /gone/dir/x.ipynb");
        let found = complete(vec![observed("e", vec![culprit], Gaps::default())], &[spec], false);
        assert_eq!(with(&found[0], TestStatus::Failed), ["/gone/dir/x.ipynb"]);
        assert_eq!(with(&found[0], TestStatus::NotRun), ["ok.ipynb"]);
    }

    #[test]
    fn d46_a_failing_word_of_a_comment_says_so() {
        let mut spec = spec("e", "sys", "");
        spec.imports.comment = vec!["a".to_owned(), "sys".to_owned()];
        let cases = vec![case(TestKind::Import, "a", TestStatus::Failed), passed(TestKind::Import, "sys")];
        let found = complete(vec![observed("e", cases, Gaps::default())], &[spec], false);
        assert!(found[0].cases[0].detail.as_deref().unwrap().contains("word of a comment"));
        assert_eq!(found[0].cases[1].detail, None);
    }

    #[test]
    fn notebooks_of_one_name_in_two_directories_are_two() {
        let spec = spec("e", "", "x/n.ipynb y/n.ipynb");
        let one = vec![passed(TestKind::Notebook, "n.ipynb")];
        let found = complete(vec![observed("e", one, Gaps::default())], std::slice::from_ref(&spec), true);
        assert_eq!(with(&found[0], TestStatus::NotRun), ["y/n.ipynb"]);
        let one = vec![passed(TestKind::Notebook, "y/n.ipynb")];
        let found = complete(vec![observed("e", one, Gaps::default())], &[spec], true);
        assert_eq!(with(&found[0], TestStatus::NotRun), ["x/n.ipynb"]);
    }

    #[test]
    fn what_a_list_leaves_out_is_skipped_not_lost() {
        let mut spec = spec("e", "", "");
        spec.notebooks.left_out = vec!["slow.ipynb".to_owned()];
        spec.imports.left_out = vec!["heavy".to_owned()];
        let gaps = Gaps { left_out: 3, ..Gaps::default() };
        let found = complete(vec![observed("e", Vec::new(), gaps)], &[spec], true);
        assert_eq!(with(&found[0], TestStatus::Skipped), ["heavy", "slow.ipynb", "(2 more)"]);
        assert_eq!(with(&found[0], TestStatus::NotRun), [""; 0]);
    }

    #[test]
    fn an_environment_tested_in_two_goes_is_one() {
        let go = |module| observed("e", vec![passed(TestKind::Import, module)], Gaps::default());
        let found = complete(vec![go("a"), go("b")], &[spec("e", "a b", "")], true);
        assert_eq!(found.len(), 1);
        assert_eq!(with(&found[0], TestStatus::Passed), ["a", "b"]);
    }
}

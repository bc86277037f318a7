//! `image-test --native`, with the runner really running: the pretended docker runs the container's
//! command on this machine, where a directory plays the image's conda.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::report::{TestCase, TestKind, TestOutcome, TestRunner, TestStatus, Verdict};
use common::testing::{FakeEngine, program};

use crate::lab::{Lab, with};
use crate::ran::Ran;

const TESTS: &str = "deployments/roman/environments/roman-cal/tests";

/// A lab whose image has the environment `roman-cal`, and its modules.
pub(crate) struct Native {
    pub(crate) lab: Lab,
    path: std::ffi::OsString,
}

impl Native {
    /// Nothing where this machine has no Python that will do.
    pub(crate) fn new() -> Option<Self> {
        let python = python()?;
        let lab = Lab::new(FakeEngine::docker());
        for (name, text) in [
            ("numpy", "import time; time.sleep(0.05)"),
            ("asdf", ""),
            ("romancal", ""),
            ("leaves", "import sys; sys.exit(0)"),
            ("vanishes", "import os; os._exit(0)"),
            ("crashes", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"),
            ("breaks", "print('about to'); raise KeyError('a')"),
            ("hangs", "import time; time.sleep(60)"),
        ] {
            lab.repository.write(&format!("conda/modules/{name}.py"), text);
        }
        lab.repository.write("conda/modules/papermill.py", PAPERMILL);
        let native = Self { path: docker(&lab, &python), lab };
        native.environment("roman-cal", &python);
        Some(native)
    }

    fn environment(&self, name: &str, python: &Path) {
        let modules = self.lab.repository.at("conda/modules");
        let text = format!(
            "#!/bin/sh\nPYTHONPATH='{}' exec '{}' -S -B \"$@\"\n",
            modules.display(),
            python.display()
        );
        program(&self.lab.repository.at(&format!("conda/envs/{name}/bin/python")), &text);
    }

    pub(crate) fn tests(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            self.lab.repository.write(&format!("{TESTS}/{name}"), text);
        }
    }

    pub(crate) fn bisect(&self, args: &[&str]) -> Ran {
        self.typed("--bisect", args)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.typed("--native", args)
    }

    fn typed(&self, flag: &str, args: &[&str]) -> Ran {
        let args = [&[flag], args].concat();
        Ran(self.lab.command(&args).env("PATH", &self.path).output().unwrap())
    }
}

/// Stands in for papermill: a notebook's cells are run by the interpreter itself.
const PAPERMILL: &str = r#"
import json
class Failed(Exception):
    pass
def execute_notebook(path, output, kernel_name, progress_bar):
    print("kernel", kernel_name)
    with open(path) as file:
        cells = json.load(file)["cells"]
    for index, cell in enumerate(cells):
        try:
            exec("".join(cell["source"]), {})
        except Exception as error:
            failed = Failed()
            failed.cell_index, failed.ename, failed.evalue = index, type(error).__name__, str(error)
            failed.traceback = ["\x1b[31mTraceback\x1b[0m of the cell"]
            raise failed from error
"#;

pub(crate) fn python() -> Option<PathBuf> {
    let print = "import sys; assert sys.version_info >= (3, 7); print(sys.executable)";
    let found = Command::new("python3").args(["-c", print]).output().ok().filter(|o| o.status.success());
    if found.is_none() {
        eprintln!("skipped: there is no python3 here");
    }
    Some(PathBuf::from(String::from_utf8(found?.stdout).unwrap().trim()))
}

/// A docker that runs here what it is asked to run in a container.
fn docker(lab: &Lab, python: &Path) -> std::ffi::OsString {
    let bin = lab.repository.at("bin");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" != run ]; then exec '{fake}' \"$@\"; fi\n\
         printf '%s\\n' \"$*\" >'{call}'\nwhile [ \"$1\" != python3 ]; do shift; done\nshift\n\
         exec env -i PATH=/usr/bin:/bin HOME='{home}' CONDA_DIR='{home}/conda' '{python}' -S \"$@\"\n",
        fake = lab.fake.program().display(),
        call = lab.repository.at("call").display(),
        home = lab.repository.root().display(),
        python = python.display(),
    );
    program(&bin.join("docker"), &text);
    std::env::join_paths([bin.as_path(), Path::new(&lab.fake.path())]).unwrap()
}

pub(crate) fn notebook(cells: &[&str]) -> String {
    let cells: Vec<_> = cells
        .iter()
        .map(|source| serde_json::json!({"cell_type": "code", "source": [source], "outputs": [], "metadata": {}, "execution_count": null}))
        .collect();
    serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).to_string()
}

fn find<'a>(outcome: &'a TestOutcome, name: &str) -> &'a TestCase {
    let mut cases = outcome.environments.iter().flat_map(|environment| &environment.cases);
    cases.find(|case| case.name == name).unwrap_or_else(|| panic!("no {name} in {outcome:#?}"))
}

/// The status of a test, and the first line of why.
fn why<'a>(outcome: &'a TestOutcome, name: &str) -> (TestStatus, &'a str) {
    let case = find(outcome, name);
    (case.status, case.detail.as_deref().unwrap_or_default().lines().next().unwrap_or_default())
}

#[test]
fn imports_and_notebooks_run_without_the_images_scripts_and_are_recorded_like_any_other_tests() {
    let Some(native) = Native::new() else { return };
    native.tests(&[
        ("notebooks", "a.ipynb !./sub/b.ipynb #left.ipynb check.py\n"),
        ("a.ipynb", &notebook(&["x = 1"])),
        ("left.ipynb", ""),
        ("sub/b.ipynb", &notebook(&["open('data.txt').read()"])),
        ("sub/data.txt", ""),
        ("c.ipynb", &notebook(&[])),
        (".ipynb_checkpoints/c-checkpoint.ipynb", "broken"),
        ("check.py", "import os, sys; assert sys.path[0] == os.getcwd()"),
    ]);
    program(
        &native.lab.repository.at(&format!("{TESTS}/test")),
        "#!/bin/sh\ntest -f a.ipynb && python -c 'import asdf'\n",
    );
    let ran = native.run(&["--jobs", "2", "--report", "junit=out.xml"]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let outcome = ran.outcome();
    assert_eq!((ran.report().verdict, outcome.runner), (Verdict::Yes, TestRunner::Native));
    let mut passed = with(&outcome.environments[0], TestStatus::Passed);
    passed.sort_unstable();
    assert_eq!(
        passed,
        ["a.ipynb", "asdf", "c.ipynb", "check.py", "numpy", "romancal", "sub/b.ipynb", "test"]
    );
    assert_eq!(with(&outcome.environments[0], TestStatus::Skipped), ["left.ipynb"]);
    let last_run = outcome.environments[0].cases.last().unwrap();
    assert_eq!(last_run.name, "sub/b.ipynb", "what must run alone runs last");
    let tested = native.lab.evidence(&native.lab.id).unwrap();
    assert_eq!((tested.verdict, tested.outcome.clone()), (Verdict::Yes, outcome.clone()));
    assert!(native.lab.repository.read(&outcome.log.unwrap()).contains("kernel python3"));
    assert!(
        native
            .lab
            .repository
            .read("out.xml")
            .contains(r#"<testcase name="numpy" classname="roman-cal.imports""#)
    );
    let call = native.lab.repository.read("call");
    assert!(
        call.contains("--interactive --name image-tools-") && call.contains("--label image-tools="),
        "{call}"
    );
    assert!(ran.stderr().contains("roman-cal: numpy ok"), "{}", ran.stderr());
}

#[test]
fn d46_d47_a_comment_imports_nothing_and_an_interpreter_that_ends_is_a_failure_with_its_reason() {
    let Some(native) = Native::new() else { return };
    native.tests(&[(
        "imports",
        "# a comment sys\nleaves vanishes\ncrashes #heavy\nbreaks missing.module\nnumpy\n",
    )]);
    let ran = native.run(&[]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let outcome = ran.outcome();
    let failed = |why: &'static str| (TestStatus::Failed, why);
    for (name, reason) in [
        ("leaves", "the interpreter ended with status 0 while importing leaves"),
        ("vanishes", "the interpreter ended with status 0 while importing vanishes"),
        ("crashes", "the interpreter was ended by signal 11 (SIGSEGV) while importing crashes"),
        ("breaks", "KeyError: 'a'"),
        ("missing.module", "ModuleNotFoundError: No module named 'missing'"),
    ] {
        assert_eq!(why(&outcome, name), failed(reason));
    }
    assert_eq!(find(&outcome, "numpy").status, TestStatus::Passed);
    assert_eq!(find(&outcome, "heavy").status, TestStatus::Skipped);
    assert_eq!(outcome.counts().run(), 6, "no word of the comment is among them");
    assert_eq!(outcome.reasons, ["5 tests failed"]);
    let detail = find(&outcome, "breaks").detail.clone().unwrap();
    assert!(detail.contains("about to") && detail.contains("Traceback"), "{detail}");
    assert_eq!(native.lab.evidence(&native.lab.id).unwrap().verdict, Verdict::No);
}

#[test]
fn d49_a_notebook_that_fails_hangs_or_is_missing_fails_alone_and_nothing_of_it_stays() {
    let Some(native) = Native::new() else { return };
    let token = format!("54321.{}", std::process::id());
    let kernel = format!(
        "import subprocess, sys, time\nsubprocess.Popen(['sleep', '{token}'], start_new_session=True)\ntime.sleep(60)"
    );
    native.tests(&[
        ("imports", ""),
        ("notebooks", "gone.ipynb nowhere/x.ipynb\n"),
        ("fails.ipynb", &notebook(&["x = 1", "1 / 0", "x = 2"])),
        ("hangs.ipynb", &notebook(&[&kernel])),
        ("passes.ipynb", &notebook(&["x = 1"])),
    ]);
    let ran = native.run(&["--timeout", "10s", "--jobs", "1"]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let outcome = ran.outcome();
    assert_eq!(
        why(&outcome, "fails.ipynb"),
        (TestStatus::Failed, "cell 2 of 3: ZeroDivisionError: division by zero")
    );
    assert!(find(&outcome, "fails.ipynb").detail.clone().unwrap().contains("Traceback of the cell"));
    assert_eq!(why(&outcome, "hangs.ipynb"), (TestStatus::Failed, "was stopped after 10 s, the time limit"));
    let missing = "there is no gone.ipynb, neither in the repository nor in the image";
    assert_eq!(why(&outcome, "gone.ipynb"), (TestStatus::Failed, missing));
    assert_eq!(find(&outcome, "nowhere/x.ipynb").status, TestStatus::Failed);
    assert_eq!(find(&outcome, "passes.ipynb").status, TestStatus::Passed);
    let left = Command::new("pgrep").args(["-f", &format!("sleep {token}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "a process that left the group is ended too");
}

#[test]
fn d48_what_the_original_passes_over_is_tested_or_told() {
    let Some(native) = Native::new() else { return };
    let python = python().unwrap();
    native.environment("unfrozen", &python);
    let repository = &native.lab.repository;
    repository.write("deployments/roman/environments/unfrozen/tests/imports", "numpy\n");
    repository.write("deployments/roman/environments/bare/bare.yml", "name: bare\n");
    repository.write("deployments/roman/environments/absent/tests/imports", "numpy\n");
    native.tests(&[("test", "#!/bin/sh\n")]);
    let script = repository.at(&format!("{TESTS}/test"));
    fs::set_permissions(script, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = native.run(&[]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let outcome = ran.outcome();
    let of = |name: &str| outcome.environments.iter().find(|e| e.name == name).unwrap();
    assert_eq!(with(of("unfrozen"), TestStatus::Passed), ["numpy"]);
    assert_eq!(of("bare").skipped.as_deref(), Some("it has nothing to test"));
    assert!(ran.stderr().contains("skipping bare: it has no tests"), "{}", ran.stderr());
    assert!(why(&outcome, "test").1.contains("tests/test is not executable"), "{outcome:#?}");
    let absent = of("absent").cases[0].detail.as_deref().unwrap();
    assert!(absent.starts_with("the image has no environment absent"), "{absent}");
}

#[test]
fn d48_nothing_to_test_is_a_no_also_natively() {
    let Some(native) = Native::new() else { return };
    native.tests(&[("imports", "# nothing yet\n")]);
    let ran = native.run(&[]);
    assert_eq!((ran.code(), ran.report().verdict), (1, Verdict::No), "{}", ran.stderr());
    assert_eq!(ran.outcome().reasons, ["nothing was tested (--allow-empty accepts that)"]);
    assert_eq!(native.run(&["--allow-empty"]).code(), 0);
}

#[test]
fn what_a_package_sets_on_activation_is_there() {
    let Some(native) = Native::new() else { return };
    let prefix = "conda/envs/roman-cal";
    native.lab.repository.write(&format!("{prefix}/conda-meta/state"), r#"{"env_vars": {"STATE": "b c"}}"#);
    native.lab.repository.write(
        &format!("{prefix}/etc/conda/activate.d/a.sh"),
        "echo hello; export FROM_SCRIPT=\"$STATE d\"\n",
    );
    native.lab.repository.write(
        "conda/modules/numpy.py",
        "import os\nassert os.environ['FROM_SCRIPT'] == 'b c d'\nassert os.environ['CONDA_DEFAULT_ENV'] == 'roman-cal'\n",
    );
    let ran = native.run(&[]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
}

#[test]
fn a_container_that_dies_leaves_the_results_so_far_and_the_rest_as_not_run() {
    let Some(native) = Native::new() else { return };
    // Ends the runner itself, as a machine out of memory would.
    native
        .lab
        .repository
        .write("conda/modules/asdf.py", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)");
    let ran = native.run(&["--jobs", "1"]);
    assert_eq!((ran.code(), ran.report().verdict), (137, Verdict::No), "{}", ran.stderr());
    let environment = &ran.outcome().environments[0];
    assert_eq!(with(environment, TestStatus::Passed), ["numpy"]);
    assert_eq!(with(environment, TestStatus::NotRun), ["asdf", "romancal"]);
}

#[test]
fn an_image_without_python_is_a_fault_with_what_to_type() {
    let lab = Lab::new(FakeEngine::docker());
    let said =
        "docker: Error response from daemon: exec: \"python3\": executable file not found in $PATH: unknown.";
    lab.fake.fail_saying("python3", 127, said);
    let ran = lab.run(&["--native"]);
    ran.is_fault(127, "has no python3 to run the tests with");
    assert!(ran.stderr().contains("--python /opt/conda/bin/python"), "{}", ran.stderr());
    assert_eq!(lab.evidence(&lab.id), None);
}

#[test]
fn with_dev_the_clone_lies_over_the_image_and_nothing_is_recorded() {
    let lab = Lab::printing(crate::lab::GREEN, 0);
    let ran = lab.run(&["--dev"]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert!(lab.call().contains("deployments/roman/environments:/opt/environments:rw"), "{}", lab.call());
    assert_eq!(lab.evidence(&lab.id), None);
    assert!(ran.stderr().contains("nothing is recorded"), "{}", ran.stderr());
}

/// The real thing: notebooks in a real kernel, where this machine can get one.
#[test]
fn notebooks_run_with_nbclient_and_a_failing_cell_is_named() {
    let Some(native) = Native::new() else { return };
    let Some(python) = real_nbclient() else { return };
    let prefix = native.lab.repository.at("conda/envs/roman-cal");
    fs::remove_dir_all(&prefix).unwrap();
    program(&prefix.join("bin/python"), &format!("#!/bin/sh\nexec '{}' \"$@\"\n", python.display()));
    native.tests(&[
        ("imports", ""),
        ("ok.ipynb", &notebook(&["import os", "assert os.path.exists('ok.ipynb')"])),
        ("bad.ipynb", &notebook(&["x = {}", "x['a']"])),
        ("dead.ipynb", &notebook(&["x = 1", "import os; os._exit(3)"])),
        ("slow.ipynb", &notebook(&["import time; time.sleep(90)"])),
    ]);
    let ran = native.run(&["--timeout", "20s"]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let outcome = ran.outcome();
    assert_eq!(find(&outcome, "ok.ipynb").status, TestStatus::Passed, "{outcome:#?}");
    assert_eq!(find(&outcome, "ok.ipynb").kind, TestKind::Notebook);
    assert_eq!(why(&outcome, "bad.ipynb").1, "cell 2 of 2: KeyError: 'a'");
    assert!(why(&outcome, "dead.ipynb").1.starts_with("cell 2 of 2: DeadKernelError"), "{outcome:#?}");
    assert_eq!(why(&outcome, "slow.ipynb").1, "was stopped after 20 s, the time limit");
}

/// A Python with nbclient and ipykernel: the one that `NBCLIENT_PYTHON` names.
fn real_nbclient() -> Option<PathBuf> {
    let Some(python) = std::env::var_os("NBCLIENT_PYTHON").map(PathBuf::from) else {
        eprintln!("skipped: NBCLIENT_PYTHON names no Python with nbclient and ipykernel");
        return None;
    };
    Some(python)
}

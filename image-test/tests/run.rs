//! `image-test` as its users run it, on engines that only pretend.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::digest::Digest;
use common::document::Document;
use common::evidence::{Store, Tested};
use common::report::{
    BuildOutcome, ImageIdentity, Outcome, Report, TestEnvironment, TestOutcome, TestStatus, Verdict,
};
use common::testing::{FakeEngine, Repository};

const NAME: &str = "notebook-roman:latest";
const TEST: &str = "/opt/environments/test";

/// What the example's scripts print when all is well with `roman-cal` of the repository.
const GREEN: &str = "\
========== Testing Environment roman-cal ==========
========== Testing Imports roman-cal ==========
Importing numpy ... ok
Importing asdf ... ok
Importing romancal ... ok
Failing imports: 0
";

/// A configured repository and an engine with its image.
struct Lab {
    repository: Repository,
    fake: FakeEngine,
    id: Digest,
}

impl Lab {
    fn new(fake: FakeEngine) -> Self {
        let repository = Repository::new();
        repository.configure(|_| ());
        let id = fake.image(NAME, &["USE_FROZEN=0"]);
        Self { repository, fake, id }
    }

    /// On docker, whose container prints `text` and ends with `status`.
    fn printing(text: &str, status: u8) -> Self {
        let lab = Self::new(FakeEngine::docker());
        lab.fake.print(TEST, text, status);
        lab
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-test"));
        command.args(args).current_dir(self.repository.root()).env_clear().env("PATH", self.fake.path());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).output().unwrap())
    }

    fn evidence(&self, id: &Digest) -> Option<Tested> {
        Store::in_state(&self.repository.at(".image")).read(id).unwrap()
    }

    /// The call that ran the tests.
    fn call(&self) -> String {
        let lines = self.fake.lines();
        let mut runs = lines.iter().filter(|line| line.contains(TEST));
        let call = runs.next().unwrap().clone();
        assert_eq!(runs.next(), None, "the tests run once");
        call
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// The last report of the document on standard output.
    fn report(&self) -> Report {
        let document = Document::parse(&self.0.stdout, "standard output");
        document.unwrap_or_else(|e| panic!("{e}\n{}", self.stderr())).reports.pop().unwrap()
    }

    fn outcome(&self) -> TestOutcome {
        match self.report().outcome {
            Outcome::Test(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    /// A fault: this status, this text on standard error, and nothing on standard output.
    fn is_fault(&self, code: i32, text: &str) {
        let stderr = self.stderr();
        assert_eq!(self.code(), code, "{stderr}");
        assert!(stderr.contains(text), "{stderr}");
        assert_eq!(String::from_utf8_lossy(&self.0.stdout), "");
    }
}

fn with(environment: &TestEnvironment, status: TestStatus) -> Vec<&str> {
    environment.cases.iter().filter(|c| c.status == status).map(|c| c.name.as_str()).collect()
}

#[test]
fn a_green_run_is_a_yes_in_the_document_the_log_the_table_and_the_evidence() {
    let lab = Lab::printing(GREEN, 0);
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let report = ran.report();
    assert_eq!((report.tool.as_str(), report.verdict), ("image-test", Verdict::Yes));
    assert_eq!(report.image, Some(ImageIdentity { name: NAME.to_owned(), id: lab.id.clone() }));
    let outcome = ran.outcome();
    assert_eq!(with(&outcome.environments[0], TestStatus::Passed), ["numpy", "asdf", "romancal"]);
    let log = outcome.log.clone().unwrap();
    assert_eq!(lab.repository.read(&log), GREEN);
    let stderr = ran.stderr();
    assert!(stderr.contains("Importing romancal ... ok\n"), "streamed as it came: {stderr}");
    assert!(stderr.contains("roman-cal    3 ok     -          -"), "{stderr}");
    assert!(stderr.contains("passed: 3 ok in 1 environment"), "{stderr}");
    let tested = lab.evidence(&lab.id).unwrap();
    assert_eq!((tested.verdict, tested.outcome), (Verdict::Yes, outcome));
}

#[test]
fn the_call_is_that_of_the_contract_on_each_engine() {
    let words = "-e JUPYTER_ENABLE_LAB=yes --platform linux/amd64";
    for (fake, program) in [(FakeEngine::docker(), "docker"), (FakeEngine::podman(), "podman")] {
        let lab = Lab::new(fake);
        lab.fake.print(TEST, GREEN, 0);
        assert_eq!(lab.run(&[]).code(), 0);
        assert_eq!(lab.call(), format!("{program} run --rm {words} {} {TEST}", lab.id));
    }
    let lab = Lab::new(FakeEngine::buildah());
    lab.fake.print(TEST, GREEN, 0);
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert!(lab.call().starts_with("buildah run "), "{}", lab.call());
    assert_eq!(lab.fake.containers(), [""; 0]);
}

#[test]
fn what_is_typed_and_configured_reaches_the_container() {
    let lab = Lab::printing(GREEN, 0);
    lab.repository.configure(|settings| {
        settings.network = Some("host".to_owned());
        settings.image_run_pars = Some("--rm -e A=1".to_owned());
    });
    let ran = lab.run(&["--jobs", "3", "--env", "B=c d", "--", "only this", "*"]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let call = lab.call();
    assert!(call.starts_with("docker run --rm -e A=1 "), "{call}");
    for part in ["--network host", "NOTEBOOK_JOBS=3", "'B=c d'", "/opt/environments/test 'only this' '*'"] {
        assert!(call.contains(part), "{part}: {call}");
    }
}

#[test]
fn the_containers_status_passes_through_and_a_no_still_prints_the_document() {
    let failing = GREEN.replace("asdf ... ok", "asdf ... FAIL").replace("imports: 0", "imports: 1\nasdf");
    let lab = Lab::printing(&failing, 42);
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 42, "{}", ran.stderr());
    assert_eq!(ran.report().verdict, Verdict::No);
    let outcome = ran.outcome();
    assert_eq!(outcome.container_status, 42);
    assert_eq!(with(&outcome.environments[0], TestStatus::Failed), ["asdf"]);
    assert_eq!(outcome.reasons, ["the container ended with status 42", "1 test failed"]);
    assert_eq!(lab.evidence(&lab.id).unwrap().verdict, Verdict::No);
    assert!(ran.stderr().contains("all that was printed is in"), "{}", ran.stderr());
}

/// The original ends with status 0 here, and the release goes on.
#[test]
fn d47_an_interpreter_that_ended_silently_is_a_no_and_what_came_after_is_listed() {
    let text = GREEN.split("Importing asdf").next().unwrap().to_owned() + "Importing asdf ... ";
    let lab = Lab::printing(&text, 0);
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let outcome = ran.outcome();
    assert_eq!(outcome.container_status, 0);
    assert_eq!(with(&outcome.environments[0], TestStatus::Failed), ["asdf"]);
    assert_eq!(with(&outcome.environments[0], TestStatus::NotRun), ["romancal"]);
    let stderr = ran.stderr();
    assert!(stderr.contains("the interpreter ended while importing asdf"), "{stderr}");
    assert!(stderr.contains("not run: romancal"), "{stderr}");
}

#[test]
fn d48_nothing_tested_is_a_no_unless_that_is_allowed() {
    let lab = Lab::printing("tested\n", 0);
    lab.repository.write("deployments/roman/environments/roman-cal/tests/imports", "");
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    assert_eq!(ran.outcome().reasons, ["nothing was tested (--allow-empty accepts that)"]);
    let ran = lab.run(&["--allow-empty"]);
    assert_eq!((ran.code(), ran.report().verdict), (0, Verdict::Yes), "{}", ran.stderr());
    assert!(lab.fake.lines()[1].contains("TEST_ALLOW_EMPTY=1"), "the image's scripts are told");
}

#[test]
fn d48_an_environment_with_frozen_in_its_name_is_never_taken_for_tested() {
    let lab = Lab::printing(GREEN, 0);
    lab.repository.write("deployments/roman/environments/unfrozen/tests/imports", "numpy\n");
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    let outcome = ran.outcome();
    assert_eq!(outcome.environments[1].name, "unfrozen");
    assert_eq!(with(&outcome.environments[1], TestStatus::NotRun), ["numpy"]);
    assert!(ran.stderr().contains("passes over every environment with `frozen` in its name"));
    assert_eq!(lab.run(&["--allow-missing"]).code(), 0);
}

#[test]
fn d49_an_aborted_notebook_run_counts_what_is_lost() {
    let text = include_str!("transcripts/d49-timeout.txt");
    let lab = Lab::printing(text, 1);
    let tests = "deployments/roman/environments/roman-cal/tests";
    lab.repository.write(&format!("{tests}/imports"), "");
    for name in ["quick", "slow", "third", "fourth"] {
        lab.repository.write(&format!("{tests}/{name}.ipynb"), "{}");
    }
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    let environment = &ran.outcome().environments[0];
    assert_eq!(with(environment, TestStatus::Passed), ["quick.ipynb"]);
    assert_eq!(with(environment, TestStatus::Failed), ["slow.ipynb"]);
    assert_eq!(with(environment, TestStatus::NotRun), ["fourth.ipynb", "third.ipynb"]);
}

#[test]
fn d46_words_of_a_comment_that_fail_are_explained() {
    let text = GREEN.replace("Importing asdf ... ok", "Importing comment ... FAIL\nImporting asdf ... ok");
    let lab = Lab::printing(&text.replace("imports: 0", "imports: 1\ncomment"), 1);
    lab.repository
        .write("deployments/roman/environments/roman-cal/tests/imports", "numpy # comment\nasdf\nromancal\n");
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 1);
    assert!(
        ran.stderr().contains("\"comment\" is a word of a comment in environments/roman-cal/tests/imports")
    );
}

#[test]
fn the_engines_own_failures_are_told_apart_and_keep_their_status() {
    let exec = |why: &str| {
        format!(
            "docker: Error response from daemon: OCI runtime create failed: unable to start container \
             process: exec: \"{TEST}\": {why}: unknown."
        )
    };
    for (status, said, expected) in [
        (125, "docker: Error response from daemon: no space left.".to_owned(), "could not run the tests in"),
        (126, exec("permission denied"), "is not executable"),
        (127, exec(&format!("stat {TEST}: no such file or directory")), "has no /opt/environments/test"),
    ] {
        let lab = Lab::new(FakeEngine::docker());
        lab.fake.fail_saying(TEST, status, &said);
        let junit = lab.repository.at("out/junit.xml");
        let ran = lab.run(&["--report", &format!("junit={}", junit.display())]);
        ran.is_fault(status.into(), expected);
        assert!(ran.stderr().contains(&said), "{}", ran.stderr());
        assert!(
            fs::read_to_string(junit).unwrap().contains("<error "),
            "a reader of reports must not see green"
        );
        assert_eq!(lab.evidence(&lab.id), None, "it says nothing about the image");
    }
}

#[test]
fn the_same_statuses_from_inside_are_results() {
    let lab = Lab::printing(&format!("{GREEN}./test: not found\n"), 127);
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 127);
    assert_eq!(with(&ran.outcome().environments[0], TestStatus::Failed), ["tests"]);
    let lab = Lab::printing("test: line 3: test-environments: command not found\n", 127);
    let ran = lab.run(&[]);
    assert_eq!((ran.code(), ran.report().verdict), (127, Verdict::No));
}

#[test]
fn reports_are_written_whatever_the_answer_and_whole() {
    let failing = GREEN.replace("asdf ... ok", "asdf ... FAIL\n\u{1b}[31mKeyError\u{1b}[0m: <a>");
    let lab = Lab::printing(&failing, 1);
    let (json, junit) = (lab.repository.at("out/a.json"), lab.repository.at("out/b.xml"));
    let ran = lab.run(&[
        "--report",
        &format!("json={}", json.display()),
        "--report",
        &format!("junit={}", junit.display()),
    ]);
    assert_eq!(ran.code(), 1);
    let value: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(value["schema"], 1);
    assert_eq!(value["image"]["id"], lab.id.as_str());
    assert_eq!((&value["verdict"], &value["status"]), (&"no".into(), &1.into()));
    assert_eq!(value["outcome"], serde_json::to_value(ran.outcome()).unwrap());
    let xml = fs::read_to_string(junit).unwrap();
    assert!(xml.contains(r#"<testcase name="asdf" classname="roman-cal.imports""#), "{xml}");
    assert!(xml.contains("KeyError: &lt;a&gt;") && !xml.contains('\u{1b}'), "{xml}");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_tests_run() {
    let lab = Lab::printing(GREEN, 0);
    lab.repository.write("file", "");
    lab.run(&["--report", "junit=file/x.xml"]).is_fault(73, "cannot create file");
    lab.run(&["--report", "junit=deployments"]).is_fault(73, "not a regular file");
    lab.run(&["--report", "xml=a"]).is_fault(2, "json=FILE or junit=FILE");
    assert_eq!(lab.fake.lines(), [""; 0], "nothing ran");
}

fn build_report(verdict: Verdict, id: &Digest) -> Report {
    Report {
        tool: "image-build".to_owned(),
        version: "1.0.0".to_owned(),
        verdict,
        started: jiff::Timestamp::UNIX_EPOCH,
        seconds: 1.0,
        image: Some(ImageIdentity { name: NAME.to_owned(), id: id.clone() }),
        notices: Vec::new(),
        outcome: Outcome::Build(BuildOutcome {
            engine: "docker".to_owned(),
            steps: Vec::new(),
            images: Vec::new(),
        }),
    }
}

#[test]
fn in_a_pipe_the_image_that_was_just_built_is_tested_though_its_name_moved() {
    let lab = Lab::printing(GREEN, 0);
    let built = lab.fake.image("built-before", &["X=1"]);
    let mut document = lab.repository.configure(|_| ());
    document.reports.push(build_report(Verdict::Yes, &built));
    let file = lab.repository.at("piped.json");
    fs::write(&file, document.to_json()).unwrap();
    let output = lab.command(&["-"]).stdin(fs::File::open(&file).unwrap()).output().unwrap();
    let ran = Ran(output);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert!(lab.call().contains(built.as_str()), "{}", lab.call());
    let moved = "stands for another image now";
    assert!(ran.stderr().contains(moved) && ran.report().notices[0].contains(moved), "{}", ran.stderr());
    assert_eq!(Document::parse(&ran.0.stdout, "").unwrap().reports.len(), 2);
    assert!(lab.evidence(&built).is_some() && lab.evidence(&lab.id).is_none());
}

#[test]
fn without_a_pipe_the_last_image_built_in_this_clone_is_tested() {
    let lab = Lab::printing(GREEN, 0);
    let built = lab.fake.image("built-before", &["X=1"]);
    let store = Store::in_state(&lab.repository.at(".image"));
    let identity = ImageIdentity { name: "built-before".to_owned(), id: built.clone() };
    store.set_last_built(&"roman".parse().unwrap(), &identity).unwrap();
    let ran = lab.run(&[]);
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert!(lab.call().contains(built.as_str()) && !ran.stderr().contains("warning"), "{}", ran.stderr());
    // What is typed wins, also through the variable that the original knows.
    lab.fake.forget();
    assert_eq!(lab.run(&["--image", NAME]).code(), 0);
    assert!(lab.call().contains(lab.id.as_str()));
    lab.fake.forget();
    assert_eq!(lab.command(&[]).env("EXEC_ID", NAME).output().unwrap().status.code(), Some(0));
    assert!(lab.call().contains(lab.id.as_str()));
}

#[test]
fn an_image_that_is_not_there_is_a_fault_with_what_to_do() {
    let lab = Lab::printing(GREEN, 0);
    let ran = lab.run(&["--image", "nowhere:1"]);
    ran.is_fault(69, "there is no image nowhere:1 in docker");
    let mut document = lab.repository.configure(|_| ());
    document.reports.push(build_report(Verdict::Yes, &Digest::of(b"pruned")));
    lab.repository.write("a.json", &document.to_json());
    let ran = lab.run(&["--settings", "a.json"]);
    ran.is_fault(69, "is not in docker");
    assert!(ran.stderr().contains("hint: image-build"), "{}", ran.stderr());
    document.reports[0].verdict = Verdict::No;
    lab.repository.write("a.json", &document.to_json());
    lab.run(&["--settings", "a.json"]).is_fault(69, "there is nothing to test");
}

#[test]
fn without_a_configuration_or_an_engine_nothing_is_guessed() {
    let lab = Lab::printing(GREEN, 0);
    fs::remove_file(lab.repository.at("setup-env.json")).unwrap();
    lab.run(&[]).is_fault(78, "nothing is configured");
    lab.repository.configure(|_| ());
    let mut command = lab.command(&[]);
    Ran(command.env("PATH", "/nowhere").output().unwrap()).is_fault(127, "no container engine works here");
    assert_eq!(lab.fake.lines(), [""; 0]);
}

#[test]
fn a_sourced_setup_env_alone_is_enough() {
    let lab = Lab::printing(GREEN, 0);
    fs::remove_file(lab.repository.at("setup-env.json")).unwrap();
    let mut command = lab.command(&[]);
    command.env("JUPYTERHUB_DIR", lab.repository.root()).env("DEPLOYMENT_NAME", "roman");
    command.env("IMAGE_RUN_PARS", "--rm -e CRDS_PATH=/crds").env("EXEC_ID", "").current_dir("/");
    let ran = Ran(command.output().unwrap());
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert_eq!(lab.call(), format!("docker run --rm -e CRDS_PATH=/crds {} {TEST}", lab.id));
}

#[test]
fn a_test_again_replaces_what_is_known_of_the_image() {
    let lab = Lab::printing(GREEN, 0);
    assert_eq!(lab.run(&["--report", "json=r.json"]).code(), 0);
    assert_eq!(lab.evidence(&lab.id).unwrap().verdict, Verdict::Yes);
    lab.fake.print(TEST, GREEN, 9);
    assert_eq!(lab.run(&["--report", "json=r.json"]).code(), 9);
    assert_eq!(lab.evidence(&lab.id).unwrap().verdict, Verdict::No);
    let report: serde_json::Value = serde_json::from_str(&lab.repository.read("r.json")).unwrap();
    assert_eq!(report["verdict"], "no");
    let logs = fs::read_dir(lab.repository.at(".image/logs")).unwrap().count();
    assert_eq!(logs, 2, "each run keeps its own log");
}

#[test]
fn quiet_says_what_failed_and_nothing_else() {
    let lab = Lab::printing(GREEN, 0);
    assert_eq!(lab.run(&["--quiet"]).stderr(), "");
    let lab = Lab::printing(&GREEN.replace("asdf ... ok", "asdf ... FAIL\nKeyError"), 1);
    let stderr = lab.run(&["--quiet"]).stderr();
    assert!(stderr.contains("roman-cal: import asdf failed\n    KeyError"), "{stderr}");
    assert!(!stderr.contains("numpy"), "{stderr}");
}

/// A docker that shows `text` and then hangs, before the pretended one.
fn hanging(lab: &Lab, text: &str) -> std::ffi::OsString {
    let bin = lab.repository.at("bin");
    fs::create_dir_all(&bin).unwrap();
    lab.repository.write("text", text);
    let docker = bin.join("docker");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *{TEST}*) cat '{}'; : > '{}'; exec sleep 60;; esac\nexec '{}' \"$@\"\n",
        lab.repository.at("text").display(),
        lab.repository.at("hangs").display(),
        lab.fake.program().display(),
    );
    fs::write(&docker, script).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    std::env::join_paths([bin.as_path(), Path::new(&lab.fake.path())]).unwrap()
}

#[test]
fn a_run_past_its_time_limit_ends_with_124_and_its_results_are_kept() {
    let lab = Lab::new(FakeEngine::docker());
    let path = hanging(&lab, &GREEN.replace("Importing romancal ... ok\nFailing imports: 0\n", ""));
    let mut command = lab.command(&["--timeout", "1s", "--report", "json=out.json"]);
    let ran = Ran(command.env("PATH", path).output().unwrap());
    ran.is_fault(124, "the tests were ended after 1 seconds");
    let report: serde_json::Value = serde_json::from_str(&lab.repository.read("out.json")).unwrap();
    assert_eq!((&report["status"], &report["verdict"]), (&124.into(), &"no".into()));
    let tested = lab.evidence(&lab.id).unwrap();
    assert_eq!(tested.verdict, Verdict::No);
    let environment = &tested.outcome.environments[0];
    assert_eq!(with(environment, TestStatus::Passed), ["numpy", "asdf"]);
    assert_eq!(with(environment, TestStatus::NotRun), ["romancal"]);
}

#[test]
fn the_time_limit_holds_on_each_engine_and_leaves_no_container() {
    for fake in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let lab = Lab::new(fake);
        lab.fake.hang(TEST);
        lab.run(&["--timeout", "1s"]).is_fault(124, "the time limit");
        assert_eq!(lab.fake.containers(), [""; 0]);
    }
}

#[test]
fn a_signal_ends_the_run_with_128_and_its_number_shows_what_there_is_and_leaves_no_container() {
    for (signal, code) in [(rustix::process::Signal::TERM, 143), (rustix::process::Signal::INT, 130)] {
        let lab = Lab::new(FakeEngine::docker());
        let path = hanging(&lab, GREEN);
        let mut command = lab.command(&["--report", "json=out.json"]);
        let child = command.env("PATH", path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        for _ in 0..2000 {
            if lab.repository.at("hangs").exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let ran = Ran(child.wait_with_output().unwrap());
        ran.is_fault(code, "interrupted by signal");
        assert!(ran.stderr().contains("roman-cal    3 ok"), "{}", ran.stderr());
        assert_eq!(lab.fake.containers(), [""; 0]);
        let removed = lab.fake.calls().iter().any(|call| call.verb() == "rm");
        assert!(removed, "the container is removed by name");
        assert_eq!(lab.evidence(&lab.id), None, "it says nothing about the image");
        assert!(!lab.repository.at("out.json").exists());
    }
}

#[test]
fn a_container_that_a_killed_run_left_is_swept_away() {
    let lab = Lab::printing(GREEN, 0);
    // No process has this number: it is above the greatest there can be.
    lab.fake.leave_container("image-tools-999999999-0-00000000");
    assert_eq!(lab.run(&[]).code(), 0);
    assert_eq!(lab.fake.containers(), [""; 0]);
}

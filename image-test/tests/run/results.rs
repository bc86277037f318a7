//! What comes of a run: the document, the log, the table, the reports, the evidence.

use std::fs;

use common::report::{ImageIdentity, TestStatus, Verdict};
use common::settings::Generation;
use common::testing::FakeEngine;

use crate::lab::{GREEN, Lab, NAME, TEST, with};
use crate::ran::Ran;

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

#[test]
fn a_test_again_replaces_what_is_known_of_the_image() {
    let lab = Lab::printing(GREEN, 0);
    assert_eq!(lab.run(&["--report", "json=r.json"]).code(), 0);
    assert_eq!(lab.evidence(&lab.id).unwrap().verdict, Verdict::Yes);
    lab.fake.print(TEST, GREEN, 9);
    assert_eq!(lab.run(&["--again", "--report", "json=r.json"]).code(), 9);
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

/// As around every command in an image: a home of one's own, a user, the newest generation's data.
#[test]
fn what_people_put_around_a_run_is_around_the_tests_too() {
    let lab = Lab::printing(GREEN, 0);
    lab.repository.configure(|settings| settings.generation = Generation::Newest);
    let mut command = lab.command(&[]);
    command.env("SP_HOME", "my home").env("SP_USER", "jane").env("CRDS_PATH", "crds");
    let ran = Ran(command.output().unwrap());
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let (call, root) = (lab.call(), lab.repository.root().display().to_string());
    for part in [
        format!("'{root}/my home:/home/jovyan'"),
        "--user jane --group-add users".to_owned(),
        format!("'{root}/crds:/home/jovyan/crds_cache:rw'"),
        format!("'{root}/my home/.nbw-pantry:/teams/admin/nbw-pantry'"),
    ] {
        assert!(call.contains(&part), "{part}: {call}");
    }
    assert!(lab.repository.at("my home").is_dir() && lab.repository.at("crds").is_dir());
}

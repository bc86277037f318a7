//! Which image is tested.

use std::fs;

use common::digest::Digest;
use common::document::Document;
use common::evidence::Store;
use common::report::{ImageIdentity, Verdict};

use crate::lab::{GREEN, Lab, NAME, TEST, build_report};
use crate::ran::Ran;

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
    assert_eq!(lab.command(&["--again"]).env("EXEC_ID", NAME).output().unwrap().status.code(), Some(0));
    assert!(lab.call().contains(lab.id.as_str()));
}

/// It was looked for where the environment leads, and not there.
#[test]
fn an_image_that_was_built_in_a_context_is_tested_there() {
    let lab = Lab::printing(GREEN, 0);
    let built = lab.fake.image("built-before", &["X=1"]);
    let store = Store::in_state(&lab.repository.at(".image"));
    let identity = ImageIdentity { name: "built-before".to_owned(), id: built };
    store.set_last_built_in(Some("far"), &"roman".parse().unwrap(), &identity).unwrap();
    let contexts = |args: &[&str]| {
        lab.fake.forget();
        let output = lab.command(args).env("DOCKER_HOST", "unix:///near").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", Ran(output).stderr());
        let calls = lab.fake.calls().into_iter();
        let mut all: Vec<_> = calls.map(|call| call.env.get("DOCKER_CONTEXT").cloned()).collect();
        all.dedup();
        all
    };
    assert_eq!(contexts(&[]), [Some("far".to_owned())]);
    assert_eq!(contexts(&["--image", NAME]), [None], "what is typed is where the environment leads");
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
fn with_all_every_missions_image_is_tested_and_a_fault_weighs_more_than_a_no() {
    let lab = Lab::printing(GREEN, 0);
    let fault = lab.run(&["--all", "--keep-going"]);
    assert_eq!(fault.code(), 69, "{}", fault.stderr());
    assert!(fault.stderr().contains("tike      | "), "{}", fault.stderr());
    let tike = lab.fake.image("notebook-tike:latest", &["USE_FROZEN=0"]);
    lab.fake.forget();
    let both = lab.run(&["--all", "--allow-missing", "--test-imports", "--json"]);
    assert_eq!(both.code(), 0, "{}", both.stderr());
    let document = Document::parse(&both.0.stdout, "standard output").unwrap();
    assert_eq!(document.reports.len(), 2);
    let runs: Vec<_> = lab.fake.lines().into_iter().filter(|line| line.contains(TEST)).collect();
    for (id, run) in [&lab.id, &tike].into_iter().zip(&runs) {
        assert!(run.contains(id.as_str()) && run.ends_with("--test-imports --json"), "{run}");
    }
    let refused = lab.command(&["--all"]).env("EXEC_ID", NAME).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

/// Each mission's report went to the same file, so it was refused.
#[test]
fn with_all_every_mission_has_reports_of_its_own() {
    let lab = Lab::printing(GREEN, 0);
    lab.fake.image("notebook-tike:latest", &["USE_FROZEN=0"]);
    let run =
        lab.run(&["--all", "--allow-missing", "--report", "junit=out/results.xml", "--report=json=all"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    for mission in ["roman", "tike"] {
        let junit = lab.repository.read(&format!("out/results-{mission}.xml"));
        assert!(junit.contains(&format!("notebook-{mission}:latest")), "{junit}");
        assert!(
            lab.repository.read(&format!("all-{mission}")).contains(&format!("\"mission\": \"{mission}\""))
        );
    }
    assert!(!lab.repository.at("out/results.xml").exists() && !lab.repository.at("all").exists());
}

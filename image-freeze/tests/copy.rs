//! `image-freeze copy` as its users run it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::Path;

use common::testing::{FakeEngine, Repository};
use support::{IMAGE, Lab, SOLVED, errors};

const FILE: &str = "roman-cal/requirements.txt";

fn engines() -> [FakeEngine; 3] {
    [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()]
}

fn text() -> &'static str {
    SOLVED.iter().find(|(path, _)| *path == FILE).unwrap().1
}

/// D19: when the copy failed, the container stayed, running.
#[test]
fn d19_the_container_is_never_started_and_always_removed() {
    for (engine, copy) in engines().into_iter().zip(["cp", "cp", "mount"]) {
        let lab = Lab::on(engine, Repository::new(), SOLVED);
        let good = lab.run(&["copy", "/opt/env-frozen"]);
        assert_eq!(good.status.code(), Some(0), "{}", errors(&good));
        assert_eq!(lab.repository.read(&format!("env-frozen/{FILE}")), text());
        assert!(errors(&good).contains("copied 3 files of notebook-roman:latest:/opt/env-frozen to "));
        assert!(good.stdout.is_empty());
        lab.engine.fail(copy, 17);
        assert_eq!(lab.run(&["copy", "/opt/env-frozen", "other"]).status.code(), Some(17));
        assert_eq!(lab.engine.containers(), [""; 0]);
        assert_eq!(lab.engine.lines(), [""; 0], "nothing runs");
        assert!(!lab.repository.at("other").exists());
    }
}

#[test]
fn a_file_lands_under_its_own_or_a_new_name() {
    for engine in engines() {
        let lab = Lab::on(engine, Repository::new(), SOLVED);
        let file = lab.repository.at("source.txt");
        fs::write(&file, "one\n").unwrap();
        lab.engine.serve(IMAGE, "/opt/one.txt", &file);
        for (dest, expected) in
            [(None, "one.txt"), (Some("new.txt"), "new.txt"), (Some("deployments"), "deployments/one.txt")]
        {
            let output = lab.run(&[&["copy", "/opt/one.txt"], dest.as_slice()].concat());
            assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
            assert_eq!(lab.repository.read(expected), "one\n");
        }
        assert!(lab.fault(&["copy", "/opt/one.txt", "nowhere/"], 73).contains("there is no such directory"));
    }
}

#[test]
fn a_directory_that_is_not_there_becomes_the_copy_and_one_that_is_gets_it() {
    let lab = Lab::new(Repository::new(), SOLVED);
    let run = |dest: &str| {
        let output = lab.run(&["copy", "/opt/env-frozen", dest]);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    };
    run("new");
    assert_eq!(lab.repository.read(&format!("new/{FILE}")), text());
    run("new");
    assert_eq!(lab.repository.read(&format!("new/env-frozen/{FILE}")), text());
    let contents = lab.run(&["copy", "/opt/env-frozen/.", "deployments"]);
    assert_eq!(contents.status.code(), Some(0), "{}", errors(&contents));
    assert_eq!(lab.repository.read(&format!("deployments/{FILE}")), text());
}

#[test]
fn it_lands_where_the_caller_stands() {
    let lab = Lab::new(Repository::new(), SOLVED);
    let below = lab.repository.at("deployments/roman");
    assert!(lab.command(&["copy", "/opt/env-frozen"]).current_dir(&below).status().unwrap().success());
    assert!(below.join("env-frozen").join(FILE).is_file());
}

#[test]
fn what_is_not_there_is_named() {
    let lab = Lab::new(Repository::new(), SOLVED);
    let said = lab.fault(&["copy", "/opt/nowhere"], 69);
    assert!(said.contains("notebook-roman:latest has no /opt/nowhere"), "{said}");
    let said = lab.fault(&["copy", "/opt/env-frozen", ".", "notebook-none"], 69);
    assert!(said.contains("there is no image notebook-none") && said.contains("hint: image-build"), "{said}");
    let said = lab.fault(&["copy", "/opt/env-frozen", "a/b/c"], 73);
    assert!(said.contains("cannot copy to a/b/c"), "{said}");
    assert_eq!(lab.run(&["copy"]).status.code(), Some(2));
    assert!(!Path::new("env-frozen").exists());
}

use std::fs;

use super::*;
use crate::engine::{RunRequest, Visitor};
use crate::fault::{Fault as _, Status};
use crate::testing::FakeEngine;

fn all() -> [FakeEngine; 3] {
    [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()]
}

fn quiet() -> Console {
    Console::silent()
}

fn words(text: &str) -> Vec<String> {
    crate::shell::split_unquoted(text)
}

fn build_of(tag: &str, arguments: &[(&str, &str)]) -> BuildRequest {
    BuildRequest {
        context: "/".into(),
        dockerfile: "Dockerfile".to_owned(),
        tag: tag.to_owned(),
        arguments: arguments.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        ..BuildRequest::default()
    }
}

fn run_of(image: &str, command: &str) -> RunRequest {
    RunRequest { image: image.to_owned(), command: words(command), ..RunRequest::default() }
}

/// The files that were shown, as `path: content`, sorted.
fn seen(read: impl FnOnce(Visitor<'_>) -> Result<(), EngineError>) -> Result<Vec<String>, EngineError> {
    let mut lines = Vec::new();
    read(&mut |file, content| {
        let text = std::io::read_to_string(content)?;
        lines.push(format!("{}: {text}", file.path.display()));
        Ok(())
    })?;
    lines.sort_unstable();
    Ok(lines)
}

#[test]
fn an_image_is_looked_at_by_name_and_by_id() {
    for fake in all() {
        let id = fake.image("notebook-roman:latest", &["USE_FROZEN=1", "Q=a\"b\\c"]);
        let engine = fake.engine();
        let facts = engine.inspect("notebook-roman:latest", &quiet()).unwrap().unwrap();
        assert_eq!(facts.id, id);
        assert_eq!(facts.variable("Q"), Some("a\"b\\c"));
        assert_eq!(engine.inspect(id.as_str(), &quiet()).unwrap().unwrap().env, facts.env);
        assert_eq!(engine.inspect("other", &quiet()).unwrap(), None);
    }
}

#[test]
fn a_broken_engine_is_no_missing_image() {
    for fake in all() {
        let engine = fake.engine();
        fake.fail_saying("inspect", 1, "Cannot connect to the daemon");
        let error = engine.inspect("i", &quiet()).unwrap_err();
        assert_eq!(error.status(), Status::Passed(1));
        assert!(error.to_string().contains("| Cannot connect"), "{error}");
    }
}

#[test]
fn a_build_passes_its_lines_and_its_status_on() {
    for fake in all() {
        let engine = fake.engine();
        let mut lines = Vec::new();
        let mut sink = |line: &[u8]| lines.push(String::from_utf8(line.to_vec()).unwrap());
        let exit = engine.build(&build_of("t", &[]), &quiet(), &mut sink).unwrap();
        assert!(exit.is_success() && lines.iter().any(|l| l.contains("exporting to image")), "{lines:?}");
        fake.fail("t", 17);
        let exit = engine.build(&build_of("t", &[]), &quiet(), &mut |_| ()).unwrap();
        assert_eq!(exit, Exit::Code(17));
    }
}

#[test]
fn a_run_passes_its_status_on_and_leaves_no_container() {
    for fake in all() {
        fake.image("i", &[]);
        let engine = fake.engine();
        fake.print("run", "== test\nok\n", 42);
        let mut lines = 0;
        // Podman's trial run ends with 42 too, which is no known trouble.
        let exit = engine.run(&run_of("i", "/opt/environments/test"), &quiet(), &mut |_| lines += 1);
        assert_eq!((exit.unwrap(), lines), (Exit::Code(42), 2));
        assert_eq!(fake.containers(), [""; 0]);
        let calls = fake.calls();
        let removed = calls.iter().rfind(|call| call.verb() == "rm").unwrap();
        assert!(removed.args.last().unwrap().starts_with("image-tools-"), "{removed}");
    }
}

#[test]
fn podman_gets_what_the_host_needs_only_where_it_needs_it() {
    let fake = FakeEngine::podman();
    fake.image("i", &[]);
    let engine = fake.engine();
    let run = |expected: &str| {
        fake.forget();
        assert!(engine.run(&run_of("i", "x"), &quiet(), &mut |_| ()).unwrap().is_success());
        let last = fake.lines().pop().unwrap();
        assert!(last.starts_with(expected), "{last}");
    };
    run("podman run i x");
    fake.fail_saying("run --rm --pull=never", 126, "Error: crun: setrlimit: Operation not permitted");
    fake.print("run --ulimit", "", 0);
    run("podman run --ulimit nofile=");
    fake.fail_saying("run --ulimit", 126, "Error: crun: cgroups in hybrid mode not supported");
    fake.print("--runtime runc", "", 0);
    run("podman --runtime runc run --ulimit nofile=");
}

#[test]
fn buildah_runs_what_docker_would_with_the_images_own_entry_point() {
    let fake = FakeEngine::buildah();
    let engine = fake.engine();
    fake.image("i", &[]);
    let id = "0".repeat(64);
    let config = r#"{"Entrypoint":["tini","--"],"Cmd":["start lab"]}"#;
    fake.print("inspect", &format!(r#"{{"FromImageID":"{id}","OCIv1":{{"config":{config}}}}}"#), 0);
    for (command, expected) in [("", " -- tini -- 'start lab'"), ("a b", " -- tini -- a b")] {
        assert!(engine.run(&run_of("i", command), &quiet(), &mut |_| ()).unwrap().is_success());
        let last = fake.lines().pop().unwrap();
        assert!(last.ends_with(expected), "{last}");
    }
    fake.behave();
    let error = engine.run(&run_of("nope", "x"), &quiet(), &mut |_| ()).unwrap_err();
    assert!(matches!(error, EngineError::NoImage { .. }), "{error}");
}

#[test]
fn a_tree_is_shown_file_by_file() {
    for fake in all() {
        let id = fake.image("i", &[]);
        fake.serve_files(
            "i",
            "/opt/env-frozen",
            &[("base/requirements.yml", "b"), ("roman-cal/requirements.txt", "r")],
        );
        fake.serve_files("i", "/opt/environments", &[("test", "t")]);
        let engine = fake.engine();
        let tree = seen(|visit| engine.read_tree(id.as_str(), "/opt/env-frozen", &quiet(), visit));
        assert_eq!(tree.unwrap(), ["base/requirements.yml: b", "roman-cal/requirements.txt: r"]);
        let whole = seen(|visit| engine.read_all("i", &quiet(), visit)).unwrap();
        assert_eq!(whole.last().unwrap(), "opt/environments/test: t");
        assert_eq!(whole.len(), 3);
        assert_eq!(fake.containers(), [""; 0]);
    }
}

#[test]
fn what_is_not_there_is_said_plainly() {
    for fake in all() {
        fake.image("i", &[]);
        let engine = fake.engine();
        let tree =
            |image: &str| seen(|visit| engine.read_tree(image, "/opt/nope", &quiet(), visit)).unwrap_err();
        let error = tree("i");
        assert!(matches!(error, EngineError::NoPath { .. }), "{error}");
        let error = tree("nope");
        assert!(matches!(error, EngineError::NoImage { .. }), "{error}");
        let archive = std::env::temp_dir().join("never-written");
        for result in [
            engine.save("nope", &archive, &quiet()),
            engine.tag("nope", "x", &quiet()),
            engine.remove_image("nope", &quiet()),
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.hint().unwrap(), "image-build", "{error}");
        }
        assert_eq!(fake.containers(), [""; 0]);
    }
}

#[test]
fn a_visitor_that_fails_ends_the_reading_and_the_container() {
    for fake in all() {
        fake.image("i", &[]);
        fake.serve_files("i", "/d", &[("a", "1"), ("b", "2")]);
        let engine = fake.engine();
        let mut shown = 0;
        let error = engine.read_tree("i", "/d", &quiet(), &mut |_, _| {
            shown += 1;
            Err(std::io::Error::other("too large"))
        });
        assert!(matches!(error.unwrap_err(), EngineError::Archive { .. }));
        assert_eq!((shown, fake.containers().len()), (1, 0));
    }
}

#[test]
fn names_move_and_archives_hold_the_configuration() {
    for fake in all() {
        let id = fake.image("i", &["A=1"]);
        let engine = fake.engine();
        engine.tag("i", "j:2", &quiet()).unwrap();
        engine.remove_image("i", &quiet()).unwrap();
        assert_eq!(engine.inspect("i", &quiet()).unwrap(), None);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a b.tar");
        engine.save("j:2", &file, &quiet()).unwrap();
        let mut digests = Vec::new();
        for entry in tar::Archive::new(fs::File::open(&file).unwrap()).entries().unwrap() {
            digests.push(crate::digest::Digest::of_reader(&mut entry.unwrap()).unwrap());
        }
        assert!(digests.contains(&id));
    }
}

#[test]
fn an_image_comes_by_pull_and_by_import() {
    for fake in all() {
        let id = fake.will_make("quay.io/jupyter/scipy-notebook", &[]);
        let engine = fake.engine();
        assert!(engine.pull("quay.io/jupyter/scipy-notebook", &quiet(), &mut |_| ()).unwrap().is_success());
        let facts = engine.inspect("quay.io/jupyter/scipy-notebook", &quiet()).unwrap().unwrap();
        assert_eq!(facts.id, id);
        assert!(!engine.pull("no/such", &quiet(), &mut |_| ()).unwrap().is_success());
        engine.import(Path::new("root.tar"), "base", &quiet()).unwrap();
        assert!(engine.inspect("base", &quiet()).unwrap().is_some());
        assert_eq!(fake.containers(), [""; 0]);
    }
}

#[test]
fn containers_of_the_dead_are_swept_and_those_of_the_living_are_not() {
    for fake in all() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let dead = format!("image-tools-{}-0-00000000", child.id());
        let alive = format!("image-tools-{}-0-00000000", std::process::id());
        for name in [&dead, &alive, &"somebody-elses".to_owned()] {
            fake.leave_container(name);
        }
        assert_eq!(fake.engine().sweep_containers(&quiet()).unwrap(), 1);
        assert_eq!(fake.containers(), [alive, "somebody-elses".to_owned()]);
    }
}

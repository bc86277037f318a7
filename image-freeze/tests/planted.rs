//! One planted fault of each class of drift is found in images of the engines that work on this machine, and
//! none in one that is as its specs say.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "support/pack.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod pack;
#[path = "support/planted.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod planted;

use std::fs;
use std::process::Command;

use common::console::Console;
use common::engine::{self, Engine, Kind};
use common::settings::EngineChoice;
use pack::{Image, files};
use planted::{Files, Lab, clean, faults, with};
use serde_json::json;

/// An image in an engine; removed at the end.
struct Loaded<'a> {
    engine: &'a Engine,
    name: String,
}

impl<'a> Loaded<'a> {
    fn new(lab: &Lab, engine: &'a Engine, name: &str, (content, base): (&Files, &str)) -> Self {
        let name = format!("image-freeze-planted-{name}:{}", std::process::id());
        let listed: Vec<(&str, &str)> =
            content.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let labels = json!({"org.opencontainers.image.base.digest": base});
        let image = Image::labelled(&[files(&listed)], &labels);
        fs::create_dir_all(lab.0.at(".image")).unwrap();
        let file = lab.0.at(".image/planted.tar");
        fs::write(&file, image.docker_as(&name)).unwrap();
        let mut load = Command::new(&engine.program);
        match engine.kind {
            Kind::Buildah => load.arg("pull").arg(format!("docker-archive:{}", file.display())),
            _ => load.args(["load", "--quiet", "--input"]).arg(&file),
        };
        let output = load.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { engine, name }
    }

    fn source(&self) -> String {
        format!("image:{}", self.name)
    }
}

impl Drop for Loaded<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.engine.remove_image(&self.name, &Console::silent()) {
            eprintln!("{} is left: {error}", self.name);
        }
    }
}

fn on(choice: EngineChoice, word: &str) {
    let engine = match engine::choose(choice, &Console::silent()) {
        Ok(engine) => engine,
        Err(error) => return eprintln!("skipped: {word}: {error}"),
    };
    let lab = Lab::new();
    let asked = |a: &str, b: &str| lab.differences(&[a, b, "--verify", "--engine", word]);
    let check = |image: &Loaded<'_>| {
        let output = lab.run(&["check", "--verify", "--image", &image.name, "--engine", word]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let good = Loaded::new(&lab, &engine, "clean", (&clean(), "sha256:one"));
    let (status, found) = check(&good);
    assert_eq!(status, Some(0), "{word}: {found}");
    assert_eq!(asked(".", &good.source()), [""; 0], "{word}");
    assert_eq!(asked(".image/clean.tar", &good.source()), [""; 0], "{word}");
    for fault in faults() {
        let content = with(&clean(), &fault.changed);
        let bad = Loaded::new(&lab, &engine, fault.class, (&content, fault.base));
        if fault.by_specs {
            let (status, found) = check(&bad);
            assert_eq!(status, Some(1), "{word}: {}: {found}", fault.class);
            assert!(found.contains(&format!("\"class\": \"{}\"", fault.class)), "{word}: {found}");
        } else {
            let found = asked(&good.source(), &bad.source());
            assert_eq!(found, [fault.line()], "{word}: {}", fault.class);
        }
    }
    eprintln!("found one fault of each class on {engine}");
}

#[test]
fn on_docker() {
    on(EngineChoice::Docker, "docker");
}

#[test]
fn on_podman() {
    on(EngineChoice::Podman, "podman");
}

#[test]
fn on_buildah() {
    on(EngineChoice::Buildah, "buildah");
}

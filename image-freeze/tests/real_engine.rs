//! `image-freeze` on the engines that work on this machine, with a tiny image made for it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use common::console::Console;
use common::engine::{self, Engine};
use common::settings::EngineChoice;
use common::testing::Repository;
use support::{SOLVED, errors, last_report};

const ENV: &str = "opt/conda/envs/roman-cal";

/// What an image of the specs in [`SOLVED`] holds; its metadata of romancal is a hard link, as
/// installers with a cache make them.
fn archive(file: &Path) {
    let mut tar = tar::Builder::new(std::fs::File::create(file).unwrap());
    let mut add = |path: &str, content: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    };
    for (path, content) in SOLVED {
        add(&format!("opt/env-frozen/{path}"), content);
    }
    for (prefix, name, version) in [
        ("opt/conda", "conda", "24.5.0"),
        (ENV, "fftw", "3.3.10"),
        (ENV, "pip", "24.2"),
        (ENV, "python", "3.11.9"),
    ] {
        let record = serde_json::json!({"name": name, "version": version, "build": "0", "files": []});
        add(&format!("{prefix}/conda-meta/{name}-{version}-0.json"), &record.to_string());
    }
    let site = format!("{ENV}/lib/python3.11/site-packages");
    add(&format!("{site}/asdf-3.4.0.dist-info/METADATA"), "Name: asdf\nVersion: 3.4.0\n");
    add("opt/conda/pkgs/romancal-0.16.0.dist-info/METADATA", "Name: romancal\nVersion: 0.16.0\n");
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    let link = format!("{site}/romancal-0.16.0.dist-info/METADATA");
    tar.append_link(&mut header, link, "opt/conda/pkgs/romancal-0.16.0.dist-info/METADATA").unwrap();
    tar.finish().unwrap();
}

/// An image that is removed again.
struct Image<'a> {
    engine: &'a Engine,
    name: String,
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.engine.remove_image(&self.name, &Console::silent()) {
            eprintln!("{} is left: {error}", self.name);
        }
    }
}

/// The whole way on one engine: freeze, check, drift.
fn on(choice: EngineChoice, word: &str) {
    let console = Console::silent();
    let engine = match engine::choose(choice, &console) {
        Ok(engine) => engine,
        Err(error) => return eprintln!("skipped: {word}: {error}"),
    };
    let repository = Repository::new().frozen();
    repository.configure(|settings| settings.engine = choice);
    let file = repository.at("image.tar");
    archive(&file);
    let image = Image { engine: &engine, name: format!("image-freeze-test:{}-{word}", std::process::id()) };
    if let Err(error) = engine.import(&file, &image.name, &console) {
        return eprintln!("skipped: {word}: {error}");
    }
    let run = |args: &[&str]| -> Output {
        let args = [args, &["--image", &image.name]].concat();
        Command::new(env!("CARGO_BIN_EXE_image-freeze"))
            .args(args)
            .current_dir(repository.root())
            .output()
            .unwrap()
    };
    let output = run(&[]);
    assert!(output.status.success(), "{word}: {}", errors(&output));
    let lock = repository.read("deployments/roman/env-frozen/roman-cal/requirements.txt");
    assert!(lock.starts_with("# Inputs: sha256:") && lock.ends_with(SOLVED[2].1), "{word}: {lock}");
    assert!(repository.at("deployments/roman/env-frozen/docker-stacks.hash").exists());

    let output = run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{word}: {}", String::from_utf8_lossy(&output.stdout));
    repository
        .write("deployments/roman/env-frozen/roman-cal/requirements.txt", "asdf==3.4.1\nromancal==0.16.0\n");
    let output = run(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{word}");
    let difference = &last_report(&output)["outcome"]["check"]["environments"][1]["differences"][0];
    let expected = serde_json::json!({"kind": "pip", "class": "version", "name": "asdf", "frozen": "3.4.1", "built": "3.4.0"});
    assert_eq!(difference, &expected, "{word}");
    eprintln!("ran on {engine}");
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

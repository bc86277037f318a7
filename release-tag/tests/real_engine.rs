//! `release-tag deliver` of a real image from a real engine.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod support;

use std::fs;
use std::process::Command;

use common::console::Console;
use common::engine::{self, Engine};
use common::settings::EngineChoice;
use support::Release;

/// An image of one file, made from nothing.
fn make(engine: &Engine, name: &str, content: &[u8]) -> common::digest::Digest {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("root.tar");
    let mut tar = tar::Builder::new(fs::File::create(&archive).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "content", content).unwrap();
    tar.into_inner().unwrap();
    let console = Console::silent();
    engine.import(&archive, name, &console).unwrap();
    engine.inspect(name, &console).unwrap().unwrap().id
}

#[test]
fn the_delivered_configuration_is_the_images_own() {
    let console = Console::silent();
    for choice in [EngineChoice::Docker, EngineChoice::Podman, EngineChoice::Buildah] {
        let engine = match engine::choose(choice, &console) {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!("skipped: {choice}: {error}");
                continue;
            }
        };
        let name = format!("release-tag-test-{}:1", std::process::id());
        let id = make(&engine, &name, b"delivered");
        let mut release = Release::ready();
        release.id = id;
        release.build();
        release.test(common::report::Verdict::Yes);
        release.compare();
        let run = |args: &[&str]| {
            let mut command = release.command(args);
            // The real engine instead of the pretended one, and what it needs of the environment.
            command.env("PATH", std::env::var_os("PATH").unwrap());
            for variable in
                ["HOME", "DOCKER_HOST", "CONTAINERS_STORAGE_CONF", "CONTAINERS_CONF", "XDG_RUNTIME_DIR"]
            {
                if let Some(value) = std::env::var_os(variable) {
                    command.env(variable, value);
                }
            }
            support::Ran(command.output().unwrap())
        };
        let saved = run(&["save", "--engine", &choice.to_string()]);
        let ran = run(&["deliver", "--engine", &choice.to_string()]);
        engine.remove_image(&name, &console).unwrap();
        saved.outcome("save");
        let outcome = ran.outcome("deliver");
        let layout = release.repository.at(".image/delivery/roman-12.0.0");
        let config = layout.join("blobs/sha256").join(release.id.hex());
        assert_eq!(common::digest::Digest::of(&fs::read(config).unwrap()), release.id, "{choice}");
        inspect(&layout, outcome["manifest"].as_str().unwrap());
    }
}

/// Another program's opinion, where there is one.
fn inspect(layout: &std::path::Path, digest: &str) {
    let parent = tempfile::tempdir().unwrap();
    // skopeo cuts a layout's path at its last colon, and knows no blanks: a plain name for it.
    let plain = parent.path().join("layout");
    std::os::unix::fs::symlink(layout, &plain).unwrap();
    let mut command = Command::new("skopeo");
    command.args(["inspect", "--format", "{{.Digest}}"]).arg(format!("oci:{}:roman-12.0.0", plain.display()));
    let Ok(output) = command.output() else {
        return eprintln!("skipped: no skopeo on PATH to ask for its opinion");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), digest);
}

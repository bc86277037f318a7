//! `release-tag deliver` of a real image from a real engine.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod imported;
mod support;

use std::fs;
use std::process::Command;

use common::settings::EngineChoice;
use imported::Imported;

#[test]
fn the_delivered_configuration_is_the_images_own() {
    for choice in [EngineChoice::Docker, EngineChoice::Podman, EngineChoice::Buildah] {
        let Some(Imported { release, .. }) = &Imported::into(choice) else { continue };
        let outcome = release.run(&["deliver"]).outcome("deliver");
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

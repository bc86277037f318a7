//! Base images from this machine's own packages, with a pretended mmdebstrap. What is installed from
//! is read from the machine, so these tests need a Debian or Ubuntu one.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use common::settings::{BaseImage, UseFrozen};
use support::{Bench, built};

/// A bench on a Debian machine whose mmdebstrap runs `script`.
fn bench(script: &str) -> Option<Bench> {
    let sources = ["/etc/apt/sources.list", "/etc/apt/sources.list.d"];
    let debian = fs::read_to_string("/etc/os-release").is_ok_and(|text| text.contains("VERSION_CODENAME="));
    if !debian || !sources.iter().any(|path| Path::new(path).exists()) {
        eprintln!("skipped: this machine is no Debian");
        return None;
    }
    let bench = Bench::floating();
    bench.configure(UseFrozen::Floating, |settings| settings.base_image = Some(BaseImage::Bootstrap));
    let system = bench.home().join("system.tar");
    let mut tar = tar::Builder::new(fs::File::create(&system).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    tar.append_data(&mut header, "./etc/passwd", &b"r\n"[..]).unwrap();
    tar.into_inner().unwrap();
    let program = PathBuf::from(bench.engine.path()).join("mmdebstrap");
    let log = bench.home().join("mmdebstrap.log");
    let text = format!("#!/bin/sh\necho \"$SOURCE_DATE_EPOCH $*\" >>'{}'\n", log.display());
    common::testing::program(&program, &(text + &script.replace("SYSTEM", &system.to_string_lossy())));
    Some(bench)
}

/// How often mmdebstrap ran, and what the engine was told of the base.
fn made(bench: &Bench) -> (usize, usize) {
    let log = fs::read_to_string(bench.home().join("mmdebstrap.log")).unwrap_or_default();
    let imports = bench.engine.lines().iter().filter(|line| line.starts_with("docker import")).count();
    (log.lines().count(), imports)
}

fn kept(bench: &Bench) -> Vec<String> {
    let entries = fs::read_dir(bench.repository.at(".image/bootstrap")).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_base_is_made_once_and_found_again() {
    let Some(bench) = bench("cat SYSTEM") else { return };
    let document = bench.build(&[]);
    assert_eq!(built(&document).images[0].image.name, "bootstrap-notebook:latest");
    assert_eq!(made(&bench), (1, 1));
    let log = fs::read_to_string(bench.home().join("mmdebstrap.log")).unwrap();
    assert!(log.starts_with("1700000000 --mode=") && log.contains("python3-venv"), "{log}");
    bench.build(&[]);
    assert_eq!(made(&bench), (1, 1), "the same recipe is the same image");
    bench.build(&["--refresh-base"]);
    assert_eq!(made(&bench), (2, 2));
}

#[test]
fn every_clone_on_the_machine_finds_the_image_of_its_recipe() {
    let Some(bench) = bench("cat SYSTEM") else { return };
    bench.build(&[]);
    fs::remove_dir_all(bench.repository.at(".image")).unwrap();
    bench.engine.image("bootstrap-notebook:latest", &["SOMEBODY=else"]);
    bench.engine.forget();
    bench.build(&[]);
    assert_eq!(made(&bench), (1, 0), "it has a name of its own");
    let line = &bench.engine.lines()[0];
    assert!(
        line.starts_with("docker tag bootstrap-notebook:") && line.ends_with(" bootstrap-notebook:latest"),
        "{line}"
    );
}

#[test]
fn a_half_system_is_never_kept() {
    let Some(bench) = bench("head -c 600 SYSTEM; echo 'E: no space' >&2; exit 25") else { return };
    let said = bench.fails(&[], 25);
    assert!(said.contains("E: no space"), "{said}");
    assert!(kept(&bench).is_empty(), "{:?}", kept(&bench));
}

#[test]
fn without_mmdebstrap_the_package_is_named() {
    let Some(bench) = bench("") else { return };
    fs::remove_file(PathBuf::from(bench.engine.path()).join("mmdebstrap")).unwrap();
    let said = bench.fails(&[], 127);
    assert!(said.contains("hint: apt-get install mmdebstrap"), "{said}");
}

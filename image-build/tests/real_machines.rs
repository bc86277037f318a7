//! The chain where more than one thing builds: another machine's builder, a registry's cache, two daemons,
//! several missions. What is not there is skipped.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::ffi::OsString;
use std::fs;

use common::console::Console;
use common::evidence::Store;
use common::report::Outcome;
use common::settings::EngineChoice;
use common::testing::Registry;
use support::bridge::{self, Bridge};
use support::real::Real;
use support::stderr;

/// A builder of another machine had none of the images that the chain is built upon.
#[test]
fn docker_builds_with_a_builder_that_has_none_of_its_images() {
    let Some(far) = bridge::far() else { return };
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    real.take_specs();
    let bridge = Bridge::to(&far);
    real.variables.borrow_mut().push(("BUILDX_CONFIG", real.dir.path().join("buildx").into()));
    let name = format!("{}-far", real.prefix);
    if !real.asked(&["buildx", "create", "--name", &name, "--driver", "remote", &bridge.address()]) {
        return eprintln!("skipped: this docker has no buildx that takes a remote builder");
    }
    let args = ["--builder", name.as_str(), "--index-cutoff", "2024-08-05T10:00:00Z"];
    assert_eq!(real.steps(&args), ["common", "mission", "caches"]);
    let (first, files) = (real.id(), real.files());
    assert_eq!(
        (files["cutoff"].as_str(), files["opt/VERSION"].as_str()),
        ("2024-08-05T10:00:00Z\n", "1.2.0\n")
    );
    assert!(real.bench.staged().is_empty());
    assert_eq!(real.steps(&args), [""; 0], "nothing changed");
    real.bench.repository.write("deployments/build-trial/environments/roman-cal/roman-cal.explicit", "a\n");
    assert_eq!(real.steps(&args), ["mission", "caches"]);
    let (second, common) = (real.id(), format!("{}-common", real.prefix));
    assert_ne!(second, first);
    real.forget();
    assert_eq!((real.steps(&args).len(), real.id()), (0, second), "the labels count in a fresh clone");
    // The builder need not be told twice what it has.
    _ = real.engine.remove_image(&common, &Console::silent());
    assert_eq!(real.steps(&[&args[..], &["--force"]].concat()), ["common", "mission", "caches"]);
    let Some(registry) = Registry::start() else {
        return eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
    };
    let place = format!("type=registry,ref={}/c:1", registry.host);
    let away = ["--force", "--cache-to", &format!("{place},mode=max"), "--cache-from", &place];
    assert_eq!(real.steps(&[&args[..], &away].concat()), ["common", "mission", "caches"]);
    let cache = format!("{}/c:1-{}-build-trial-dirty", registry.host, real.prefix);
    assert!(real.asked(&["buildx", "imagetools", "inspect", &cache]), "each image has a cache of its own");
    // Another builder takes the layers from there; that it is no image is no fault.
    real.forget();
    assert!(real.asked(&["rmi", &real.image()]));
    let output = real.run(&["--cache-from", &place, args[2], args[3]]);
    assert!(
        stderr(&output).contains(&format!("importing cache manifest from {cache}")),
        "{}",
        stderr(&output)
    );
}

/// In a fresh clone labels counted only where somebody had pulled the images.
#[test]
fn docker_takes_what_a_registry_has_of_the_same() {
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    let Some(registry) = Registry::start() else {
        return eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
    };
    if !real.asked(&["buildx", "version"]) {
        return eprintln!("skipped: this docker has no buildx, so nothing can be asked of a registry");
    }
    real.take_specs();
    let cutoff = ["--index-cutoff", "2024-08-05T10:00:00Z"];
    assert_eq!(real.steps(&cutoff), ["common", "mission", "caches"]);
    let (id, place) = (real.id(), format!("{}/c:1", registry.host));
    let common = format!("{}-common", real.prefix);
    for image in [&real.image(), &common] {
        let there = format!("{place}-{}", image.replace(':', "-"));
        assert!(real.asked(&["tag", image, &there]) && real.asked(&["push", &there]));
        assert!(real.asked(&["rmi", &there]) && real.asked(&["rmi", image]));
    }
    real.forget();
    let args = [&cutoff[..], &["--cache-from", &place]].concat();
    assert_eq!((real.steps(&args), real.id()), (vec!["pull-caches".to_owned()], id.clone()));
    assert_eq!(real.steps(&args), [""; 0], "nothing changed");
    assert!(real.asked(&["rmi", &real.image()]));
    real.forget();
    real.bench.repository.write("deployments/build-trial/environments/roman-cal/roman-cal.explicit", "a\n");
    assert_eq!(real.steps(&args), ["pull-common", "mission", "caches"], "the shared image is still the same");
    assert_ne!(real.id(), id);
}

/// Nothing after the build knew which machine has which image.
#[test]
fn docker_shares_missions_out_among_two_daemons() {
    let Some(far) = bridge::far() else { return };
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    let near = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let config = real.dir.path().join("docker");
    fs::create_dir_all(&config).unwrap();
    let own = std::env::var_os("DOCKER_CONFIG").map_or(real.bench.home().join(".docker"), Into::into);
    _ = std::os::unix::fs::symlink(own.join("cli-plugins"), config.join("cli-plugins"));
    real.variables.borrow_mut().push(("DOCKER_CONFIG", config.into()));
    for (name, address) in [("near", near), ("far", format!("unix://{}", far.display()))] {
        assert!(real.asked(&["context", "create", name, "--docker", &format!("host={address}")]));
    }
    let base = format!("{}-base:latest", real.prefix);
    let archive = real.dir.path().join("base.tar").display().to_string();
    real.variables.borrow_mut().push(("DOCKER_HOST", OsString::new()));
    assert!(real.asked(&["--context", "far", "import", &archive, &base]));
    real.add_mission("other-trial", "");
    let output = real.command(&["build-trial", "other-trial", "--hosts", "near,far"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let document = common::document::Document::parse(&output.stdout, "standard output").unwrap();
    let store = Store::in_state(&real.bench.repository.at(".image"));
    for (mission, here, there) in [("build-trial", "near", "far"), ("other-trial", "far", "near")] {
        let image = format!("{}-{mission}:latest", real.prefix);
        let of = |report: &&common::report::Report| report.image.as_ref().is_some_and(|i| i.name == image);
        let report = document.reports.iter().find(of).unwrap();
        assert!(matches!(&report.outcome, Outcome::Build(built) if built.context.as_deref() == Some(here)));
        assert_eq!(store.last_context(&mission.parse().unwrap()).unwrap().as_deref(), Some(here));
        let id = report.image.as_ref().unwrap().id.as_str();
        assert!(real.asked(&["--context", here, "image", "inspect", id]), "{mission} is {here}");
        assert!(!real.asked(&["--context", there, "image", "inspect", &image]), "{mission} is not {there}");
    }
    let names = ["other-trial:latest", "common", "base:latest"].map(|name| format!("{}-{name}", real.prefix));
    for name in names {
        assert!(real.asked(&["--context", "far", "rmi", &name]));
    }
}

#[test]
fn docker_goes_on_after_a_failure_in_ci_and_tells_whose_lines_are_whose() {
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    real.add_mission("failing-trial", "RUN echo this fails; exit 3\n");
    real.add_mission("other-trial", "RUN echo this goes on\n");
    let missions = ["failing-trial", "build-trial", "other-trial", "--jobs", "2"];
    let output = real.command(&missions).env("CI", "true").output().unwrap();
    let said = stderr(&output);
    assert!(!output.status.success(), "{said}");
    let names = ["common", "build-trial", "failing-trial", "other-trial"];
    let own = |line: &str| line.split_once('|').is_some_and(|(name, _)| names.contains(&name.trim_end()));
    let (theirs, ours): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.contains("| "));
    assert!(theirs.iter().all(|line| own(line)), "{said}");
    assert!(theirs.iter().any(|line| line.starts_with("failing") && line.contains("this fails")), "{said}");
    let told = |name: &str, what: &str| {
        ours.iter().any(|line| line.contains(name) && line.contains(what) && line.contains(" for common"))
    };
    assert!(told("failing-trial", "failed ("), "{said}");
    assert!(told("build-trial", "built") && ours.iter().any(|line| line.contains("other-trial")), "{said}");
    for mission in ["build-trial", "other-trial"] {
        let image = format!("{}-{mission}:latest", real.prefix);
        assert!(real.asked(&["image", "inspect", &image]), "{mission}: {said}");
    }
    for name in ["other-trial:latest", "failing-trial-dirty"] {
        _ = real.engine.remove_image(&format!("{}-{name}", real.prefix), &Console::silent());
    }
}

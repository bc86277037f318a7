//! `--base-only`, `--all` and `--prune`, with a fake engine and siblings that only pretend.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::settings::{Generation, Owner, UseFrozen};
use common::testing::{FakeEngine, Repository};
use support::stacks::DockerStacks;
use support::{BASE, Bench, built, stderr};

#[test]
fn the_base_alone_is_made_and_nothing_else_runs() {
    let bench = Bench::floating();
    let document = bench.build(&["--base-only"]);
    let images = &built(&document).images;
    assert_eq!((images.len(), images[0].image.name.as_str()), (1, BASE));
    assert!(bench.siblings().is_empty(), "{:?}", bench.siblings());
    bench.assert_untouched();
}

/// D34, D35: it worked by absolute path only, and left another mission's `setup-env` behind.
#[test]
fn d34_d35_every_mission_is_updated_and_the_configuration_stays() {
    let bench = Bench::frozen();
    bench.sibling("image-update", "cat >/dev/null; exit 65");
    bench.repository.write("setup-env", "mine\n");
    let before = bench.repository.read("setup-env.json");
    let output = bench.run(&["--all", "update"]);
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    assert_eq!(bench.siblings().len(), 1, "a failure ends it");
    let output = bench.run(&["--all", "update", "--keep-going"]);
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    assert_eq!(bench.siblings().len(), 3, "roman; then roman and tike");
    assert_eq!(bench.repository.read("setup-env"), "mine\n");
    assert_eq!(bench.repository.read("setup-env.json"), before);
}

/// D34: only an absolute path worked. D59: without a word there was an unbound variable.
#[test]
fn d34_d59_update_all_runs_from_anywhere_and_needs_no_word() {
    let bench = Bench::frozen();
    let dir = bench.repository.root().join("scripts");
    fs::create_dir_all(&dir).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/update-all"), dir.join("update-all"))
        .unwrap();
    common::testing::program(&dir.join("image-build"), "#!/bin/sh\necho \"$@\"\n");
    let run = |program: &Path, here: &Path, words: &[&str]| {
        let output = Command::new("sh").arg(program).args(words).current_dir(here).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let root = bench.repository.root();
    assert_eq!(run(Path::new("scripts/update-all"), root, &[]), "--all update\n");
    assert_eq!(run(Path::new("update-all"), &dir, &["--update"]), "--all update\n");
    assert_eq!(run(&dir.join("update-all"), root, &["--test", "--keep-going"]), "--all test --keep-going\n");
}

/// D33: nothing was built. D33a: the suffix never reached the engine, and half of the log was lost.
#[test]
fn d33_d33a_each_mode_has_an_image_and_a_log_of_its_own() {
    let bench = Bench::new(Repository::new().frozen(), FakeEngine::docker());
    bench.configure(UseFrozen::Floating, |_| ());
    let output = bench.run(&["--all", "build", "--mode", "0 1", "--keep-going"]);
    let calls = bench.engine.lines().join("\n");
    for image in ["notebook-roman:latest-0", "notebook-roman:latest-1"] {
        assert!(calls.contains(image), "{image} is not in {calls}\n{}", stderr(&output));
    }
    for log in ["build-roman-0.log", "build-roman-1.log", "build-tike-0.log"] {
        assert!(bench.repository.read(log).contains("image-build: "), "{log}");
    }
}

/// The newest generation does on a runner of GitHub's, whose disk would be full; nobody else's is touched.
#[test]
fn room_is_made_after_a_source_build_on_github_only() {
    let stacks = DockerStacks::new(["ROOT_IMAGE", "BASE_IMAGE"]);
    for (run, pruned) in [(Some("1"), true), (None, false)] {
        let bench = Bench::new(Repository::new(), FakeEngine::docker());
        bench.configure(UseFrozen::Floating, |settings| {
            settings.generation = Generation::Newest;
            settings.owner = Owner::Spacetelescope;
            settings.base_notebook = "minimal-notebook".to_owned();
        });
        bench.engine.print("system prune", "", 0);
        let mut command = bench.command(&["--base-only"]);
        command.env("DOCKER_STACKS_URL", stacks.url()).envs(run.map(|run| ("GITHUB_RUN_ID", run)));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(bench.engine.lines().join("\n").contains("system prune --force"), pruned);
    }
}

#[test]
fn images_go_by_their_exact_names_and_only_the_missions_own() {
    let bench = Bench::floating();
    bench.engine.image("notebook-roman:latest", &[]);
    bench.engine.image("notebook-roman-dev:latest", &[]);
    let output = bench.run(&["--prune", "roman"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let calls = bench.engine.lines().join("\n");
    assert!(calls.contains("notebook-roman:latest") && !calls.contains("notebook-roman-dev"), "{calls}");
    assert!(!calls.contains("prune"), "{calls}");
    bench.engine.print("system prune", "", 0);
    assert_eq!(bench.run(&["--prune", "roman", "--system"]).status.code(), Some(0));
    assert!(bench.engine.lines().join("\n").contains("system prune --force"));
}

/// A clone with names of its own removed the images of the clone without.
#[test]
fn a_clone_with_names_of_its_own_removes_those() {
    let bench = Bench::floating();
    bench.configure(UseFrozen::Floating, |settings| {
        settings.exports.insert("IMAGE_PREFIX".to_owned(), "mine".to_owned());
    });
    bench.engine.image("notebook-roman:latest", &[]);
    bench.engine.image("mine-roman:latest", &[]);
    let output = bench.run(&["--prune", "roman"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let calls = bench.engine.lines().join("\n");
    assert!(calls.contains("mine-roman:latest") && !calls.contains("notebook-roman"), "{calls}");
}

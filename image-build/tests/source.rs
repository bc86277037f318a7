//! Base images from the docker-stacks source, with a local repository in its place.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;

use common::settings::{Owner, UseFrozen};
use common::testing::{FakeEngine, Repository};
use support::stacks::{DockerStacks, git};
use support::{Bench, stderr};

const NAMES: [&str; 2] = ["ROOT_CONTAINER", "BASE_CONTAINER"];
const HASH: &str = "deployments/roman/env-frozen/docker-stacks.hash";

fn bench(mode: UseFrozen) -> Bench {
    let bench = Bench::new(Repository::new().frozen(), FakeEngine::docker());
    bench.configure(mode, |settings| settings.owner = Owner::Spacetelescope);
    bench
}

/// Runs the build on `stacks`, whatever stands already; gives its status and what it said.
fn run(bench: &Bench, stacks: &DockerStacks) -> (Option<i32>, String) {
    run_with(bench, stacks, &["--force"])
}

fn run_with(bench: &Bench, stacks: &DockerStacks, args: &[&str]) -> (Option<i32>, String) {
    let output = bench.command(args).env("DOCKER_STACKS_URL", stacks.url()).output().unwrap();
    (output.status.code(), stderr(&output))
}

/// D13: the commit was written before the build, and then lost by the freeze.
#[test]
fn d13_a_floating_build_records_its_commit_only_when_it_succeeded() {
    let (bench, stacks) = (bench(UseFrozen::Floating), DockerStacks::new(NAMES));
    let old = bench.repository.read(HASH);
    bench.engine.fail("build notebook-roman-dirty", 17);
    assert_eq!(run(&bench, &stacks).0, Some(17));
    assert_eq!(bench.repository.read(HASH), old);
    bench.engine.behave();
    let first = stacks.git(&["rev-parse", "HEAD"]);
    assert_eq!(run_with(&bench, &stacks, &[]).0, Some(0));
    assert_eq!(bench.repository.read(HASH), format!("{first}\n"), "also of a base that stood already");
    let commit = stacks.commit("second");
    assert_eq!(run(&bench, &stacks).0, Some(0));
    assert_eq!(bench.repository.read(HASH), format!("{commit}\n"));
}

/// D14: without the record, the newest commit was built.
#[test]
fn d14_a_frozen_build_without_its_record_is_refused() {
    let (bench, stacks) = (bench(UseFrozen::Frozen), DockerStacks::new(NAMES));
    fs::remove_file(bench.repository.at(HASH)).unwrap();
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(65), "{said}");
    assert!(said.contains("docker-stacks.hash is missing") && said.contains("hint: git log --"), "{said}");
    bench.repository.write(HASH, "main\n");
    assert!(run(&bench, &stacks).1.contains("does not hold a commit"));
    assert!(bench.engine.lines().is_empty(), "nothing was built");
}

/// The lock of the base said the commit too, and nobody read it.
#[test]
fn the_lock_of_the_base_is_a_record_of_the_commit_as_well() {
    const LOCK: &str = "deployments/roman/env-frozen/base.lock.json";
    let (bench, stacks) = (bench(UseFrozen::Frozen), DockerStacks::new(NAMES));
    let commit = stacks.git(&["rev-parse", "HEAD"]);
    stacks.commit("newer");
    let lock = |commit: &str| {
        let text = format!(
            "{{\"reference\": \"spacetelescope/scipy-notebook\", \"docker_stacks\": \"{commit}\"}}\n"
        );
        bench.repository.write(LOCK, &text);
    };
    lock(&commit);
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(65), "{said}");
    let told = format!(
        "docker-stacks.hash names {}, and base.lock.json beside it {commit}",
        bench.repository.read(HASH).trim()
    );
    assert!(said.contains(&told) && said.contains("hint: git log -p"), "{said}");
    fs::remove_file(bench.repository.at(HASH)).unwrap();
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(&format!("the base is docker-stacks at {commit}")), "{said}");
    lock("main");
    assert!(run(&bench, &stacks).1.contains("base.lock.json does not hold a commit"));
}

/// D14b: whatever was checked out was built. The recorded commit is, whatever main is now.
#[test]
fn d14b_the_recorded_commit_is_what_is_built() {
    let (bench, stacks) = (bench(UseFrozen::Frozen), DockerStacks::new(NAMES));
    let commit = stacks.git(&["rev-parse", "HEAD"]);
    bench.repository.write(HASH, &format!("{commit}\n"));
    stacks.write("images/base-notebook/Dockerfile", "FROM nothing/we/know\n");
    stacks.commit("broken");
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(&format!("the base is docker-stacks at {commit}")), "{said}");
    // Known commits need no source at all.
    let gone = DockerStacks::new(NAMES);
    fs::remove_dir_all(gone.url().join(".git")).unwrap();
    assert_eq!(run(&bench, &gone).0, Some(0));
}

#[test]
fn a_commit_that_the_source_does_not_have_is_named() {
    let (bench, stacks) = (bench(UseFrozen::Frozen), DockerStacks::new(NAMES));
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(65), "{said}");
    assert!(said.contains("has no commit abcdef0123456789abcdef0123456789abcdef01"), "{said}");
}

/// D14a, D14b: the user's clone was stashed, checked out, and given an unrelated stash back.
#[test]
fn d14a_the_users_own_clone_is_only_read() {
    let (bench, stacks) = (bench(UseFrozen::Floating), DockerStacks::new(NAMES));
    let mine = bench.home().join("docker-stacks");
    git(bench.home(), &["clone", "--quiet", stacks.url().to_str().unwrap(), "docker-stacks"]);
    fs::write(mine.join("notes"), "stashed").unwrap();
    git(&mine, &["stash", "--include-untracked", "--quiet"]);
    fs::write(mine.join("images/base-notebook/Dockerfile"), "# being edited\n").unwrap();
    let state = || {
        ["status", "stash list", "rev-parse HEAD", "reflog"]
            .map(|c| git(&mine, &c.split(' ').collect::<Vec<_>>()))
    };
    let before = state();
    stacks.commit("newer");
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(state(), before);
    // Ours stands on its own: theirs may go.
    fs::remove_dir_all(mine).unwrap();
    assert_eq!(run(&bench, &stacks).0, Some(0));
}

/// D15a: the names changed upstream, and unknown build arguments are only warned of.
#[test]
fn d15a_both_generations_of_argument_names_are_served() {
    let (bench, stacks) = (bench(UseFrozen::Floating), DockerStacks::new(["ROOT_IMAGE", "BASE_IMAGE"]));
    assert_eq!(run(&bench, &stacks).0, Some(0));
    let lines = bench.engine.lines();
    assert!(lines[0].contains("--build-arg ROOT_IMAGE=ubuntu:20.04 "), "{}", lines[0]);
    assert!(
        lines[3].contains("--build-arg BASE_IMAGE=spacetelescope/minimal-notebook:latest "),
        "{}",
        lines[3]
    );
    stacks.write("images/base-notebook/Dockerfile", "ARG PARENT\nFROM $PARENT\n");
    stacks.commit("third generation");
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(65));
    assert!(said.contains("declares neither BASE_CONTAINER nor BASE_IMAGE"), "{said}");
}

#[test]
fn a_source_that_cannot_be_fetched_is_gits_own_failure() {
    let (bench, stacks) = (bench(UseFrozen::Floating), DockerStacks::new(NAMES));
    fs::remove_dir_all(stacks.url().join(".git")).unwrap();
    let (status, said) = run(&bench, &stacks);
    assert_eq!(status, Some(128), "{said}");
    assert!(bench.staged().is_empty() && !bench.repository.at(".image/docker-stacks").exists());
}

//! `--base-only`, `--all` and `--prune`, with a fake engine and siblings that only pretend.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use common::settings::UseFrozen;
use common::testing::{FakeEngine, Repository};
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
fn d35_every_mission_is_updated_and_the_configuration_stays() {
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

/// D33: nothing was built. D33a: the suffix never reached the engine, and half of the log was lost.
#[test]
fn d33_each_mode_has_an_image_and_a_log_of_its_own() {
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
}

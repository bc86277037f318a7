//! Builders with images of their own, and images that somebody else built of the same.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use common::settings::UseFrozen;
use common::testing::{FakeEngine, Repository};
use serde_json::json;
use support::{BASE, Bench, built, stderr};

const CUTOFF: &str = "--index-cutoff=2024-08-05T10:00:00Z";
const DIGEST: &str = "sha256:f7f646b64f9bfbd0ae50762f83e3b5a5b32100e9200b5218a025fd0cfe3f0c02";

fn bench() -> Bench {
    let bench = Bench::new(Repository::new(), FakeEngine::docker());
    bench.configure(UseFrozen::Floating, |settings| settings.freeze_chill = false);
    bench
}

/// The image below was looked for in a registry, where it is not.
#[test]
fn a_builder_apart_is_handed_what_is_built_upon() {
    let bench = bench();
    bench.engine.print("buildx inspect far", "Name:   far\nDriver: remote\n", 0);
    // What is pretended has no layers; the builder gets the very image all the same.
    let said = bench.fails(&["--builder", "far", CUTOFF], 69);
    assert!(said.contains(&format!("cannot hand {BASE} to the builder")), "{said}");
    assert!(bench.staged().is_empty());
    bench.engine.forget();
    bench.engine.print("buildx inspect near", "Name:   near\nDriver: docker\n", 0);
    bench.build(&["--builder", "near", CUTOFF]);
    let builds = bench.engine.lines();
    assert!(builds.iter().all(|line| !line.contains("--build-context")), "{builds:?}");
    assert!(builds.iter().any(|line| line.contains("--builder near --load")), "{builds:?}");
    bench.engine.fail_saying("buildx inspect none", 1, "ERROR: no builder \"none\" found");
    assert!(bench.fails(&["--builder", "none", "--force"], 1).contains("no builder \"none\" found"));
}

/// What buildx tells of an image with these labels.
fn told(labels: &serde_json::Value) -> String {
    let config = json!({"Env": ["USE_FROZEN=0"], "Labels": labels});
    json!({"manifest": {"digest": DIGEST}, "image": {"config": config}}).to_string()
}

/// Labels counted only of images that somebody had pulled.
#[test]
fn an_image_that_a_registry_has_of_the_same_is_pulled_and_not_built() {
    let first = bench();
    first.build(&[CUTOFF]);
    let facts = first.engine.engine().inspect("notebook-roman:latest", &common::console::Console::silent());
    let labels = json!(facts.unwrap().unwrap().labels);

    let bench = bench();
    let published = "h:5000/c:1-notebook-roman-latest";
    bench.engine.print("buildx imagetools inspect", &told(&labels), 0);
    bench.engine.will_make(&format!("h:5000/c@{DIGEST}"), &["USE_FROZEN=0"]);
    bench.engine.label(&format!("h:5000/c@{DIGEST}"), &labels);
    let args = ["--cache-from", "type=registry,ref=h:5000/c:1", CUTOFF];
    let plan = bench.run(&[&args[..], &["--plan"]].concat()).stdout;
    assert!(String::from_utf8_lossy(&plan).contains("what a registry has of the same is pulled"));
    assert!(bench.engine.calls().is_empty(), "a plan asks nobody");
    let document = bench.build(&args);
    let work = bench.engine.lines();
    assert!(!work.iter().any(|line| line.starts_with("docker build")), "{work:?}");
    assert!(work.contains(&format!("docker tag h:5000/c@{DIGEST} notebook-roman:latest")), "{work:?}");
    let asked = bench.engine.calls();
    let asked = asked.iter().filter(|call| call.args.contains(&"imagetools".to_owned()));
    assert_eq!(asked.map(|call| call.args.last().unwrap().as_str()).collect::<Vec<_>>(), [published]);
    assert!(document.reports.last().unwrap().notices[0].contains(published));
    assert!(built(&document).steps.iter().any(|step| step.name == "pull-caches"));
    bench.engine.forget();
    bench.build(&args);
    assert_eq!(bench.engine.calls().len(), 1, "with nothing to do no registry is asked");
}

#[test]
fn what_a_registry_has_of_other_inputs_or_cannot_tell_is_built() {
    let bench = bench();
    bench.engine.print("buildx imagetools inspect", &told(&json!({"image-tools.key": "another"})), 0);
    let output = bench.run(&["--cache-from", "h:5000/c", CUTOFF]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("h:5000/c:notebook-roman-latest was built of something else"));
    let builds =
        |bench: &Bench| bench.engine.lines().iter().filter(|l| l.starts_with("docker build")).count();
    assert_eq!(builds(&bench), 3);
    bench.engine.forget();
    bench.engine.fail_saying("buildx imagetools inspect", 1, "ERROR: h:5000/c: not found");
    bench.repository.write("deployments/roman/MISSION_VERSION", "roman-12.0.0\n");
    bench.build(&["--cache-from", "h:5000/c", CUTOFF]);
    assert_eq!(builds(&bench), 2);
    let calls = bench.engine.calls();
    assert_eq!(calls.iter().filter(|call| call.args.contains(&"imagetools".to_owned())).count(), 1);
}

//! A frozen build stands upon the base that its specs were frozen upon.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use common::digest::Digest;
use common::settings::{BaseImage, UseFrozen};
use common::testing::{FakeEngine, Repository};
use support::Bench;

const NAME: &str = "quay.io/jupyter/scipy-notebook";
const LOCK: &str = "deployments/roman/env-frozen/base.lock.json";

fn bench(mode: UseFrozen) -> (Bench, String) {
    let bench = Bench::new(Repository::new().frozen(), FakeEngine::docker());
    bench.configure(mode, |settings| {
        settings.base_image = Some(BaseImage::Reference(format!("{NAME}:latest")));
    });
    let digest = Digest::of(b"the manifest");
    let lock = format!("{{\"reference\": \"{NAME}:latest\", \"digest\": \"{digest}\"}}\n");
    bench.repository.write(LOCK, &lock);
    let pinned = format!("{NAME}@{digest}");
    bench.engine.will_make(&pinned, &[]);
    bench.engine.will_make(&format!("{NAME}:latest"), &["NEWER=1"]);
    (bench, pinned)
}

fn pulls(bench: &Bench) -> Vec<String> {
    let calls = bench.engine.calls().into_iter().map(|call| call.to_string());
    calls.filter(|call| call.contains("pull ")).collect()
}

/// D15: a frozen build upon a name that moves was frozen above its base only.
#[test]
fn d15_a_frozen_build_pulls_the_locked_base_and_gives_it_its_name() {
    let (bench, pinned) = bench(UseFrozen::Frozen);
    bench.build(&[]);
    let pulled = pulls(&bench);
    assert!(pulled.len() == 1 && pulled[0].contains(&pinned), "{pulled:?}");
    let tagged = bench.engine.calls().into_iter().any(|call| {
        let call = call.to_string();
        call.contains("tag ") && call.contains(&pinned) && call.contains(":latest")
    });
    assert!(tagged, "the build finds it by the name that it knows");
}

#[test]
fn a_floating_build_and_a_lock_of_another_name_are_as_without_a_lock() {
    let (floating, pinned) = bench(UseFrozen::Floating);
    floating.build(&[]);
    assert!(!pulls(&floating).iter().any(|call| call.contains(&pinned)), "{:?}", pulls(&floating));

    let (other, pinned) = bench(UseFrozen::Frozen);
    let lock = other.repository.read(LOCK).replace(":latest", ":2024");
    other.repository.write(LOCK, &lock);
    other.build(&[]);
    assert!(!pulls(&other).iter().any(|call| call.contains(&pinned)));
}

#[test]
fn a_lock_that_makes_no_sense_stops_a_frozen_build() {
    let (bench, _) = bench(UseFrozen::Frozen);
    bench.repository.write(LOCK, "{\n}\n");
    assert!(bench.fails(&[], 65).contains("base.lock.json:2: missing field `reference`"));
}

/// The refreshed base was recorded as the locked one.
#[test]
fn a_plain_frozen_build_after_a_refreshed_base_takes_the_locked_one_again() {
    let (bench, pinned) = bench(UseFrozen::Frozen);
    bench.build(&["--refresh-base"]);
    assert!(!pulls(&bench).iter().any(|call| call.contains(&pinned)), "{:?}", pulls(&bench));
    bench.engine.forget();
    bench.build(&[]);
    assert!(pulls(&bench).iter().any(|call| call.contains(&pinned)), "{:?}", pulls(&bench));
}

//! One change between any two steps of a release, whatever it is: the check refuses it under the right
//! code, and nothing is tagged. And what changes nothing is not refused.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod mutations;
mod support;

use std::collections::BTreeSet;

use mutations::{Case, FILES, HARMLESS, HISTORY, IMAGES, RECORDS, VERSIONS, World};
use support::Release;

fn all() -> impl Iterator<Item = &'static Case> {
    [FILES, VERSIONS, RECORDS, HISTORY, IMAGES].into_iter().flatten()
}

/// Rules that say nothing of whether the image may be delivered: they are about the release to come, the
/// names that people look at, and the remote.
const NOT_OF_DELIVERIES: [&str; 13] = [
    "RT003", "RT012", "RT020", "RT021", "RT022", "RT023", "RT030", "RT031", "RT044", "RT045", "RT061",
    "RT062", "RT064",
];

/// A delivery does not ask the git remote, and only the mission's tag is about its image.
const NOT_OF_IMAGES: [&str; 4] = [
    "the infrastructure was released otherwise, here",
    "the infrastructure's tag without a word is here",
    "a tag without a word is there",
    "a tag with other words is there",
];

/// What the check refuses is not delivered either.
fn delivers_nothing(world: &World, (change, code): (&str, &str)) {
    if NOT_OF_DELIVERIES.contains(&code) || NOT_OF_IMAGES.contains(&change) {
        return;
    }
    let ran = world.release.run(&["deliver"]);
    assert_eq!(ran.code(), 1, "{change}: {}", ran.said());
    assert!(ran.broken().iter().any(|found| found == code), "{change}: {:?}", ran.broken());
    assert!(!world.release.repository.at(".image/delivery/roman-12.0.0").exists(), "{change}");
}

fn refuses(cases: &[Case]) {
    for (change, code, apply) in cases {
        let world = World::new();
        apply(&world);
        let ran = world.release.run(&["check"]);
        let broken = ran.broken();
        assert_eq!(ran.code(), 1, "{change}: {}", ran.said());
        assert!(broken.iter().any(|found| found == code), "{change}: {code} is not in {broken:?}");
        delivers_nothing(&world, (change, code));
        let before = world.release.refs();
        let tag = world.release.run(&["tag", "--execute"]);
        assert_ne!(tag.code(), 0, "{change}: it was tagged");
        assert_eq!(world.release.refs(), before, "{change}");
    }
}

#[test]
fn no_change_of_the_files_gets_through() {
    refuses(FILES);
}

#[test]
fn no_change_of_the_versions_gets_through() {
    refuses(VERSIONS);
}

#[test]
fn no_change_of_the_record_gets_through() {
    refuses(RECORDS);
}

#[test]
fn no_change_of_the_history_gets_through() {
    refuses(HISTORY);
}

#[test]
fn no_change_of_the_image_and_its_evidence_gets_through() {
    refuses(IMAGES);
}

#[test]
fn the_table_is_large_and_trips_every_rule() {
    assert!(all().count() >= 60, "{}", all().count());
    let tripped: BTreeSet<&str> = all().map(|(_, code, _)| *code).collect();
    let release = Release::ready();
    let listed = release.run(&["check", "--explain", "all"]);
    let listed = String::from_utf8_lossy(&listed.0.stdout).into_owned();
    let rules: BTreeSet<&str> = listed.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(tripped, rules);
}

#[test]
fn what_changes_nothing_is_not_refused() {
    for (change, apply) in HARMLESS {
        let world = World::new();
        apply(&world);
        let ran = world.release.run(&["check"]);
        assert_eq!((ran.code(), ran.broken()), (0, vec![]), "{change}: {}", ran.said());
        let outcome = world.release.run(&["tag", "--execute"]).outcome("tag");
        let (there, head) = (world.remote.tags(&world.release), world.release.head());
        let mission = outcome["tags"][0]["name"].as_str().unwrap();
        assert!(there.contains(&format!("{mission} {head}")), "{change}: {there:?}");
        let common = outcome["tags"][1]["name"].as_str().unwrap();
        assert!(there.iter().any(|tag| tag.starts_with(&format!("{common} "))), "{change}: {there:?}");
        let verified = world.release.run(&["verify", mission]);
        assert_eq!(
            verified.code(),
            69,
            "{change}: only the image is left to be looked at: {}",
            verified.said()
        );
        assert!(!verified.said().contains("does not hold"), "{change}: {}", verified.said());
    }
}

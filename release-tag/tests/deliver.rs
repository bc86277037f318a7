//! `release-tag deliver` to this machine.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use common::digest::Digest;
use common::report::Verdict;
use common::settings::UseFrozen;
use common::testing::FakeEngine;
use serde_json::{Value, json};
use support::{NAME, Release};

/// What is under the tag of the layout `dir`: the digest of the manifest, and the manifest.
fn read(dir: &Path) -> (String, Value) {
    let json = |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let index = json(dir.join("index.json"));
    let manifests = index["manifests"].as_array().unwrap();
    let name = |m: &Value| m["annotations"]["org.opencontainers.image.ref.name"] == "roman-12.0.0";
    let digest = manifests.iter().find(|m| name(m)).unwrap()["digest"].as_str().unwrap().to_owned();
    let manifest = json(dir.join("blobs/sha256").join(&digest["sha256:".len()..]));
    (digest, manifest)
}

/// What lies beside an image: five artifacts of a manifest and a blob each, and their empty configuration.
const BESIDE: usize = 5 * 2 + 1;

fn codes(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

fn default_layout(release: &Release) -> PathBuf {
    release.repository.at(".image/delivery/roman-12.0.0")
}

#[test]
fn by_default_a_layout_in_the_clone_holds_the_very_image() {
    for engine in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let release = Release::on(engine);
        let ran = release.run(&["deliver"]);
        let outcome = ran.outcome("deliver");
        assert_eq!((&outcome["delivery"], &outcome["tag"]), (&json!("delivered"), &json!("roman-12.0.0")));
        assert_eq!(ran.report()["image"]["id"], release.id.as_str());
        let (digest, manifest) = read(&default_layout(&release));
        assert_eq!(outcome["manifest"], digest.as_str());
        assert_eq!(manifest["config"]["digest"], release.id.as_str(), "the identity is the image's own");
        assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    }
}

#[test]
fn every_engine_and_every_run_gives_the_same_digest() {
    let digest = |engine| {
        let release = Release::on(engine);
        release.run(&["deliver"]).outcome("deliver")["manifest"].clone()
    };
    let first = digest(FakeEngine::docker());
    assert_eq!((digest(FakeEngine::docker()), digest(FakeEngine::podman())), (first.clone(), first));
}

#[test]
fn again_there_is_nothing_to_do_and_the_engine_is_not_asked_to_save() {
    let release = Release::ready();
    let first = release.run(&["deliver"]).outcome("deliver");
    release.engine.fail("save", 1);
    let again = release.run(&["deliver", "--execute"]).outcome("deliver");
    assert_eq!((&again["delivery"], &again["manifest"]), (&json!("present"), &first["manifest"]));
    assert_eq!(fs::read_dir(release.repository.at(".image/stage/deliver")).unwrap().count(), 0, "no litter");
}

#[test]
fn a_named_layout_and_an_archive_get_the_same_image() {
    let release = Release::ready();
    let out = tempfile::tempdir().unwrap();
    let (dir, file) = (out.path().join("a layout"), out.path().join("new dir/roman.tar"));
    let layout = release.run(&["deliver", &format!("oci:{}", dir.display())]).outcome("deliver");
    assert_eq!(read(&dir).0, layout["manifest"].as_str().unwrap());
    let to = format!("oci-archive:{}", file.display());
    let archive = release.run(&["deliver", &to]).outcome("deliver");
    assert_eq!((&archive["delivery"], &archive["manifest"]), (&json!("delivered"), &layout["manifest"]));
    assert_eq!(release.run(&["deliver", &to]).outcome("deliver")["delivery"], "present");
    fs::write(&file, "something else").unwrap();
    release.run(&["deliver", &to]).refused(65, "the archive");
    release.run(&["deliver", &to, "--replace"]).outcome("deliver");
}

#[test]
fn layers_can_stay_as_they_are() {
    let release = Release::ready();
    release.run(&["deliver", "--compress", "none"]).outcome("deliver");
    let (_, manifest) = read(&default_layout(&release));
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar");
}

#[test]
fn the_document_may_come_through_a_pipe_with_or_without_a_destination() {
    let release = Release::ready();
    for args in [&["deliver", "-"][..], &["deliver", "oci:out", "--json", "-"]] {
        let mut command = release.command(args);
        let document = fs::read(release.repository.at("setup-env.json")).unwrap();
        let mut child =
            command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &document).unwrap();
        support::Ran(child.wait_with_output().unwrap()).outcome("deliver");
    }
    assert!(release.repository.at("out/index.json").is_file());
}

#[test]
fn only_what_was_tested_green_and_frozen_of_these_files_is_delivered() {
    let refused = |codes: &[&str], change: &dyn Fn(&Release)| {
        let release = Release::ready();
        change(&release);
        let ran = release.run(&["deliver"]);
        assert_eq!(
            (ran.code(), ran.broken()),
            (1, codes.iter().map(|c| (*c).to_owned()).collect()),
            "{}",
            ran.said()
        );
        assert!(!default_layout(&release).exists());
    };
    refused(&["RT050"], &|r| r.test(Verdict::No));
    refused(&["RT041"], &|r| {
        let mut built = r.built();
        built.use_frozen = UseFrozen::Floating;
        r.note_built(&built);
    });
    refused(&["RT002", "RT010", "RT042", "RT072"], &|r| {
        r.repository.write("deployments/roman/MISSION_VERSION", "roman-13.0.0\n");
    });
    refused(&["RT040", "RT071", "RT072", "RT073", "RT074"], &|r| {
        fs::remove_dir_all(r.repository.at(".image/evidence/last-built")).unwrap();
    });
    refused(&["RT001", "RT010", "RT042", "RT071", "RT072", "RT073", "RT074"], &|r| {
        r.repository.write("deployments/roman/MISSION_VERSION", "\n");
    });
}

/// Another image was delivered under the version of a tag that tells of the first one's record.
#[test]
fn a_version_that_was_tagged_is_delivered_as_what_was_tagged_only() {
    for tags in [&["roman-12.0.0", "1.3.0"][..], &["roman-12.0.0-c-1.3.0"]] {
        let mut release = Release::ready();
        for tag in tags {
            let message = format!("Release\n\nRelease-Record: {}", release.record());
            release.repository.run_git(&["tag", "-a", "-m", &message, tag]);
        }
        release.run(&["deliver"]).outcome("deliver");
        fs::remove_dir_all(default_layout(&release)).unwrap();
        release.repository.write("deployments/roman/environments/roman-cal/roman-cal.pip", "mended\n");
        release.repository.commit("mend");
        release.id = release.engine.image(NAME, &["USE_FROZEN=1", "MENDED=1"]);
        release.build();
        release.test(Verdict::Yes);
        release.compare();
        // What a release is was said when it was tagged: save says nothing else of it.
        release.run(&["save"]).refused(1, &format!("{} tells of the record sha256:", tags[0]));
        assert_eq!(release.repository.status(), "");
        let ran = release.run(&["deliver"]);
        assert_eq!((ran.code(), ran.broken()), (1, codes(&["RT060", "RT071", "RT073"])), "{}", ran.said());
        assert!(!default_layout(&release).exists());
        release.repository.write("deployments/roman/MISSION_VERSION", "roman-12.0.1\n");
        release.repository.commit("another version");
        release.settle();
        release.run(&["deliver"]).outcome("deliver");
    }
}

#[test]
fn a_record_that_is_not_committed_delivers_nothing() {
    let release = Release::ready();
    release.repository.run_git(&["reset", "-q", "HEAD~1"]);
    let ran = release.run(&["deliver"]);
    assert_eq!((ran.code(), ran.broken()), (1, vec!["RT010".to_owned()]), "{}", ran.said());
}

#[test]
fn a_copied_tree_is_delivered_and_said_to_have_no_history() {
    let release = Release::ready();
    fs::remove_dir_all(release.repository.at(".git")).unwrap();
    let ran = release.run(&["deliver"]);
    ran.outcome("deliver");
    assert!(ran.said().contains("the tree is in no git repository"), "{}", ran.said());
}

#[test]
fn an_archive_of_another_image_is_refused() {
    let release = Release::ready();
    // The engine mixes two images up: under the id there is the archive of another one.
    let other = release.engine.image("other", &["X=1"]);
    let home = release.engine.program().parent().unwrap().parent().unwrap().join("images");
    fs::copy(home.join(other.hex()).join("archive.tar"), home.join(release.id.hex()).join("archive.tar"))
        .unwrap();
    let ran = release.run(&["deliver"]);
    ran.refused(65, &format!("does not hold the image {}; it holds {other}", release.id));
    assert!(!default_layout(&release).exists());
}

#[test]
fn another_image_under_the_tag_is_replaced_only_on_request() {
    let release = Release::ready();
    release.run(&["deliver"]).outcome("deliver");
    let before = read(&default_layout(&release));
    let mut newer = release;
    newer.id = newer.engine.image(NAME, &["USE_FROZEN=1", "NEWER=1"]);
    newer.settle();
    newer.run(&["deliver"]).refused(1, "under roman-12.0.0");
    assert_eq!(read(&default_layout(&newer)), before);
    newer.run(&["deliver", "--replace"]).outcome("deliver");
    let (_, manifest) = read(&default_layout(&newer));
    assert_eq!(manifest["config"]["digest"], newer.id.as_str());
    let blobs = fs::read_dir(default_layout(&newer).join("blobs/sha256")).unwrap().count();
    assert_eq!(blobs, 3 + BESIDE, "nothing of the old image is left");
}

#[test]
fn a_damaged_layout_is_written_again() {
    let release = Release::ready();
    let first = release.run(&["deliver"]).outcome("deliver");
    let blob = default_layout(&release).join("blobs/sha256").join(release.id.hex());
    fs::write(&blob, "{}").unwrap();
    let ran = release.run(&["deliver"]);
    assert_eq!(ran.outcome("deliver")["manifest"], first["manifest"]);
    assert!(ran.said().contains("it is written again"), "{}", ran.said());
    assert_eq!(Digest::of(&fs::read(blob).unwrap()), release.id);
}

#[test]
fn an_engine_that_fails_to_save_leaves_nothing() {
    let release = Release::ready();
    release.engine.fail_saying("save", 1, "no space left on device");
    let ran = release.run(&["deliver"]);
    assert_ne!(ran.code(), 0);
    assert!(ran.0.stdout.is_empty() && ran.said().contains("no space left on device"), "{}", ran.said());
    assert!(!default_layout(&release).exists());
    assert_eq!(fs::read_dir(release.repository.at(".image/stage/deliver")).unwrap().count(), 0);
}

#[test]
fn a_destination_that_is_none_is_told_at_once() {
    let release = Release::ready();
    release.run(&["deliver", "ghcr.io/org/roman"]).refused(2, "is no destination");
    release.run(&["deliver", "docker://ghcr.io/org/roman:12"]).refused(2, "the tag is MISSION_VERSION");
}

#[test]
fn an_archive_is_delivered_where_the_engine_has_the_image_no_more() {
    let release = Release::ready();
    let expected = release.run(&["deliver"]).outcome("deliver")["manifest"].clone();
    let home =
        release.engine.program().parent().unwrap().parent().unwrap().join("images").join(release.id.hex());
    let out = tempfile::tempdir().unwrap();
    let archive = out.path().join("saved.tar").display().to_string();
    fs::copy(home.join("archive.tar"), &archive).unwrap();
    release.engine.fail("inspect", 9);
    release.engine.fail("save", 9);
    fs::remove_dir_all(default_layout(&release)).unwrap();
    let outcome = release.run(&["deliver", "--from", &archive]).outcome("deliver");
    assert_eq!(outcome["manifest"], expected);
    fs::write(&archive, "no archive").unwrap();
    fs::remove_dir_all(default_layout(&release)).unwrap();
    assert_ne!(release.run(&["deliver", "--from", &archive]).code(), 0);
    assert!(!default_layout(&release).exists());
}

/// The kinds of all that the index at `path` names besides the image, which all point at it.
fn beside(layout: &Path) -> Vec<String> {
    let json = |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let index = json(layout.join("index.json"));
    let image = read(layout).0;
    let others = index["manifests"].as_array().unwrap().iter().filter(|m| m["digest"] != image.as_str());
    let kind = |entry: &Value| {
        let name = entry["digest"].as_str().unwrap();
        let manifest = json(layout.join("blobs/sha256").join(&name["sha256:".len()..]));
        assert_eq!(manifest["subject"]["digest"], image.as_str());
        assert_eq!(manifest["artifactType"], entry["artifactType"]);
        entry["artifactType"].as_str().unwrap().to_owned()
    };
    others.map(kind).collect()
}

#[test]
fn what_is_said_about_an_image_is_beside_it_in_a_layout_too() {
    let release = Release::ready();
    release.run(&["deliver", "--no-attach"]).outcome("deliver");
    let layout = default_layout(&release);
    assert_eq!(beside(&layout), codes(&[]));
    let before = read(&layout);
    assert_eq!(release.run(&["deliver"]).outcome("deliver")["delivery"], "present");
    let (record, in_toto) = ("application/vnd.image-tools.release.v1+json", "application/vnd.in-toto+json");
    assert_eq!(beside(&layout), codes(&[record, in_toto, in_toto, in_toto, "application/spdx+json"]));
    assert_eq!(read(&layout), before, "the image is the same");
    let all = |layout: &Path| common::digest::of_tree(layout, &|_| false).unwrap();
    let whole = all(&layout);
    release.run(&["deliver"]).outcome("deliver");
    assert_eq!(all(&layout), whole, "again nothing changes");
    // What was damaged is written again.
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let name = index["manifests"][2]["digest"].as_str().unwrap();
    fs::write(layout.join("blobs/sha256").join(&name["sha256:".len()..]), "{}").unwrap();
    release.run(&["deliver"]).outcome("deliver");
    assert_eq!(all(&layout), whole);
    // Who looks for images finds one.
    let images = common::oci::list(&common::oci::Directory::at(&layout)).unwrap();
    assert_eq!(images.iter().map(|image| &image.id).collect::<Vec<_>>(), [&release.id]);
}

#[test]
fn an_archive_has_it_too_and_gets_what_it_lacks() {
    let release = Release::ready();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("roman.tar");
    let to = format!("oci-archive:{}", file.display());
    release.run(&["deliver", &to]).outcome("deliver");
    let whole = fs::read(&file).unwrap();
    assert_eq!(release.run(&["deliver", &to]).outcome("deliver")["delivery"], "present");
    assert_eq!(fs::read(&file).unwrap(), whole);
    fs::remove_file(&file).unwrap();
    release.run(&["deliver", &to, "--no-attach"]).outcome("deliver");
    let bare = fs::read(&file).unwrap();
    assert!(bare.len() < whole.len());
    assert_eq!(release.run(&["deliver", &to, "--no-attach"]).outcome("deliver")["delivery"], "present");
    assert_eq!(fs::read(&file).unwrap(), bare);
    assert_eq!(release.run(&["deliver", &to]).outcome("deliver")["delivery"], "present");
    assert_eq!(fs::read(&file).unwrap(), whole, "the same bytes, however it came about");
}

/// A layout that others use too is only added to.
#[test]
fn what_others_have_in_a_layout_stays() {
    let release = Release::ready();
    release.run(&["deliver"]).outcome("deliver");
    let layout = default_layout(&release);
    let path = layout.join("index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let theirs = json!({"mediaType": "application/x", "digest": Digest::of(b"x"), "size": 1, "x": 2});
    index["manifests"].as_array_mut().unwrap().push(theirs.clone());
    fs::write(&path, index.to_string()).unwrap();
    fs::remove_file(layout.join("blobs/sha256").join(release.id.hex())).unwrap();
    release.run(&["deliver"]).outcome("deliver");
    let index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(index["manifests"].as_array().unwrap().contains(&theirs), "{index}");
    assert_eq!(beside_of(&index), 5);
}

fn beside_of(index: &Value) -> usize {
    index["manifests"].as_array().unwrap().iter().filter(|m| m["artifactType"].is_string()).count()
}

//! What points at an image, in registries that keep lists, that keep none, and that answer whatever.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod played;
mod support;

use played::{Lists, Played};
use serde_json::Value;
use support::{Ran, Release};

const TAG: &str = "roman-12.0.0";

fn deliver(release: &Release, registry: &Played, more: &[&str]) -> Ran {
    let to = format!("docker://{}/stsci/roman", registry.host());
    release.run(&[&["deliver", &to, "--execute"], more].concat())
}

/// Verifies it on this machine: everything beside the image must be found.
fn verified(release: &Release, registry: &Played) {
    let image = format!("docker://{}/stsci/roman", registry.host());
    let ran = release.run(&["verify", TAG, "--image", &image]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let links = ran.report()["outcome"]["verify"]["links"].as_array().unwrap().clone();
    let passed = |code: &str| links.iter().any(|link| link["code"] == code && link["status"] == "passed");
    for code in ["RV020", "RV021", "RV022", "RV023", "RV024"] {
        assert!(passed(code), "{code}: {}", ran.said());
    }
}

fn tagged_release() -> Release {
    let release = Release::ready();
    release.run(&["tag", "--execute"]).outcome("tag");
    release
}

fn fallback(registry: &Played) -> (String, Vec<Value>) {
    let digest = registry.tagged(TAG).unwrap();
    let tag = digest.replace(':', "-");
    let index = registry.manifest(&tag).map(|index| index["manifests"].as_array().unwrap().clone());
    (tag, index.unwrap_or_default())
}

/// ghcr.io sends whoever asks to a page for people, which asks to wait; others answer with the page itself.
#[test]
fn registries_without_a_list_that_answer_anything_else_get_an_index_under_a_tag() {
    for mood in [Lists::Redirect, Lists::Page, Lists::Limit, Lists::Closed, Lists::Broken] {
        let (release, registry) = (tagged_release(), Played::start(&[]));
        registry.list(mood);
        deliver(&release, &registry, &[]).outcome("deliver");
        let (tag, entries) = fallback(&registry);
        assert_eq!(entries.len(), 5, "{mood:?}");
        let requests = registry.requests();
        let asked = |what: &str| requests.iter().filter(|request| request.contains(what)).count();
        assert_eq!((asked("/referrers/"), asked("/page")), (1, 0), "{mood:?}: {requests:#?}");
        assert_eq!(asked(&format!("PUT /v2/stsci/roman/manifests/{tag}")), 1, "{mood:?}: {requests:#?}");
        verified(&release, &registry);
    }
}

#[test]
fn a_list_is_read_to_its_last_page_and_nothing_is_put_under_a_tag() {
    for size in [1, 2, 5, 100] {
        let (release, registry) = (tagged_release(), Played::start(&[]));
        registry.list(Lists::Pages(size));
        deliver(&release, &registry, &[]).outcome("deliver");
        assert!(fallback(&registry).1.is_empty(), "{size}");
        verified(&release, &registry);
        registry.forget();
        deliver(&release, &registry, &[]).outcome("deliver");
        let requests = registry.requests();
        assert!(requests.iter().all(|request| request.starts_with("GET")), "{size}: {requests:#?}");
    }
}

/// The index under the tag of the image was written once for each attachment.
#[test]
fn a_registry_whose_tags_cannot_be_changed_takes_a_whole_delivery() {
    let (mut release, registry) = (tagged_release(), Played::start(&[]));
    registry.keep_tags();
    deliver(&release, &registry, &[]).outcome("deliver");
    assert_eq!(fallback(&registry).1.len(), 5);
    assert_eq!(deliver(&release, &registry, &[]).outcome("deliver")["delivery"], "present");
    verified(&release, &registry);
    // Git's tags are gone, and another image is released under the version.
    release.repository.run_git(&["tag", "-d", TAG, "1.3.0"]);
    release.id = release.engine.image(support::NAME, &["USE_FROZEN=1", "NEWER=1"]);
    release.settle();
    let ran = deliver(&release, &registry, &["--replace-tag", "--replace"]);
    ran.refused(1, "the repository is immutable");
    assert!(ran.said().contains("if its tags cannot be changed"), "{}", ran.said());
}

/// Somebody attached an archive of gigabytes: it is none of ours, and was to be read all the same.
#[test]
fn what_others_attach_is_not_fetched() {
    let (release, registry) = (tagged_release(), Played::start(&[]));
    deliver(&release, &registry, &[]).outcome("deliver");
    let digest = registry.tagged(TAG).unwrap();
    let foreign = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example.archive",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest, "size": 2},
        "layers": [
            {"mediaType": "application/vnd.example.archive", "digest": digest, "size": 1_u64 << 40},
            {"mediaType": "application/vnd.in-toto+json", "digest": digest, "size": 1_u64 << 30},
        ],
        "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1},
    });
    let bytes = serde_json::to_vec(&foreign).unwrap();
    let own = common::digest::Digest::of(&bytes);
    registry.put_manifest(own.as_str(), &bytes);
    let (tag, mut entries) = fallback(&registry);
    entries.push(serde_json::json!({"mediaType": foreign["mediaType"], "digest": own, "size": bytes.len()}));
    entries
        .push(serde_json::json!({"mediaType": foreign["mediaType"], "digest": digest, "size": 1_u64 << 40}));
    let index = serde_json::json!({"schemaVersion": 2, "manifests": entries});
    registry.put_manifest(&tag, &serde_json::to_vec(&index).unwrap());
    registry.forget();
    verified(&release, &registry);
    let fetched = registry.requests();
    assert!(!fetched.iter().any(|request| request.contains(&format!("/blobs/{digest}"))), "{fetched:#?}");
}

//! What `release-tag verify` must not say yes to, and what it can tell without a clone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod played;
mod support;

use common::digest::Digest;
use played::Played;
use serde_json::{Value, json};
use support::{Ran, Release};

const TAG: &str = "roman-12.0.0";
const RECORD: &str = "deployments/roman/release.json";

/// The codes of the links that are `status`.
fn links(ran: &Ran, status: &str) -> Vec<String> {
    let links = ran.report()["outcome"]["verify"]["links"].as_array().unwrap().clone();
    let wanted = links.iter().filter(|link| link["status"] == status);
    wanted.map(|link| link["code"].as_str().unwrap().to_owned()).collect()
}

fn detail(ran: &Ran, code: &str) -> String {
    let links = ran.report()["outcome"]["verify"]["links"].as_array().unwrap().clone();
    let link = links.iter().find(|link| link["code"] == code).unwrap();
    link["detail"].as_str().unwrap_or_default().to_owned()
}

struct Delivered {
    release: Release,
    registry: Played,
    image: String,
}

impl Delivered {
    fn with(flags: &[&str]) -> Self {
        let (release, registry) = (Release::ready(), Played::start(&[]));
        release.run(&["tag", "--execute"]).outcome("tag");
        let image = format!("docker://{}/stsci/roman", registry.host());
        release.run(&[&["deliver", &image, "--execute"], flags].concat()).outcome("deliver");
        Self { release, registry, image }
    }

    fn verify(&self, more: &[&str]) -> Ran {
        self.release.run(&[&["verify", TAG, "--image", &self.image], more].concat())
    }
}

#[test]
fn an_image_without_the_evidence_beside_it_is_no_yes() {
    let delivered = Delivered::with(&["--no-attach"]);
    let ran = delivered.verify(&[]);
    let missing = ["RV020", "RV021", "RV022", "RV023", "RV024"];
    assert_eq!((ran.code(), links(&ran, "failed")), (69, vec![]), "{}", ran.said());
    assert_eq!(links(&ran, "skipped"), [&missing[..], &["RV030"]].concat());
    assert_eq!(delivered.verify(&["--excuse", &missing.join(",")]).code(), 0);
    for one in missing {
        let others: Vec<&str> = missing.into_iter().filter(|code| *code != one).collect();
        assert_eq!(delivered.verify(&["--excuse", &others.join(",")]).code(), 69, "{one}");
    }
    assert_eq!(delivered.verify(&["--excuse", "RV999"]).code(), 2);
}

#[test]
fn what_does_not_hold_is_excused_by_nothing() {
    let delivered = Delivered::with(&[]);
    let layer = delivered.registry.manifest(TAG).unwrap()["layers"][0]["digest"].as_str().unwrap().to_owned();
    delivered.registry.lose(&layer);
    let ran = delivered.verify(&["--excuse", "RV012"]);
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV012".to_owned()]), "{}", ran.said());
}

/// Tags a record that `edit` made something else of, and verifies the tag.
fn with_record(edit: &dyn Fn(&mut Value)) -> Ran {
    let release = Release::ready();
    let mut record: Value = serde_json::from_str(&release.repository.read(RECORD)).unwrap();
    edit(&mut record);
    let text = serde_json::to_string_pretty(&record).unwrap() + "\n";
    release.repository.write(RECORD, &text);
    release.repository.commit("another record");
    let message = format!("Release\n\nRelease-Record: {}", Digest::of(text.as_bytes()));
    release.repository.run_git(&["tag", "-a", "-m", &message, TAG]);
    release.run(&["verify", TAG])
}

#[test]
fn a_record_with_failures_that_nobody_waived_does_not_hold() {
    let fail = |record: &mut Value| record["tests"]["results"]["roman-cal"]["import numpy"] = json!("failed");
    let waive = |record: &mut Value, what: &str, expires: &str| {
        let waiver = json!({"what": what, "owner": "ada", "reason": "known", "expires": expires});
        record["tests"]["waived"] = json!([{"environment": "roman-cal", "waiver": waiver}]);
    };
    let ran = with_record(&|record| fail(record));
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV008".to_owned()]), "{}", ran.said());
    assert_eq!(detail(&ran, "RV008"), "roman-cal: import numpy");
    let ran = with_record(&|record| {
        fail(record);
        waive(record, "import numpy", "2001-01-01");
    });
    assert!(detail(&ran, "RV008").contains("was waived until 2001-01-01 only"), "{}", ran.said());
    let ran = with_record(&|record| {
        fail(record);
        waive(record, "import scipy", "2999-12-31");
    });
    assert_eq!(links(&ran, "failed"), ["RV008"], "{}", ran.said());
    let ran = with_record(&|record| {
        fail(record);
        waive(record, "import numpy", "2999-12-31");
    });
    assert_eq!((ran.code(), links(&ran, "failed")), (69, vec![]), "{}", ran.said());
    // Failures that are only counted.
    let ran = with_record(&|record| record["tests"]["failed"] = json!(2));
    assert_eq!(detail(&ran, "RV008"), "2 failures without a name");
    let difference =
        json!([{"kind": "pip", "class": "version", "name": "numpy", "frozen": "1", "built": "2"}]);
    let ran = with_record(&|record| record["drift"]["differences"] = json!({"roman-cal": difference}));
    assert_eq!(detail(&ran, "RV008"), "roman-cal: drift numpy", "{}", ran.said());
}

#[test]
fn a_tag_that_was_forced_does_not_hold() {
    let release = Release::ready();
    release.run(&["tag", "--execute", "--no-check"]).outcome("tag");
    let ran = release.run(&["verify", TAG]);
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV007".to_owned()]), "{}", ran.said());
    assert!(ran.said().contains("Checked: no"), "{}", ran.said());
}

#[test]
fn the_layers_in_a_registry_are_read_when_that_is_asked_for() {
    let delivered = Delivered::with(&[]);
    let layer = delivered.registry.manifest(TAG).unwrap()["layers"][0]["digest"].as_str().unwrap().to_owned();
    let reads = || {
        let wanted = format!("GET /v2/stsci/roman/blobs/{layer}");
        delivered.registry.requests().iter().filter(|request| **request == wanted).count()
    };
    let ran = delivered.verify(&[]);
    assert_eq!((ran.code(), reads()), (0, 0), "{}", ran.said());
    assert!(
        detail(&ran, "RV012").contains("--deep") && ran.said().contains("were not read"),
        "{}",
        ran.said()
    );
    let ran = delivered.verify(&["--deep"]);
    assert_eq!((ran.code(), reads(), detail(&ran, "RV012").as_str()), (0, 1, ""), "{}", ran.said());
    delivered.registry.flip(&layer);
    assert_eq!(delivered.verify(&[]).code(), 0, "what the registry has was not looked at");
    let ran = delivered.verify(&["--deep"]);
    ran.refused(76, &layer);
}

/// The configuration is the tested image's, and the layers are others.
#[test]
fn layers_that_are_not_those_of_the_configuration_are_found_out() {
    let delivered = Delivered::with(&[]);
    let mut manifest = delivered.registry.manifest(TAG).unwrap();
    let other = b"other content".to_vec();
    let digest = Digest::of(&other);
    delivered.registry.put_blob(digest.as_str(), &other);
    manifest["layers"][0] = json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": other.len(),
    });
    delivered.registry.put_manifest(TAG, &serde_json::to_vec(&manifest).unwrap());
    delivered.verify(&["--deep"]).refused(76, "the configuration says");
}

#[test]
fn outside_of_a_clone_an_image_and_its_record_can_be_looked_at() {
    let delivered = Delivered::with(&[]);
    let nowhere = tempfile::tempdir().unwrap();
    let there = |args: &[&str]| {
        let mut command = delivered.release.command(&[&["verify"], args].concat());
        Ran(command.current_dir(nowhere.path()).output().unwrap())
    };
    let typed = format!("{}:{TAG}", delivered.image);
    for args in [&[typed.as_str()][..], &[TAG, "--image", &delivered.image]] {
        let ran = there(args);
        assert_eq!((ran.code(), links(&ran, "failed")), (69, vec![]), "{}", ran.said());
        let passed = links(&ran, "passed");
        let held = ["RV008", "RV010", "RV011", "RV012", "RV021", "RV022", "RV023", "RV024"];
        assert_eq!(passed, held, "{}", ran.said());
        assert!(ran.said().contains("there is no clone of the repository here"), "{}", ran.said());
    }
    let ran = there(&[TAG]);
    assert!(ran.0.stdout.is_empty() && ran.code() != 0, "{}", ran.said());
}

#[test]
fn an_index_of_several_images_is_told_with_their_names() {
    let delivered = Delivered::with(&[]);
    let digest = delivered.registry.tagged(TAG).unwrap();
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1,
         "platform": {"os": "linux", "architecture": "amd64"}},
    ]});
    delivered.registry.put_manifest(TAG, &serde_json::to_vec(&index).unwrap());
    let ran = delivered.verify(&[]);
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV010".to_owned()]), "{}", ran.said());
    assert!(detail(&ran, "RV010").contains(&format!("@{digest} (linux/amd64)")), "{}", ran.said());
    let named = format!("{}@{digest}", delivered.image);
    let ran = delivered.release.run(&["verify", TAG, "--image", &named]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    // A digest alone does not say which release it is.
    assert_eq!(delivered.release.run(&["verify", &named]).code(), 69);
}

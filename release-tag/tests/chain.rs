//! The whole chain on real services: a git remote over file and over http, and a registry; and what
//! `release-tag verify` finds on another machine.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod imported;
mod played;
mod real;
mod support;
mod web;

use std::path::Path;

use common::digest::Digest;
use common::settings::EngineChoice;
use imported::Imported;
use played::Played;
use real::Real;
use serde_json::Value;
use support::{Ran, Release};
use web::Web;

const TAG: &str = "roman-12.0.0";

/// The links that are `status`.
fn links(ran: &Ran, status: &str) -> Vec<String> {
    let links = ran.report()["outcome"]["verify"]["links"].as_array().unwrap().clone();
    let wanted = links.iter().filter(|link| link["status"] == status);
    wanted.map(|link| link["code"].as_str().unwrap().to_owned()).collect()
}

/// A clone of `url` on what could be another machine, and `verify` in it.
fn verify_elsewhere(release: &Release, url: &str, args: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let clone = dir.path().join("clone");
    release.repository.run_git(&["clone", "-q", url, clone.to_str().unwrap()]);
    let mut command = release.command(&[&["verify"], args].concat());
    Ran(command.current_dir(&clone).env("PATH", common_path()).output().unwrap())
}

/// No engine, neither real nor pretended.
fn common_path() -> std::ffi::OsString {
    "/usr/bin:/bin".into()
}

fn image(host: &str) -> String {
    format!("docker://{host}/stsci/roman")
}

/// Tags and delivers, and checks that four identities are one: tested, recorded, tagged, delivered.
fn happy_path(release: &Release, remote: &str, host: &str) {
    let gate = release.run(&["check"]);
    assert_eq!((gate.code(), gate.broken()), (0, vec![]), "{}", gate.said());
    release.run(&["tag", "--execute"]).outcome("tag");
    let outcome = release.run(&["deliver", &image(host), "--execute"]).outcome("deliver");
    let tested: common::evidence::Tested = release.store().read(&release.id).unwrap().unwrap();
    let recorded: Value =
        serde_json::from_str(&release.repository.read("deployments/roman/release.json")).unwrap();
    let message = release.repository.run_git(&["tag", "-l", "--format=%(contents)", TAG]);
    let tagged = message.lines().find_map(|line| line.strip_prefix("Image: ")).unwrap().to_owned();
    let layout = release.repository.at(".image/delivery").join(TAG);
    let manifest = outcome["manifest"].as_str().unwrap();
    let blob = std::fs::read(layout.join("blobs/sha256").join(&manifest["sha256:".len()..])).unwrap();
    let delivered: Value = serde_json::from_slice(&blob).unwrap();
    let identities = [
        tested.image.id.to_string(),
        recorded["image"]["id"].as_str().unwrap().to_owned(),
        tagged,
        delivered["config"]["digest"].as_str().unwrap().to_owned(),
    ];
    assert_eq!(identities, [(); 4].map(|()| release.id.to_string()));
    let ran = verify_elsewhere(release, remote, &[TAG, "--image", &image(host)]);
    assert_eq!((ran.code(), links(&ran, "failed")), (0, vec![]), "{}", ran.said());
    assert_eq!(links(&ran, "skipped"), ["RV030"], "{}", ran.said());
    assert_eq!(ran.report()["outcome"]["verify"]["manifest"], outcome["manifest"]);
    let from_the_image = verify_elsewhere(release, remote, &[&format!("{}:{TAG}", image(host))]);
    assert_eq!(from_the_image.code(), 0, "{}", from_the_image.said());
}

#[test]
fn four_identities_are_one_over_a_file_remote_and_a_real_registry() {
    let Some(real) = Real::start() else {
        return eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
    };
    let release = Release::ready();
    let remote = release.remote();
    happy_path(&release, &format!("file://{}", remote.path().display()), &real.host);
}

#[test]
fn four_identities_are_one_over_an_http_remote() {
    let Some(web) = Web::start() else {
        return eprintln!("skipped: no python3 with http.server, or no git http-backend");
    };
    let (release, registry) = (Release::ready(), Played::start(&[]));
    let url = web.repository(&release);
    happy_path(&release, &url, &registry.host());
}

/// Built by none of ours, but in engines, a registry and a remote that are real.
#[test]
fn four_identities_are_one_with_every_engine() {
    for choice in [EngineChoice::Docker, EngineChoice::Buildah, EngineChoice::Podman] {
        let Some(imported) = Imported::into(choice) else { continue };
        let Some(real) = Real::start() else {
            return eprintln!(
                "skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)"
            );
        };
        let remote = imported.release.remote();
        happy_path(&imported.release, &format!("file://{}", remote.path().display()), &real.host);
        eprintln!("{choice}: tested, recorded, tagged and delivered is {}", imported.release.id);
    }
}

/// A release that was delivered to a registry that can be spoiled.
struct Delivered {
    release: Release,
    remote: String,
    registry: Played,
    manifest: String,
    _bare: support::Remote,
}

impl Delivered {
    fn new() -> Self {
        let (release, registry) = (Release::ready(), Played::start(&[]));
        let bare = release.remote();
        release.run(&["tag", "--execute"]).outcome("tag");
        let outcome = release.run(&["deliver", &image(&registry.host()), "--execute"]).outcome("deliver");
        let manifest = outcome["manifest"].as_str().unwrap().to_owned();
        let remote = format!("file://{}", bare.path().display());
        Self { release, remote, registry, manifest, _bare: bare }
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let image = image(&self.registry.host());
        verify_elsewhere(&self.release, &self.remote, &[&[TAG, "--image", &image], more].concat())
    }

    /// The digest of the layer of the attached statement of this kind.
    fn attached(&self, predicate: &str) -> String {
        let hex = &self.manifest["sha256:".len()..];
        let index = self.registry.manifest(&format!("sha256-{hex}")).unwrap();
        let entries = index["manifests"].as_array().unwrap().clone();
        let wanted = |entry: &&Value| entry["annotations"]["in-toto.io/predicate-type"] == predicate;
        let artifact = entries.iter().find(wanted).unwrap()["digest"].as_str().unwrap().to_owned();
        let artifact = self.registry.manifest(&artifact).unwrap();
        artifact["layers"][0]["digest"].as_str().unwrap().to_owned()
    }
}

#[test]
fn another_image_under_the_tag_is_found_out() {
    let delivered = Delivered::new();
    let mut other = Release::ready();
    other.id = other.engine.image(support::NAME, &["USE_FROZEN=1", "OTHER=1"]);
    other.settle();
    let to = image(&delivered.registry.host());
    other.run(&["deliver", &to, "--execute", "--replace-tag"]).outcome("deliver");
    let ran = delivered.verify(&[]);
    assert_eq!(ran.code(), 1, "{}", ran.said());
    assert!(links(&ran, "failed").contains(&"RV011".to_owned()), "{}", ran.said());
}

#[test]
fn nothing_under_the_tag_and_a_missing_layer_are_found_out() {
    let delivered = Delivered::new();
    let absent = format!("docker://{}/stsci/roman:absent", delivered.registry.host());
    let ran = verify_elsewhere(&delivered.release, &delivered.remote, &[TAG, "--image", &absent]);
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV010".to_owned()]));
    let manifest = delivered.registry.manifest(TAG).unwrap();
    delivered.registry.lose(manifest["layers"][0]["digest"].as_str().unwrap());
    let ran = delivered.verify(&[]);
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV012".to_owned()]), "{}", ran.said());
}

#[test]
fn evidence_that_was_changed_in_the_registry_is_a_broken_protocol() {
    let delivered = Delivered::new();
    delivered.registry.flip(&delivered.attached("urn:image-tools:test:1"));
    let ran = delivered.verify(&[]);
    assert_eq!(ran.code(), 76, "{}", ran.said());
}

#[test]
fn a_delivery_without_its_bill_of_materials_says_so() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    let bare = release.remote();
    release.run(&["tag", "--execute"]).outcome("tag");
    // What was attached is not what the record names: it is not attached at all.
    release.store().put_beside(&release.id, "image.spdx.json", b"{}").unwrap();
    let outcome = release.run(&["deliver", &image(&registry.host()), "--execute"]).outcome("deliver");
    let manifest = outcome["manifest"].as_str().unwrap().to_owned();
    let remote = format!("file://{}", bare.path().display());
    let delivered = Delivered { release, remote, registry, manifest, _bare: bare };
    let ran = delivered.verify(&[]);
    assert_eq!((ran.code(), links(&ran, "skipped")), (69, vec!["RV024".to_owned(), "RV030".to_owned()]));
    assert_eq!(delivered.verify(&["--excuse", "RV024"]).code(), 0);
}

#[test]
fn without_the_image_nothing_is_a_yes() {
    let delivered = Delivered::new();
    let ran = verify_elsewhere(&delivered.release, &delivered.remote, &[TAG]);
    assert_eq!(ran.code(), 69, "{}", ran.said());
    assert!(links(&ran, "failed").is_empty() && links(&ran, "skipped").contains(&"RV011".to_owned()));
    let ran = verify_elsewhere(&delivered.release, &delivered.remote, &["roman-1.0.0"]);
    assert_eq!(ran.code(), 69, "{}", ran.said());
}

/// Layouts and archives carry what is said about the image, and who signed it, as registries do.
#[test]
fn a_layout_and_an_archive_tell_all_that_a_registry_tells() {
    let delivered = Delivered::new();
    let out = tempfile::tempdir().unwrap();
    let at = |name: &str| out.path().join(name).display().to_string();
    for to in [format!("oci:{}", at("layout")), format!("oci-archive:{}", at("a.tar"))] {
        delivered.release.run(&["deliver", &to]).outcome("deliver");
        let verify = |more: &[&str]| {
            verify_elsewhere(&delivered.release, &delivered.remote, &[&[TAG, "--image", &to], more].concat())
        };
        let ran = verify(&[]);
        assert_eq!((ran.code(), links(&ran, "skipped")), (0, vec!["RV030".to_owned()]), "{}", ran.said());
        let Some((key, public)) = key(out.path()) else {
            return eprintln!("skipped: no openssl on PATH to make a key");
        };
        let ran = verify(&["--key", &public]);
        assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV030".to_owned()]), "{}", ran.said());
        delivered.release.run(&["deliver", &to, "--sign-key", &key]).outcome("deliver");
        let ran = verify(&["--key", &public]);
        assert_eq!((ran.code(), links(&ran, "skipped")), (0, vec![]), "{}", ran.said());
        // What was signed stays signed when nobody signs again.
        delivered.release.run(&["deliver", &to]).outcome("deliver");
        assert_eq!(verify(&["--key", &public]).code(), 0);
    }
}

/// A private key and its public one; none without openssl.
fn key(dir: &Path) -> Option<(String, String)> {
    let at = |name: &str| dir.join(name).display().to_string();
    let (key, public) = (at("key.pem"), at("key.pub"));
    let openssl = |args: &[&str]| std::process::Command::new("openssl").args(args).output();
    let made = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key]);
    made.ok().filter(|output| output.status.success())?;
    openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]).ok()?;
    Some((key, public))
}

#[test]
fn evidence_that_was_changed_in_a_layout_is_bad_data() {
    let delivered = Delivered::new();
    let to = format!("oci:{}", delivered.release.repository.at("out").display());
    delivered.release.run(&["deliver", &to]).outcome("deliver");
    let tested = delivered.attached("urn:image-tools:test:1");
    spoil(&delivered.release.repository.at("out/blobs/sha256").join(&tested["sha256:".len()..]));
    let ran = verify_elsewhere(&delivered.release, &delivered.remote, &[TAG, "--image", &to]);
    assert_eq!(ran.code(), 65, "{}", ran.said());
}

#[test]
fn a_layout_is_verified_to_its_last_byte() {
    let delivered = Delivered::new();
    // What was sent to the registry came out of it; what is said about the image goes into it now.
    delivered.release.run(&["deliver"]).outcome("deliver");
    let layout = delivered.release.repository.at(".image/delivery").join(TAG);
    let ran = delivered.release.run(&["verify", TAG, "--image", &format!("oci:{}", layout.display())]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let manifest = delivered.registry.manifest(TAG).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    spoil(&layout.join("blobs/sha256").join(&layer["sha256:".len()..]));
    let ran = delivered.release.run(&["verify", TAG, "--image", &format!("oci:{}", layout.display())]);
    assert_eq!(ran.code(), 65, "{}", ran.said());
}

fn spoil(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let before = Digest::of(&bytes);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, &bytes).unwrap();
    assert_ne!(Digest::of(&bytes), before);
}

/// Rewrites the commit that is tagged, so that the record in it is another one or its files are.
#[test]
fn a_tag_that_was_moved_to_another_commit_is_found_out() {
    let check = |path: &str, text: &str, code: &str| {
        let delivered = Delivered::new();
        let repository = &delivered.release.repository;
        let message = repository.run_git(&["tag", "-l", "--format=%(contents)", TAG]);
        repository.write(path, text);
        repository.commit("changed");
        repository.run_git(&["tag", "--force", "-a", "-m", &message, TAG]);
        repository.run_git(&["push", "-q", "--force", "origin", TAG]);
        let ran = delivered.verify(&[]);
        assert_eq!(ran.code(), 1, "{path}: {}", ran.said());
        assert!(links(&ran, "failed").contains(&code.to_owned()), "{path}: {}", ran.said());
    };
    check("deployments/roman/release.json", "{}\n", "RV001");
    check("deployments/common/VERSION", "1.3.1\n", "RV003");
    check("deployments/roman/env-frozen/roman-cal/requirements.txt", "asdf==3.0.2\n", "RV004");
    check("deployments/roman/environments/roman-cal/sources.lock.json", "{}\n", "RV005");
    check("deployments/roman/Dockerfile.custom", "FROM evil\n", "RV006");
}

#[test]
fn a_signature_is_checked_with_the_key_that_is_named() {
    let delivered = Delivered::new();
    let keys = tempfile::tempdir().unwrap();
    let at = |name: &str| keys.path().join(name).display().to_string();
    let openssl = |args: &[&str]| std::process::Command::new("openssl").args(args).output();
    for name in ["one", "two"] {
        let curve = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &at(name)];
        match openssl(&curve) {
            Ok(output) if output.status.success() => {}
            _ => return eprintln!("skipped: no openssl on PATH to make a key"),
        }
        openssl(&["pkey", "-in", &at(name), "-pubout", "-out", &at(&format!("{name}.pub"))]).unwrap();
    }
    let ran = delivered.verify(&["--key", &at("one.pub")]);
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV030".to_owned()]), "{}", ran.said());
    let to = image(&delivered.registry.host());
    delivered.release.run(&["deliver", &to, "--execute", "--sign-key", &at("one")]).outcome("deliver");
    let ran = delivered.verify(&["--key", &at("one.pub")]);
    assert_eq!((ran.code(), links(&ran, "skipped")), (0, vec![]), "{}", ran.said());
    let ran = delivered.verify(&["--key", &at("two.pub")]);
    assert_eq!((ran.code(), links(&ran, "failed")), (1, vec!["RV030".to_owned()]), "{}", ran.said());
}

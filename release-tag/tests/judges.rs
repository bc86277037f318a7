//! Programs of others as judges: what cosign, oras and crane make of a delivery, and we of cosign's signatures.
//! `scripts/setup test` brings them, both generations of cosign: 2 as `cosign`, 3 as `cosign3`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod crane;
mod played;
mod real;
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crane::Crane;
use played::{Lists, Played};
use real::Real;
use support::Release;

const TAG: &str = "roman-12.0.0";
const KEY: (&str, &str) = ("cosign.key", "cosign.pub");
const PASSWORD: (&str, &str) = ("COSIGN_PASSWORD", "correct horse");

/// Runs `program` without anything of whoever runs the tests; none where there is no such program.
fn run(program: &str, home: &Path, args: &[&str]) -> Option<Output> {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(home)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("HOME", home).env(PASSWORD.0, PASSWORD.1).output().ok()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// One generation of cosign.
#[derive(Clone, Copy)]
struct Cosign {
    program: &'static str,
    /// What keeps it from asking services of the internet.
    verifying: &'static [&'static str],
    signing: &'static [&'static str],
}

const GENERATIONS: [Cosign; 2] = [
    Cosign {
        program: "cosign",
        verifying: &["--insecure-ignore-tlog=true", "--offline", "--allow-http-registry"],
        signing: &["--tlog-upload=false", "--allow-http-registry", "--yes"],
    },
    Cosign {
        program: "cosign3",
        verifying: &["--insecure-ignore-tlog=true", "--allow-http-registry"],
        signing: &["--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry", "--yes"],
    },
];

/// Those that are here; what is not is told.
fn generations() -> Vec<Cosign> {
    let is_here = |cosign: &Cosign| {
        let here =
            run(cosign.program, Path::new("/"), &["version"]).is_some_and(|output| output.status.success());
        if !here {
            eprintln!("skipped: no {} on PATH (scripts/setup test brings it)", cosign.program);
        }
        here
    };
    GENERATIONS.into_iter().filter(is_here).collect()
}

impl Cosign {
    fn verify(self, home: &Path, key: &str, image: &str) -> Output {
        let args = [&["verify", "--key", key], self.verifying, &[image]].concat();
        run(self.program, home, &args).unwrap()
    }

    fn sign(self, home: &Path, key: &str, image: &str) -> Output {
        run(self.program, home, &[&["sign", "--key", key], self.signing, &[image]].concat()).unwrap()
    }

    fn accepts(self, home: &Path, key: &str, image: &str) {
        let output = self.verify(home, key, image);
        assert!(output.status.success(), "{}: {}", self.program, said(&output));
    }

    fn refuses(self, home: &Path, key: &str, image: &str) {
        let output = self.verify(home, key, image);
        assert!(!output.status.success(), "{}: {}", self.program, said(&output));
    }
}

/// A release, and keys that one generation of cosign made.
struct World {
    release: Release,
    home: tempfile::TempDir,
}

impl World {
    fn new(maker: Cosign) -> Self {
        let mut release = Release::ready();
        release.run(&["tag", "--execute"]).outcome("tag");
        release.env.push((PASSWORD.0.to_owned(), PASSWORD.1.into()));
        let world = Self { release, home: tempfile::tempdir().unwrap() };
        world.make_key(maker, "cosign");
        world
    }

    fn make_key(&self, maker: Cosign, prefix: &str) {
        let made =
            run(maker.program, self.home.path(), &["generate-key-pair", "--output-key-prefix", prefix])
                .unwrap();
        assert!(made.status.success(), "{}", said(&made));
    }

    fn at(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    fn deliver(&self, host: &str, more: &[&str]) -> String {
        let to = format!("docker://{host}/stsci/roman");
        let outcome = self.release.run(&[&["deliver", &to, "--execute"], more].concat()).outcome("deliver");
        outcome["manifest"].as_str().unwrap().to_owned()
    }

    /// Whether `release-tag verify` finds the signature.
    fn verifies(&self, host: &str, key: &str) -> bool {
        let image = format!("docker://{host}/stsci/roman");
        let ran = self.release.run(&["verify", TAG, "--image", &image, "--key", &self.at(key)]);
        let links = ran.report()["outcome"]["verify"]["links"].as_array().unwrap().clone();
        let link = links.iter().find(|link| link["code"] == "RV030").unwrap();
        assert!(link["status"] == "passed" || ran.code() == 1, "{}", ran.said());
        ran.code() == 0
    }
}

fn image(host: &str) -> String {
    format!("{host}/stsci/roman:{TAG}")
}

/// Registries of two kinds, Debian's and crane's. Neither keeps lists of what points at an image.
fn registries() -> Vec<(String, Box<dyn std::any::Any>)> {
    let mut found: Vec<(String, Box<dyn std::any::Any>)> = Vec::new();
    match Real::start() {
        Some(real) => found.push((real.host.clone(), Box::new(real))),
        None => eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)"),
    }
    match Crane::serve() {
        Some(crane) => found.push((crane.host.clone(), Box::new(crane))),
        None => eprintln!("skipped: no crane on PATH (scripts/setup test brings it)"),
    }
    found
}

#[test]
fn both_generations_of_cosign_accept_our_signature_and_refuse_others() {
    let generations = generations();
    for (host, _registry) in registries() {
        for maker in &generations {
            let world = World::new(*maker);
            world.make_key(*maker, "other");
            let home = world.home.path();
            let digest = world.deliver(&host, &["--sign-key", &world.at(KEY.0), "--replace-tag"]);
            assert!(world.verifies(&host, KEY.1) && !world.verifies(&host, "other.pub"));
            for judge in &generations {
                judge.accepts(home, KEY.1, &image(&host));
                judge.accepts(home, KEY.1, &format!("{host}/stsci/roman@{digest}"));
                judge.refuses(home, "other.pub", &image(&host));
            }
        }
    }
}

/// An image that somebody has signed with cosign 3 is looked at in the newer form only.
#[test]
fn our_signature_stands_beside_cosigns_own() {
    let generations = generations();
    for (host, _registry) in registries() {
        let Some(first) = generations.first() else { return };
        let world = World::new(*first);
        world.make_key(*first, "theirs");
        let digest = world.deliver(&host, &["--sign-key", &world.at(KEY.0), "--replace-tag"]);
        for signer in &generations {
            let by_digest = format!("{host}/stsci/roman@{digest}");
            let signed = signer.sign(world.home.path(), "theirs.key", &by_digest);
            assert!(signed.status.success(), "{}: {}", signer.program, said(&signed));
            for judge in &generations {
                judge.accepts(world.home.path(), KEY.1, &image(&host));
            }
        }
        assert!(world.verifies(&host, KEY.1) && world.verifies(&host, "theirs.pub"));
        // And a delivery afterwards leaves theirs.
        world.deliver(&host, &["--sign-key", &world.at(KEY.0)]);
        assert!(world.verifies(&host, "theirs.pub"));
    }
}

#[test]
fn we_accept_what_either_generation_of_cosign_signed() {
    for (host, _registry) in registries() {
        for signer in generations() {
            let mut world = World::new(signer);
            world.make_key(signer, "other");
            // An image of its own: nobody has signed it yet.
            let own = format!("OWN={}", signer.program);
            world.release.repository.run_git(&["tag", "-d", TAG, "1.3.0"]);
            world.release.id = world.release.engine.image(support::NAME, &["USE_FROZEN=1", &own]);
            world.release.settle();
            world.release.run(&["tag", "--execute"]).outcome("tag");
            let digest = world.deliver(&host, &["--replace-tag"]);
            assert!(!world.verifies(&host, KEY.1), "nobody has signed it");
            let signed = signer.sign(world.home.path(), KEY.0, &format!("{host}/stsci/roman@{digest}"));
            assert!(signed.status.success(), "{}: {}", signer.program, said(&signed));
            assert!(world.verifies(&host, KEY.1), "{}", signer.program);
            assert!(!world.verifies(&host, "other.pub"), "{}", signer.program);
        }
    }
}

/// The file of a blob in Debian's registry.
fn blob(real: &Real, digest: &str) -> PathBuf {
    let hex = &digest["sha256:".len()..];
    real.data().join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
}

#[test]
fn a_flipped_bit_in_what_is_signed_is_refused_by_them_and_by_us() {
    let Some(real) = Real::start() else {
        return eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
    };
    for judge in generations() {
        let world = World::new(judge);
        let digest = world.deliver(&real.host, &["--sign-key", &world.at(KEY.0), "--replace-tag"]);
        judge.accepts(world.home.path(), KEY.1, &image(&real.host));
        let signed = real::fetch(&real, &format!("manifests/{}.sig", digest.replace(':', "-")));
        let listed = real::fetch(&real, &format!("manifests/{}", digest.replace(':', "-")));
        let mut payloads = vec![signed["layers"][0]["digest"].as_str().unwrap().to_owned()];
        for entry in listed["manifests"].as_array().unwrap() {
            let artifact = real::fetch(&real, &format!("manifests/{}", entry["digest"].as_str().unwrap()));
            if artifact["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json" {
                payloads.push(artifact["layers"][0]["digest"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(payloads.len(), 2, "both forms");
        for payload in payloads {
            let path = blob(&real, &payload);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
        }
        judge.refuses(world.home.path(), KEY.1, &image(&real.host));
        let to = format!("docker://{}/stsci/roman", real.host);
        let ran = world.release.run(&["verify", TAG, "--image", &to, "--key", &world.at(KEY.1)]);
        assert_eq!(ran.code(), 76, "{}", ran.said());
        // Another judge gets another registry's worth of blobs.
        std::fs::remove_dir_all(real.data()).unwrap();
    }
}

#[test]
fn oras_lists_all_that_is_beside_the_image() {
    let home = tempfile::tempdir().unwrap();
    if run("oras", home.path(), &["version"]).is_none() {
        return eprintln!("skipped: no oras on PATH (scripts/setup test brings it)");
    }
    let kinds = [
        "application/spdx+json",
        "application/vnd.image-tools.release.v1+json",
        "application/vnd.in-toto+json",
        "application/vnd.in-toto+json",
        "application/vnd.in-toto+json",
    ];
    let listed = |more: &[&str], image: &str| {
        let flags = ["discover", "--plain-http", "--format", "json"];
        let output = run("oras", home.path(), &[&flags[..], more, &[image]].concat()).unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let list = told["manifests"].as_array().or(told["referrers"].as_array()).unwrap().clone();
        let mut kinds: Vec<String> =
            list.iter().map(|entry| entry["artifactType"].as_str().unwrap().to_owned()).collect();
        kinds.sort_unstable();
        kinds
    };
    let release = Release::ready();
    for (host, _registry) in registries() {
        let to = format!("docker://{host}/stsci/roman");
        release.run(&["deliver", &to, "--execute"]).outcome("deliver");
        assert_eq!(listed(&[], &image(&host)), kinds);
        assert_eq!(listed(&["--distribution-spec", "v1.1-referrers-tag"], &image(&host)), kinds);
    }
    // None that keeps lists can be had here: the one that the test plays does, in pages.
    let played = Played::start(&[]);
    played.list(Lists::Pages(2));
    release
        .run(&["deliver", &format!("docker://{}/stsci/roman", played.host()), "--execute"])
        .outcome("deliver");
    assert_eq!(listed(&["--distribution-spec", "v1.1-referrers-api"], &image(&played.host())), kinds);
    let layout = home.path().join("layout");
    release.run(&["deliver", &format!("oci:{}", layout.display())]).outcome("deliver");
    assert_eq!(listed(&["--oci-layout"], &format!("{}:{TAG}", layout.display())), kinds, "in a layout");
}

#[test]
fn crane_finds_the_same_digest_and_a_whole_image() {
    let home = tempfile::tempdir().unwrap();
    if run("crane", home.path(), &["version"]).is_none() {
        return eprintln!("skipped: no crane on PATH (scripts/setup test brings it)");
    }
    for (host, _registry) in registries() {
        let release = Release::ready();
        let to = format!("docker://{host}/stsci/roman");
        let outcome = release.run(&["deliver", &to, "--execute"]).outcome("deliver");
        let crane = |args: &[&str]| {
            let output = run("crane", home.path(), args).unwrap();
            assert!(output.status.success(), "{}", said(&output));
            output.stdout
        };
        let digest = crane(&["digest", &image(&host)]);
        assert_eq!(String::from_utf8_lossy(&digest).trim(), outcome["manifest"]);
        let manifest = crane(&["manifest", &image(&host)]);
        assert_eq!(common::digest::Digest::of(&manifest).as_str(), outcome["manifest"]);
        let config: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(config["config"]["digest"], release.id.as_str());
        crane(&["validate", "--remote", &image(&host)]);
    }
}

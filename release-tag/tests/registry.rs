//! `release-tag deliver` to a registry: to one that the test plays, with all its moods, and to a
//! real one where there is one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod played;
mod real;
mod support;

use std::fs;

use played::{Mood, Played};
use real::{Real, free_port};
use serde_json::json;
use support::{Ran, Release};

const TAG: &str = "roman-12.0.0";

fn deliver(release: &Release, host: &str, more: &[&str]) -> Ran {
    let to = format!("docker://{host}/stsci/roman");
    release.run(&[&["deliver", &to, "--execute"], more].concat())
}

fn arrived(release: &Release, host: &str) -> String {
    let outcome = deliver(release, host, &[]).outcome("deliver");
    assert_eq!(outcome["delivery"], "delivered");
    outcome["manifest"].as_str().unwrap().to_owned()
}

#[test]
fn the_layouts_own_bytes_arrive_and_the_tag_comes_last() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    let digest = arrived(&release, &registry.host());
    assert_eq!(registry.tagged(TAG).unwrap(), digest);
    let local = release.run(&["deliver"]).outcome("deliver");
    assert_eq!(local["manifest"], digest.as_str(), "one digest here and there");
    let requests = registry.requests();
    let puts: Vec<&String> = requests.iter().filter(|r| r.starts_with("PUT")).collect();
    assert!(puts.last().unwrap().starts_with("PUT /v2/stsci/roman/manifests/roman-12.0.0"), "{requests:#?}");
    assert!(requests.last().unwrap().starts_with("GET /v2/stsci/roman/manifests/"), "read back at the end");
}

#[test]
fn again_nothing_moves() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    arrived(&release, &registry.host());
    registry.forget();
    let again = deliver(&release, &registry.host(), &[]).outcome("deliver");
    assert_eq!(again["delivery"], "present");
    let requests = registry.requests();
    assert_eq!(requests[0], "GET /v2/stsci/roman/manifests/roman-12.0.0");
    assert!(requests.iter().all(|request| request.starts_with("GET")), "{requests:#?}");
}

#[test]
fn what_is_said_about_an_image_that_is_there_already_is_added() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    deliver(&release, &registry.host(), &["--no-attach"]).outcome("deliver");
    registry.forget();
    assert_eq!(deliver(&release, &registry.host(), &[]).outcome("deliver")["delivery"], "present");
    let puts = |registry: &Played| registry.requests().iter().filter(|r| r.starts_with("PUT")).count();
    assert!(puts(&registry) > 0, "{:#?}", registry.requests());
    registry.forget();
    deliver(&release, &registry.host(), &[]).outcome("deliver");
    assert_eq!(puts(&registry), 0, "{:#?}", registry.requests());
}

#[test]
fn without_execute_the_registry_is_only_asked_what_is_under_the_tag() {
    let (mut release, registry) = (Release::ready(), Played::start(&[]));
    let to = format!("docker://{}/stsci/roman", registry.host());
    let plan = |release: &Release| {
        let ran = release.run(&["deliver", &to]);
        let outcome = ran.outcome("deliver");
        assert_eq!(outcome["delivery"], "planned");
        (ran.said(), outcome["held"].clone(), outcome["attached"].as_array().unwrap().len())
    };
    let (said, held, attached) = plan(&release);
    assert!(said.contains("there is nothing under roman-12.0.0") && held.is_null(), "{said}");
    assert!(
        said.contains("would attach release.json, provenance.json, tested.json, compared.json"),
        "{said}"
    );
    assert_eq!((attached, registry.requests()), (5, vec![format!("GET /v2/stsci/roman/manifests/{TAG}")]));
    assert!(!release.repository.at(".image/delivery").exists());
    let digest = arrived(&release, &registry.host());
    let (said, held, _) = plan(&release);
    assert!(said.contains("is this image already") && held == digest.as_str(), "{said}");
    release.id = release.engine.image(support::NAME, &["USE_FROZEN=1", "NEWER=1"]);
    release.settle();
    let (said, held, _) = plan(&release);
    assert!(said.contains("only --replace-tag replaces it") && held == digest.as_str(), "{said}");
    // One that does not answer is no reason not to see the rest.
    let ran = release.run(&["deliver", &format!("docker://127.0.0.1:{}/a", free_port()), "--no-attach"]);
    assert!(
        ran.outcome("deliver")["attached"].is_null() && ran.said().contains("is not known"),
        "{}",
        ran.said()
    );
}

#[test]
fn another_image_under_the_tag_is_replaced_only_on_request() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    registry.put_manifest(TAG, b"{\"another\": 1}");
    let ran = deliver(&release, &registry.host(), &[]);
    ran.refused(1, "under roman-12.0.0");
    assert!(ran.said().contains("--replace-tag"));
    assert!(registry.requests().iter().all(|r| r.starts_with("GET")), "nothing was sent");
    let digest =
        deliver(&release, &registry.host(), &["--replace-tag"]).outcome("deliver")["manifest"].clone();
    assert_eq!(registry.tagged(TAG).unwrap(), digest.as_str().unwrap());
}

#[test]
fn failures_that_pass_are_waited_for() {
    let moods = [Mood::Fail(503), Mood::Fail(500), Mood::Hang, Mood::Fail(429)];
    let (release, registry) = (Release::ready(), Played::start(&moods));
    arrived(&release, &registry.host());
}

#[test]
fn failures_that_stay_are_told_and_nothing_is_under_the_tag() {
    let release = Release::ready();
    let registry = Played::start(&[]);
    registry.refuse(
        "PUT",
        "/manifests/",
        400,
        r#"{"errors":[{"code":"TAG_INVALID","message":"tags are closed"}]}"#,
    );
    let ran = deliver(&release, &registry.host(), &[]);
    ran.refused(1, "status 400: TAG_INVALID tags are closed");
    assert_eq!(registry.tagged(TAG), None);
    registry.refuse("PUT", "/manifests/", 500, "out of order");
    deliver(&release, &registry.host(), &[]).refused(69, "out of order");
    registry.accept();
    registry.forget();
    deliver(&release, &registry.host(), &["--no-attach"]).outcome("deliver");
    assert!(!registry.requests().iter().any(|r| r.starts_with("PATCH")), "the blobs were there already");
}

#[test]
fn an_upload_that_breaks_goes_on_where_it_stopped() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    registry.cut_uploads(&[100, 150]);
    deliver(&release, &registry.host(), &["--no-attach"]).outcome("deliver");
    let requests = registry.requests();
    assert!(
        requests.iter().any(|r| r.starts_with("PATCH") && r.contains("Content-Range: 100-")),
        "{requests:#?}"
    );
    assert!(requests.iter().filter(|r| r.starts_with("POST")).count() == 2, "one upload for each blob");
}

#[test]
fn a_registry_that_forgets_an_upload_gets_it_from_the_start() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    registry.cut_uploads(&[100]);
    registry.forget_uploads();
    deliver(&release, &registry.host(), &["--no-attach"]).outcome("deliver");
    assert!(registry.requests().iter().filter(|r| r.starts_with("POST")).count() == 3);
}

#[test]
fn a_registry_that_takes_no_pieces_gets_blobs_as_a_whole() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    registry.take_no_pieces();
    deliver(&release, &registry.host(), &["--no-attach", "--chunk-size", "100"]).outcome("deliver");
    let patches = |with: bool| {
        let is = |r: &&String| r.starts_with("PATCH") && r.contains("Content-Range") == with;
        registry.requests().iter().filter(is).count()
    };
    assert_eq!((patches(true), patches(false)), (2, 2), "{:#?}", registry.requests());
}

/// One that keeps every byte goes on in the middle of a piece, and also without pieces.
#[test]
fn an_upload_goes_on_in_another_run_at_the_byte_where_it_stopped() {
    for size in ["100", "0"] {
        let (release, registry) = (Release::ready(), Played::start(&[]));
        // The first blob breaks in the middle of a piece, goes on there, and its end is refused.
        registry.cut_uploads(&[50]);
        registry.refuse("PUT", "/uploads/", 403, "closed");
        deliver(&release, &registry.host(), &["--no-attach", "--chunk-size", size]).refused(77, "closed");
        registry.accept();
        registry.forget();
        let ran = deliver(&release, &registry.host(), &["--no-attach", "--chunk-size", size]);
        ran.outcome("deliver");
        assert!(ran.said().contains("went on at byte"), "{}", ran.said());
        assert_eq!(fs::read_dir(release.repository.at(".image/upload")).unwrap().count(), 0);
    }
}

#[test]
fn a_body_that_is_too_large_for_what_is_on_the_way_says_so() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    registry.refuse("PATCH", "/uploads/", 413, "too large");
    let ran = deliver(&release, &registry.host(), &[]);
    ran.refused(69, "status 413");
    assert!(ran.said().contains("--chunk-size"), "{}", ran.said());
}

#[test]
fn a_registry_that_has_something_else_afterwards_is_found_out() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    registry.corrupt_manifests();
    deliver(&release, &registry.host(), &[]).refused(76, "now has sha256:");
}

/// Docker's configuration with a password for `host`.
fn log_in(release: &mut Release, config: &serde_json::Value) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    release.env.push(("DOCKER_CONFIG".to_owned(), dir.path().into()));
    dir
}

/// `ada:hunter2`
const AUTH: &str = "YWRhOmh1bnRlcjI=";

#[test]
fn tokens_and_passwords_are_given_to_whom_they_belong_and_shown_to_nobody() {
    for mood in [Mood::Bearer, Mood::Basic] {
        let registry = Played::start(&[mood]);
        let mut release = Release::ready();
        deliver(&release, &registry.host(), &[]).refused(77, "refuses");
        let _config = log_in(&mut release, &json!({"auths": {registry.host(): {"auth": AUTH}}}));
        let ran = deliver(&release, &registry.host(), &["--verbose"]);
        ran.outcome("deliver");
        let shown = ran.said() + &String::from_utf8_lossy(&ran.0.stdout);
        for secret in ["hunter2", AUTH, "t0ken"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn a_password_may_come_on_standard_input_and_is_shown_to_nobody() {
    let registry = Played::start(&[Mood::Basic]);
    let release = Release::ready();
    let to = format!("docker://{}/stsci/roman", registry.host());
    let with = |input: &[u8]| {
        let args = ["deliver", &to, "--execute", "--verbose", "--username", "ada", "--password-stdin"];
        let mut command = release.command(&args);
        let pipe = std::process::Stdio::piped;
        let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
        Ran(child.wait_with_output().unwrap())
    };
    with(b"").refused(2, "no password on standard input");
    with(b"wrong\n").refused(77, "refuses");
    let ran = with(b"hunter2\n");
    ran.outcome("deliver");
    assert!(!ran.said().contains("hunter2"), "{}", ran.said());
}

#[test]
fn a_token_that_runs_out_in_the_middle_is_renewed() {
    let registry = Played::start(&[Mood::Bearer]);
    registry.tokens_last(3);
    let mut release = Release::ready();
    let _config = log_in(&mut release, &json!({"auths": {registry.host(): {"auth": AUTH}}}));
    arrived(&release, &registry.host());
}

#[test]
fn a_credential_helper_is_asked_on_its_standard_input() {
    let registry = Played::start(&[Mood::Basic]);
    let mut release = Release::ready();
    let bin = tempfile::tempdir().unwrap();
    let asked = bin.path().join("asked");
    let script = format!(
        "#!/bin/sh\nread -r host\necho \"$* $host\" >>'{}'\necho '{{\"ServerURL\":\"x\",\"Username\":\"ada\",\"Secret\":\"hunter2\"}}'\n",
        asked.display()
    );
    support::hook(bin.path(), "docker-credential-test", &script["#!/bin/sh\n".len()..]);
    let path = std::env::join_paths([bin.path().as_os_str().to_owned(), release.engine.path()]).unwrap();
    release.env.push(("PATH".to_owned(), path));
    let _config = log_in(&mut release, &json!({"credHelpers": {registry.host(): "test"}}));
    let ran = deliver(&release, &registry.host(), &["--verbose"]);
    ran.outcome("deliver");
    assert_eq!(fs::read_to_string(asked).unwrap(), format!("get {}\n", registry.host()));
    assert!(!ran.said().contains("hunter2"), "{}", ran.said());
}

#[test]
fn a_registry_that_is_not_there_is_unavailable() {
    let release = Release::ready();
    let port = free_port();
    deliver(&release, &format!("127.0.0.1:{port}"), &[]).refused(69, "cannot reach");
}

#[test]
fn a_real_registry_takes_the_image_and_gives_it_back() {
    let Some(real) = Real::start() else {
        return eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
    };
    let mut release = Release::ready();
    let digest = arrived(&release, &real.host);
    let again = deliver(&release, &real.host, &[]).outcome("deliver");
    assert_eq!((&again["delivery"], &again["manifest"]), (&json!("present"), &json!(digest)));
    release.id = release.engine.image(support::NAME, &["USE_FROZEN=1", "NEWER=1"]);
    release.settle();
    deliver(&release, &real.host, &["--replace"]).refused(1, "--replace-tag");
    let newer = deliver(&release, &real.host, &["--replace-tag"]).outcome("deliver");
    assert_ne!(newer["manifest"], json!(digest));
}

#[test]
fn what_is_said_about_the_image_is_beside_it_and_found_by_its_digest() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    let digest = arrived(&release, &registry.host());
    let index = registry.manifest(&format!("sha256-{}", &digest["sha256:".len()..])).unwrap();
    let kinds: Vec<&str> =
        index["manifests"].as_array().unwrap().iter().map(|m| m["artifactType"].as_str().unwrap()).collect();
    let in_toto = "application/vnd.in-toto+json";
    let (record, bill) = ("application/vnd.image-tools.release.v1+json", "application/spdx+json");
    assert_eq!(kinds, [record, in_toto, in_toto, in_toto, bill]);
    for entry in index["manifests"].as_array().unwrap() {
        let artifact = registry.manifest(entry["digest"].as_str().unwrap()).unwrap();
        assert_eq!(artifact["subject"]["digest"], digest.as_str());
    }
}

/// Another program's opinion of the signature; cosign's own is asked for in `judges`.
#[test]
fn the_signature_is_one_that_openssl_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let openssl = |args: &[&str]| std::process::Command::new("openssl").args(args).output();
    let (key, public) = (at("key.pem"), at("key.pub"));
    match openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key]) {
        Ok(output) if output.status.success() => {}
        _ => return eprintln!("skipped: no openssl on PATH to make and use a key"),
    }
    openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]).unwrap();
    let (release, registry) = (Release::ready(), Played::start(&[]));
    let outcome = deliver(&release, &registry.host(), &["--sign-key", &key]).outcome("deliver");
    let digest = outcome["manifest"].as_str().unwrap();
    let signatures = registry.manifest(&format!("sha256-{}.sig", &digest["sha256:".len()..])).unwrap();
    let layer = &signatures["layers"][0];
    let payload = registry.blob(layer["digest"].as_str().unwrap()).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(told["critical"]["image"]["docker-manifest-digest"], digest);
    fs::write(at("payload"), &payload).unwrap();
    fs::write(
        at("signature.b64"),
        layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap(),
    )
    .unwrap();
    openssl(&["base64", "-d", "-A", "-in", &at("signature.b64"), "-out", &at("signature")]).unwrap();
    let verify = ["dgst", "-sha256", "-verify", &public, "-signature", &at("signature"), &at("payload")];
    assert!(openssl(&verify).unwrap().status.success());
    // A second signature with the same key is the same, so nothing is sent.
    registry.forget();
    deliver(&release, &registry.host(), &["--sign-key", &key]).outcome("deliver");
    assert!(registry.requests().iter().all(|r| r.starts_with("GET")), "{:#?}", registry.requests());
}

#[test]
fn a_key_that_is_none_is_told_before_anything_is_done() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    release.repository.write("key.pem", "-----BEGIN PRIVATE KEY-----\nhunter2\n");
    let ran = deliver(&release, &registry.host(), &["--sign-key", "key.pem"]);
    ran.refused(65, "key.pem is no private key");
    assert!(!ran.said().contains("hunter2") && registry.requests().is_empty());
}

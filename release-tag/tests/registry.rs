//! `release-tag deliver` to a registry: to one that the test plays, with all its moods, and to a
//! real one where there is one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod played;
mod support;

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use played::{Mood, Played};
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
    assert_eq!(registry.requests(), ["GET /v2/stsci/roman/manifests/roman-12.0.0"]);
}

#[test]
fn without_execute_the_registry_is_not_even_asked() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    let outcome = release.run(&["deliver", &format!("docker://{}/a", registry.host())]).outcome("deliver");
    assert_eq!((&outcome["delivery"], registry.requests().len()), (&json!("planned"), 0));
    assert!(!release.repository.at(".image/delivery").exists());
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
    ran.refused(69, "status 400: TAG_INVALID tags are closed");
    assert_eq!(registry.tagged(TAG), None);
    registry.refuse("PUT", "/manifests/", 500, "out of order");
    deliver(&release, &registry.host(), &[]).refused(69, "out of order");
    registry.accept();
    registry.forget();
    arrived(&release, &registry.host());
    assert!(!registry.requests().iter().any(|r| r.starts_with("PATCH")), "the blobs were there already");
}

#[test]
fn an_upload_that_breaks_goes_on_where_it_stopped() {
    let (release, registry) = (Release::ready(), Played::start(&[]));
    registry.cut_uploads(&[100, 150]);
    arrived(&release, &registry.host());
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
    arrived(&release, &registry.host());
    assert!(registry.requests().iter().filter(|r| r.starts_with("POST")).count() == 3);
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

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Debian's `docker-registry` on a free port, ended by its id.
struct Real {
    child: Child,
    host: String,
    _dir: tempfile::TempDir,
}

impl Real {
    fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            dir.path().join("data").display()
        );
        fs::write(dir.path().join("config.yml"), config).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(dir.path().join("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let real = Self { child, host: format!("127.0.0.1:{port}"), _dir: dir };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(&real.host).is_err() {
            assert!(Instant::now() < deadline, "the registry does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(real)
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
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
    release.build();
    release.test(common::report::Verdict::Yes);
    deliver(&release, &real.host, &["--replace"]).refused(1, "--replace-tag");
    let newer = deliver(&release, &real.host, &["--replace-tag"]).outcome("deliver");
    assert_ne!(newer["manifest"], json!(digest));
}

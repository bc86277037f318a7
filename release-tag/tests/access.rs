//! How registries are reached: who is told what, and what for.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod played;
mod support;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use played::{Mood, Played};
use serde_json::{Value, json};
use support::{Ran, Release};

const TAG: &str = "roman-12.0.0";

fn image(registry: &Played) -> String {
    format!("docker://{}/stsci/roman", registry.host())
}

fn deliver(release: &Release, registry: &Played) -> Ran {
    release.run(&["deliver", &image(registry), "--execute"])
}

/// Docker's configuration for the tool.
fn log_in(release: &mut Release, config: &Value) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    release.env.push(("DOCKER_CONFIG".to_owned(), dir.path().into()));
    dir
}

fn tagged_release() -> Release {
    let release = Release::ready();
    release.run(&["tag", "--execute"]).outcome("tag");
    release
}

#[test]
fn who_only_reads_asks_for_a_token_that_only_reads() {
    let (mut release, registry) = (tagged_release(), Played::start(&[Mood::Bearer]));
    let entry = json!({"username": "ada", "password": "hunter2"});
    let _config = log_in(&mut release, &json!({"auths": {registry.host(): entry}}));
    deliver(&release, &registry).outcome("deliver");
    let asked = |registry: &Played| {
        let tokens = registry.requests().into_iter().filter(|request| request.starts_with("GET /token?"));
        tokens.collect::<Vec<_>>()
    };
    assert!(asked(&registry).iter().all(|request| request.contains("pull%2Cpush")), "{:?}", asked(&registry));
    registry.forget();
    let ran = release.run(&["verify", TAG, "--image", &image(&registry)]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let own = "GET /token?service=played&scope=repository%3Astsci%2Froman%3Apull";
    assert_eq!(asked(&registry), [own]);
    registry.forget();
    release.run(&["deliver", &image(&registry)]).outcome("deliver");
    assert_eq!(asked(&registry), [own], "a plan reads");
}

/// A program on the path that answers as docker's helpers do.
fn helper(release: &mut Release, user: &str, secret: &str) -> tempfile::TempDir {
    let bin = tempfile::tempdir().unwrap();
    let answer = json!({"ServerURL": "x", "Username": user, "Secret": secret});
    support::hook(bin.path(), "docker-credential-test", &format!("read -r host\necho '{answer}'"));
    let path = std::env::join_paths([bin.path().as_os_str().to_owned(), release.engine.path()]).unwrap();
    release.env.push(("PATH".to_owned(), path));
    bin
}

#[test]
fn every_way_in_which_docker_keeps_logins_is_understood() {
    let (basic, bearer) = (&[Mood::Basic][..], &[Mood::Bearer][..]);
    let check = |moods: &[Mood], helped: Option<(&str, &str)>, config: &dyn Fn(&str) -> Value| {
        let (mut release, registry) = (Release::ready(), Played::start(moods));
        let _bin = helped.map(|(user, secret)| helper(&mut release, user, secret));
        let _config = log_in(&mut release, &config(&registry.host()));
        let ran = deliver(&release, &registry);
        ran.outcome("deliver");
        assert!(!ran.said().contains("hunter2") && !ran.said().contains("1dent1ty"), "{}", ran.said());
    };
    check(basic, None, &|host| json!({"auths": {host: {"username": "ada", "password": "hunter2"}}}));
    check(
        basic,
        None,
        &|host| json!({"auths": {format!("https://{host}/v2/"): {"auth": "YWRhOmh1bnRlcjI="}}}),
    );
    check(bearer, None, &|host| json!({"auths": {host: {"auth": "YWRhOg==", "identitytoken": "1dent1ty"}}}));
    check(basic, Some(("ada", "hunter2")), &|_| json!({"credsStore": "test"}));
    check(
        basic,
        Some(("ada", "hunter2")),
        &|host| json!({"auths": {host: {}}, "credHelpers": {host: "test"}}),
    );
    check(bearer, Some(("<token>", "1dent1ty")), &|_| json!({"credsStore": "test"}));
}

/// A proxy would see the password of a registry on this machine, if it could reach it at all.
#[test]
fn this_machine_is_not_behind_a_proxy() {
    let (mut release, registry, proxy) = (Release::ready(), Played::start(&[]), Played::start(&[]));
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy"] {
        release.env.push((name.to_owned(), format!("http://{}", proxy.host()).into()));
    }
    deliver(&release, &registry).outcome("deliver");
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    let far = ["deliver", "docker://registry.example:5000/a", "--insecure-host", "registry.example:5000"];
    release.run(&far).outcome("deliver");
    assert_eq!(proxy.requests(), [format!("GET http://registry.example:5000/v2/a/manifests/{TAG}")]);
    release.env.push(("no_proxy".to_owned(), OsString::from(".example")));
    release.run(&far).outcome("deliver");
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn every_command_that_asks_a_registry_takes_the_password_on_standard_input() {
    let (release, registry) = (tagged_release(), Played::start(&[Mood::Basic]));
    let image = image(&registry);
    let with = |input: &str, args: &[&str]| {
        let mut command = release.command(&[args, &["--username", "ada", "--password-stdin"]].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran(child.wait_with_output().unwrap())
    };
    with("hunter2\n", &["deliver", &image, "--execute"]).outcome("deliver");
    let verify = ["verify", TAG, "--image", image.as_str()];
    with("wrong\n", &verify).refused(77, "refuses");
    assert_eq!(with("hunter2\n", &verify).code(), 0);
    // What the notes need is only beside the image.
    fs::remove_dir_all(release.repository.at(".image/delivery")).unwrap();
    fs::remove_dir_all(release.repository.at(".image/evidence")).unwrap();
    let notes = ["notes", "--to", TAG, "--image", image.as_str()];
    with("wrong\n", &notes).refused(77, "refuses");
    let ran = with("hunter2\n", &notes);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let named = format!("{image}:{TAG}");
    let fetch = ["capsule", "oci:out", "--fetch", named.as_str()];
    with("wrong\n", &fetch).refused(77, "refuses");
    with("hunter2\n", &fetch).refused(76, "is no capsule");
    with("hunter2\n", &["deliver", &image, "-"]).refused(2, "both the document and the password");
}

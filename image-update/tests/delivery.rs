//! Deliveries over TLS with a private authority: a real one, and such as must not be trusted.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::server::{answer, good};
use support::tls::{self, Flaw};
use support::{Clone, ENV};

fn clone_for(port: u16, ca: &Path) -> Clone {
    let mut clone = Clone::with_sources(port);
    let text = clone.read("sources.json").replace("http://", "https://");
    clone.write("sources.json", &text);
    clone.repository.commit("over TLS");
    clone.set("SSL_CERT_FILE", ca.to_str().unwrap());
    clone
}

#[test]
fn only_a_certificate_that_an_authority_of_ours_vouches_for_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    for flaw in [Flaw::SelfSigned, Flaw::Expired, Flaw::OtherHost] {
        let server = tls::start(&ca, flaw, good);
        let clone = clone_for(server.port, &ca);
        let before = clone.files();
        clone.update("0.13.0").failed(69, &["cannot trust https://127.0.0.1", "hint: name the file"]);
        assert_eq!(clone.files(), before);
        assert!(server.asked().is_empty());
    }
    let server = tls::start(&ca, Flaw::None, good);
    let clone = clone_for(server.port, &ca);
    assert_eq!(clone.update("0.13.0").status, Some(0));
}

/// The authority may also be the one that the settings name.
#[test]
fn the_settings_own_bundle_is_trusted_too() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, other) = (dir.path().join("ca.pem"), dir.path().join("other.pem"));
    let server = tls::start(&ca, Flaw::None, good);
    _ = tls::start(&other, Flaw::None, good);
    let clone = clone_for(server.port, &other);
    clone.update("0.13.0").failed(69, &["cannot trust"]);
    clone.repository.configure(|settings| settings.ca_bundle = common::settings::CaBundle::File(ca));
    assert_eq!(clone.update("0.13.0").status, Some(0));
}

#[test]
fn nothing_leads_from_tls_to_plain_http() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    let plain = support::server::Server::start(good);
    let port = plain.port;
    let server = tls::start(&ca, Flaw::None, move |asked, wire| {
        let headers = format!("Location: http://127.0.0.1:{port}{}\r\n", asked.path);
        answer(wire, "302 Found", &headers, b"");
    });
    let clone = clone_for(server.port, &ca);
    clone.update("0.13.0").failed(76, &["from HTTPS to plain HTTP"]);
    assert!(plain.asked().is_empty());
}

/// A server that does not speak TLS at all.
#[test]
fn plain_http_where_tls_should_be_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    _ = tls::start(&ca, Flaw::None, good);
    let server = support::server::Server::listen(|mut stream, _| {
        use std::io::{Read as _, Write as _};
        _ = stream.read(&mut [0; 512]);
        _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let clone = clone_for(server.port, &ca);
    clone.update("0.13.0").failed(69, &["https://127.0.0.1"]);
}

/// The real release data, if this machine has it: named by a variable, or beside the workspace.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let further = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let named = std::env::var_os("IMAGE_TOOLS_DATA").map(PathBuf::from);
    let found =
        named.into_iter().chain([beside, further]).find(|dir| dir.join("roman-12.0.0/after").is_dir());
    if found.is_none() {
        eprintln!("skipped: no release data (set IMAGE_TOOLS_DATA to a directory with roman-12.0.0)");
    }
    found.map(|dir| dir.join("roman-12.0.0"))
}

fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(dir.join(&below)).unwrap().flatten() {
            let name = below.join(entry.file_name());
            if entry.path().is_dir() {
                open.push(name);
            } else {
                _ = files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

/// The delivery of calibration software 0.13.0 as it was, with the sources of the built-in profile: the
/// tree is the one that was committed, and the receipt.
#[test]
fn the_real_delivery_of_0_13_0_makes_the_very_tree_that_was_committed() {
    let Some(data) = data() else { return };
    let (artifactory, dir) = (data.join("artifactory"), tempfile::tempdir().unwrap());
    let ca = dir.path().join("ca.pem");
    let server = tls::start(&ca, Flaw::None, move |asked, wire| {
        let body = fs::read(artifactory.join(asked.path.trim_start_matches('/'))).unwrap_or_default();
        answer(wire, "200 OK", "Content-Type: text/plain\r\nETag: \"0.13.0\"\r\n", &body);
    });
    let clone = Clone::plain();
    let deployments = clone.repository.at("deployments");
    fs::remove_dir_all(deployments.join("roman")).unwrap();
    let (from, to) = (data.join("before/deployments/roman"), deployments.join("roman"));
    assert!(Command::new("cp").arg("-R").arg(from).arg(to).status().unwrap().success());
    let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/roman-cal.json");
    clone.write("sources.json", &fs::read_to_string(profile).unwrap());
    let mut clone = clone.git();
    clone.set("SSL_CERT_FILE", ca.to_str().unwrap());
    let mirror = format!("--source-url=https://127.0.0.1:{}", server.port);
    let run = clone.run(&["--cal-version=0.13.0", &mirror]);
    assert_eq!(run.status, Some(0), "{}", run.text);
    let mut found = tree(&clone.repository.at("deployments/roman/environments"));
    let ours = [Path::new("roman-cal/sources.json"), Path::new("roman-cal/sources.lock.json")];
    assert!(ours.iter().all(|name| found.remove(*name).is_some()));
    let expected = tree(&data.join("after/deployments/roman/environments"));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(found == expected);
    let packages = run.report()["environments"][0]["packages"].clone();
    let find = |name: &str| packages.as_array().unwrap().iter().find(|p| p["name"] == name).unwrap().clone();
    assert_eq!(find("romancal")["change"], "up");
    assert_eq!(
        (find("romancal")["before"].clone(), find("romancal")["after"].clone()),
        ("0.12.0".into(), "0.13.0".into())
    );
    let status = clone.repository.run_git(&["status", "--porcelain", "--", ENV]);
    assert!(status.contains("R  ") && status.contains("roman-cal.explicit"), "{status}");
    assert_eq!(clone.run(&["--check", &mirror]).status, Some(0));
}

//! `image-freeze rot` as its users run it, against an index on the loopback device.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

use std::fs;
use std::process::Output;

use common::testing::{FakeEngine, Repository};
use serde_json::{Value, json};
use support::index::Served;
use support::{Lab, errors, last_report, release_data};

const YML: &str = "name: roman-cal\ndependencies:\n  - python=3.11.9\n";

/// An index that has all that the repository froze.
fn whole() -> Served {
    let index = Served::new();
    index.project("asdf", &[("asdf-3.0.1-py3-none-any.whl", "")]);
    index.project("gwcs", &[("gwcs-0.21.0-py3-none-any.whl", "")]);
    index.project("numpy", &[("numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl", "")]);
    index.project("romancal", &[("romancal-0.13.0-py3-none-any.whl", "")]);
    index.project("cython", &[("Cython-3.0.8-py2.py3-none-any.whl", "")]);
    index
}

fn lab() -> Lab {
    let lab = Lab::on(FakeEngine::docker(), Repository::new().frozen(), &[]);
    lab.engine.fail("*", 99);
    lab
}

fn rot(lab: &Lab, index: &Served, args: &[&str]) -> Output {
    let args = [&["rot", "--index", &index.url], args].concat();
    lab.run(&args)
}

/// Runs, expects `status`, and gives what was found in the only environment: class, name, reason.
fn found(lab: &Lab, index: &Served, status: i32) -> Vec<(String, String, String)> {
    let output = rot(lab, index, &[]);
    assert_eq!(output.status.code(), Some(status), "{}", errors(&output));
    let outcome = last_report(&output)["outcome"]["rot"]["environments"][0]["findings"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = outcome.as_array().unwrap().iter().filter(|finding| finding["kind"] == "pip");
    findings.map(|f| (text(&f["class"]), text(&f["name"]), text(&f["reason"]))).collect()
}

fn triple(class: &str, name: &str, reason: &str) -> (String, String, String) {
    (class.to_owned(), name.to_owned(), reason.to_owned())
}

#[test]
fn what_can_be_had_is_status_0_and_asks_no_engine() {
    let (lab, index) = (lab(), whole());
    assert_eq!(found(&lab, &index, 0), []);
    assert!(lab.engine.calls().is_empty(), "no engine is needed");
    let asked = index.asked();
    assert_eq!(asked.len(), 5, "once for each project, conda's pip block included: {asked:?}");
    assert_eq!(found(&lab, &index, 0), []);
    assert!(index.asked().iter().all(|line| line.ends_with(" again")), "what is known is only confirmed");
}

/// Only what stood in the address itself was sent: an index behind a login could not be asked.
#[test]
fn who_we_are_is_in_the_address_or_in_netrc() {
    let (lab, index) = (lab(), whole());
    lab.repository.write("netrc", "machine 127.0.0.1 login bob password pw\n");
    let asked_as = |url: &str| {
        let args = ["rot", "--index", url, "--python", "3.11"];
        lab.command(&args).env("NETRC", lab.repository.at("netrc")).output().unwrap();
        let asked = index.asked();
        assert!(!asked.is_empty());
        asked
    };
    assert!(asked_as(&index.url).iter().all(|line| line.ends_with(" as Basic Ym9iOnB3")));
    let url = index.url.replace("://", "://u:p@");
    assert!(asked_as(&url).iter().all(|line| line.ends_with(" as Basic dTpw")));
}

#[test]
fn each_kind_of_rot_is_told_and_only_loss_is_status_1() {
    let (lab, index) = (lab(), whole());
    lab.write("env-frozen/roman-cal/requirements.yml", YML);
    index.project("asdf", &[("asdf-3.0.1-py3-none-any.whl", r#", "yanked": "wrong metadata""#)]);
    index.project("gwcs", &[("gwcs-0.21.0.tar.gz", ""), ("gwcs-0.21.0-cp312-cp312-win32.whl", "")]);
    assert_eq!(
        found(&lab, &index, 0),
        [
            triple("yanked", "asdf", "wrong metadata"),
            triple("sdist-only", "gwcs", "the wheels there are do not fit"),
        ]
    );
    index.project("asdf", &[("asdf-3.0.0.tar.gz", ""), ("asdf-3.0.2.tar.gz", "")]);
    index.project("gwcs", &[("gwcs-0.21.0-cp312-cp312-manylinux_2_17_x86_64.whl", "")]);
    index.project("numpy", &[("numpy-1.26.4.tar.gz", r#", "hashes": {"sha256": "bb"}"#)]);
    lab.write(
        "env-frozen/roman-cal/requirements.txt",
        "asdf==3.0.1\ngwcs==0.21.0\nnumpy==1.26.4 --hash=sha256:aa\nabsent==1\nromancal==0.13.0\n\
         windows==1 ; sys_platform == 'win32'\n",
    );
    assert_eq!(
        found(&lab, &index, 1),
        [
            triple("gone", "asdf", "the index has 3.0.0 and 3.0.2"),
            triple("unfit", "gwcs", "there is only gwcs-0.21.0-cp312-cp312-manylinux_2_17_x86_64.whl"),
            triple("hash-changed", "numpy", "numpy-1.26.4.tar.gz has another digest than is frozen"),
            triple("gone", "absent", "the index does not know the project"),
        ]
    );
}

#[test]
fn addresses_are_asked_for_too() {
    let (lab, index) = (lab(), whole());
    lab.write("env-frozen/roman-cal/requirements.yml", YML);
    let host = index.url.trim_end_matches("/simple");
    index.page("/there.zip", "application/zip", "x");
    lab.write(
        "env-frozen/roman-cal/requirements.txt",
        &format!("a @ {host}/there.zip\nb @ {host}/gone.zip\n{host}/nameless.zip\nc @ git+file:///no/such/repo@v1\n"),
    );
    let found: Vec<_> = found(&lab, &index, 1).into_iter().map(|(class, name, _)| (class, name)).collect();
    let pair = |class: &str, name: &str| (class.to_owned(), name.to_owned());
    assert_eq!(found, [pair("url-gone", "b"), pair("url-gone", "nameless.zip"), pair("vcs-gone", "c")]);
}

#[test]
fn conda_is_asked_by_address_or_in_its_channel() {
    let (lab, index) = (lab(), whole());
    let host = index.url.trim_end_matches("/simple");
    let listing = r#"{"packages.conda": {"p": {"name": "python", "version": "3.11.9", "build": "h0"}}}"#;
    index.page("/ch/linux-64/repodata.json", "application/json", listing);
    index.page("/ch/noarch/repodata.json", "application/json", "{}");
    lab.write(
        "env-frozen/roman-cal/requirements.yml",
        &format!("name: x\nchannels:\n  - {host}/ch\ndependencies:\n  - python=3.11.9\n  - fftw=3.3.10\n"),
    );
    let conda = |expected: Value| {
        let output = rot(&lab, &index, &[]);
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        let findings = last_report(&output)["outcome"]["rot"]["environments"][0]["findings"].clone();
        let names: Vec<_> =
            findings.as_array().unwrap().iter().map(|f| json!([f["class"], f["name"]])).collect();
        assert_eq!(json!(names), expected);
    };
    conda(json!([["gone", "fftw"]]));
    index.page("/ch/linux-64/python-3.11.9-h0.conda", "x", "x");
    lab.write(
        "env-frozen/roman-cal/requirements.explicit",
        &format!("@EXPLICIT\n{host}/ch/linux-64/python-3.11.9-h0.conda\n{host}/ch/linux-64/xz-5-h0.conda\n"),
    );
    conda(json!([["url-gone", "xz"]]));
}

#[test]
fn without_the_network_what_was_learned_counts_and_what_was_not_is_unknown() {
    let (lab, index) = (lab(), whole());
    lab.write("env-frozen/roman-cal/requirements.yml", YML);
    let output = rot(&lab, &index, &["--offline"]);
    assert_eq!(output.status.code(), Some(69), "{}", errors(&output));
    assert!(
        output.stdout.is_empty()
            && errors(&output).contains("was never asked for, and --offline asks nobody")
    );
    assert_eq!(found(&lab, &index, 0), []);
    index.asked();
    let output = rot(&lab, &index, &["--offline"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(last_report(&output)["outcome"]["rot"]["age"].is_u64());
    assert_eq!(index.asked(), Vec::<String>::new());
}

#[test]
fn an_index_that_cannot_be_right_is_no_verdict() {
    let (lab, empty) = (lab(), Served::new());
    assert!(lab.fault(&["rot", "--index", &empty.url], 78).contains("knows none of the projects"));
    assert!(lab.fault(&["rot", "--index", "not a url"], 78).contains("--index is no address"));
    let page = Served::new();
    page.page("/simple/asdf/", "text/plain", "please log in");
    let output = rot(&lab, &page, &[]);
    assert_eq!(output.status.code(), Some(1), "the others are gone: {}", errors(&output));
    let nobody = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let said = lab.fault(&["rot", "--index", &format!("http://{nobody}/simple")], 69);
    assert!(
        said.contains("cannot tell whether anything is gone") && said.contains("does not answer"),
        "{said}"
    );
}

#[test]
fn the_locks_own_index_counts_and_html_is_read_too() {
    let (lab, index) = (lab(), Served::new());
    lab.write("env-frozen/roman-cal/requirements.yml", YML);
    lab.write("env-frozen/roman-cal/requirements.txt", &format!("--index-url {}\na==1\nb==2\n", index.url));
    index.page("/simple/a/", "text/html", "<a href='/f/a-1-py3-none-any.whl#sha256=aa'>a</a>");
    index.page("/simple/b/", "text/html", "<a href='/f/b-2-py3-none-any.whl' data-yanked='why'>b</a>");
    let report = lab.report(&["rot"]);
    assert_eq!(report["outcome"]["rot"]["indexes"], json!([format!("{}", index.url)]));
    let findings = &report["outcome"]["rot"]["environments"][0]["findings"];
    assert_eq!((&findings[0]["class"], &findings[0]["reason"]), (&json!("yanked"), &json!("why")));
}

#[test]
fn all_missions_are_looked_at_and_markdown_is_written() {
    let (lab, index) = (lab(), whole());
    index.project("asdf", &[("asdf-3.0.2.tar.gz", "")]);
    let output = rot(&lab, &index, &["--all", "--markdown", "rot.md"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert_eq!(last_report(&output)["notices"], json!(["tike has nothing frozen"]));
    let text = fs::read_to_string(lab.repository.at("rot.md")).unwrap();
    let row = "| gone | asdf (pip) | 3.0.1 | `deployments/roman/env-frozen/roman-cal/requirements.txt:4` |";
    assert!(text.contains(row), "{text}");
    assert!(
        lab.fault(&["rot", "--mission", "romna", "--index", &index.url], 2).contains("did you mean `roman`?")
    );
}

/// Against the index that this machine uses: what the release of August 2024 lacks today.
#[test]
fn the_real_release_lacks_exactly_two_pins() {
    let Some(data) = release_data() else { return };
    let Some(lab) = support::real(&data, "roman") else { return };
    let output = lab.command(&["rot"]).env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
    if output.status.code() != Some(1) {
        eprintln!("skipped: no package index can be asked here: {}", errors(&output));
        return;
    }
    let findings = last_report(&output)["outcome"]["rot"]["environments"][0]["findings"].clone();
    let lost: Vec<String> = findings
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| !["unknown", "yanked", "sdist-only"].contains(&f["class"].as_str().unwrap()))
        .map(|f| format!("{}=={}", f["name"].as_str().unwrap(), f["pin"].as_str().unwrap()))
        .collect();
    assert_eq!(lost, ["debugpy==1.8.3", "galsim==2.5.2"]);
}

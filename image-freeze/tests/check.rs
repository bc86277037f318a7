//! `image-freeze check` as its users run it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::process::Output;

use common::digest;
use common::evidence::{Compared, Frozen, Store};
use common::inventory::Inventory;
use common::report::Verdict;
use common::testing::{FakeEngine, Repository};
use serde_json::{Value, json};
use support::{IMAGE, Lab, errors, last_report};

const ENV: &str = "opt/conda/envs/roman-cal";
const SITE: &str = "opt/conda/envs/roman-cal/lib/python3.11/site-packages";

fn record(prefix: &str, name: &str, version: &str, files: &[&str]) -> (String, String) {
    let text = json!({"name": name, "version": version, "build": "h0_0", "files": files});
    (format!("{prefix}/conda-meta/{name}-{version}-h0_0.json"), text.to_string())
}

fn distribution(name: &str, version: &str) -> (String, String) {
    let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n{name} is a package.\n");
    (format!("{SITE}/{name}-{version}.dist-info/METADATA"), text)
}

/// What a clean build of the repository's frozen specs holds.
fn clean() -> Vec<(String, String)> {
    let pip = "lib/python3.11/site-packages/pip-24.0.dist-info/METADATA";
    vec![
        record("opt/conda", "conda", "24.1.2", &[]),
        record(ENV, "fftw", "3.3.10", &["lib/libfftw3.so"]),
        record(ENV, "pip", "24.0", &["bin/pip", pip]),
        record(ENV, "python", "3.11.7", &[]),
        record(ENV, "tzdata", "2024a", &[]),
        distribution("pip", "24.0"),
        distribution("asdf", "3.0.1"),
        distribution("gwcs", "0.21.0"),
        distribution("numpy", "1.26.4"),
        distribution("romancal", "0.13.0"),
        (format!("{SITE}/asdf/__init__.py"), "raise SystemExit('the image was run')\n".to_owned()),
        // The image's own copy of the specs says something else, and must not be asked.
        ("opt/env-frozen/roman-cal/requirements.txt".to_owned(), "asdf==9.9.9\n".to_owned()),
    ]
}

fn lab_on(engine: FakeEngine, files: &[(String, String)]) -> Lab {
    let lab = Lab::on(engine, Repository::new().frozen(), &[]);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    lab.engine.serve_files(IMAGE, "/", &files);
    lab
}

fn lab(files: &[(String, String)]) -> Lab {
    lab_on(FakeEngine::docker(), files)
}

fn environment(output: &Output, name: &str) -> Value {
    let report = last_report(output);
    let all = report["outcome"]["check"]["environments"].as_array().unwrap();
    all.iter().find(|e| e["name"] == name).unwrap_or_else(|| panic!("{report}")).clone()
}

#[test]
fn a_clean_image_has_no_drift_and_that_is_recorded_about_its_id() {
    for engine in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let lab = lab_on(engine, &clean());
        let output = lab.run(&["check"]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}{}",
            errors(&output),
            String::from_utf8_lossy(&output.stdout)
        );
        let roman_cal = environment(&output, "roman-cal");
        assert_eq!(roman_cal, json!({"name": "roman-cal", "same": 8, "differences": []}));
        assert_eq!(environment(&output, "base")["same"], 1);
        let store = Store::in_state(&lab.repository.at(".image"));
        let fact = store.read::<Compared>(&lab.id).unwrap().unwrap();
        assert_eq!((fact.verdict, fact.image.id), (Verdict::Yes, lab.id.clone()));
        assert_eq!(fact.frozen, digest::of_tree(&lab.frozen_dir(), &|_| false).unwrap());
        assert_eq!(lab.engine.containers(), [""; 0]);
    }
}

#[test]
fn what_a_checked_image_holds_is_kept_as_evidence_and_stays_the_same() {
    let lab = lab(&clean());
    assert_eq!(lab.run(&["check"]).status.code(), Some(0));
    let store = Store::in_state(&lab.repository.at(".image"));
    let fact = || store.read::<Frozen>(&lab.id).unwrap().unwrap();
    let first = fact();
    assert!(store.has_inventory(&first), "{first:?}");
    let kept = |name: &str| std::fs::read(store.dir_of(&lab.id).join(name)).unwrap();
    let inventory = Inventory::parse(&kept("inventory.json"), "inventory.json").unwrap();
    assert_eq!(inventory.image.id, Some(lab.id.clone()));
    let bill: Value = serde_json::from_slice(&kept("image.spdx.json")).unwrap();
    assert!(bill["packages"].as_array().unwrap().iter().any(|package| package["name"] == "romancal"));

    // Whatever is recorded of it stays true: under another name, and with more looked at.
    assert_eq!(lab.run(&["check", "--verify", "--image", lab.id.as_str()]).status.code(), Some(0));
    assert_eq!(fact(), first);
    // What was changed or lost is made again, as it was.
    std::fs::write(store.dir_of(&lab.id).join("image.spdx.json"), "{}").unwrap();
    assert!(!store.has_inventory(&first));
    assert_eq!(lab.run(&["check"]).status.code(), Some(0));
    assert_eq!(fact(), first);
    assert!(store.has_inventory(&first));
}

#[test]
fn a_freeze_after_a_check_keeps_what_the_image_holds() {
    let lab = lab(&clean());
    assert_eq!(lab.run(&["check"]).status.code(), Some(0));
    let store = Store::in_state(&lab.repository.at(".image"));
    let checked = store.read::<Frozen>(&lab.id).unwrap().unwrap();
    let solved = support::SOLVED;
    lab.engine.serve_files(IMAGE, "/opt/env-frozen", solved);
    lab.report(&[]);
    let frozen = store.read::<Frozen>(&lab.id).unwrap().unwrap();
    assert_eq!((&frozen.inventory, &frozen.sbom), (&checked.inventory, &checked.sbom));
    assert!(frozen.sbom.is_some());
    assert_eq!(frozen.specs, digest::of_tree(&lab.frozen_dir(), &|_| false).unwrap());
}

#[test]
fn each_planted_change_is_found_and_the_answer_is_no() {
    let without = |path: &str| clean().into_iter().filter(|(p, _)| !p.contains(path)).collect::<Vec<_>>();
    let check =
        |files: Vec<(String, String)>, kind: &str, name: &str, frozen: Option<&str>, built: Option<&str>| {
            let lab = lab(&files);
            let output = lab.run(&["check"]);
            assert_eq!(output.status.code(), Some(1), "{name}: {}", errors(&output));
            let class = match (frozen, built) {
                (Some(_), None) => "missing",
                (None, _) => "extra",
                _ => "version",
            };
            let mut expected = json!({"kind": kind, "class": class, "name": name});
            for (key, version) in [("frozen", frozen), ("built", built)] {
                if let Some(version) = version {
                    expected[key] = json!(version);
                }
            }
            assert_eq!(environment(&output, "roman-cal")["differences"], json!([expected]));
            assert_eq!(last_report(&output)["verdict"], "no");
            let store = Store::in_state(&lab.repository.at(".image"));
            assert_eq!(store.read::<Compared>(&lab.id).unwrap().unwrap().verdict, Verdict::No);
        };
    let with = |path: &str, file: (String, String)| [without(path), vec![file]].concat();
    check(with("asdf-", distribution("asdf", "3.1.0")), "pip", "asdf", Some("3.0.1"), Some("3.1.0"));
    check(without("asdf-"), "pip", "asdf", Some("3.0.1"), None);
    check(with("nothing", distribution("Sur_Prise", "1.0")), "pip", "sur-prise", None, Some("1.0"));
    check(with("fftw-", record(ENV, "fftw", "3.3.11", &[])), "conda", "fftw", Some("3.3.10"), Some("3.3.11"));
    check(without("fftw-"), "conda", "fftw", Some("3.3.10"), None);
    check(with("nothing", record(ENV, "zlib", "1.3", &[])), "conda", "zlib", None, Some("1.3"));
}

#[test]
fn an_environment_that_only_one_side_has_is_drift() {
    let lab = lab(&[clean(), vec![record("opt/conda/envs/stray", "python", "3.12.1", &[])]].concat());
    lab.write("env-frozen/gone/requirements.yml", "dependencies:\n  - python=3.11.7\n");
    let output = lab.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(environment(&output, "stray")["differences"][0]["built"], "3.12.1");
    assert_eq!(environment(&output, "gone")["differences"][0]["frozen"], "3.11.7");
    assert_eq!(environment(&output, "roman-cal")["differences"], json!([]));
}

#[test]
fn what_cannot_be_told_is_a_fault_and_no_verdict() {
    let lab = lab(&[clean(), vec![(format!("{ENV}/conda-meta/broken-1-0.json"), "{".to_owned())]].concat());
    let said = lab.fault(&["check"], 65);
    assert!(said.contains("cannot tell what notebook-roman:latest holds"), "{said}");
    assert!(said.contains("conda-meta/broken-1-0.json"), "{said}");
    assert_eq!(Store::in_state(&lab.repository.at(".image")).read::<Compared>(&lab.id).unwrap(), None);
    lab.engine.fail("export", 17);
    assert!(!lab.run(&["check"]).status.success());
}

#[test]
fn without_frozen_specs_there_is_nothing_to_compare_with() {
    let lab = lab(&clean());
    lab.remove("env-frozen");
    assert!(lab.fault(&["check"], 65).contains("there is nothing frozen in"));
    assert!(lab.engine.calls().is_empty(), "that is seen before any image is read");
}

#[test]
fn the_document_passes_through_a_pipe_with_one_report_more() {
    use std::io::Write as _;
    use std::process::Stdio;
    let lab = lab(&clean());
    let document = lab.repository.read("setup-env.json");
    let mut child = lab
        .command(&["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let before: Value = serde_json::from_str(&document).unwrap();
    let after: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(after["settings"], before["settings"]);
    assert_eq!(after["reports"][0]["tool"], "image-freeze check");
    assert_eq!(after["reports"].as_array().unwrap().len(), 1);
}

#[test]
fn another_image_can_be_named() {
    let lab = lab(&clean());
    let id = lab.engine.image("other:1", &[]);
    lab.engine.serve_files("other:1", "/", &[("etc/motd", "hello\n")]);
    let output = lab.run(&["check", "--image", "other:1"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(last_report(&output)["image"], json!({"name": "other:1", "id": id}));
}

/// The engine knows more than any label: whether the image begins with the layers of the locked base.
#[test]
fn the_base_is_compared_by_its_layers_where_the_engine_has_it() {
    let lab = lab(&clean());
    let digest = digest::Digest::of(b"the manifest");
    let lock = json!({"reference": "h/base:1", "digest": digest});
    lab.write("env-frozen/base.lock.json", &lock.to_string());
    let tell = |name: &str, id: &str, layers: &[&str]| {
        let layers: Vec<String> =
            layers.iter().map(|one| digest::Digest::of(one.as_bytes()).to_string()).collect();
        let facts = json!([{"Id": id, "Config": {"Env": []}, "RootFS": {"Layers": layers}}]);
        lab.engine.print(&format!("image inspect {name}"), &format!("{facts}\n"), 0);
    };
    let (image, base) = (lab.id.to_string(), digest::Digest::of(b"base").to_string());
    // Without the base nothing can be told, and nothing is.
    assert_eq!(lab.run(&["check"]).status.code(), Some(0));
    tell(&image, &image, &["a", "b", "ours"]);
    tell(&format!("h/base@{digest}"), &base, &["a", "b"]);
    let output = lab.run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(environment(&output, "(image)"), json!({"name": "(image)", "same": 1, "differences": []}));
    tell(&format!("h/base@{digest}"), &base, &["a", "other"]);
    let output = lab.run(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let difference = environment(&output, "(image)")["differences"][0].clone();
    let expected = json!({"kind": "image", "class": "base-moved", "name": "base", "frozen": digest, "built": "another image"});
    assert_eq!(difference, expected);
}

/// The repository's file of waivers of `what` until `expires`.
fn waive(lab: &Lab, file: &str, what: &str, expires: &str) {
    let waiver = json!({"what": what, "owner": "ada", "reason": "known", "expires": expires});
    lab.write(file, &json!({"waivers": [waiver]}).to_string());
}

const OF_ROMAN_CAL: &str = "environments/roman-cal/tests/waivers.json";
const OF_THE_MISSION: &str = "waivers.json";

#[test]
fn drift_that_is_waived_is_shown_and_no_reason_to_stop() {
    let without = clean().into_iter().filter(|(path, _)| !path.contains("fftw-")).collect::<Vec<_>>();
    let lab = lab(&without);
    assert_eq!(lab.run(&["check"]).status.code(), Some(1));
    waive(&lab, OF_ROMAN_CAL, "drift fftw", "9999-12-31");
    let output = lab.run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let told =
        "\nroman-cal\n  missing  conda  fftw  3.3.10\n           waived until 9999-12-31 (ada): known\n";
    assert!(errors(&output).contains(told), "also where the document goes elsewhere: {}", errors(&output));
    let report = last_report(&output);
    assert_eq!(report["verdict"], "yes");
    let excused = &report["outcome"]["check"]["waivers"]["excused"];
    assert_eq!(excused[0]["environment"], "roman-cal");
    let told = json!({"what": "drift fftw", "owner": "ada", "reason": "known", "expires": "9999-12-31"});
    assert_eq!(excused[0]["waiver"], told);
    let markdown = String::from_utf8(lab.run(&["check", "--markdown"]).stdout).unwrap();
    assert!(markdown.contains("waived until 9999-12-31 (ada): known"), "{markdown}");
    // What is kept is what was found: whoever makes a release judges at that time.
    let store = Store::in_state(&lab.repository.at(".image"));
    let fact = store.read::<Compared>(&lab.id).unwrap().unwrap();
    assert_eq!((fact.verdict, fact.outcome.waivers.is_empty()), (Verdict::No, true));
    assert_eq!(fact.outcome.environments[1].differences.len(), 1);
    let output = lab.run(&["check", "--no-waivers"]);
    assert_eq!((output.status.code(), &last_report(&output)["verdict"]), (Some(1), &json!("no")));
}

#[test]
fn a_waiver_of_drift_that_ended_or_is_of_something_else_excuses_nothing() {
    let without = clean().into_iter().filter(|(path, _)| !path.contains("fftw-")).collect::<Vec<_>>();
    let lab = lab(&without);
    waive(&lab, OF_ROMAN_CAL, "drift fftw", "2024-08-05");
    let output = lab.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = errors(&output);
    assert!(said.contains("roman-cal: the waiver of drift fftw ended on 2024-08-05 (ada)"), "{said}");
    assert_eq!(last_report(&output)["outcome"]["check"]["waivers"]["expired"][0]["waiver"]["owner"], "ada");
    for (file, what) in [(OF_ROMAN_CAL, "drift fft"), (OF_THE_MISSION, "drift fftw")] {
        lab.write(OF_ROMAN_CAL, "{\"waivers\": []}");
        waive(&lab, file, what, "9999-12-31");
        let output = lab.run(&["check"]);
        assert_eq!(output.status.code(), Some(1), "{file}: {what}");
        let notices = last_report(&output)["notices"].to_string();
        assert!(notices.contains(&format!("the waiver of {what} (ada, until 9999-12-31) has nothing")));
    }
    waive(&lab, OF_ROMAN_CAL, "drifts fftw", "9999-12-31");
    assert!(lab.fault(&["check"], 65).contains("waivers.json:1: "));
}

/// The base is no environment of the repository, and its drift comes with the base image.
#[test]
fn drift_of_the_base_and_of_the_base_image_is_waived_by_the_mission() {
    let without = clean().into_iter().filter(|(path, _)| !path.contains("/conda-24")).collect::<Vec<_>>();
    let lab = lab(&without);
    assert_eq!(lab.run(&["check"]).status.code(), Some(1));
    waive(&lab, OF_THE_MISSION, "drift conda", "9999-12-31");
    let output = lab.run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let excused = last_report(&output)["outcome"]["check"]["waivers"]["excused"].clone();
    assert_eq!(excused[0]["environment"], "base");
}

#[test]
fn what_differs_between_two_images_is_not_waived() {
    let lab = lab(&clean());
    waive(&lab, OF_ROMAN_CAL, "drift fftw", "9999-12-31");
    let other: Vec<_> = clean().into_iter().filter(|(path, _)| !path.contains("fftw-")).collect();
    let other: Vec<(&str, &str)> = other.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    lab.engine.image("other:1", &[]);
    lab.engine.serve_files("other:1", "/", &other);
    assert_eq!(lab.run(&["diff", IMAGE, "other:1"]).status.code(), Some(1));
}

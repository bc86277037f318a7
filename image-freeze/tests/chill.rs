//! `image-freeze chill` as its users run it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "figures are for people")]

mod support;

use std::fs;
use std::path::Path;

use common::requirement::{PipFile, PipSource};
use common::testing::{FakeEngine, Repository};
use serde_json::json;
use support::{Lab, content, release_data};

/// Chill asks no engine for anything.
fn lab(repository: Repository) -> Lab {
    let lab = Lab::on(FakeEngine::docker(), repository, &[]);
    lab.engine.fail("*", 99);
    lab
}

fn chilly(lab: &Lab, path: &str) -> String {
    lab.repository.read(&format!("deployments/roman/env-chilly/{path}"))
}

#[test]
fn specs_are_loosened_and_the_hints_go_with_them() {
    let lab = lab(Repository::new().frozen());
    let report = lab.report(&["chill"]);
    assert_eq!(
        chilly(&lab, "roman-cal/requirements.yml"),
        "name: roman-cal\nchannels:\n  - conda-forge\ndependencies:\n  - fftw~=3.3.10\n  - pip=24.0\n  - python~=3.11.7\n  \
         - tzdata=2024a\n  - pip:\n      - cython==3.0.8\nprefix: /opt/conda/envs/roman-cal\n"
    );
    assert!(
        chilly(&lab, "roman-cal/requirements.txt")
            .contains("\nromancal~=0.13.0\n    # via -r roman-cal.pip\n")
    );
    assert_eq!(chilly(&lab, "roman-cal/build-hints.pip"), "asdf<6\n");
    assert_eq!(chilly(&lab, "roman-cal/common-hints.pip"), "numpy<3\n");
    assert!(!lab.chilly_dir().join("base").exists(), "the base is not loosened");
    let environment = json!({
        "name": "roman-cal", "pip_pins": 4, "pip_loosened": 4, "conda_pins": 4, "conda_loosened": 2,
    });
    assert_eq!(report["outcome"]["chill"], json!({"tree": "written", "environments": [environment]}));
    assert_eq!(lab.report(&["chill"])["outcome"]["chill"]["tree"], "unchanged");
    assert!(lab.engine.calls().is_empty(), "no engine is needed");
}

/// D26: a missing hints file ended the run after the old tree was deleted.
#[test]
fn d26_missing_hints_are_told_and_stand_in_as_empty_files() {
    let lab = lab(Repository::new().frozen().chilly());
    lab.remove("environments/roman-cal/build-hints.pip");
    lab.remove("environments/common-hints.pip");
    let report = lab.report(&["chill"]);
    let notice = |file: &str| format!("environments/{file} is missing; an empty one is put into env-chilly");
    assert_eq!(report["notices"], json!([notice("roman-cal/build-hints.pip"), notice("common-hints.pip")]));
    assert_eq!(chilly(&lab, "roman-cal/build-hints.pip") + &chilly(&lab, "roman-cal/common-hints.pip"), "");
}

/// D26, D27: without the frozen specs, or with half of them, env-chilly was gone.
#[test]
fn d26_d27_without_whole_frozen_specs_nothing_is_deleted() {
    let check = |spoil: &dyn Fn(&Lab), expected: &str| {
        let lab = lab(Repository::new().frozen().chilly());
        spoil(&lab);
        let before = content(&lab.chilly_dir());
        for args in [&["chill"][..], &["chill", "--compat"]] {
            let said = lab.fault(args, 65);
            assert!(said.contains(expected), "{said}");
            assert_eq!(content(&lab.chilly_dir()), before);
        }
    };
    check(&|lab| lab.remove("env-frozen"), "there is nothing frozen in");
    check(&|lab| lab.remove("env-frozen"), "hint: image-freeze");
    check(
        &|lab| lab.remove("env-frozen/roman-cal/requirements.txt"),
        "roman-cal/requirements.txt: it is missing",
    );
    check(
        &|lab| lab.write("env-frozen/roman-cal/requirements.yml", ""),
        "roman-cal/requirements.yml: it is empty",
    );
}

#[test]
fn a_spec_that_makes_no_sense_is_named_with_its_line() {
    let lab = lab(Repository::new().frozen().chilly());
    lab.write("env-frozen/roman-cal/requirements.txt", "a==1\nb==1.2.3 oops\n");
    let before = content(&lab.chilly_dir());
    assert!(lab.fault(&["chill"], 65).contains("env-frozen/roman-cal/requirements.txt:2: "));
    assert_eq!(content(&lab.chilly_dir()), before);
}

/// D10: the tree's environments count, not whatever directories env-frozen happens to have.
#[test]
fn d10_environments_are_those_of_the_tree_that_are_frozen() {
    let lab = lab(Repository::new().frozen());
    lab.write("environments/new-env/new-env.yml", "dependencies:\n  - python\n");
    lab.write("env-frozen/new-env/.placeholder", "");
    lab.write("env-frozen/old-env/requirements.txt", "a==1.2.3\n");
    lab.write("env-chilly/new-env/.placeholder", "");
    lab.write("env-chilly/older-env/requirements.txt", "a~=1.2.3\n");
    lab.write("env-chilly/roman-cal/build-hints.conda", "fftw<4\n");
    let report = lab.report(&["chill"]);
    assert_eq!(report["outcome"]["chill"]["environments"].as_array().unwrap().len(), 1);
    let notices = report["notices"].to_string();
    assert!(notices.contains("new-env is not frozen yet"), "{notices}");
    assert!(notices.contains("env-chilly/older-env is kept"), "{notices}");
    assert_eq!(chilly(&lab, "roman-cal/build-hints.conda"), "fftw<4\n", "what a person put there stays");
    assert!(lab.chilly_dir().join("new-env/.placeholder").exists());
    assert!(!lab.chilly_dir().join("old-env").exists());
}

/// D28: the textual rules make specifiers that no installer takes.
#[test]
fn d28_compat_is_the_old_text_and_the_default_is_valid() {
    let lab = lab(Repository::new().frozen());
    lab.write("env-frozen/roman-cal/requirements.txt", "i==1.2.3+cu118\n# was k==1.2.3\n");
    lab.report(&["chill"]);
    assert_eq!(chilly(&lab, "roman-cal/requirements.txt"), "i==1.2.3+cu118\n# was k==1.2.3\n");
    lab.report(&["chill", "--compat"]);
    assert_eq!(chilly(&lab, "roman-cal/requirements.txt"), "i~=1.2.3+cu118\n# was k~=1.2.3\n");
}

/// A repository with the real specs of `mission` in the place of roman's.
fn real(data: &Path, mission: &str) -> Lab {
    let lab = lab(Repository::new());
    for tree in ["environments", "env-frozen"] {
        let target = lab.repository.at(&format!("deployments/roman/{tree}"));
        _ = fs::remove_dir_all(&target);
        common::tree::copy(&data.join(mission).join(tree), &target).unwrap();
    }
    lab
}

#[test]
fn real_specs_become_what_was_committed_in_both_modes() {
    let Some(data) = release_data() else { return };
    for mission in ["roman", "tike"] {
        for args in [&["chill"][..], &["chill", "--compat"]] {
            let lab = real(&data, mission);
            lab.report(args);
            assert_eq!(
                content(&lab.chilly_dir()),
                content(&data.join(mission).join("env-chilly")),
                "{mission} {args:?}"
            );
        }
    }
}

#[test]
fn every_real_pin_stays_valid_and_allowed_when_loosened() {
    let Some(data) = release_data() else { return };
    let (mut pins, mut loosened) = (0, 0);
    for mission in ["roman", "tike", "jwebbinar"] {
        let lab = real(&data, mission);
        let report = lab.report(&["chill"]);
        for environment in report["outcome"]["chill"]["environments"].as_array().unwrap() {
            let path = format!("{}/requirements.txt", environment["name"].as_str().unwrap());
            let parse = |text: String| PipFile::parse(text.as_bytes(), &path).unwrap();
            let (frozen, chilled) = (parse(lab.frozen(&path)), parse(chilly(&lab, &path)));
            for (old, new) in frozen.requirements().zip(chilled.requirements()) {
                assert_eq!(old.name, new.name);
                if let (Some(version), PipSource::Specifiers(range)) = (old.pin(), &new.source) {
                    assert!(range.contains(version), "{}{range}", new.name);
                    pins += 1;
                    loosened += u32::from(new.pin().is_none());
                }
            }
        }
    }
    eprintln!("{loosened} of {pins} real pins loosened");
    assert_eq!(pins, 919);
}

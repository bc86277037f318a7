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

/// D38: the linter of specs never parsed them, so a malformed file passed.
#[test]
fn d38_a_spec_that_is_no_yaml_is_refused_with_its_line() {
    let lab = lab(Repository::new().frozen().chilly());
    let before = content(&lab.chilly_dir());
    lab.write("env-frozen/roman-cal/requirements.yml", "name: x\ndependencies: [a, b\n  - c=1\n");
    let said = lab.fault(&["chill"], 65);
    assert!(said.contains("env-frozen/roman-cal/requirements.yml:"), "{said}");
    assert_eq!(content(&lab.chilly_dir()), before);
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

/// Versions of every form that PEP 440 has, in an order that only looks random.
fn versions(count: usize) -> Vec<String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) % limit
    };
    let mut found = Vec::new();
    for _ in 0..count {
        let mut version = if below(8) == 0 { format!("{}!", 1 + below(3)) } else { String::new() };
        let release: Vec<String> = (0..=below(7))
            .map(|_| [below(4), below(30), 2000 + below(30)][usize::try_from(below(3)).unwrap()].to_string())
            .collect();
        version.push_str(&release.join("."));
        for (part, often) in [("a", 9), ("b", 9), ("rc", 6)] {
            if below(often) == 0 && !version.contains(['a', 'b', 'c']) {
                version += &[part, &below(5).to_string()].concat();
            }
        }
        for (part, often) in [(".post", 5), (".dev", 7)] {
            if below(often) == 0 {
                version += &[part, &below(5).to_string()].concat();
            }
        }
        if below(7) == 0 {
            version.push_str("+cu118.x");
        }
        found.push(version);
    }
    found
}

const ORACLE: &str = r"
import sys
try:
    from packaging.requirements import Requirement
except ImportError:
    from pip._vendor.packaging.requirements import Requirement
read = lambda path: [line.split('#')[0].strip() for line in open(path) if line[:1].isalpha()]
frozen, chilly = read(sys.argv[1]), read(sys.argv[2])
assert len(frozen) == len(chilly) > 0, (len(frozen), len(chilly))
moved = 0
for old, new in zip(frozen, chilly):
    old, new = Requirement(old.split(' --hash')[0]), Requirement(new)
    assert old.name == new.name and old.extras == new.extras and str(old.marker) == str(new.marker), (old, new)
    [pin] = old.specifier
    assert new.specifier.contains(pin.version, prereleases=True), (str(old), str(new))
    moved += str(old) != str(new)
print(moved)
";

/// Python's own reading of versions and ranges is the judge, not ours.
#[test]
fn every_form_of_a_version_by_every_rule_is_valid_and_allowed_to_pythons_packaging() {
    let python = |code: &str, args: &[&Path]| {
        std::process::Command::new("python3").arg("-c").arg(code).args(args).output().unwrap()
    };
    let there = "try:\n import packaging\nexcept ImportError:\n import pip._vendor.packaging";
    if !std::process::Command::new("python3").args(["-c", there]).output().is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: no python3 with the packaging library, or with pip, is on PATH");
        return;
    }
    let rules = ["last", "patch", "minor", "any", "exact", ">=0.dev0"];
    let mut pins = String::from("# a header\n");
    let mut rule_of = serde_json::Map::new();
    for (at, version) in versions(1800).iter().enumerate() {
        let behind = ["", "  # why", " ; python_version >= '3.8'"][at % 3];
        let extra = ["", "[x]"][at % 2];
        pins += &[&format!("p{at}{extra}=={version}"), behind, "\n    # via x\n"].concat();
        rule_of.insert(format!("P{at}"), json!(rules[at % rules.len()]));
    }
    let lab = lab(Repository::new().frozen());
    lab.write("env-frozen/roman-cal/requirements.txt", &pins);
    lab.write("environments/roman-cal/chill.json", &json!({"pip": rule_of}).to_string());
    let report = lab.report(&["chill"]);
    let loosened = report["outcome"]["chill"]["environments"][0]["pip_loosened"].as_u64().unwrap();
    let path = Path::new("roman-cal/requirements.txt");
    let output = python(ORACLE, &[&lab.frozen_dir().join(path), &lab.chilly_dir().join(path)]);
    assert!(output.status.success(), "{}", support::errors(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), loosened.to_string());
    assert!(loosened > 900, "{loosened}");
}

#[test]
fn a_policy_is_read_for_each_environment_and_one_that_cannot_be_kept_is_refused() {
    let lab = lab(Repository::new().frozen());
    lab.write(
        "environments/roman-cal/chill.json",
        r#"{"default": "exact", "pip": {"NumPy": "minor", "asdf": ">=3,<4"}, "conda": {"python": "patch", "fftw": "any"}}"#,
    );
    lab.report(&["chill"]);
    let text = chilly(&lab, "roman-cal/requirements.txt");
    for line in ["asdf>=3,<4\n", "gwcs==0.21.0\n", "numpy>=1.26.4,<2\n", "romancal==0.13.0\n"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let yml = chilly(&lab, "roman-cal/requirements.yml");
    for line in ["- fftw>=3.3.10\n", "- pip=24.0\n", "- python>=3.11.7,3.11.*\n"] {
        assert!(yml.contains(line), "{line}: {yml}");
    }
    let before = content(&lab.chilly_dir());
    lab.write("environments/roman-cal/chill.json", r#"{"pip": {"asdf": ">=4"}}"#);
    let said = lab.fault(&["chill"], 65);
    assert!(said.contains("requirements.txt:4: the policy for asdf: >=4 does not hold 3.0.1"), "{said}");
    lab.write("environments/roman-cal/chill.json", r#"{"pip": {"asdf": "loose"}}"#);
    assert!(lab.fault(&["chill"], 65).contains("chill.json: \"loose\" for asdf is neither a range"));
    assert_eq!(content(&lab.chilly_dir()), before);
}

/// pip demands digests of all, once one has them, and takes none for a range.
#[test]
fn no_digest_is_left_where_a_pin_was_loosened_and_all_stay_where_none_was() {
    let lab = lab(Repository::new().frozen());
    let text =
        "a==1.2.3 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via x\nb==1.2 --hash=sha256:cc\n";
    lab.write("env-frozen/roman-cal/requirements.txt", text);
    lab.report(&["chill"]);
    assert_eq!(chilly(&lab, "roman-cal/requirements.txt"), "a~=1.2.3\n    # via x\nb==1.2\n");
    lab.write("environments/roman-cal/chill.json", r#"{"default": "exact"}"#);
    lab.report(&["chill"]);
    assert_eq!(chilly(&lab, "roman-cal/requirements.txt"), text);
}

#[test]
fn all_missions_are_loosened_but_those_that_were_never_frozen() {
    let lab = lab(Repository::new().frozen());
    let frozen = "../tike/env-frozen/tess/requirements";
    let all = || {
        let output = lab.run(&["chill", "--all"]);
        assert_eq!(output.status.code(), Some(0), "{}", support::errors(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let document = all();
    assert_eq!(document["reports"].as_array().unwrap().len(), 1, "tike was never frozen");
    lab.write(&format!("{frozen}.yml"), "name: tess\ndependencies:\n  - python=3.11.9\n");
    lab.write(&format!("{frozen}.txt"), "lightkurve==2.4.2\n");
    let document = all();
    let trees: Vec<_> =
        document["reports"].as_array().unwrap().iter().map(|r| &r["outcome"]["chill"]["tree"]).collect();
    assert_eq!(trees, ["unchanged", "written"]);
    let loose = lab.repository.read("deployments/tike/env-chilly/tess/requirements.txt");
    assert!(loose.contains("lightkurve~=2.4.2"), "{loose}");
}

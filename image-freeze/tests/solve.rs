//! `image-freeze solve` as its users run it, with a uv that pretends.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::process::Output;

use common::testing::{FakeEngine, Repository};
use serde_json::json;
use support::index::program;
use support::{Lab, content, errors, last_report};

const UV: &str = r#"[ "$1" = --version ] && { echo "uv 0.0 (fake)"; exit 0; }
echo "$* index=$UV_DEFAULT_INDEX in=$PWD" > "$(dirname "$0")/said"
printf 'asdf==3.0.1\n    # via -r x.pip\nnumpy==2.0.0\nromancal==0.13.0\n'
"#;

const CONFLICT: &str = r#"[ "$1" = --version ] && { echo "uv 0.0 (fake)"; exit 0; }
echo "  × No solution found when resolving dependencies:
  ╰─▶ Because romancal==0.13.0 depends on asdf>=6 and you require asdf<6, your
      requirements are unsatisfiable." >&2
exit 1
"#;

struct Place {
    lab: Lab,
    bin: tempfile::TempDir,
}

impl Place {
    fn new(uv: &str) -> Self {
        let lab = Lab::on(FakeEngine::docker(), Repository::new().frozen(), &[]);
        let bin = tempfile::tempdir().unwrap();
        program(bin.path(), "uv", uv);
        Self { lab, bin }
    }

    fn solve(&self, args: &[&str]) -> Output {
        let mut command = self.lab.command(&[&["solve"], args].concat());
        let paths = [self.bin.path().to_owned(), self.lab.path().into()];
        command.env("PATH", std::env::join_paths(paths).unwrap()).output().unwrap()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.bin.path().join("said")).unwrap()
    }
}

#[test]
fn the_files_of_a_build_are_solved_in_its_order_for_its_python_and_platform() {
    let place = Place::new(UV);
    let frozen = content(&place.lab.frozen_dir());
    let output = place.solve(&["--exclude-newer", "2024-08-05", "--index", "https://i/simple"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let solved = last_report(&output)["outcome"]["solve"].clone();
    let inputs = json!([
        "deployments/roman/environments/roman-cal/build-hints.pip",
        "deployments/roman/environments/roman-cal/roman-cal.pip",
        "deployments/common/common-env/required.pip",
        "deployments/roman/environments/common-hints.pip",
    ]);
    let environment = &solved["environments"][0];
    assert_eq!(environment["inputs"], inputs);
    assert_eq!(
        (&environment["pins"], &environment["changed"]),
        (&json!(3), &json!(2)),
        "numpy moved, gwcs is not needed"
    );
    assert!(environment["conda"].as_str().unwrap().starts_with("not solved: none of"));
    let said = place.said();
    for words in [
        "--python-version 3.11.7",
        "--python-platform x86_64-manylinux_2_31",
        "--exclude-newer 2024-08-05",
        "index=https://i/simple",
        "-- deployments/roman/environments/roman-cal/build-hints.pip",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let lock = place.lab.repository.read(".image/solved/roman/roman-cal/requirements.txt");
    let header =
        "# This file was made for Python 3.11 by uv 0.0.\n# Index cut-off: 2024-08-05\n# Inputs: sha256:";
    assert!(lock.starts_with(header) && lock.ends_with("\nromancal==0.13.0\n"), "{lock}");
    assert_eq!(content(&place.lab.frozen_dir()), frozen, "the tree is left alone");
}

#[test]
fn the_common_files_are_those_that_the_dockerfile_or_the_user_names() {
    let place = Place::new(UV);
    place.lab.repository.write("deployments/common/common-env/jupyter.pip", "jupyterlab\n");
    place.lab.write(
        "Dockerfile.custom",
        "# RUN env-compile roman-cal /opt/common-env/no.pip\nRUN /opt/common-scripts/env-compile roman-cal \\\n    \
         /opt/common-env/jupyter.pip && \\\n    true\n",
    );
    place.solve(&[]);
    assert!(place.said().contains("common-env/jupyter.pip deployments/roman/environments/common-hints.pip"));
    assert!(!place.said().contains("required.pip"), "{}", place.said());
    place.solve(&["--extra", "deployments/common/common-env/required.pip"]);
    assert!(
        place.said().contains("required.pip") && !place.said().contains("jupyter.pip"),
        "{}",
        place.said()
    );
}

#[test]
fn a_lock_goes_into_the_tree_only_when_asked() {
    let place = Place::new(UV);
    let output = place.solve(&["--write"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(place.lab.frozen("roman-cal/requirements.txt").contains("numpy==2.0.0"));
    assert!(place.lab.frozen("roman-cal/requirements.yml").contains("python=3.11.7"), "conda's half stays");
}

#[test]
fn each_side_of_a_conflict_is_named_with_its_file_and_line() {
    let place = Place::new(CONFLICT);
    let output = place.solve(&["--write"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let conflict = last_report(&output)["outcome"]["solve"]["environments"][0]["conflict"].clone();
    let side = |file: &str, line: u32, text: &str| json!({"file": format!("deployments/roman/environments/roman-cal/{file}"), "line": line, "text": text});
    let sides = json!([
        side("build-hints.pip", 1, "asdf<6"),
        side("roman-cal.pip", 1, "romancal"),
        side("roman-cal.pip", 2, "asdf>=3")
    ]);
    assert_eq!(conflict["sides"], sides);
    assert!(place.lab.frozen("roman-cal/requirements.txt").contains("numpy==1.26.4"), "nothing is written");
}

#[test]
fn an_environment_that_is_not_there_is_a_mistake() {
    let place = Place::new(UV);
    let output = place.solve(&["--environment", "nope"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
}

/// A solver of conda's that answers as all of them do.
const MAMBA: &str = r#"echo "$* subdir=$CONDA_SUBDIR" > "$(dirname "$0")/asked"
echo '{"success": true, "actions": {"LINK": [{"name": "python", "version": "3.11.9", "build_string": "h0"}, {"name": "fftw", "version": "3.3.10"}]}}'
"#;

#[test]
fn condas_half_is_solved_by_whichever_solver_is_in_reach() {
    for solver in ["micromamba", "mamba", "conda"] {
        let place = Place::new(UV);
        program(place.bin.path(), solver, MAMBA);
        let output = place.solve(&[]);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let solved = last_report(&output)["outcome"]["solve"].clone();
        assert_eq!(solved["environments"][0]["conda"], format!("2 packages ({solver})"));
        let lock = place.lab.repository.read(".image/solved/roman/roman-cal/requirements.yml");
        assert!(lock.ends_with("dependencies:\n  - fftw=3.3.10\n  - python=3.11.9\n"), "{lock}");
        let asked = std::fs::read_to_string(place.bin.path().join("asked")).unwrap();
        assert!(asked.starts_with("create --dry-run --json --yes"), "{asked}");
        assert!(asked.ends_with("subdir=linux-64\n"), "{asked}");
    }
}

#[test]
fn a_conda_half_without_solution_is_a_no_and_one_without_solver_is_told() {
    let place = Place::new(UV);
    let output = place.solve(&[]);
    assert_eq!(output.status.code(), Some(0), "pip's half is solved");
    assert!(errors(&output).contains("install micromamba"), "{}", errors(&output));
    let refusal = "echo '{\"success\": false, \"solver_problems\": [\"nothing provides  fftw\"]}'; exit 1\n";
    program(place.bin.path(), "mamba", refusal);
    let output = place.solve(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let conda = last_report(&output)["outcome"]["solve"]["environments"][0]["conda"].clone();
    assert_eq!(conda, "no solution (mamba): nothing provides fftw");
}

//! What is wrong before anything runs is told before anything runs, with what to do, and nothing of it
//! is lost.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::settings::UseFrozen;
use common::testing::{FakeEngine, Repository};
use support::{Bench, stderr};

const ENVIRONMENT: &str = "deployments/roman/environments/roman-cal";

/// It is refused with these parts of the message, no engine was asked and no sibling ran.
fn check_refused(bench: &Bench, status: i32, parts: &[&str]) {
    let said = bench.fails(&[], status);
    for part in parts {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    assert!(said.contains("hint: "), "{said}");
    assert!(bench.engine.calls().is_empty() && bench.siblings().is_empty(), "nothing ran");
}

/// It is built, and this is told.
fn check_told(bench: &Bench, args: &[&str], parts: &[&str]) {
    let output = bench.run(args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} in {said}");
    }
}

#[test]
fn an_unset_environment() {
    let bench = Bench::new(Repository::new(), FakeEngine::docker());
    check_refused(&bench, 78, &["nothing is configured", "image-configure MISSION"]);
}

#[test]
fn a_half_set_environment() {
    let bench = Bench::new(Repository::new(), FakeEngine::docker());
    let run = |name: &str, value: &str| {
        let output =
            bench.command(&[]).env("JUPYTERHUB_DIR", bench.repository.root()).env(name, value).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
        assert!(bench.engine.calls().is_empty() && bench.siblings().is_empty());
        stderr(&output)
    };
    assert!(run("USE_FROZEN", "1").contains("image-configure MISSION"), "no mission");
    assert!(run("DEPLOYMENT_NAME", "").contains("image-configure MISSION"), "an empty one");
    let said = run("DEPLOYMENT_NAME", "../tike");
    assert!(said.contains("DEPLOYMENT_NAME"), "{said}");
}

/// D6: a value of another configuration was built by. The shell's copy may be stale; the file is not.
#[test]
fn a_stale_setup_env() {
    let bench = Bench::floating();
    let mut command = bench.command(&[]);
    command.env("JUPYTERHUB_DIR", bench.repository.root());
    command.env("DEPLOYMENT_NAME", "tike").env("USE_FROZEN", "1");
    let output = command.output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in ["DEPLOYMENT_NAME is \"tike\" in the shell and \"roman\" in setup-env.json", "source "] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    assert!(bench.engine.lines().iter().any(|line| line.contains("--tag notebook-roman:latest")));
}

/// The repository's own templates moved on, as after a pull.
#[test]
fn a_stale_setup_env_of_older_templates() {
    let bench = Bench::floating();
    let mut document = bench.configure(UseFrozen::Floating, |_| ());
    bench.repository.write("infrequent-env", "export CONDA_VER=mamba\n");
    document.templates = common::setup_env::templates(bench.repository.root());
    fs::write(bench.repository.at("setup-env.json"), document.to_json()).unwrap();
    let told =
        "infrequent-env changed since setup-env.json was made; to take that over: image-configure roman";
    assert!(!stderr(&bench.run(&[])).contains(told));
    bench.repository.write("infrequent-env", "export CONDA_VER=conda\n");
    check_told(&bench, &[], &[told]);
}

#[test]
fn an_environment_with_both_specs() {
    let bench = Bench::floating();
    bench.repository.write(&format!("{ENVIRONMENT}/roman-cal.explicit"), "@EXPLICIT\n");
    check_refused(&bench, 65, &["has both roman-cal.yml and roman-cal.explicit", "git mv"]);
}

#[test]
fn an_environment_with_neither_spec() {
    let bench = Bench::floating();
    fs::remove_file(bench.repository.at(&format!("{ENVIRONMENT}/roman-cal.yml"))).unwrap();
    check_refused(&bench, 65, &["has neither roman-cal.yml and roman-cal.explicit"]);
}

/// D26, D41: an image was built that could not be, or the old specs were gone.
#[test]
fn d41_a_missing_hints_file() {
    let bench = Bench::new(Repository::new().frozen().chilly(), FakeEngine::docker());
    bench.configure(UseFrozen::Chilly, |_| ());
    fs::remove_file(bench.repository.at("deployments/roman/env-chilly/roman-cal/build-hints.pip")).unwrap();
    check_refused(&bench, 65, &["env-chilly/roman-cal/build-hints.pip is missing", "image-freeze chill"]);

    let bench = Bench::floating();
    fs::remove_file(bench.repository.at("deployments/roman/environments/common-hints.pip")).unwrap();
    check_told(&bench, &[], &["touch deployments/roman/environments/common-hints.pip"]);
}

#[test]
fn frozen_specs_of_no_environment() {
    for bench in [Bench::floating(), Bench::frozen()] {
        bench.repository.write("deployments/roman/env-frozen/gone/requirements.txt", "a==1\n");
        check_told(&bench, &[], &["git rm -r deployments/roman/env-frozen/gone"]);
        assert_eq!(bench.repository.read("deployments/roman/env-frozen/gone/requirements.txt"), "a==1\n");
    }
}

#[test]
fn an_environment_that_was_never_frozen() {
    let new =
        |bench: &Bench| bench.repository.write("deployments/roman/environments/new/new.yml", "name: new\n");
    let bench = Bench::floating();
    bench.configure(UseFrozen::Floating, |settings| settings.freeze_chill = false);
    new(&bench);
    check_told(&bench, &[], &["env-frozen has nothing of new, roman-cal, which a frozen build needs"]);
    let bench = Bench::frozen();
    new(&bench);
    check_refused(&bench, 65, &["env-frozen/new/requirements.yml is missing", "--use-frozen=floating"]);
}

/// image-update keeps such a file aside; without it, it is built as it is.
#[test]
fn a_dockerfile_edited_by_hand() {
    let bench = Bench::floating();
    let edited = "FROM notebook-common\nRUN echo mine\n";
    bench.repository.write("deployments/roman/Dockerfile", edited);
    check_told(
        &bench,
        &["--no-update"],
        &["deployments/roman/Dockerfile is not deployments/roman/Dockerfile.custom and"],
    );
    assert_eq!(bench.repository.read("deployments/roman/Dockerfile"), edited);
}

/// It is refused by a build and by its plan, with these parts of the message, and nothing ran.
fn check_never_tried(bench: &Bench, status: i32, parts: &[&str]) {
    for args in [&[][..], &["--plan"]] {
        let said = bench.fails(args, status);
        for part in parts.iter().chain(&["hint: "]) {
            assert!(said.contains(part), "{args:?}: {part:?} in {said}");
        }
        assert!(bench.engine.calls().is_empty() && bench.siblings().is_empty(), "nothing ran: {said}");
    }
}

/// An engine found out, or nobody did before the specs were brought up to date.
#[test]
fn a_dockerfile_that_is_none_is_told_by_file_and_line_and_by_the_plan_too() {
    let (common, cache) = ("deployments/common/Dockerfile", "deployments/common/Dockerfile.cache");
    let (custom, trailer) = ("deployments/roman/Dockerfile.custom", "deployments/common/Dockerfile.trailer");
    let cases: [(&str, Option<&[u8]>, &str, &str); 8] = [
        (
            common,
            Some(b"FROM a\n\nRUN \xff\n"),
            ":3: not UTF-8 text",
            "save deployments/common/Dockerfile as UTF-8",
        ),
        (common, Some(b"RUN a\n"), " has no FROM", "FROM IMAGE"),
        (common, None, " is missing", "git restore deployments/common"),
        (cache, Some(b""), " is empty", "git restore deployments/common"),
        (custom, Some(b"# later\n"), " has no FROM", "FROM IMAGE"),
        (custom, Some(b""), " is empty", "write deployments/roman/Dockerfile.custom"),
        (
            custom,
            Some(b"\xef\xbb"),
            ":1: not UTF-8 text",
            "save deployments/roman/Dockerfile.custom as UTF-8",
        ),
        (trailer, None, " is missing", "git restore deployments/common"),
    ];
    for (file, text, said, todo) in cases {
        let bench = Bench::floating();
        match text {
            Some(text) => fs::write(bench.repository.at(file), text).unwrap(),
            None => fs::remove_file(bench.repository.at(file)).unwrap(),
        }
        check_never_tried(&bench, 65, &[&format!("{file}{said}"), todo]);
    }
}

/// A tag of two words failed at the last of the images, after an hour.
#[test]
fn values_that_no_engine_takes() {
    type Change = fn(&mut common::settings::Settings);
    let cases: [(&str, Change); 5] = [
        ("NOTEBOOK_TAG is \"a b\"", |s| s.notebook_tag = "a b".to_owned()),
        ("BASE_NOTEBOOK is \"\"", |s| s.base_notebook = String::new()),
        ("USER_CACHE_DIRS is \"/a,readonly\"", |s| s.user_cache_dirs = vec!["/a,readonly".to_owned()]),
        ("the network is \"--all\"", |s| s.network = Some("--all".to_owned())),
        ("CA bundle /nonexistent", |s| {
            s.ca_bundle = common::settings::CaBundle::File("/nonexistent".into());
        }),
    ];
    for (said, change) in cases {
        let bench = Bench::floating();
        bench.configure(UseFrozen::Floating, change);
        check_never_tried(&bench, 78, &[said, "image-configure"]);
    }
}

#[test]
fn documents_that_are_none() {
    for (text, said) in [
        (&b""[..], "setup-env.json is empty"),
        (b"{", "setup-env.json:1:1: not a JSON document"),
        (b"[]", "setup-env.json: at `.`"),
        (b"{\"a\": \"\xff\"}", "setup-env.json: at `a`: unknown field"),
    ] {
        let bench = Bench::floating();
        fs::write(bench.repository.at("setup-env.json"), text).unwrap();
        check_never_tried(&bench, 65, &[said, "image-configure"]);
    }
}

/// Where the times were to go was found out when all was built.
#[test]
fn flags_that_cannot_be() {
    let bench = Bench::floating();
    fs::create_dir(bench.repository.at("dir")).unwrap();
    for (args, status, said) in [
        (&["--timings=nowhere/t.json"][..], 73, "nowhere is no directory"),
        (&["--timings=dir"], 73, "or the file is one"),
        (&["--all", "--timings=nowhere/t.json"], 73, "mkdir -p nowhere"),
        (&["--index-cutoff=yesterday"], 2, "write `day`, `now`, or a time such as 2024-08-05T10:00:00Z"),
        (&["--builder="], 2, "--builder"),
        (&["--cache-to="], 2, "--cache-to"),
        (&["--hosts="], 2, "--hosts"),
        (&["--memory=1.5G"], 2, "20G, 512M, or a number of bytes"),
        (&["../tike"], 2, "there is no mission"),
    ] {
        let told = bench.fails(args, status);
        assert!(told.contains(said), "{args:?}: {told}");
    }
    assert!(bench.engine.calls().is_empty() && bench.siblings().is_empty());
}

const FROZEN: [(&str, &str); 3] = [
    ("base/requirements.yml", "name: base\ndependencies:\n  - conda=24.1.2\n"),
    ("roman-cal/requirements.yml", "name: roman-cal\ndependencies:\n  - python=3.11.7\n"),
    ("roman-cal/requirements.txt", "asdf==3.0.1\ngwcs==0.21.0\nromancal==0.13.0\n"),
];

const TRANSCRIPT: &str = "============================== Testing Environment roman-cal ==============================\n\
    ---------- Testing Imports roman-cal ----------\nImporting numpy ... ok\nImporting asdf ... ok\nImporting romancal ... ok\n\
    Failing imports: 0\n";

/// D8: every command broke there. All five in a row, each as built, in a directory of five words.
#[test]
fn d8_a_path_with_spaces() {
    let programs = ["image-configure", "image-update", "image-build", "image-freeze", "image-test"];
    let Some(dir) = built(&programs) else { return };
    let repository = Repository::new().git();
    assert!(repository.root().to_string_lossy().contains(' '));
    let engine = FakeEngine::docker();
    engine.image(support::BASE, &[]);
    engine.serve_files("*", "/opt/env-frozen", &FROZEN);
    engine.print("run /opt/environments/test", TRANSCRIPT, 0);
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(dir.path().join(program));
        command.args(args).current_dir(repository.root()).env_clear().env("PATH", engine.path());
        command.env("HOME", dir.path()).env("GIT_CONFIG_GLOBAL", "/dev/null").stdin(Stdio::null());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{program}: {}", stderr(&output));
        output.stdout
    };
    run("image-configure", &["roman", "--freeze-chill=1", "--owner", "quay.io/jupyter", "--ca-bundle=none"]);
    run("image-update", &[]);
    run("image-build", &[]);
    run("image-freeze", &[]);
    let document = String::from_utf8(run("image-test", &["--json"])).unwrap();
    assert!(document.contains("\"romancal\""), "{document}");
    assert!(repository.at("deployments/roman/env-frozen/roman-cal/requirements.txt").is_file());
    assert!(!repository.status().contains("Dockerfile.cached"), "{}", repository.status());
}

/// A directory with the tools `programs` as they were built beside this one; none if they were not.
fn built(programs: &[&str]) -> Option<tempfile::TempDir> {
    let target = Path::new(env!("CARGO_BIN_EXE_image-build")).parent().unwrap();
    let dir = tempfile::tempdir().unwrap();
    for name in programs {
        let from: PathBuf = target.join(name);
        if !from.is_file() {
            eprintln!("skipped: {name} is not built: cargo build");
            return None;
        }
        let program = dir.path().join(name);
        fs::hard_link(&from, &program).or_else(|_| fs::copy(&from, &program).map(|_| ())).unwrap();
    }
    Some(dir)
}

//! The engine's calls are those of the original, in its order, for the documented builds.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;

use common::settings::{Owner, UseFrozen};
use common::testing::{FakeEngine, Repository};
use support::{BASE, Bench, built};

/// The switches of every build by the owner and registry.
fn switches(owner: &str, registry: &str) -> String {
    format!(
        "docker build --rm --force-rm --build-arg OWNER={owner} --build-arg REGISTRY={registry} \
         --progress plain --platform linux/amd64"
    )
}

const DIRS: &str = "'USER_CACHE_DIRS=/home/jovyan/.cache /opt/conda/pkgs /home/jovyan/.conda/pkgs'";

/// The three builds and the removal between a base image and the end; `clock` is what a build that
/// solves adds.
fn chain(owner: &str, registry: &str, base: &str, (number, clock): (u8, &str)) -> Vec<String> {
    let a = switches(owner, registry);
    vec![
        format!(
            "{a} --tag notebook-common --build-arg BASE_IMAGE={base} --build-arg USER_FROZEN={number} \
             --build-arg 'PIP_SWITCHES=--no-color --default-timeout 100' --build-arg CONDA_VER=conda \
             --build-arg {DIRS}{clock} --file Dockerfile.cached ."
        )
        .replace("USER_FROZEN", "USE_FROZEN"),
        format!(
            "{a} --tag notebook-roman-dirty --build-arg BASE_IMAGE=notebook-common{clock} --file Dockerfile.cached ."
        ),
        format!(
            "{a} --tag notebook-roman:latest --build-arg BASE_CONTAINER=notebook-roman-dirty --build-arg {DIRS} \
             --file Dockerfile.cache ."
        ),
        "docker rmi notebook-roman-dirty".to_owned(),
    ]
}

const CLOCK: &str = " --build-arg INDEX_CUTOFF=2024-08-05T10:00:00Z";
const CUTOFF: &str = "--index-cutoff=2024-08-05T10:00:00Z";

#[test]
fn a_floating_build_pulls_builds_freezes_and_chills() {
    let bench = Bench::floating();
    let document = bench.build(&[CUTOFF]);
    let mut expected = vec![format!("docker pull {BASE}")];
    expected.extend(chain("quay.io/jupyter", "quay.io/jupyter", BASE, (0, CLOCK)));
    assert_eq!(bench.engine.lines(), expected);
    assert_eq!(bench.siblings(), ["image-update", "image-freeze", "image-freeze chill"]);
    let steps: Vec<&str> = built(&document).steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["update", "base", "common", "mission", "caches", "freeze", "chill"]);
    bench.assert_untouched();
}

/// D20: nothing was compared. Frozen builds take the base that is there (D15 pulled a moving tag).
#[test]
fn d15_d20_a_frozen_build_moves_nothing_and_is_compared() {
    let bench = Bench::frozen();
    let document = bench.build(&[]);
    assert_eq!(bench.engine.lines(), chain("quay.io/jupyter", "quay.io/jupyter", BASE, (1, "")));
    assert_eq!(bench.siblings(), ["image-update", "image-freeze check"]);
    let notices = &document.reports.last().unwrap().notices;
    assert_eq!(notices.len(), 1, "D15: the base's name may move, and that is told: {notices:?}");
    assert!(notices[0].contains("@sha256:DIGEST"), "{notices:?}");
    bench.assert_untouched();
}

#[test]
fn a_chilly_build_freezes_and_does_not_chill() {
    let bench = Bench::new(Repository::new().frozen().chilly(), FakeEngine::docker());
    bench.configure(UseFrozen::Chilly, |_| ());
    bench.build(&[CUTOFF]);
    assert_eq!(bench.engine.lines()[1..], chain("quay.io/jupyter", "quay.io/jupyter", BASE, (2, CLOCK)));
    assert_eq!(bench.siblings(), ["image-update", "image-freeze"]);
}

#[test]
fn without_freeze_chill_nothing_follows() {
    let bench = Bench::floating();
    bench.configure(UseFrozen::Floating, |settings| settings.freeze_chill = false);
    bench.build(&["--no-update"]);
    assert!(bench.siblings().is_empty());
}

#[test]
fn a_floating_build_solves_against_the_day_or_now_and_says_so() {
    for (args, moment) in
        [(&[][..], "2024-08-05T00:00:00Z"), (&["--index-cutoff=now"], "2024-08-05T10:00:00Z")]
    {
        let bench = Bench::floating();
        let mut command = bench.command(args);
        let output = command.env("SOURCE_DATE_EPOCH", "1722852000").output().unwrap();
        assert!(support::stderr(&output).contains(&format!("to repeat: --index-cutoff={moment}")));
        assert!(bench.engine.lines()[1].contains(&format!(" --build-arg INDEX_CUTOFF={moment}")));
    }
    let said = Bench::frozen().fails(&[CUTOFF], 2);
    assert!(said.contains("a frozen build solves nothing"), "{said}");
}

/// The contract's own recording: roman, floating, freeze-chill=1, owner spacetelescope, with a local
/// repository in place of docker-stacks.
#[test]
fn the_recorded_build_from_source() {
    let bench = Bench::floating();
    bench.configure(UseFrozen::Floating, |settings| settings.owner = Owner::Spacetelescope);
    let stacks = support::stacks::DockerStacks::new(["ROOT_CONTAINER", "BASE_CONTAINER"]);
    let output = bench.command(&[CUTOFF]).env("DOCKER_STACKS_URL", stacks.url()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    let a = switches("spacetelescope", "");
    let names = ["docker-stacks-foundation", "base-notebook", "minimal-notebook", "scipy-notebook"];
    let mut below = "ROOT_CONTAINER=ubuntu:20.04".to_owned();
    let mut expected = Vec::new();
    for name in names {
        let tag = format!("spacetelescope/{name}:latest");
        expected.push(format!("{a} --tag {tag} --build-arg {below} --file Dockerfile ."));
        below = format!("BASE_CONTAINER={tag}");
    }
    expected.extend(chain("spacetelescope", "", "spacetelescope/scipy-notebook", (0, CLOCK)));
    assert_eq!(bench.engine.lines(), expected);
}

#[test]
fn a_bundle_reaches_what_fetches_and_nothing_else() {
    let bench = Bench::floating();
    let bundle = bench.home().join("ca.pem");
    fs::write(&bundle, "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n").unwrap();
    bench.build(&[CUTOFF, "--ca-bundle", bundle.to_str().unwrap()]);
    let secret = format!("--secret id=ca,src={}", bundle.display());
    let given: String = ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
        .map(|name| format!(" --build-arg {name}=/run/secrets/ca"))
        .concat();
    let tail = format!("{CLOCK}{given} {secret} --file Dockerfile.cached .");
    let lines = bench.engine.lines();
    assert!(lines[1].ends_with(&tail) && lines[2].ends_with(&tail), "{lines:#?}");
    assert!(!lines[3].contains("ca.pem"), "the caches step fetches nothing");
}

#[test]
fn the_settings_own_switches_network_and_directories_are_used() {
    let bench = Bench::floating();
    bench.configure(UseFrozen::Floating, |settings| {
        settings.docker_build_args = Some("--progress plain --no-cache".to_owned());
        settings.network = Some("host".to_owned());
        settings.user_cache_dirs.clear();
    });
    bench.build(&[CUTOFF]);
    assert_eq!(
        bench.engine.lines()[3],
        "docker build --progress plain --no-cache --tag notebook-roman:latest --build-arg \
         BASE_CONTAINER=notebook-roman-dirty --build-arg USER_CACHE_DIRS= --network host --file Dockerfile.cache ."
    );
}

/// The calls without the keys that each carries.
fn without_labels(text: &str) -> String {
    let mut parts = text.split(" --label image-tools.key");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + &part[part.find('=').unwrap() + 1 + 64..])
}

#[test]
fn a_plan_asks_no_engine_and_writes_nothing() {
    let bench = Bench::floating();
    let output = bench.run(&["--plan", "--verbose", CUTOFF]);
    let text = without_labels(&String::from_utf8(output.stdout).unwrap());
    for line in chain("quay.io/jupyter", "quay.io/jupyter", BASE, (0, CLOCK)) {
        assert!(text.contains(&line), "{line}\nnot in\n{text}");
    }
    assert!(bench.engine.calls().is_empty() && bench.siblings().is_empty());
    assert!(!bench.repository.at(".image").exists());
    let json = bench.run(&["--plan", "--json"]).stdout;
    let plan: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(plan["steps"][1]["runs"], format!("docker pull {BASE}"));
    assert_eq!(plan["steps"][3]["context"], "deployments/roman");
}

/// D18: the configuration is that of the repository, whatever a shell still has of an earlier one.
#[test]
fn d6_d18_what_is_configured_is_built_whatever_the_shell_exports() {
    let bench = Bench::floating();
    let mut command = bench.command(&[]);
    command.env("NOTEBOOK_ID", "mine:1").env("USE_FROZEN", "1").env("DEPLOYMENT_NAME", "tike");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", support::stderr(&output));
    let calls = bench.engine.lines().join("\n");
    assert!(calls.contains("--tag notebook-roman:latest") && calls.contains("USE_FROZEN=0"), "{calls}");
    assert!(!calls.contains("mine:1") && !calls.contains("tike"), "{calls}");
}

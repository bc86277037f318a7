//! What only the newest generation does: repacking between the steps, and the wrangler spec.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use common::settings::{Generation, Owner, Settings, UseFrozen};
use common::testing::{FakeEngine, Repository};
use support::{Bench, built, stderr};

const BASE: &str = "quay.io/jupyter/minimal-notebook";
const SPEC: &str = "deployments/roman/environments/nbw-wrangler-spec.yaml";

/// A newest repository that repacks; its images say by which specs they were built.
fn bench(mode: UseFrozen) -> Bench {
    let bench = Bench::new(Repository::new().frozen(), FakeEngine::docker());
    bench.repository.write(SPEC, "image_spec_header: {}\n");
    bench.repository.commit("a spec for the wrangler");
    configure(&bench, mode);
    bench.engine.will_make(BASE, &[]);
    for image in ["notebook-common", "notebook-roman:latest"] {
        let env = format!("USE_FROZEN={}", mode.number());
        bench.engine.will_make(image, &[&env]);
        bench.engine.will_make(&format!("{image}-slim"), &[&env]);
    }
    bench
}

fn configure(bench: &Bench, mode: UseFrozen) {
    bench.configure(mode, |settings| {
        let newest = Settings::of_generation(Generation::Newest, &settings.root, settings.deployment.clone());
        let ca_bundle = settings.ca_bundle.clone();
        *settings =
            Settings { use_frozen: mode, repack: true, owner: Owner::QuayJupyter, ca_bundle, ..newest };
    });
}

/// The calls, without what a build and an import are told beyond the image's name.
fn calls(bench: &Bench) -> Vec<String> {
    let short = |call: &common::testing::Call| match call.verb() {
        "build" => format!("build {}", call.value("--tag").unwrap()),
        "import" => "import".to_owned(),
        "rmi" if call.args[1].starts_with("squash-base") => "rmi squash-base".to_owned(),
        _ => call.args.join(" "),
    };
    bench.engine.work().iter().map(short).collect()
}

#[test]
fn a_build_that_repacks_removes_what_is_below_as_soon_as_it_can() {
    let bench = bench(UseFrozen::Floating);
    let document = bench.build(&[]);
    assert_eq!(
        calls(&bench),
        [
            &format!("pull {BASE}"),
            "build notebook-common",
            &format!("rmi {BASE}"),
            "import",
            "build notebook-common-slim",
            "rmi squash-base",
            "rmi notebook-common",
            "tag notebook-common-slim notebook-common",
            "rmi notebook-common-slim",
            "build notebook-roman-dirty",
            "rmi notebook-common",
            "build notebook-roman:latest",
            "rmi notebook-roman-dirty",
            "import",
            "build notebook-roman:latest-slim",
            "rmi squash-base",
            "rmi notebook-roman:latest",
            "tag notebook-roman:latest-slim notebook-roman:latest",
            "rmi notebook-roman:latest-slim",
        ]
    );
    let engine = bench.engine.engine();
    let id =
        engine.inspect("notebook-roman:latest", &common::console::Console::silent()).unwrap().unwrap().id;
    assert_eq!(built(&document).images.last().unwrap().image.id, id, "the report is about what is there");
    bench.assert_untouched();
}

/// A base that this build did not bring may be had nowhere else.
#[test]
fn a_base_that_was_here_before_stays() {
    let bench = bench(UseFrozen::Frozen);
    bench.engine.image(BASE, &[]);
    let document = bench.build(&[]);
    assert!(!calls(&bench).contains(&format!("rmi {BASE}")), "{:?}", calls(&bench));
    let notices = &document.reports.last().unwrap().notices;
    assert!(notices.iter().any(|n| n.contains("was here before this build, so it stays")), "{notices:?}");
}

#[test]
fn a_failing_repack_is_a_failing_build_and_the_image_stays() {
    let bench = bench(UseFrozen::Floating);
    bench.engine.fail("export", 17);
    let said = bench.fails(&[], 17);
    assert!(said.contains("repack: "), "{said}");
    assert!(!calls(&bench).contains(&"rmi notebook-common".to_owned()), "{:?}", calls(&bench));
    bench.assert_untouched();
}

/// The image of many layers had the label of the one that was to be made of it.
#[test]
fn an_image_whose_repacking_failed_is_not_believed_by_its_label() {
    let bench = bench(UseFrozen::Frozen);
    bench.engine.fail("export", 17);
    bench.fails(&[], 17);
    bench.engine.behave();
    bench.engine.forget();
    bench.run(&[]);
    assert!(calls(&bench).contains(&"build notebook-common".to_owned()), "{:?}", calls(&bench));
}

/// D51: a mission without a wrangler spec could not be built at all.
#[test]
fn d51_a_mission_without_a_wrangler_spec_is_built_and_told_of() {
    let bench = bench(UseFrozen::Floating);
    std::fs::remove_file(bench.repository.at(SPEC)).unwrap();
    let document = bench.build(&[]);
    let notices = &document.reports.last().unwrap().notices;
    assert!(notices.iter().any(|n| n.starts_with(&format!("there is no {SPEC}: "))), "{notices:?}");
}

/// D51: the spec was copied into the tree, and stayed there when the build failed.
#[test]
fn d51_the_wrangler_spec_is_in_the_shared_context_alone() {
    let bench = bench(UseFrozen::Floating);
    bench.engine.hang("build notebook-common");
    let child = bench.start(&[]);
    let staged = bench.staged();
    assert!(staged.iter().any(|dir| dir.join("nbw-wrangler-spec.yaml").is_file()), "{staged:?}");
    assert!(!bench.repository.at("deployments/common/nbw-wrangler-spec.yaml").exists());
    Bench::stop(child);
    bench.engine.behave();
    bench.engine.hang("build notebook-roman:latest");
    let child = bench.start(&[]);
    let staged = bench.staged();
    assert!(!staged.iter().any(|dir| dir.join("nbw-wrangler-spec.yaml").exists()), "{staged:?}");
    Bench::stop(child);
    bench.assert_untouched();
}

#[test]
fn a_plan_shows_the_repacking() {
    let bench = bench(UseFrozen::Floating);
    let output = bench.run(&["--plan", "--verbose"]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    for line in [
        &format!("tidy     docker rmi {BASE}"),
        "repack   image-repack notebook-common notebook-common-slim --delete-source",
        "tidy     docker rmi notebook-common",
        "repack   image-repack notebook-roman:latest notebook-roman:latest-slim --delete-source",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\nnot in\n{text}{}", stderr(&output));
    }
}

/// Images of the stack go as soon as the next one is built; what others left goes on GitHub alone.
#[test]
fn a_base_from_source_frees_what_is_below() {
    let bench = bench(UseFrozen::Floating);
    bench.repository.configure(|settings| {
        let newest = Settings::of_generation(Generation::Newest, &settings.root, settings.deployment.clone());
        *settings = Settings { repack: true, ca_bundle: common::settings::CaBundle::None, ..newest };
    });
    let stacks = support::stacks::DockerStacks::new(["ROOT_IMAGE", "BASE_IMAGE"]);
    let run = |github: bool| {
        bench.engine.forget();
        let mut command = bench.command(&["--base-only"]);
        command.env("DOCKER_STACKS_URL", stacks.url());
        if github {
            command.env("GITHUB_RUN_ID", "1");
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        calls(&bench)
    };
    let mut expected = vec![
        "build spacetelescope/docker-stacks-foundation:latest",
        "build spacetelescope/base-notebook:latest",
        "rmi spacetelescope/docker-stacks-foundation:latest",
        "build spacetelescope/minimal-notebook:latest",
        "rmi spacetelescope/base-notebook:latest",
    ];
    assert_eq!(run(false), expected);
    expected.push("system prune --force");
    assert_eq!(run(true), expected);
}

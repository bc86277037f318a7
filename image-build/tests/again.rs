//! What a second build does: nothing where nothing changed, and exactly what is needed where something
//! did.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;

use common::document::Document;
use common::evidence::Origin;
use common::report::StepStatus;
use common::settings::UseFrozen;
use common::testing::{FakeEngine, Repository};
use support::traced::Trace;
use support::{BASE, Bench, built, stderr};

const CUTOFF: &str = "--index-cutoff=2024-08-05T10:00:00Z";

/// Freezes as image-freeze would, as far as the tree shows it.
const FREEZE: &str =
    "mkdir -p deployments/roman/env-frozen/base && echo frozen >deployments/roman/env-frozen/base/a\ncat";

/// The images that a run built.
fn made(bench: &Bench) -> Vec<String> {
    let builds = bench.engine.calls().into_iter().filter(|call| ["build", "bud"].contains(&call.verb()));
    builds.filter_map(|call| call.value("--tag").map(str::to_owned)).collect()
}

fn skipped(document: &Document) -> bool {
    built(document).steps.iter().all(|step| step.status == StepStatus::Skipped)
}

/// Builds again with `args`, forgetting what came before; gives the images that were built.
fn again(bench: &Bench, args: &[&str]) -> Vec<String> {
    bench.engine.forget();
    bench.build(args);
    made(bench)
}

const ALL: [&str; 3] = ["notebook-common", "notebook-roman-dirty", "notebook-roman:latest"];

#[test]
fn a_second_build_does_nothing_and_asks_one_question() {
    for engine in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let bench = Bench::new(Repository::new(), engine);
        bench.configure(UseFrozen::Floating, |_| ());
        bench.sibling("image-freeze", FREEZE);
        let first = bench.build(&[CUTOFF]);
        let siblings = bench.siblings().len();
        bench.engine.forget();
        let second = bench.build(&[CUTOFF]);
        let calls = bench.engine.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert!(["image", "images"].contains(&calls[0].verb()), "{calls:?}");
        assert_eq!(bench.siblings().len(), siblings, "nothing is updated or frozen again");
        assert!(skipped(&second), "{:?}", built(&second).steps);
        let names = |document| built(document).steps.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
        assert_eq!((&built(&second).images, names(&second)), (&built(&first).images, names(&first)));
    }
}

#[test]
fn a_new_moment_is_a_new_floating_build_and_no_new_frozen_one() {
    let bench = Bench::floating();
    bench.build(&[CUTOFF]);
    bench.engine.forget();
    bench.build(&["--index-cutoff=2024-08-06T10:00:00Z"]);
    assert_eq!(made(&bench), ALL);
    assert_eq!(bench.engine.lines()[0], format!("docker pull {BASE}"));
    let bench = Bench::frozen();
    let at = |second: &str| {
        let output = bench.command(&[]).env("SOURCE_DATE_EPOCH", second).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    at("1722852000");
    bench.engine.forget();
    at("1822852000");
    assert_eq!(made(&bench), Vec::<String>::new());
}

#[test]
fn only_what_a_change_reaches_is_built() {
    let bench = Bench::frozen();
    bench.build(&[]);
    bench.repository.write("deployments/roman/environments/test", "#!/bin/sh\necho other\n");
    assert_eq!(again(&bench, &[]), ALL[1..]);
    bench.repository.write("deployments/common/VERSION", "2.0.0\n");
    assert_eq!(again(&bench, &[]), ALL);
    let cache = bench.repository.read("deployments/common/Dockerfile.cache");
    bench.repository.write("deployments/common/Dockerfile.cache", &(cache + "# new\n"));
    assert_eq!(again(&bench, &[]), ALL[1..], "the mission's image is needed, and its name was removed");
    bench.repository.write("deployments/roman/README.md", "nobody takes it\n");
    assert_eq!(again(&bench, &[]), Vec::<String>::new());
}

/// What is frozen out of the image says at its top as of when it was solved.
#[test]
fn as_of_when_an_image_was_solved_is_kept_with_it() {
    let kept = |bench: &Bench| {
        let document = bench.build(&[]);
        let image = &built(&document).images.last().unwrap().image;
        let store = common::evidence::Store::in_state(&bench.repository.at(".image"));
        let fact = store.read::<common::evidence::Built>(&image.id).unwrap().unwrap();
        (fact.index_cutoff, fact.at)
    };
    let (cutoff, at) = kept(&Bench::floating());
    assert!(
        cutoff.is_some_and(|cutoff| cutoff <= at && cutoff.to_string().ends_with("T00:00:00Z")),
        "{cutoff:?}"
    );
    assert_eq!(kept(&Bench::frozen()).0, None, "nothing is solved");
}

/// A release compares the whole contexts with what is kept of the image.
#[test]
fn a_frozen_image_that_stands_is_evidently_of_the_tree_as_it_is() {
    let bench = Bench::frozen();
    bench.build(&[]);
    bench.repository.write("deployments/roman/README.md", "nobody takes it\n");
    let document = bench.build(&[]);
    let image = &built(&document).images.last().unwrap().image;
    let store = common::evidence::Store::in_state(&bench.repository.at(".image"));
    let fact = store.read::<common::evidence::Built>(&image.id).unwrap().unwrap();
    let mission = bench.repository.at("deployments/roman");
    assert_eq!(fact.mission_context, common::context::context_digest(&mission).unwrap());
    bench.engine.forget();
    bench.build(&[]);
    assert_eq!(bench.engine.calls().len(), 1, "and that is once");
}

#[test]
fn an_image_that_is_gone_or_another_is_built_again() {
    let bench = Bench::frozen();
    bench.build(&[]);
    let id = bench.engine.image("notebook-roman:latest", &["USE_FROZEN=1"]);
    assert_eq!(again(&bench, &[]), ALL[1..], "somebody gave the name to another: {id}");
    bench.engine.image(BASE, &["NEW=1"]);
    assert_eq!(again(&bench, &[]), ALL, "another base came");
}

#[test]
fn a_build_can_be_forced_from_any_step() {
    let bench = Bench::frozen();
    bench.build(&[]);
    assert_eq!(again(&bench, &["--force"]), ALL);
    assert_eq!(again(&bench, &["--from", "common"]), ALL);
    assert_eq!(again(&bench, &["--from", "mission"]), ALL[1..]);
    let before = bench.siblings().len();
    assert_eq!(again(&bench, &["--from", "freeze"]), Vec::<String>::new());
    assert_eq!(bench.siblings()[before..], ["image-update", "image-freeze check"]);
    bench.configure(UseFrozen::Frozen, |settings| {
        settings.docker_build_args = Some("--no-cache".to_owned());
    });
    again(&bench, &[]);
    assert_eq!(again(&bench, &[]).len(), 3, "who wants no cache wants a build");
}

/// As in CI: the images come from a registry, the clone is new.
#[test]
fn in_a_fresh_clone_the_label_of_an_image_counts() {
    let bench = Bench::frozen();
    bench.build(&[]);
    fs::remove_dir_all(bench.repository.at(".image")).unwrap();
    let document = {
        bench.engine.forget();
        bench.build(&[])
    };
    assert_eq!(made(&bench), Vec::<String>::new());
    let image = &built(&document).images.last().unwrap().image;
    let store = common::evidence::Store::in_state(&bench.repository.at(".image"));
    let origin = || store.read::<common::evidence::Built>(&image.id).unwrap().unwrap().origin;
    assert_eq!(origin(), Origin::Adopted, "the next step needs it, and a release must not believe it");
    bench.engine.forget();
    bench.build(&[]);
    assert_eq!(bench.engine.calls().len(), 1);
    // Also when it is written anew, as what no image takes changed.
    bench.repository.write("deployments/roman/README.md", "nobody takes it\n");
    bench.build(&[]);
    assert_eq!(origin(), Origin::Adopted);
    assert_eq!(again(&bench, &["--force"]), ALL);
    assert_eq!(origin(), Origin::Built);
}

/// A shared image that anybody could have labelled is below a mission's that was built here.
#[test]
fn an_image_upon_a_shared_one_that_was_adopted_is_not_all_built_here() {
    for engine in [FakeEngine::docker(), FakeEngine::podman()] {
        let bench = Bench::new(Repository::new().frozen(), engine);
        bench.configure(UseFrozen::Frozen, |_| ());
        let origin = |args: &[&str]| {
            let output = bench.run(args);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            let document = Document::parse(&output.stdout, "standard output").unwrap();
            let image = &built(&document).images.last().unwrap().image;
            let store = common::evidence::Store::in_state(&bench.repository.at(".image"));
            let fact = store.read::<common::evidence::Built>(&image.id).unwrap().unwrap();
            (fact.origin, stderr(&output).contains("image-build --force builds it"))
        };
        assert_eq!(origin(&[]), (Origin::Built, false));
        fs::remove_dir_all(bench.repository.at(".image")).unwrap();
        bench.repository.write("deployments/roman/environments/test", "#!/bin/sh\necho other\n");
        bench.engine.forget();
        assert_eq!(origin(&[]), (Origin::Adopted, true));
        assert_eq!(made(&bench), ALL[1..], "the shared one was adopted, and those upon it were built");
        let cache = bench.repository.read("deployments/common/Dockerfile.cache");
        bench.repository.write("deployments/common/Dockerfile.cache", &(cache + "# new\n"));
        assert_eq!(origin(&[]), (Origin::Adopted, true), "it is upon the same");
        assert_eq!(origin(&["--force"]), (Origin::Built, false));
        assert_eq!(origin(&[]), (Origin::Built, false));
    }
}

/// After a run in which the engine had everything, the plan promised seconds for a build of 40 minutes.
#[test]
fn what_a_build_takes_is_not_what_the_engines_cache_took() {
    let bench = Bench::frozen();
    bench.build(&[]);
    for (image, minutes) in ALL.iter().zip([5.0, 40.0, 1.0]) {
        bench.took(image, minutes * 60.0);
    }
    let told = || bench.planned(&["--from", "common"]).0;
    assert_eq!(told()[..3], ["5m00s", "40m00s", "1m00s"]);
    let log = |tag: &str, end: &str| {
        let text = format!(
            "#1 [internal] load build definition\n#1 DONE 0.0s\n#4 [1/2] FROM a\n#4 DONE 0.0s\n\
             #5 [2/2] RUN make\n#5 {end}\n#6 exporting to image\n#6 DONE 0.1s\n"
        );
        bench.engine.print(&format!("build --tag {tag}"), &text, 0);
    };
    for tag in ALL {
        log(tag, "CACHED");
    }
    bench.build(&["--force"]);
    assert_eq!(told()[..3], ["5m00s", "40m00s", "1m00s"]);
    // An engine that does not tell: the longest of the last few.
    bench.engine.behave();
    bench.build(&["--force"]);
    assert_eq!(told()[..3], ["5m00s", "40m00s", "1m00s"]);
    // A build that found nothing in the cache is what the next one takes.
    for tag in ALL {
        log(tag, "DONE 0.2s");
    }
    bench.build(&["--force"]);
    assert!(told()[..3].iter().all(|took| !took.contains('m')), "{:?}", told());
}

#[test]
fn what_was_frozen_is_frozen_again_if_somebody_changed_it() {
    let bench = Bench::floating();
    bench.sibling("image-freeze", FREEZE);
    bench.build(&[CUTOFF]);
    bench.repository.write("deployments/roman/env-frozen/base/a", "edited");
    let before = bench.siblings().len();
    assert_eq!(again(&bench, &[CUTOFF]), Vec::<String>::new(), "no image takes it");
    assert_eq!(bench.siblings()[before..], ["image-update", "image-freeze", "image-freeze chill"]);
}

#[test]
fn a_build_that_failed_goes_on_where_it_failed() {
    let bench = Bench::frozen();
    bench.engine.fail("build notebook-roman-dirty", 17);
    bench.fails(&[], 17);
    bench.engine.behave();
    assert_eq!(again(&bench, &[]), ALL[1..]);
}

#[test]
fn a_plan_writes_nothing_starts_nothing_and_connects_to_nothing() {
    let bench = Bench::floating();
    for _ in ["before the first build", "after it"] {
        let Some(trace) = Trace::of(&bench.command(&["--plan"]), bench.home()) else { return };
        assert_eq!(trace.written(), [""; 0]);
        assert_eq!(trace.calls("socket").len() + trace.calls("connect").len(), 0, "{trace:#?}");
        assert_eq!(trace.calls("execve").len(), 1, "the tool itself: {trace:#?}");
        bench.build(&[]);
    }
}

#[test]
fn nothing_to_do_writes_nothing_and_starts_the_engine_once() {
    let bench = Bench::floating();
    bench.build(&[CUTOFF]);
    let Some(trace) = Trace::of(&bench.command(&[CUTOFF]), bench.home()) else { return };
    let engines = trace.started().into_iter().filter(|program| program.ends_with("/docker")).count();
    assert_eq!(engines, 1, "{trace:#?}");
    assert_eq!(trace.calls("connect"), [""; 0]);
    assert_eq!(trace.written(), [""; 0], "what the engine writes is its own");
    let before = tree(&bench);
    bench.build(&[CUTOFF]);
    assert_eq!(tree(&bench), before);
}

/// With nothing to do but another mission's image to note as the last one, that is written below `.image/`.
#[test]
fn what_a_run_writes_is_below_its_own_directory() {
    let bench = Bench::frozen();
    bench.build(&[]);
    fs::remove_dir_all(bench.repository.at(".image")).unwrap();
    let Some(trace) = Trace::of(&bench.command(&["--no-update"]), bench.home()) else { return };
    let own = bench.repository.at(".image").display().to_string();
    let written = trace.written();
    assert!(written.iter().any(|call| call.contains(&own)), "{trace:#?}");
    let others: Vec<_> = written.iter().filter(|call| !call.contains(&own)).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// The plan did not know what the images were upon, and said that all of them would be built.
#[test]
fn a_base_that_could_not_be_pulled_is_tried_again_and_known_meanwhile() {
    let bench = Bench::floating();
    bench.engine.fail(&format!("pull {BASE}"), 1);
    bench.build(&[CUTOFF]);
    let plan = bench.run(&["--plan", "--json", CUTOFF]);
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    let states: Vec<_> = plan["images"].as_array().unwrap().iter().map(|i| i["state"].clone()).collect();
    assert_eq!(states, ["built", "depends", "depends", "depends"], "{plan}");
    assert_eq!(again(&bench, &[CUTOFF]), Vec::<String>::new());
    assert_eq!(bench.engine.lines()[0], format!("docker pull {BASE}"), "it is asked for again");
    bench.engine.behave();
    assert_eq!(again(&bench, &[CUTOFF]), Vec::<String>::new(), "it is the same");
    bench.engine.forget();
    bench.build(&[CUTOFF]);
    assert_eq!(bench.engine.calls().len(), 1);
}

/// Every file below the root with its time.
fn tree(bench: &Bench) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut waiting = vec![bench.repository.root().to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                waiting.push(path);
            } else {
                found.push((path, metadata.modified().unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// What is staged is what counts: floating specs are built at the commits of their receipt.
#[test]
fn a_receipt_counts_by_what_it_pins_and_not_by_when_it_was_asked_for() {
    let bench = Bench::floating();
    let dir = "deployments/roman/environments/roman-cal";
    let custom = format!(
        "ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nCOPY {}/*.pip /d/\n",
        dir.strip_prefix("deployments/roman/").unwrap()
    );
    bench.repository.write("deployments/roman/Dockerfile.custom", &custom);
    bench.repository.write("deployments/common/Dockerfile.trailer", "RUN echo trailer\n");
    bench.repository.write(&format!("{dir}/a.pip"), "git+https://h/a.git@main\n");
    let receipt = |commit: char, at: &str| {
        let commit = commit.to_string().repeat(40);
        let text = format!(
            r#"{{"$schema": "s", "schema": 1, "version": "latest", "requested_by": "a", "files": [],
            "requested_at": "{at}", "resolved": {{"git+https://h/a.git@main": "{commit}"}}}}"#
        );
        bench.repository.write(&format!("{dir}/sources.lock.json"), &text);
    };
    receipt('0', "2024-01-01T00:00:00Z");
    bench.build(&[CUTOFF]);
    receipt('0', "2024-02-02T00:00:00Z");
    assert_eq!(again(&bench, &[CUTOFF]), Vec::<String>::new());
    receipt('1', "2024-02-02T00:00:00Z");
    assert_eq!(again(&bench, &[CUTOFF]), ALL[1..]);
}

/// Nothing to do is an answer too: who asks for the times of each run gets a file of each.
#[test]
fn timings_are_written_of_a_build_that_does_nothing() {
    let bench = Bench::new(Repository::new(), FakeEngine::docker());
    bench.configure(UseFrozen::Floating, |_| ());
    bench.sibling("image-freeze", FREEZE);
    bench.build(&[CUTOFF]);
    bench.build(&[CUTOFF, "--timings", "times.json"]);
    let times: serde_json::Value = serde_json::from_str(&bench.repository.read("times.json")).unwrap();
    let steps = times["steps"].as_array().unwrap();
    assert!(!steps.is_empty() && steps.iter().all(|step| step["skipped"] == true), "{times}");
    bench.build(&["roman", CUTOFF, "--timings", "times.json"]);
    assert_eq!(bench.repository.read("times-roman.json"), bench.repository.read("times.json"));
}

#[test]
fn progress_is_asked_for_as_json_only_where_it_is_understood_and_times_are_wanted() {
    let found = "ERROR: unable to prepare context: path \"/nonexistent/image-tools\" not found";
    let (newer, older) =
        ("ERROR: invalid progress mode rawjson", "invalid value \"rawjson\" passed to --progress");
    // As docker 20.10 says it, which takes no such word when there is something to build.
    let first = "unable to prepare context: path \"/nonexistent/image-tools\" not found";
    let timed = &[CUTOFF, "--timings=t.json"][..];
    for (said, arguments, wanted) in [
        (found, timed, true),
        (newer, timed, false),
        (older, timed, false),
        (first, timed, false),
        (found, &[CUTOFF], false),
    ] {
        let bench = Bench::new(Repository::new(), FakeEngine::docker());
        bench.configure(UseFrozen::Floating, |_| ());
        bench.sibling("image-freeze", FREEZE);
        bench.engine.fail_saying("build --progress=rawjson /nonexistent/image-tools", 1, said);
        bench.build(arguments);
        let lines = bench.engine.lines();
        let mut builds = lines.iter().filter(|line| line.contains("--tag "));
        assert!(builds.all(|line| line.contains("--progress=rawjson") == wanted), "{lines:?}");
        bench.engine.forget();
        bench.build(&[CUTOFF]);
        assert_eq!(bench.engine.calls().len(), 1, "the same images, however they were told of");
    }
}

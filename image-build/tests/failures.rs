//! What happens when something fails: the status, the message, and that nothing is lost or left.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;
use std::time::{Duration, Instant};

use common::document::Document;
use common::evidence::{Built, Store};
use common::report::{CheckOutcome, Outcome, Report, Verdict};
use common::settings::UseFrozen;
use common::testing::{FakeEngine, Repository};
use support::{BASE, Bench, built, stderr};

#[test]
fn an_engines_failure_passes_through_at_every_step() {
    let steps = [
        ("build notebook-common", "common", 1),
        ("build notebook-roman-dirty", "mission", 2),
        ("build notebook-roman:latest", "caches", 3),
    ];
    for (call, step, before) in steps {
        let bench = Bench::floating();
        bench.engine.fail_saying(call, 17, "no space left on device");
        let said = bench.fails(&["--quiet"], 17);
        assert!(said.contains(&format!("the step `{step}` failed with status 17")), "{said}");
        assert!(
            said.contains("| no space left on device") && said.contains(&format!("-{step}.log")),
            "{said}"
        );
        assert_eq!(bench.siblings(), ["image-update --quiet"], "quiet too, and nothing is frozen after");
        assert!(bench.engine.lines().len() > before);
        bench.assert_untouched();
        let store = Store::in_state(&bench.repository.at(".image"));
        assert_eq!(store.last_built(&"roman".parse().unwrap()).unwrap(), None);
    }
}

#[test]
fn the_dirty_image_does_not_stay_when_its_repair_fails() {
    let bench = Bench::floating();
    bench.engine.fail("build notebook-roman:latest", 17);
    bench.fails(&[], 17);
    assert_eq!(bench.engine.lines().last().unwrap(), "docker rmi notebook-roman-dirty");
}

#[test]
fn a_removal_that_fails_passes_through() {
    let bench = Bench::floating();
    bench.engine.fail("rmi", 17);
    bench.fails(&[], 17);
}

#[test]
fn a_pull_that_fails_matters_only_if_there_is_nothing_to_build_upon() {
    let bench = Bench::floating();
    bench.engine.fail("pull", 17);
    let document = bench.build(&[]);
    assert!(document.reports.last().unwrap().notices[0].contains("cannot be pulled (status 17)"));
    bench.fails(&["--refresh-base"], 17);
    let bench = Bench::floating();
    bench.configure(UseFrozen::Floating, |settings| {
        settings.base_image = Some("elsewhere/base:1".to_owned().into());
    });
    bench.engine.fail("pull", 17);
    let said = bench.fails(&[], 17);
    assert!(said.contains("the step `base` failed"), "{said}");
}

#[test]
fn a_frozen_build_pulls_a_base_that_is_not_there() {
    let bench = Bench::frozen();
    bench.configure(UseFrozen::Frozen, |settings| {
        settings.base_image = Some("elsewhere/base:1".to_owned().into());
    });
    bench.engine.will_make("elsewhere/base:1", &[]);
    bench.build(&[]);
    assert_eq!(bench.engine.lines()[0], "docker pull elsewhere/base:1");
}

#[test]
fn a_sibling_that_fails_ends_the_build_with_its_status() {
    let bench = Bench::floating();
    bench.sibling("image-update", "exit 6");
    let said = bench.fails(&[], 6);
    assert!(said.contains("update: image-update failed with status 6"), "{said}");
    assert!(bench.engine.lines().is_empty(), "nothing is built from a half update");
    let bench = Bench::floating();
    bench.sibling("image-freeze", "exit 74");
    bench.fails(&[], 74);
    assert_eq!(bench.siblings(), ["image-update", "image-freeze"]);
}

/// D20: the drift dump that was promised. Drift is told; the image was built all the same.
#[test]
fn d20_drift_is_a_notice_and_no_failure() {
    let bench = Bench::frozen();
    let mut document = Document::new(bench.repository.settings());
    document.reports.push(Report {
        tool: "image-freeze check".to_owned(),
        version: "0".to_owned(),
        verdict: Verdict::No,
        started: jiff::Timestamp::UNIX_EPOCH,
        seconds: 0.0,
        image: None,
        notices: Vec::new(),
        outcome: Outcome::Check(CheckOutcome::of(Vec::new())),
    });
    let answer = bench.home().join("answer");
    fs::write(&answer, document.to_json()).unwrap();
    bench.sibling("image-freeze", &format!("cat '{}'; exit 1", answer.display()));
    let document = bench.build(&[]);
    assert_eq!(document.reports.len(), 2);
    let notices = &document.reports[1].notices;
    assert!(notices.iter().any(|notice| notice.contains("not what was frozen")), "{notices:?}");
    assert!(built(&document).steps.iter().any(|step| step.name == "check"));
}

/// An engine that ignores a changed build argument would ship floating versions as frozen.
#[test]
fn an_image_that_says_otherwise_is_refused() {
    let bench = Bench::frozen();
    bench.engine.will_make("notebook-common", &["USE_FROZEN=0"]);
    let said = bench.fails(&[], 76);
    assert!(said.contains("notebook-common was to be built with USE_FROZEN=1 and says 0"), "{said}");
    assert!(said.contains("before a RUN"), "{said}");
    assert_eq!(bench.engine.lines().len(), 1, "the mission is not built upon it");
}

#[test]
fn an_unknown_authority_leads_to_the_flag() {
    let bench = Bench::floating();
    bench.engine.fail_saying("build notebook-common", 1, "SSL: CERTIFICATE_VERIFY_FAILED");
    let said = bench.fails(&[], 1);
    assert!(said.contains("hint: image-build --ca-bundle FILE"), "{said}");
}

#[test]
fn what_cannot_work_is_told_before_anything_runs() {
    let bench = Bench::new(Repository::new(), FakeEngine::docker());
    bench.configure(UseFrozen::Frozen, |_| ());
    let said = bench.fails(&[], 65);
    assert!(said.contains("deployments/roman/env-frozen/roman-cal/requirements.txt is missing"), "{said}");
    assert!(said.contains("hint: "), "{said}");
    bench.configure(UseFrozen::Floating, |_| ());
    let spec = "deployments/roman/environments/roman-cal/roman-cal.explicit";
    bench.repository.write(spec, "@EXPLICIT\n");
    assert!(bench.fails(&[], 65).contains("has both roman-cal.yml and roman-cal.explicit"));
    assert!(bench.siblings().is_empty() && bench.engine.calls().is_empty());
}

#[test]
fn a_signal_leaves_no_staged_context() {
    for call in ["build notebook-common", "build notebook-roman-dirty"] {
        let bench = Bench::floating();
        bench.engine.hang(call);
        let child = bench.start(&[]);
        assert_eq!(bench.staged().len(), 1);
        let start = Instant::now();
        let output = Bench::stop(child);
        assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
        assert!(start.elapsed() < Duration::from_secs(5), "nobody waits for a build that is to end");
        bench.assert_untouched();
    }
}

#[test]
fn what_a_killed_build_left_is_swept_by_the_next() {
    let bench = Bench::floating();
    bench.engine.hang("build notebook-common");
    let mut child = bench.start(&[]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(bench.staged().len(), 1);
    bench.engine.behave();
    bench.build(&[]);
    bench.assert_untouched();
}

/// What is built is the staged copy, with what the tree lacks and without what it must not have.
#[test]
fn the_staged_copy_has_the_edits_and_the_tree_has_not() {
    let bench = Bench::floating();
    bench.repository.write("deployments/roman/build.log", "litter");
    bench.engine.hang("build notebook-roman-dirty");
    let child = bench.start(&[]);
    let staged = bench.staged();
    let mission = staged.iter().find(|dir| dir.join("environments").is_dir()).unwrap();
    let text = fs::read_to_string(mission.join("Dockerfile.cached")).unwrap();
    let mounts: String =
        ["/var/cache/apt", "/home/jovyan/.conda/pkgs", "/opt/conda/pkgs", "/home/jovyan/.cache"]
            .map(|dir| format!(" --mount=type=cache,uid=1000,gid=100,target={dir}"))
            .concat();
    assert!(
        text.contains(&format!("FROM ${{BASE_IMAGE}}\nARG INDEX_CUTOFF\nRUN{mounts} echo roman\n")),
        "{text}"
    );
    for dir in ["env-frozen/base", "env-frozen/roman-cal", "env-chilly/roman-cal"] {
        assert_eq!(fs::read_dir(mission.join(dir)).unwrap().count(), 0, "{dir} is there, and empty");
    }
    assert!(!mission.join("build.log").exists());
    assert!(!bench.repository.at("deployments/roman/env-frozen").exists());
    Bench::stop(child);
}

#[test]
fn patterns_without_a_match_go_where_the_engine_needs_it() {
    let bench = Bench::new(Repository::new(), FakeEngine::buildah());
    bench.configure(UseFrozen::Floating, |_| ());
    let custom = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY environments/*/*.yml environments/*/*.explicit /d/\nRUN x\n";
    bench.repository.write("deployments/roman/Dockerfile.custom", custom);
    bench.engine.hang("bud notebook-roman-dirty");
    let child = bench.start(&[]);
    let staged = bench.staged();
    let mission = staged.iter().find(|dir| dir.join("environments").is_dir()).unwrap();
    let text = fs::read_to_string(mission.join("Dockerfile.cached")).unwrap();
    assert!(text.contains("COPY environments/*/*.yml  /d/"), "{text}");
    Bench::stop(child);
}

#[test]
fn a_second_build_of_the_clone_waits_for_the_first() {
    let bench = Bench::floating();
    bench.engine.hang("build notebook-common");
    let first = bench.start(&[]);
    let second = bench.command(&["--json"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(bench.staged().len(), 1, "the second stages nothing yet");
    bench.engine.behave();
    Bench::stop(first);
    let output = second.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("waiting for another run"));
}

#[test]
fn what_was_built_is_noted_for_the_steps_that_follow() {
    let bench = Bench::frozen();
    let document = bench.build(&[]);
    let report = document.reports.last().unwrap();
    let image = report.image.clone().unwrap();
    assert_eq!(image.name, "notebook-roman:latest");
    let store = Store::in_state(&bench.repository.at(".image"));
    assert_eq!(store.last_built(&"roman".parse().unwrap()).unwrap().as_ref(), Some(&image));
    let fact: Built = store.read(&image.id).unwrap().unwrap();
    assert_eq!(fact.use_frozen, UseFrozen::Frozen);
    assert_eq!(fact.base.name, BASE);
    let digest = common::context::context_digest(&bench.repository.at("deployments/roman")).unwrap();
    assert_eq!(fact.mission_context, digest);
    let outcome = built(&document);
    assert_eq!(outcome.images.len(), 3);
    assert_eq!(outcome.images[2].context.as_ref(), Some(&digest));
    let log = outcome.steps.iter().find(|step| step.name == "mission").unwrap().log.clone().unwrap();
    assert!(log.starts_with(".image/logs/") && log.ends_with("-roman/02-mission.log"), "{log}");
    assert!(bench.repository.read(&log).contains("exporting to image"));
}

#[test]
fn it_is_a_filter_too() {
    use std::io::Write as _;
    use std::process::Stdio;
    let bench = Bench::floating();
    let document = Document::parse(bench.repository.read("setup-env.json").as_bytes(), "x").unwrap();
    fs::remove_file(bench.repository.at("setup-env.json")).unwrap();
    let mut child = bench.command(&["-"]).current_dir("/").stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(document.to_json().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(built(&Document::parse(&output.stdout, "x").unwrap()).images[0].image.name, BASE);
}

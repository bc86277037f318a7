//! Several missions at a time.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use common::document::Document;
use common::settings::UseFrozen;
use common::testing::{FakeEngine, Repository};
use support::{Bench, built, stderr};

/// A repository with the missions roman, tike and jwebbinar, configured for roman.
fn bench(engine: FakeEngine) -> Bench {
    let repository = Repository::new();
    for mission in ["tike", "jwebbinar"] {
        for file in ["Dockerfile.custom", "MISSION_VERSION", "environments/test"] {
            let text = repository.read(&format!("deployments/tike/{file}"));
            repository.write(&format!("deployments/{mission}/{file}"), &text);
        }
        let text = ["tike/Dockerfile.custom", "common/Dockerfile.trailer"]
            .map(|file| repository.read(&format!("deployments/{file}")))
            .concat();
        repository.write(&format!("deployments/{mission}/Dockerfile"), &text);
    }
    let bench = Bench::new(repository, engine);
    // Not the one that writes roman's Dockerfile in every run: here runs go side by side.
    bench.sibling("image-update", "cat");
    bench.configure(UseFrozen::Floating, |settings| settings.freeze_chill = false);
    bench
}

const CUTOFF: &str = "--index-cutoff=2024-08-05T10:00:00Z";

fn made(bench: &Bench) -> Vec<String> {
    let builds = bench.engine.calls().into_iter().filter(|call| ["build", "bud"].contains(&call.verb()));
    let mut tags: Vec<String> = builds.filter_map(|call| call.value("--tag").map(str::to_owned)).collect();
    tags.sort_unstable();
    tags
}

fn of(missions: &[&str]) -> Vec<String> {
    let mut tags: Vec<String> = missions
        .iter()
        .flat_map(|mission| [format!("notebook-{mission}-dirty"), format!("notebook-{mission}:latest")])
        .collect();
    tags.sort_unstable();
    tags
}

#[test]
fn what_missions_share_is_built_once_and_all_are_reported() {
    let bench = bench(FakeEngine::docker());
    let document = bench.build(&["--all", CUTOFF]);
    let mut expected = of(&["jwebbinar", "roman", "tike"]);
    expected.insert(0, "notebook-common".to_owned());
    assert_eq!(made(&bench), expected);
    assert_eq!(bench.engine.lines().iter().filter(|line| line.contains(" pull ")).count(), 1);
    let images: Vec<&str> =
        document.reports.iter().filter_map(|r| Some(r.image.as_ref()?.name.as_str())).collect();
    for mission in ["jwebbinar", "roman", "tike"] {
        assert!(images.contains(&format!("notebook-{mission}:latest").as_str()), "{images:?}");
    }
    assert_eq!(document.settings.deployment.as_str(), "roman", "the configuration stays");
    bench.assert_untouched();
}

#[test]
fn with_nothing_to_do_one_question_is_asked_for_all() {
    for engine in [FakeEngine::docker(), FakeEngine::buildah()] {
        let bench = bench(engine);
        bench.build(&["--all", CUTOFF]);
        bench.engine.forget();
        let document = bench.build(&["--all", CUTOFF]);
        assert_eq!(bench.engine.calls().len(), 1, "{:?}", bench.engine.calls());
        assert_eq!(document.reports.len(), 3);
        bench.repository.write("deployments/tike/MISSION_VERSION", "tike-2026.01.0");
        bench.engine.forget();
        let document = bench.build(&["tike", "roman", CUTOFF]);
        assert_eq!(made(&bench), of(&["tike"]));
        assert_eq!(document.reports.len(), 2);
    }
}

#[test]
fn the_lines_of_each_mission_carry_its_name_and_the_end_tells_who_waited() {
    let bench = bench(FakeEngine::docker());
    let said = stderr(&bench.run(&["--all", CUTOFF, "--jobs=1"]));
    assert!(said.contains("common    | Building Common Image"), "{said}");
    assert!(said.contains("tike      | mission: done in "), "{said}");
    let last: Vec<&str> = said.lines().rev().take(3).collect();
    assert!(last[0].contains("tike ") && last[0].contains(" for roman"), "{said}");
    assert!(last[2].contains("jwebbinar") && last[2].contains(" for common"), "{said}");
}

#[test]
fn one_failure_stops_what_has_not_begun_or_with_keep_going_nothing_else() {
    for (args, expected) in
        [(&["--jobs=1"][..], &[][..]), (&["--jobs=1", "--keep-going"], &["roman", "tike"])]
    {
        let bench = bench(FakeEngine::docker());
        bench.engine.fail("build notebook-jwebbinar-dirty", 17);
        let output = bench.run(&[&["--all", CUTOFF], args].concat());
        assert_eq!(output.status.code(), Some(17), "{}", stderr(&output));
        assert!(stderr(&output).contains("failed (17)"), "{}", stderr(&output));
        let document = Document::parse(&output.stdout, "standard output").unwrap();
        let done: Vec<_> = document.reports.iter().filter_map(|report| report.image.as_ref()).collect();
        for mission in ["roman", "tike"] {
            let is_there = done.iter().any(|image| image.name == format!("notebook-{mission}:latest"));
            assert_eq!(is_there, expected.contains(&mission), "{mission}: {done:?}");
        }
    }
    let bench = bench(FakeEngine::docker());
    bench.engine.fail("build notebook-common", 3);
    let output = bench.command(&["--all"]).env("CI", "true").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output).matches("not tried").count(), 3, "{}", stderr(&output));
}

#[test]
fn a_mission_that_is_not_there_is_named() {
    let said = bench(FakeEngine::docker()).fails(&["romna"], 2);
    assert!(said.contains("did you mean `roman`?"), "{said}");
}

#[test]
fn missions_are_shared_out_among_the_contexts_of_several_machines() {
    let bench = bench(FakeEngine::docker());
    let output = bench.run(&["--all", CUTOFF, "--hosts", "one,two"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stderr(&output);
    for name in ["common@one", "common@two", "jwebbinar", "roman", "tike"] {
        assert!(said.contains(&format!("{name} ")), "{name}: {said}");
    }
    let keys = std::fs::read_dir(bench.repository.at(".image/keys")).unwrap().count();
    assert_eq!(keys, 2, "each machine has its own images");
}

#[test]
fn a_plan_of_several_missions_is_a_list() {
    let bench = bench(FakeEngine::docker());
    let output = bench.run(&["--plan", "--all", "--json"]);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan.as_array().unwrap().len(), 3);
    assert_eq!(plan[2]["images"][2]["because"][0], "not built here before");
    assert_eq!(built(&bench.build(&["roman"])).images.len(), 3);
}

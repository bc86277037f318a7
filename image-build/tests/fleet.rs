//! Several missions at a time.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeMap;

use common::document::Document;
use common::evidence::Store;
use common::report::Outcome;
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
fn a_plan_counts_what_is_built_because_of_another_what_follows_and_what_is_shared_once() {
    let bench = bench(FakeEngine::docker());
    bench.configure(UseFrozen::Floating, |settings| settings.freeze_chill = true);
    let missions = ["roman", "tike", CUTOFF];
    assert_eq!(bench.planned(&missions).1, "chill    runs", "nothing is known, so no total is told");
    bench.build(&missions);
    for (image, minutes) in
        [("notebook-common", 5.0), ("notebook-roman-dirty", 40.0), ("notebook-tike-dirty", 20.0)]
    {
        bench.took(image, minutes * 60.0);
    }
    assert_eq!(bench.planned(&missions).1, "nothing to do");
    let (steps, total) = bench.planned(&["--from", "common", CUTOFF]);
    assert_eq!(steps.len(), 5, "three images, freeze and chill: {steps:?}");
    assert!(total.starts_with("total    about 45m0"), "{total}");
    let (_, total) = bench.planned(&[&["--from", "common"], &missions[..]].concat());
    assert!(total.starts_with("together about 65m0"), "the shared image once: {total}");
    // All upon a shared image that changed is built, too.
    bench.repository.write("deployments/common/VERSION", "2.0.0\n");
    let (_, total) = bench.planned(&[CUTOFF]);
    assert!(total.starts_with("total    about 45m0"), "{total}");
    let (_, total) = bench.planned(&missions);
    assert!(total.starts_with("together about 65m0"), "{total}");
    // Of what was never built here nothing is promised.
    let (_, total) = bench.planned(&["roman", "jwebbinar", CUTOFF]);
    let told = "together more than 45m0";
    assert!(
        total.starts_with(told) && total.contains(": nothing is known of mission, caches, what follows"),
        "{total}"
    );
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

/// It was built once for each time that somebody else was named between.
#[test]
fn a_mission_that_is_named_twice_is_built_once() {
    let bench = bench(FakeEngine::docker());
    let document = bench.build(&["roman", "tike", "roman", CUTOFF]);
    let mut expected = of(&["roman", "tike"]);
    expected.insert(0, "notebook-common".to_owned());
    assert_eq!(made(&bench), expected);
    assert_eq!(document.reports.iter().filter(|report| report.image.is_some()).count(), 3);
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

/// Nothing after the build knew, and a daemon that the environment named went before the contexts.
#[test]
fn where_each_mission_was_built_is_noted_and_told() {
    let bench = bench(FakeEngine::docker());
    let contexts = |document: &Document| {
        let builds = document.reports.iter().filter_map(|report| match &report.outcome {
            Outcome::Build(build) => Some((report.image.clone()?.name, build.context.clone()?)),
            _ => None,
        });
        builds.filter(|(name, _)| name != "notebook-common").collect::<BTreeMap<_, _>>()
    };
    let expected = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(mission, host)| (format!("notebook-{mission}:latest"), (*host).to_owned()))
            .collect()
    };
    let all = [("jwebbinar", "one"), ("roman", "two"), ("tike", "one")];
    for _ in 0..2 {
        let mut command = bench.command(&["--all", CUTOFF, "--hosts", "one,two"]);
        let output = command.env("DOCKER_HOST", "unix:///else").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let document = Document::parse(&output.stdout, "standard output").unwrap();
        assert_eq!(contexts(&document), expected(&all));
    }
    let builds = bench.engine.work();
    let led =
        builds.iter().map(|call| (call.env.get("DOCKER_HOST"), call.env.contains_key("DOCKER_CONTEXT")));
    assert!(led.into_iter().all(|led| led == (None, true)), "{builds:?}");
    let store = Store::in_state(&bench.repository.at(".image"));
    for (mission, host) in all {
        assert_eq!(store.last_context(&mission.parse().unwrap()).unwrap().as_deref(), Some(host));
    }
    assert_eq!(contexts(&bench.build(&["--hosts", "two", CUTOFF])), expected(&[("roman", "two")]));
    assert!(contexts(&bench.build(&["tike", CUTOFF])).is_empty(), "it is built where the environment leads");
    assert_eq!(store.last_context(&"tike".parse().unwrap()).unwrap(), None);
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

/// Memory is not the same for all: what was seen of earlier builds counts, and the plan says so.
#[test]
fn the_memory_that_earlier_builds_were_seen_to_take_is_counted_and_told() {
    let bench = bench(FakeEngine::docker());
    bench.build(&["--all", CUTOFF]);
    let record = ".image/keys/notebook-roman%latest.json";
    let mut value: serde_json::Value = serde_json::from_str(&bench.repository.read(record)).unwrap();
    assert!(value.get("memory").is_none(), "docker's daemon does not tell");
    value["memory"] = (8_u64 << 30).into();
    bench.repository.write(record, &value.to_string());
    let output = bench.run(&["--plan", "--all", CUTOFF, "--memory", "20G"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("memory")).collect();
    let assumed = "memory   4.0 GB: assumed, as no build of it was seen (--memory-per-build)";
    let seen = "memory   10.0 GB: the most that its builds were seen to take, and a quarter more";
    assert_eq!(lines, [assumed, seen, assumed]);
    let output = bench.run(&["roman", "--plan", "--json", CUTOFF]);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["memory"], serde_json::json!({"bytes": 10_u64 << 30, "learned": true}));
    bench.repository.write("deployments/roman/MISSION_VERSION", "roman-2026.01.0");
    bench.build(&["roman", CUTOFF]);
    let value: serde_json::Value = serde_json::from_str(&bench.repository.read(record)).unwrap();
    assert_eq!(value["memory"], 8_u64 << 30, "what was seen is not forgotten");
}

/// Two clones on one engine gave each other's names away.
#[test]
fn clones_that_share_an_engine_can_have_names_of_their_own() {
    let bench = bench(FakeEngine::docker());
    let prefix = |text: &str| {
        let text = text.to_owned();
        bench.configure(UseFrozen::Floating, |settings| {
            settings.freeze_chill = false;
            settings.exports.insert("IMAGE_PREFIX".to_owned(), text);
        });
    };
    prefix("mine-2");
    bench.build(&[CUTOFF]);
    assert_eq!(made(&bench), ["mine-2-common", "mine-2-roman-dirty", "mine-2-roman:latest"]);
    prefix("Mine");
    let said = bench.fails(&[CUTOFF], 78);
    assert!(said.contains("IMAGE_PREFIX is \"Mine\"") && said.contains("hint: "), "{said}");
}

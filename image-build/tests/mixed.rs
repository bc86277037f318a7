//! Names that somebody else gives away meanwhile, and trees that are edited: an image of something else is
//! neither taken for ours nor believed by its label.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;

use common::console::Console;
use common::engine::BuildRequest;
use support::{BASE, Bench};

/// Makes the engine tell these facts of `image`: its labels and layers, in JSON.
fn tell(bench: &Bench, image: &str, (labels, layers): (&str, &str)) {
    let id = "0".repeat(64);
    let config = format!(r#"{{"Env":["USE_FROZEN=0"],"Labels":{labels}}}"#);
    let text = format!(r#"[{{"Id":"sha256:{id}","Config":{config},"RootFS":{{"Layers":{layers}}}}}]"#);
    bench.engine.print(&format!("image inspect {image}"), &text, 0);
}

/// Two clones on one engine share the name between the last two builds: the other one's image was
/// taken for ours.
#[test]
fn an_image_upon_somebody_elses_is_not_taken_for_ours() {
    let bench = Bench::floating();
    let tell = |image: &str, layers: &str| tell(&bench, image, ("{}", layers));
    tell("notebook-roman-dirty", r#"["base","ours"]"#);
    tell("notebook-roman:latest", r#"["base","theirs","caches"]"#);
    let said = bench.fails(&[], 69);
    assert!(said.contains("was built upon another notebook-roman-dirty than this build made"), "{said}");
    assert!(!bench.engine.lines().contains(&"docker rmi notebook-roman-dirty".to_owned()), "it is theirs");
    assert!(!bench.siblings().contains(&"image-freeze".to_owned()), "nothing is frozen of it");
    tell("notebook-roman:latest", r#"["base","ours","caches"]"#);
    bench.build(&[]);
}

/// The wrong image kept its name and its label, and the next build took it for the right one.
#[test]
fn an_image_that_was_found_to_be_mixed_is_not_believed_by_its_label() {
    for keeps_its_name in [false, true] {
        let bench = Bench::frozen();
        let tell = |image: &str, layers: &str| tell(&bench, image, ("{}", layers));
        tell("notebook-roman-dirty", r#"["ours"]"#);
        tell("notebook-roman:latest", r#"["theirs"]"#);
        if keeps_its_name {
            bench.engine.fail("rmi notebook-roman:latest", 1);
        }
        bench.fails(&[], 69);
        bench.engine.behave();
        bench.engine.forget();
        bench.build(&[]);
        let builds: Vec<_> = bench.engine.calls().into_iter().filter(|call| call.verb() == "build").collect();
        assert_eq!(builds.last().unwrap().value("--tag"), Some("notebook-roman:latest"));
    }
}

/// Only the last of the images was looked at.
#[test]
fn a_missions_image_upon_somebody_elses_shared_one_is_refused() {
    let bench = Bench::floating();
    let tell = |image: &str, layers: &str| tell(&bench, image, ("{}", layers));
    tell("notebook-common", r#"["base","ours"]"#);
    tell("notebook-roman-dirty", r#"["base","theirs","mission"]"#);
    let said = bench.fails(&[], 69);
    assert!(said.contains("notebook-roman-dirty was built upon another notebook-common"), "{said}");
    bench.engine.behave();
    bench.engine.forget();
    bench.build(&[]);
    let builds: Vec<_> = bench.engine.calls().into_iter().filter(|call| call.verb() == "build").collect();
    assert!(builds.iter().any(|call| call.value("--tag") == Some("notebook-roman-dirty")), "{builds:?}");
}

/// Only layers were compared, and two images of the same layers may be set in different ways.
#[test]
fn an_image_upon_one_of_the_same_layers_and_another_key_is_refused() {
    let bench = Bench::floating();
    let key = |whose: &str| format!(r#"{{"image-tools.key.mission":"{whose}"}}"#);
    tell(&bench, "notebook-roman-dirty", (&key("ours"), r#"["ours"]"#));
    tell(&bench, "notebook-roman:latest", (&key("theirs"), r#"["ours","caches"]"#));
    let said = bench.fails(&[], 69);
    assert!(said.contains("was built upon another notebook-roman-dirty than this build made"), "{said}");
    tell(&bench, "notebook-roman:latest", (&key("ours"), r#"["ours","caches"]"#));
    bench.build(&[]);
}

/// Another clone may pull a newer base while the shared image is being built upon the older one.
#[test]
fn a_shared_image_upon_a_base_that_moved_is_refused() {
    let bench = Bench::floating();
    tell(&bench, BASE, ("{}", r#"["older"]"#));
    tell(&bench, "notebook-common", ("{}", r#"["newer","common"]"#));
    let said = bench.fails(&[], 69);
    assert!(said.contains(&format!("notebook-common was built upon another {BASE}")), "{said}");
    assert!(bench.engine.lines().contains(&"docker rmi notebook-common".to_owned()), "nobody finds it");
}

/// A mixed image has the label of the right one until its name is taken away; in that moment, or if the
/// build is killed in it, another clone believed the label.
#[test]
fn a_label_is_not_believed_of_an_image_that_was_built_upon_another() {
    let bench = Bench::frozen();
    bench.build(&[]);
    let (engine, console) = (bench.engine.engine(), Console::silent());
    let right = engine.inspect("notebook-roman:latest", &console).unwrap().unwrap();
    assert_eq!(right.labels.len(), 3, "its own key and those of what is below: {:?}", right.labels);
    bench.engine.image("theirs", &["USE_FROZEN=1"]);
    let request = BuildRequest {
        context: "/".into(),
        tag: "notebook-roman:latest".to_owned(),
        arguments: vec![("BASE_CONTAINER".to_owned(), "theirs".to_owned())],
        labels: vec![("image-tools.key".to_owned(), right.labels["image-tools.key"].clone())],
        ..BuildRequest::default()
    };
    assert!(engine.build(&request, &console, &mut |_| ()).unwrap().is_success());
    fs::remove_dir_all(bench.repository.at(".image")).unwrap();
    bench.engine.forget();
    bench.build(&[]);
    let builds = bench.engine.calls().into_iter().filter(|call| call.verb() == "build");
    let tags: Vec<_> = builds.filter_map(|call| call.value("--tag").map(str::to_owned)).collect();
    assert_eq!(tags, ["notebook-roman-dirty", "notebook-roman:latest"]);
}

/// The tree was read for the key and copied later: an image of other content had the key of the first.
#[test]
fn a_tree_that_is_edited_during_the_build_stops_it() {
    let bench = Bench::frozen();
    let file = bench.repository.at("deployments/roman/Dockerfile");
    let (program, real) = (bench.engine.program(), bench.engine.program().with_extension("real"));
    fs::rename(&program, &real).unwrap();
    let wrapper = format!(
        "#!/bin/sh\ncase \"$*\" in *'--tag notebook-common '*) echo '# edited' >>'{}' ;; esac\nexec '{}' \"$@\"\n",
        file.display(),
        real.display()
    );
    common::testing::program(&program, &wrapper);
    let said = bench.fails(&[], 75);
    let expected = "the tree changed while notebook-roman-dirty was being built: Dockerfile changed";
    assert!(said.contains(expected), "{said}");
    let builds = bench.engine.calls().into_iter().filter(|call| call.verb() == "build").count();
    assert_eq!(builds, 1, "nothing is built of the other content");
    bench.build(&[]);
}

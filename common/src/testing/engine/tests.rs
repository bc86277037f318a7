use super::*;
use crate::engine::{BuildRequest, RunRequest};

fn build(fake: &FakeEngine, tag: &str, arguments: &[(&str, &str)]) -> Digest {
    let request = BuildRequest {
        context: "/".into(),
        dockerfile: "Dockerfile".to_owned(),
        tag: tag.to_owned(),
        arguments: arguments.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        ..BuildRequest::default()
    };
    let (engine, console) = (fake.engine(), Console::silent());
    assert!(engine.build(&request, &console, &mut |_| ()).unwrap().is_success());
    engine.inspect(tag, &console).unwrap().unwrap().id
}

#[test]
fn a_built_image_inherits_the_environment_and_the_same_call_makes_the_same_id() {
    for fake in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        fake.image("spacetelescope/scipy-notebook", &["PATH=/bin"]);
        let base = ("BASE_IMAGE", "spacetelescope/scipy-notebook");
        let common = build(&fake, "notebook-common", &[base, ("USE_FROZEN", "1"), ("Q", "a \"b\" \\c")]);
        let mission = build(&fake, "notebook-roman:latest", &[("BASE_IMAGE", "notebook-common")]);
        let facts = fake.engine().inspect("notebook-roman", &Console::silent()).unwrap().unwrap();
        assert_eq!(facts.env, ["USE_FROZEN=1", "Q=a \"b\" \\c", "PATH=/bin"]);
        assert_eq!((facts.id.clone(), common == mission), (mission, false));
        assert_eq!(build(&fake, "notebook-roman:latest", &[("BASE_IMAGE", "notebook-common")]), facts.id);
        let will = fake.will_make("notebook-roman:latest", &["A=1"]);
        assert_eq!(build(&fake, "notebook-roman:latest", &[]), will);
    }
}

#[test]
fn calls_are_kept_word_by_word_and_shown_without_what_varies() {
    let fake = FakeEngine::docker();
    fake.image("i", &[]);
    let command = ["printf", "", "a b", "line\nbreak", "|", "\t"].map(str::to_owned).to_vec();
    let request = RunRequest { image: "i".to_owned(), command: command.clone(), ..RunRequest::default() };
    _ = fake.engine().run(&request, &Console::silent(), &mut |_| ()).unwrap();
    let call = fake.work().pop().unwrap();
    assert!(call.args.ends_with(&command), "{call:?}");
    assert_eq!(call.dir, std::env::current_dir().unwrap());
    assert_eq!(fake.lines(), ["docker run i printf '' 'a b' 'line\nbreak' '|' '\t'"]);
    assert_eq!(call.value("--name").map(|name| name.starts_with("image-tools-")), Some(true));
}

#[test]
fn a_pattern_means_whole_words_in_their_order() {
    let fake = FakeEngine::docker();
    fake.fail("build notebook-common", 17);
    let engine = fake.engine();
    let status = |tag: &str, base: &str| {
        let request = BuildRequest {
            context: "/".into(),
            tag: tag.to_owned(),
            arguments: vec![("BASE_IMAGE".to_owned(), base.to_owned())],
            ..BuildRequest::default()
        };
        engine.build(&request, &Console::silent(), &mut |_| ()).unwrap()
    };
    assert_eq!(status("notebook-common", "x"), crate::process::Exit::Code(17));
    assert!(status("notebook-roman", "notebook-common").is_success());
    assert!(status("notebook-common-2", "x").is_success());
    fake.behave();
    assert!(status("notebook-common", "x").is_success());
}

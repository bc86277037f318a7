//! `image-repack`: on the engines of this machine with an image that is hard to copy, and on a fake one
//! that fails at each call.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::fs;
use std::process::Output;

use common::console::Console;
use common::engine::{BuildRequest, Engine, choose};
use common::settings::EngineChoice;
use common::testing::closure;
use support::{Bench, stderr};

const BASE: &str = "image-build-test-repack-base:latest";
const FAT: &str = "image-build-test-repack:fat";
const TRIGGERS: &str = "image-build-test-repack:triggers";
const SLIM: &str = "image-build-test-repack:slim";

/// Everything that an image can say, with values that a Dockerfile would take for something else.
const NASTY: &str = r#"ARG BASE
FROM ${BASE}
ARG BREAK
ENV PATH=/bin NB_USER=jovyan
ENV X="a \"q\" \$b 'c' \\n `d` #e" EMPTY="" SPACES="  two  " TRAILING="end\\\\"
ENV LINES="${BREAK}"
RUN mkdir /data /volume && touch /volume/gone /volume/kept
RUN echo hi >/volume/kept
SHELL ["/bin/sh", "-e", "-c"]
WORKDIR /home/jovyan
USER jovyan:100
EXPOSE 8888 53/udp
STOPSIGNAL SIGINT
VOLUME ["/data", "/with \\$dollar", "/end $nothing"]
HEALTHCHECK --interval=7s --timeout=1500ms --retries=5 CMD test -f "$X" || exit 1
LABEL maker="us \"and\" \$them" org.example.text="${BREAK}" "a b"="c"
ENTRYPOINT ["/bin/sh", "-c", "echo \"$0\" $X", "two words"]
CMD ["a", "", "b\\c"]
"#;

/// An engine of this machine with the images of this test, which go with it.
struct Real {
    bench: Bench,
    engine: Engine,
    choice: EngineChoice,
}

impl Real {
    fn new(choice: EngineChoice) -> Option<Self> {
        let console = Console::silent();
        let engine = choose(choice, &console).inspect_err(|e| eprintln!("skipped: {choice}: {e}")).ok()?;
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("base.tar");
        closure::write(&archive);
        engine.import(&archive, BASE, &console).unwrap();
        let real = Self { bench: Bench::floating(), engine, choice };
        real.build(FAT, NASTY, &[("BASE", BASE), ("BREAK", "one\ntwo \"$three\"")]);
        Some(real)
    }

    fn build(&self, tag: &str, dockerfile: &str, arguments: &[(&str, &str)]) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("Dockerfile"), dockerfile).unwrap();
        let request = BuildRequest {
            context: dir.path().to_owned(),
            dockerfile: "Dockerfile".to_owned(),
            tag: tag.to_owned(),
            arguments: arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            ..BuildRequest::default()
        };
        let mut said = String::new();
        let sink = &mut |line: &[u8]| {
            said.push_str(&String::from_utf8_lossy(line));
            said.push('\n');
        };
        let exit = self.engine.build(&request, &Console::silent(), sink).unwrap();
        assert!(exit.is_success(), "{said}");
    }

    /// Docker copies ONBUILD steps; the others would carry them out, so nothing is made.
    fn check_triggers(&self) {
        self.build(TRIGGERS, &format!("FROM {FAT}\nONBUILD RUN echo \"$X\" >/onbuild\n"), &[]);
        let output = self.repack(&[TRIGGERS, SLIM]);
        if self.choice != EngineChoice::Docker {
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(69), "{said}");
            assert!(said.contains(r#"has ONBUILD steps (RUN echo "$X" >/onbuild)"#), "{said}");
            return;
        }
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let (_, made) = self.engine.config(SLIM, &Console::silent()).unwrap();
        assert_eq!(made.on_build, [r#"RUN echo "$X" >/onbuild"#]);
        self.engine.remove_image(SLIM, &Console::silent()).unwrap();
    }

    fn repack(&self, args: &[&str]) -> Output {
        let choice = self.choice.to_string();
        let mut command = self.bench.command(&["--engine", &choice, "--repack"]);
        let machine = std::env::vars_os().filter(|(name, _)| name != "GITHUB_RUN_ID");
        command.args(args).envs(machine).output().unwrap()
    }

    fn has(&self, image: &str) -> bool {
        self.engine.inspect(image, &Console::silent()).unwrap().is_some()
    }

    fn files(&self, image: &str) -> Vec<String> {
        let mut files = Vec::new();
        let visit = &mut |file: &common::engine::FileEntry<'_>, _: &mut dyn std::io::Read| {
            files.push(file.path.display().to_string());
            Ok(())
        };
        self.engine.read_all(image, &Console::silent(), visit).unwrap();
        files.sort_unstable();
        files
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        for image in [SLIM, TRIGGERS, FAT, BASE] {
            _ = self.engine.remove_image(image, &Console::silent());
        }
    }
}

/// D57: quotes and `$` were lost, and so were health checks, shells and volumes.
fn check(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    let console = Console::silent();
    let (_, before) = real.engine.config(FAT, &console).unwrap();
    assert!(before.env.iter().any(|pair| pair == "LINES=one\ntwo \"$three\""), "{:?}", before.env);
    assert!(before.healthcheck.is_some() && before.volumes.len() == 3, "{before:?}");
    let files = real.files(FAT);
    real.check_triggers();

    let output = real.repack(&[FAT, SLIM]);
    assert_eq!(output.status.code(), Some(0), "{choice}: {}", stderr(&output));
    assert_eq!(real.engine.config(SLIM, &console).unwrap().1, before);
    assert_eq!(real.files(SLIM), files);
    assert!(real.has(FAT), "it was not asked to go");
    // Its name moves on; what has none stays where it is.
    real.engine.remove_image(SLIM, &console).unwrap();

    let output = real.repack(&[FAT, SLIM, "--delete-source"]);
    assert_eq!(output.status.code(), Some(0), "{choice}: {}", stderr(&output));
    assert!(!real.has(FAT) && real.has(SLIM));

    let output = real.repack(&[SLIM, SLIM, "--delete-source"]);
    assert_eq!(output.status.code(), Some(0), "in place: {choice}: {}", stderr(&output));
    assert_eq!(real.engine.config(SLIM, &console).unwrap().1, before);
}

#[test]
fn d57_docker_keeps_every_setting() {
    check(EngineChoice::Docker);
}

#[test]
fn d57_podman_keeps_every_setting() {
    check(EngineChoice::Podman);
}

#[test]
fn d57_buildah_keeps_every_setting() {
    check(EngineChoice::Buildah);
}

/// A fake docker with the image `fat:1`; no repository around.
fn fake() -> Bench {
    let bench = Bench::floating();
    bench.engine.image("fat:1", &["A=1"]);
    bench.engine.will_make("slim:1", &["A=1"]);
    bench
}

fn nothing_leaks(bench: &Bench) {
    assert_eq!(bench.engine.containers(), [""; 0], "no container is left");
    let engine = bench.engine.engine();
    let lines = bench.engine.lines();
    let base = lines.iter().find_map(|line| line.strip_prefix("docker import - "));
    if let Some(base) = base {
        assert!(engine.inspect(base, &Console::silent()).unwrap().is_none(), "{base} is left");
    }
}

/// The verbs of the calls that do work, and the name that each removes.
fn verbs(bench: &Bench) -> Vec<String> {
    let word = |line: String| match line.split_once(" rmi ") {
        Some((_, name)) => format!("rmi {}", name.split("-image-tools").next().unwrap_or_default()),
        None => line.split(' ').nth(1).unwrap_or_default().to_owned(),
    };
    bench.engine.lines().into_iter().map(word).collect()
}

const DELETE: [&str; 4] = ["--repack", "fat:1", "slim:1", "--delete-source"];

#[test]
fn the_source_goes_last() {
    let bench = fake();
    let output = bench.run(&DELETE);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    assert_eq!(verbs(&bench), ["import", "build", "rmi squash-base", "rmi fat:1"]);
    nothing_leaks(&bench);
    assert!(
        fs::read_dir(bench.repository.root())
            .unwrap()
            .flatten()
            .all(|e| e.file_name() != "Dockerfile.squash")
    );
}

/// D57: half an image was built, and the whole one was gone.
#[test]
fn d57_whatever_fails_the_source_is_kept_and_nothing_leaks() {
    for (call, verbs_then) in [
        ("create", &[][..]),
        ("export", &["import", "rmi squash-base"]),
        ("import", &["import"]),
        ("build slim:1", &["import", "build", "rmi squash-base"]),
    ] {
        let bench = fake();
        bench.engine.fail(call, 17);
        let said = bench.fails(&DELETE, 17);
        assert_eq!(verbs(&bench), verbs_then, "{call}: {said}");
        nothing_leaks(&bench);
    }
}

#[test]
fn d57_an_image_that_would_differ_is_not_kept() {
    let bench = fake();
    bench.engine.will_make("slim:1", &["A=2"]);
    let said = bench.fails(&DELETE, 76);
    assert!(said.contains("slim:1 would not be as fat:1 is: Env would differ; fat:1 is untouched"), "{said}");
    assert_eq!(verbs(&bench), ["import", "build", "rmi squash-base", "rmi slim:1"]);
}

/// D57: the container and the temporary image stayed.
#[test]
fn d57_an_interrupted_repack_leaves_nothing() {
    for call in ["export", "build slim:1"] {
        let bench = fake();
        bench.engine.hang(call);
        let child = bench.start(&DELETE);
        let output = Bench::stop(child);
        assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
        bench.engine.behave();
        nothing_leaks(&bench);
        assert!(!verbs(&bench).contains(&"rmi fat:1".to_owned()));
    }
}

#[test]
fn an_image_that_is_not_there_is_named() {
    let bench = fake();
    let said = bench.fails(&["--repack", "missing:1", "slim:1"], 69);
    assert!(said.contains("there is no image missing:1"), "{said}");
    bench.fails(&["--repack", "fat:1"], 2);
    bench.fails(&["--delete-source"], 2);
}

/// Images without names may be somebody else's; on a machine that is thrown away they are nobody's.
#[test]
fn only_on_github_images_without_a_name_are_removed() {
    let bench = fake();
    let output = bench.command(&DELETE).env("GITHUB_RUN_ID", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = bench.engine.calls();
    assert!(lines.iter().any(|call| call.args == ["image", "prune", "--force"]), "{lines:?}");
}

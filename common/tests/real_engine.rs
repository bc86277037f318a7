//! The engines that are really here do what the operations promise. Each that is not is skipped, and
//! says so.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says what it skips")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::console::Console;
use common::digest::Digest;
use common::engine::{BuildRequest, Engine, EngineError, Kind, Mount, RunRequest, Secret, choose};
use common::process::Exit;
use common::settings::EngineChoice;
use common::shell;

/// The base has a shell, a few programs, and no settings at all.
const DOCKERFILE: &str = "\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ARG USE_FROZEN=0
ENV USE_FROZEN=${USE_FROZEN} KEPT=\"a b\"
LABEL org.example.kind=test
SHELL [\"/bin/sh\", \"-e\", \"-c\"]
RUN --mount=type=secret,id=ca,target=/run/secrets/ca,mode=0444 \
    --mount=type=cache,target=/cache,uid=1000,gid=100 \
    /bin/cat /run/secrets/ca > /opt/seen && echo $USE_FROZEN > /opt/frozen
COPY tree /opt/env-frozen
";

#[test]
fn docker_keeps_the_promises() {
    check(EngineChoice::Docker);
}

#[test]
fn podman_keeps_the_promises() {
    check(EngineChoice::Podman);
}

#[test]
fn buildah_keeps_the_promises() {
    check(EngineChoice::Buildah);
}

/// The old builder gets the same request, without what it does not know.
#[test]
fn dockers_legacy_builder_takes_the_usual_switches() {
    let Some(rig) = Rig::new(EngineChoice::DockerLegacy) else { return };
    fs::write(rig.at("the context/Dockerfile.cached"), "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENV A=1\n")
        .unwrap();
    let (exit, text) = rig.build("1");
    assert!(exit.is_success(), "{text}");
    let facts = rig.engine.inspect(&rig.image, &quiet()).unwrap().unwrap();
    assert_eq!(facts.variable("A"), Some("1"));
}

/// The whole promise, on one engine.
fn check(choice: EngineChoice) {
    let Some(rig) = Rig::new(choice) else { return };
    builds_reach_the_image(&rig);
    a_shell_is_inherited(&rig);
    runs_pass_their_status_on(&rig);
    trees_come_out(&rig);
    the_whole_comes_out(&rig);
    an_archive_holds_the_configuration(&rig);
    what_is_not_there_is_said(&rig);
    a_stopped_tool_leaves_no_container(&rig, choice);
    a_killed_tools_container_is_swept(&rig, choice);
    names_move(&rig);
}

fn quiet() -> Console {
    Console::silent()
}

/// An engine, and what was built with it; removed at the end.
struct Rig {
    engine: Engine,
    base: String,
    image: String,
    dir: tempfile::TempDir,
}

impl Rig {
    fn new(choice: EngineChoice) -> Option<Self> {
        let engine = match choose(choice, &quiet()) {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!("skipped: {error}");
                return None;
            }
        };
        let name = format!("image-tools-test-{choice}-{}", std::process::id());
        let dir = tempfile::tempdir().unwrap();
        let rig = Self { engine, base: format!("{name}-base"), image: format!("{name}:1"), dir };
        fs::write(rig.at("root.tar"), root_file_system()).unwrap();
        rig.engine.import(&rig.at("root.tar"), &rig.base, &quiet()).unwrap();
        fs::create_dir_all(rig.at("the context/tree/base")).unwrap();
        fs::create_dir_all(rig.at("given")).unwrap();
        fs::write(rig.at("given/f"), "from the host\n").unwrap();
        fs::write(rig.at("the context/Dockerfile.cached"), DOCKERFILE).unwrap();
        fs::write(rig.at("the context/tree/base/requirements.yml"), "name: base\n").unwrap();
        fs::write(rig.at("the context/tree").join("n".repeat(120)), "long name\n").unwrap();
        symlink("base/requirements.yml", rig.at("the context/tree/link")).unwrap();
        symlink("/opt/env-frozen", rig.at("the context/tree/absolute")).unwrap();
        fs::write(rig.at("ca.pem"), "the authority\n").unwrap();
        Some(rig)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn id(&self) -> Digest {
        self.engine.inspect(&self.image, &quiet()).unwrap().unwrap().id
    }

    fn build(&self, frozen: &str) -> (Exit, String) {
        let arguments = [("BASE_IMAGE", self.base.as_str()), ("USE_FROZEN", frozen)];
        self.build_from("Dockerfile.cached", &self.image, &arguments)
    }

    fn build_from(&self, dockerfile: &str, tag: &str, arguments: &[(&str, &str)]) -> (Exit, String) {
        let words = "--rm --force-rm --build-arg OWNER=x --progress plain --platform linux/amd64";
        let request = BuildRequest {
            context: self.at("the context"),
            dockerfile: dockerfile.to_owned(),
            tag: tag.to_owned(),
            words: shell::split_unquoted(words),
            arguments: arguments.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            labels: Vec::new(),
            secrets: vec![Secret { id: "ca".to_owned(), source: self.at("ca.pem") }],
            ..BuildRequest::default()
        };
        let mut text = String::new();
        let mut sink = |line: &[u8]| writeln!(text, "{}", String::from_utf8_lossy(line)).unwrap();
        let exit = self.engine.build(&request, &quiet(), &mut sink).unwrap();
        (exit, text)
    }

    fn request(&self, script: &str) -> RunRequest {
        RunRequest {
            image: self.image.clone(),
            words: shell::split_unquoted("--rm -e JUPYTER_ENABLE_LAB=yes --platform linux/amd64"),
            command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
            network: self.network(),
            ..RunRequest::default()
        }
    }

    /// Not every host lets a normal user's podman make a network.
    fn network(&self) -> Option<String> {
        (self.engine.kind == Kind::Podman).then(|| "host".to_owned())
    }

    fn run(&self, request: &RunRequest) -> (Exit, Vec<String>) {
        let mut lines = Vec::new();
        let mut sink = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        let exit = self.engine.run(request, &quiet(), &mut sink).unwrap();
        (exit, lines)
    }

    fn tree(&self, path: &str) -> Result<BTreeMap<PathBuf, String>, EngineError> {
        let mut files = BTreeMap::new();
        self.engine.read_tree(&self.image, path, &quiet(), &mut |file, content| {
            let mut text = file.link.map(|link| format!("-> {}", link.display())).unwrap_or_default();
            content.read_to_string(&mut text)?;
            files.insert(file.path.to_owned(), text);
            Ok(())
        })?;
        Ok(files)
    }

    /// The names of the containers of tools that use this rig.
    fn containers(&self, tool: u32) -> Vec<String> {
        let args: &[&str] = match self.engine.kind {
            Kind::Buildah => &["containers", "--noheading", "--format", "{{.ContainerName}}"],
            _ => &["ps", "--all", "--format", "{{.Names}}"],
        };
        let output = Command::new(&self.engine.program).args(args).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let prefix = format!("image-tools-{tool}-");
        text.split_whitespace().filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect()
    }

    fn own_containers(&self) -> Vec<String> {
        self.containers(std::process::id())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        for image in [&self.image, &self.base] {
            _ = self.engine.remove_image(image, &quiet());
        }
    }
}

/// A root file system of a few of this machine's own programs, as a tar.
fn root_file_system() -> Vec<u8> {
    let mut files: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for name in ["sh", "cat", "sleep", "true"] {
        let program = which(name).canonicalize().unwrap();
        let output = Command::new("ldd").arg(&program).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for word in text.split_whitespace().filter(|word| word.starts_with('/')) {
            let library = Path::new(word);
            files.insert(library.strip_prefix("/").unwrap().to_owned(), library.canonicalize().unwrap());
        }
        files.insert(Path::new("bin").join(name), program);
    }
    let mut builder = tar::Builder::new(Vec::new());
    for dir in ["opt", "tmp", "etc"] {
        builder.append_dir(dir, "/").unwrap();
    }
    for (inside, file) in files {
        builder.append_path_with_name(file, inside).unwrap();
    }
    builder.into_inner().unwrap()
}

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|p| p.is_file()).unwrap()
}

fn builds_reach_the_image(rig: &Rig) {
    let mut ids = Vec::new();
    for frozen in ["0", "1"] {
        let (exit, text) = rig.build(frozen);
        assert!(exit.is_success(), "{text}");
        let facts = rig.engine.inspect(&rig.image, &quiet()).unwrap().unwrap();
        assert_eq!(facts.variable("USE_FROZEN"), Some(frozen));
        assert_eq!(facts.variable("KEPT"), Some("a b"));
        assert_eq!(facts.labels["org.example.kind"], "test");
        assert!(facts.size.is_none_or(|bytes| bytes > 100_000), "{facts:?}");
        ids.push(facts.id);
    }
    assert_ne!(ids[0], ids[1]);
    assert!(rig.build("1").0.is_success());
    assert_eq!(rig.id(), ids[1], "an unchanged build is taken from the cache");
    fs::rename(rig.at("the context/tree"), rig.at("tree")).unwrap();
    let (exit, text) = rig.build("1");
    assert!(!exit.is_success() && text.contains("tree"), "{text}");
    fs::rename(rig.at("tree"), rig.at("the context/tree")).unwrap();
}

/// Images built upon another must keep its `SHELL`, or a pipe that fails goes unnoticed there.
fn a_shell_is_inherited(rig: &Rig) {
    fs::write(
        rig.at("the context/Dockerfile.child"),
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN false; true\n",
    )
    .unwrap();
    let child = format!("{}-child", rig.base);
    let (exit, text) = rig.build_from("Dockerfile.child", &child, &[("BASE_IMAGE", &rig.image)]);
    assert!(!exit.is_success(), "{text}");
}

fn runs_pass_their_status_on(rig: &Rig) {
    let script = "echo $A-$KEPT-$JUPYTER_ENABLE_LAB; /bin/cat /given/f; echo e >&2; exit 42";
    let mut request = rig.request(script);
    request.variables.push(("A".to_owned(), "x y".to_owned()));
    request.mounts.push(Mount { source: rig.at("given"), target: "/given".to_owned() });
    let (exit, mut lines) = rig.run(&request);
    // The two streams of a container come by two ways and may overtake each other.
    lines.sort_unstable();
    assert_eq!((exit, lines.join("|").as_str()), (Exit::Code(42), "e|from the host|x y-a b-yes"));
    let by_id = RunRequest { image: rig.id().to_string(), ..rig.request("/bin/cat /opt/seen /opt/frozen") };
    assert_eq!(rig.run(&by_id), (Exit::Code(0), vec!["the authority".to_owned(), "1".to_owned()]));
    assert_eq!(rig.own_containers(), [""; 0]);
}

fn trees_come_out(rig: &Rig) {
    let files = rig.tree("/opt/env-frozen").unwrap();
    let text: Vec<String> = files.iter().map(|(path, text)| format!("{}: {text}", path.display())).collect();
    let long = "n".repeat(120);
    assert_eq!(
        text,
        [
            "absolute: -> /opt/env-frozen",
            "base/requirements.yml: name: base\n",
            "link: -> base/requirements.yml",
            &format!("{long}: long name\n"),
        ]
    );
    assert_eq!(rig.tree("/opt/env-frozen/absolute").unwrap(), files, "a link at the top is followed");
    let one = rig.tree("/opt/env-frozen/base/requirements.yml").unwrap();
    assert_eq!(one.into_iter().collect::<Vec<_>>(), [("requirements.yml".into(), "name: base\n".to_owned())]);
    assert_eq!(rig.own_containers(), [""; 0]);
}

fn the_whole_comes_out(rig: &Rig) {
    let mut files = BTreeMap::new();
    let whole = rig.engine.read_all(&rig.image, &quiet(), &mut |file, content| {
        let size = std::io::copy(content, &mut std::io::sink())?;
        assert!(size == file.size || file.link.is_some(), "{file:?}");
        files.insert(file.path.to_owned(), file.executable);
        Ok(())
    });
    whole.unwrap();
    assert_eq!(files.get(Path::new("bin/sh")), Some(&true));
    assert_eq!(files.get(Path::new("opt/env-frozen/base/requirements.yml")), Some(&false));
    for foreign in [".dockerenv", "etc/hosts", "etc/resolv.conf", "etc/mtab", "dev/console"] {
        assert!(!files.contains_key(Path::new(foreign)), "{foreign}");
    }
}

fn an_archive_holds_the_configuration(rig: &Rig) {
    let file = rig.at("saved image.tar");
    let id = rig.id();
    rig.engine.save(&rig.image, &file, &quiet()).unwrap();
    let mut archive = tar::Archive::new(fs::File::open(&file).unwrap());
    let holds = archive.entries().unwrap().any(|entry| {
        let mut entry = entry.unwrap();
        entry.size() < 1 << 20 && Digest::of_reader(&mut entry).unwrap() == id
    });
    assert!(holds, "no blob of the archive has the digest {id}");
}

fn what_is_not_there_is_said(rig: &Rig) {
    assert!(matches!(rig.tree("/opt/nowhere").unwrap_err(), EngineError::NoPath { .. }));
    let absent = "image-tools-no-such-image:1";
    assert_eq!(rig.engine.inspect(absent, &quiet()).unwrap(), None);
    let tree = rig.engine.read_tree(absent, "/opt", &quiet(), &mut |_, _| Ok(()));
    assert!(matches!(tree.unwrap_err(), EngineError::NoImage { .. }));
    let saved = rig.engine.save(absent, &rig.at("x"), &quiet());
    assert!(matches!(saved.unwrap_err(), EngineError::NoImage { .. }));
}

fn a_stopped_tool_leaves_no_container(rig: &Rig, choice: EngineChoice) {
    let mut child = start_tool(rig, choice);
    assert_eq!(rig.containers(child.id()).len(), 1);
    assert_ne!(long_runs(child.id()), 0);
    let since = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(!child.wait().unwrap().success());
    let seconds = since.elapsed().as_secs();
    assert!(seconds < 8, "it took {seconds} seconds");
    assert_eq!(rig.containers(child.id()), [""; 0]);
    assert_eq!(long_runs(child.id()), 0);
}

fn a_killed_tools_container_is_swept(rig: &Rig, choice: EngineChoice) {
    let mut child = start_tool(rig, choice);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(rig.containers(child.id()).len(), 1);
    assert!(rig.engine.sweep_containers(&quiet()).unwrap() >= 1);
    assert_eq!(rig.containers(child.id()), [""; 0]);
    assert_eq!(long_runs(child.id()), 0);
}

/// A process of its own that runs something long in a container; it does run when this returns.
fn start_tool(rig: &Rig, choice: EngineChoice) -> Child {
    let started = rig.at("given/started");
    _ = fs::remove_file(&started);
    let spawn = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tool_that_runs_long", "--ignored"])
            .env("TEST_ENGINE", choice.to_string())
            .env("TEST_IMAGE", &rig.image)
            .env("TEST_MOUNT", rig.at("given"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut tool = spawn();
    // On a busy machine an engine may give up once; what is tested is what happens when it runs.
    let deadline = Instant::now() + Duration::from_mins(4);
    while !started.exists() {
        assert!(Instant::now() < deadline, "the container did not start");
        if tool.try_wait().unwrap().is_some() {
            tool = spawn();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    tool
}

/// The processes on this machine that run what [`tool_that_runs_long`] started, in whatever container.
fn long_runs(tool: u32) -> usize {
    let mark = mark_of(tool);
    let lines = fs::read_dir("/proc").unwrap().flatten().map(|p| fs::read(p.path().join("cmdline")));
    lines.filter(|line| line.as_ref().is_ok_and(|l| String::from_utf8_lossy(l).contains(&mark))).count()
}

/// A word that only the processes of one tool's container have on their command lines.
fn mark_of(tool: u32) -> String {
    format!(": run of {tool};")
}

/// Not a test: the tool that others stop. Its command ignores what it can.
#[test]
#[ignore = "the tests that stop it start it; by hand, with a DIR that the image's user may write to: \
            TEST_ENGINE=docker TEST_IMAGE=IMAGE TEST_MOUNT=DIR \
            cargo test -p common --test real_engine -- --ignored --exact tool_that_runs_long"]
fn tool_that_runs_long() {
    let Ok(choice) = std::env::var("TEST_ENGINE") else {
        return eprintln!("skipped: TEST_ENGINE names no engine to run in");
    };
    let engine = choose(choice.parse().unwrap(), &quiet()).unwrap();
    let script =
        format!("trap '' INT HUP; {} : >/given/started; /bin/sleep 300; :", mark_of(std::process::id()));
    let request = RunRequest {
        image: std::env::var("TEST_IMAGE").unwrap(),
        command: ["/bin/sh", "-c", &script].map(str::to_owned).to_vec(),
        mounts: vec![Mount {
            source: std::env::var_os("TEST_MOUNT").unwrap().into(),
            target: "/given".to_owned(),
        }],
        network: (engine.kind == Kind::Podman).then(|| "host".to_owned()),
        ..RunRequest::default()
    };
    let exit = engine.run(&request, &quiet(), &mut |_| ()).unwrap();
    assert!(exit.is_success(), "its command ended with {exit}");
}

fn names_move(rig: &Rig) {
    let other = format!("{}-other:2", rig.base);
    rig.engine.tag(&rig.image, &other, &quiet()).unwrap();
    assert_eq!(rig.engine.inspect(&other, &quiet()).unwrap().unwrap().id, rig.id());
    rig.engine.remove_image(&other, &quiet()).unwrap();
    assert_eq!(rig.engine.inspect(&other, &quiet()).unwrap(), None);
    assert!(rig.engine.inspect(&rig.image, &quiet()).unwrap().is_some());
}

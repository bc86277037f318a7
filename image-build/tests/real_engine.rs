//! The chain on the engines of this machine, upon a base of a few of its own programs. An engine
//! that is not there is skipped. All images have names of the test's own, and go with it.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::console::Console;
use common::engine::{Engine, ImageFacts, choose};
use common::evidence::Store;
use common::report::Outcome;
use common::settings::{CaBundle, EngineChoice, UseFrozen};
use common::testing::{FakeEngine, Registry, Repository, closure};
use support::bridge::{self, Bridge};
use support::traced::Trace;
use support::{Bench, built, stderr};
use tempfile::TempDir;

const COMMON: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n\
    ARG USE_FROZEN=1\nARG USER_CACHE_DIRS\nENV USE_FROZEN=$USE_FROZEN USER_CACHE_DIRS=$USER_CACHE_DIRS\n\
    ENV NB_UID=1000 NB_GID=100 NB_USER=jovyan PATH=/bin\nUSER root\n\
    # RUN this is a comment\n\
    RUN echo root >/var/cache/apt/by-root && cat /run/secrets/ca >/dev/null && \\\n\
    \x20   echo \"$SSL_CERT_FILE\" >/bundle-was-at\n\
    USER jovyan\nrun touch /home/jovyan/.cache/by-user /opt/conda/pkgs/by-user\n\
    COPY VERSION nothing*.here /opt/\n";

const MISSION: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n\
    COPY environments/*/*.explicit /explicit/\n\
    COPY env-frozen/base/ /opt/env-frozen/base/\nCOPY env-chilly/roman-cal/ /opt/env-chilly/roman-cal/\n\
    USER root\nRUN echo \"$INDEX_CUTOFF\" >/cutoff; ls -A /opt/env-frozen/base >/listed\nUSER jovyan\n";

/// How many engines were prepared: each has names of its own.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// An engine of this machine, with images of its own.
struct Real {
    bench: Bench,
    engine: Engine,
    choice: EngineChoice,
    /// What the names of all its images begin with.
    prefix: String,
    /// Every image that was seen, also those whose names moved on.
    seen: RefCell<BTreeSet<String>>,
    /// What the tool is given of variables beside those of this process.
    variables: RefCell<Vec<(&'static str, OsString)>>,
    dir: TempDir,
}

impl Real {
    fn new(choice: EngineChoice) -> Option<Self> {
        let console = Console::silent();
        let engine = choose(choice, &console).inspect_err(|e| eprintln!("skipped: {choice}: {e}")).ok()?;
        // Whatever else builds here, these are nobody else's names.
        let prefix = format!("image-build-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let base = format!("{prefix}-base:latest");
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("base.tar");
        closure::write(&archive);
        engine.import(&archive, &base, &console).unwrap();
        let bench = Bench::new(Repository::new(), FakeEngine::docker());
        bench.repository.write("deployments/common/Dockerfile", COMMON);
        bench.repository.write("deployments/build-trial/Dockerfile", MISSION);
        bench.repository.write("deployments/build-trial/environments/roman-cal/roman-cal.yml", "");
        let bundle = dir.path().join("ca.pem");
        fs::write(&bundle, "-----BEGIN CERTIFICATE-----\nU0VDUkVU\n-----END CERTIFICATE-----\n").unwrap();
        let real = Self {
            bench,
            engine,
            choice,
            prefix,
            seen: RefCell::default(),
            variables: RefCell::default(),
            dir,
        };
        real.configure(UseFrozen::Floating);
        Some(real)
    }

    fn configure(&self, mode: UseFrozen) {
        self.bench.configure(mode, |settings| {
            settings.deployment = "build-trial".parse().unwrap();
            settings.base_image = Some(format!("{}-base:latest", self.prefix).into());
            settings.exports.insert("IMAGE_PREFIX".to_owned(), self.prefix.clone());
            settings.ca_bundle = CaBundle::File(self.dir.path().join("ca.pem"));
            settings.engine = self.choice;
            settings.freeze_chill = false;
        });
    }

    /// Makes the specs such as the mission's image takes.
    fn take_specs(&self) {
        let specs = self.bench.repository.at("deployments/build-trial/environments/roman-cal");
        fs::rename(specs.join("roman-cal.yml"), specs.join("roman-cal.explicit")).unwrap();
    }

    /// A further mission, whose Dockerfile ends with `steps`.
    fn add_mission(&self, name: &str, steps: &str) {
        let dir = format!("deployments/{name}");
        let text = format!("ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\n{steps}");
        self.bench.repository.write(&format!("{dir}/Dockerfile"), &text);
        self.bench.repository.write(&format!("{dir}/environments/roman-cal/roman-cal.yml"), "");
    }

    /// The image that is used.
    fn image(&self) -> String {
        format!("{}-build-trial:latest", self.prefix)
    }

    /// Its id.
    fn id(&self) -> String {
        self.facts().id.to_string()
    }

    fn facts(&self) -> ImageFacts {
        self.engine.inspect(&self.image(), &Console::silent()).unwrap().unwrap()
    }

    fn names(&self) -> Vec<String> {
        let names = ["build-trial:latest", "build-trial-dirty", "common", "base:latest"];
        names.map(|name| format!("{}-{name}", self.prefix)).into()
    }

    /// The tool with this machine's engines.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bench.command(&[&["--no-update"], args].concat());
        command.envs(std::env::vars_os().filter(|(name, _)| name != "HOME"));
        command.envs(self.variables.borrow().iter().cloned());
        command
    }

    /// Runs it, and expects it to do what it should.
    fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}: {}", self.choice, stderr(&output));
        let ids =
            self.engine.ids(&self.names().iter().map(String::as_str).collect::<Vec<_>>(), &Console::silent());
        self.seen.borrow_mut().extend(ids.unwrap().into_iter().flatten().map(|id| id.hex().to_owned()));
        output
    }

    /// Builds against the moment `cutoff`; gives the image's id.
    fn build(&self, cutoff: &str) -> String {
        self.run(&["--index-cutoff", cutoff]);
        assert!(self.bench.staged().is_empty());
        self.id()
    }

    /// The small files of the image.
    fn files(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let visit = &mut |entry: &common::engine::FileEntry<'_>, content: &mut dyn std::io::Read| {
            let mut text = Vec::new();
            if entry.link.is_none() && entry.size < 100_000 {
                content.read_to_end(&mut text)?;
            }
            found.insert(entry.path.display().to_string(), String::from_utf8_lossy(&text).into_owned());
            Ok(())
        };
        self.engine.read_all(&self.image(), &Console::silent(), visit).unwrap();
        found
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let seen = self.seen.take();
        for image in self.names().iter().chain(&seen) {
            _ = self.engine.remove_image(image, &Console::silent());
        }
        assert!(self.dir.path().is_dir());
    }
}

fn check(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    let first = real.build("2024-08-05T10:00:00Z");
    let files = real.files();
    assert_eq!(files["cutoff"], "2024-08-05T10:00:00Z\n");
    assert_eq!(files["bundle-was-at"], "/run/secrets/ca\n");
    assert_eq!(files["listed"], "", "a directory that the tree lacks is there, and empty");
    assert_eq!(files["opt/VERSION"], "1.2.0\n");
    let leaked = files.iter().find(|(_, text)| text.contains("U0VDUkVU"));
    assert_eq!(leaked, None, "the bundle stays out of the image");
    let facts = real.facts();
    assert!(facts.variable("SSL_CERT_FILE").is_none() && facts.variable("INDEX_CUTOFF").is_none());
    assert_eq!(facts.variable("USE_FROZEN"), Some("0"));
    assert_eq!(real.build("2024-08-05T10:00:00Z"), first, "the same moment finds the cached layers");
    assert_ne!(real.build("2024-08-06T10:00:00Z"), first);
    assert_eq!(real.files()["cutoff"], "2024-08-06T10:00:00Z\n", "a new moment meets no old layer");
}

/// Which steps of a build with `args` the engine was asked for.
fn steps(real: &Real, args: &[&str]) -> Vec<String> {
    let output = real.run(args);
    let document = common::document::Document::parse(&output.stdout, "standard output").unwrap();
    let done = |step: &&common::report::BuildStep| step.status == common::report::StepStatus::Done;
    let names = built(&document).steps.iter().filter(done).map(|step| step.name.clone());
    names.filter(|name| name != "base").collect()
}

/// The steps that a plan foresees.
fn foreseen(real: &Real, args: &[&str]) -> Vec<String> {
    let output = real.command(&[&["--plan", "--json"], args].concat()).output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let built = plan["images"].as_array().unwrap().iter().filter(|image| image["state"] == "built");
    let names = built.map(|image| image["step"].as_str().unwrap().to_owned());
    names.filter(|name| name != "base").collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

type Change<'a> = (&'a str, &'a [&'a str], &'a dyn Fn(&Bench));

/// Where the engine itself is asked too whether anything changed. It goes by modes and times as well, which
/// differ from clone to clone.
const ASKED: [&str; 2] = ["a file that nobody takes", "what was hidden and is edited"];

/// What a plan tells people.
fn plan(real: &Real, args: &[&str]) -> String {
    String::from_utf8(real.command(&[&["--plan"], args].concat()).output().unwrap().stdout).unwrap()
}

/// The engine's own program with `args`, in the environment of the tool; whether it did that.
fn asked(real: &Real, args: &[&str]) -> bool {
    let mut command = Command::new(&real.engine.program);
    let output = command.args(args).envs(real.variables.borrow().iter().cloned()).output().unwrap();
    if !output.status.success() {
        eprintln!("{args:?}: {}", stderr(&output));
    }
    output.status.success()
}

/// A clone that knows nothing of what was built.
fn forget(real: &Real) {
    fs::remove_dir_all(real.bench.repository.at(".image")).unwrap();
}

/// A builder of another machine had none of the images that the chain is built upon.
#[test]
fn docker_builds_with_a_builder_that_has_none_of_its_images() {
    let Some(far) = bridge::far() else { return };
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    real.take_specs();
    let bridge = Bridge::to(&far);
    real.variables.borrow_mut().push(("BUILDX_CONFIG", real.dir.path().join("buildx").into()));
    let name = format!("{}-far", real.prefix);
    if !asked(&real, &["buildx", "create", "--name", &name, "--driver", "remote", &bridge.address()]) {
        return eprintln!("skipped: this docker has no buildx that takes a remote builder");
    }
    let args = ["--builder", name.as_str(), "--index-cutoff", "2024-08-05T10:00:00Z"];
    assert_eq!(steps(&real, &args), ["common", "mission", "caches"]);
    let (first, files) = (real.id(), real.files());
    assert_eq!(
        (files["cutoff"].as_str(), files["opt/VERSION"].as_str()),
        ("2024-08-05T10:00:00Z\n", "1.2.0\n")
    );
    assert!(real.bench.staged().is_empty());
    assert_eq!(steps(&real, &args), [""; 0], "nothing changed");
    real.bench.repository.write("deployments/build-trial/environments/roman-cal/roman-cal.explicit", "a\n");
    assert_eq!(steps(&real, &args), ["mission", "caches"]);
    let (second, common) = (real.id(), format!("{}-common", real.prefix));
    assert_ne!(second, first);
    forget(&real);
    assert_eq!((steps(&real, &args).len(), real.id()), (0, second), "the labels count in a fresh clone");
    // The builder need not be told twice what it has.
    _ = real.engine.remove_image(&common, &Console::silent());
    assert_eq!(steps(&real, &[&args[..], &["--force"]].concat()), ["common", "mission", "caches"]);
    let Some(registry) = Registry::start() else {
        return eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
    };
    let place = format!("type=registry,ref={}/c:1", registry.host);
    let away = ["--force", "--cache-to", &format!("{place},mode=max"), "--cache-from", &place];
    assert_eq!(steps(&real, &[&args[..], &away].concat()), ["common", "mission", "caches"]);
    let cache = format!("{}/c:1-{}-build-trial-dirty", registry.host, real.prefix);
    assert!(asked(&real, &["buildx", "imagetools", "inspect", &cache]), "each image has a cache of its own");
    // Another builder takes the layers from there; that it is no image is no fault.
    forget(&real);
    assert!(asked(&real, &["rmi", &real.image()]));
    let output = real.run(&["--cache-from", &place, args[2], args[3]]);
    assert!(
        stderr(&output).contains(&format!("importing cache manifest from {cache}")),
        "{}",
        stderr(&output)
    );
}

/// In a fresh clone labels counted only where somebody had pulled the images.
#[test]
fn docker_takes_what_a_registry_has_of_the_same() {
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    let Some(registry) = Registry::start() else {
        return eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)");
    };
    if !asked(&real, &["buildx", "version"]) {
        return eprintln!("skipped: this docker has no buildx, so nothing can be asked of a registry");
    }
    real.take_specs();
    let cutoff = ["--index-cutoff", "2024-08-05T10:00:00Z"];
    assert_eq!(steps(&real, &cutoff), ["common", "mission", "caches"]);
    let (id, place) = (real.id(), format!("{}/c:1", registry.host));
    let common = format!("{}-common", real.prefix);
    for image in [&real.image(), &common] {
        let there = format!("{place}-{}", image.replace(':', "-"));
        assert!(asked(&real, &["tag", image, &there]) && asked(&real, &["push", &there]));
        assert!(asked(&real, &["rmi", &there]) && asked(&real, &["rmi", image]));
    }
    forget(&real);
    let args = [&cutoff[..], &["--cache-from", &place]].concat();
    assert_eq!((steps(&real, &args), real.id()), (vec!["pull-caches".to_owned()], id.clone()));
    assert_eq!(steps(&real, &args), [""; 0], "nothing changed");
    assert!(asked(&real, &["rmi", &real.image()]));
    forget(&real);
    real.bench.repository.write("deployments/build-trial/environments/roman-cal/roman-cal.explicit", "a\n");
    assert_eq!(
        steps(&real, &args),
        ["pull-common", "mission", "caches"],
        "the shared image is still the same"
    );
    assert_ne!(real.id(), id);
}

/// Nothing after the build knew which machine has which image.
#[test]
fn docker_shares_missions_out_among_two_daemons() {
    let Some(far) = bridge::far() else { return };
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    let near = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let config = real.dir.path().join("docker");
    fs::create_dir_all(&config).unwrap();
    let own = std::env::var_os("DOCKER_CONFIG").map_or(real.bench.home().join(".docker"), Into::into);
    _ = std::os::unix::fs::symlink(own.join("cli-plugins"), config.join("cli-plugins"));
    real.variables.borrow_mut().push(("DOCKER_CONFIG", config.into()));
    for (name, address) in [("near", near), ("far", format!("unix://{}", far.display()))] {
        assert!(asked(&real, &["context", "create", name, "--docker", &format!("host={address}")]));
    }
    let base = format!("{}-base:latest", real.prefix);
    let archive = real.dir.path().join("base.tar").display().to_string();
    real.variables.borrow_mut().push(("DOCKER_HOST", OsString::new()));
    assert!(asked(&real, &["--context", "far", "import", &archive, &base]));
    real.add_mission("other-trial", "");
    let output = real.command(&["build-trial", "other-trial", "--hosts", "near,far"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let document = common::document::Document::parse(&output.stdout, "standard output").unwrap();
    let store = Store::in_state(&real.bench.repository.at(".image"));
    for (mission, here, there) in [("build-trial", "near", "far"), ("other-trial", "far", "near")] {
        let image = format!("{}-{mission}:latest", real.prefix);
        let of = |report: &&common::report::Report| report.image.as_ref().is_some_and(|i| i.name == image);
        let report = document.reports.iter().find(of).unwrap();
        assert!(matches!(&report.outcome, Outcome::Build(built) if built.context.as_deref() == Some(here)));
        assert_eq!(store.last_context(&mission.parse().unwrap()).unwrap().as_deref(), Some(here));
        let id = report.image.as_ref().unwrap().id.as_str();
        assert!(asked(&real, &["--context", here, "image", "inspect", id]), "{mission} is {here}");
        assert!(!asked(&real, &["--context", there, "image", "inspect", &image]), "{mission} is not {there}");
    }
    let names = ["other-trial:latest", "common", "base:latest"].map(|name| format!("{}-{name}", real.prefix));
    for name in names {
        assert!(asked(&real, &["--context", "far", "rmi", &name]));
    }
}

#[test]
fn docker_goes_on_after_a_failure_in_ci_and_tells_whose_lines_are_whose() {
    let Some(real) = Real::new(EngineChoice::Docker) else { return };
    real.add_mission("failing-trial", "RUN echo this fails; exit 3\n");
    real.add_mission("other-trial", "RUN echo this goes on\n");
    let missions = ["failing-trial", "build-trial", "other-trial", "--jobs", "2"];
    let output = real.command(&missions).env("CI", "true").output().unwrap();
    let said = stderr(&output);
    assert!(!output.status.success(), "{said}");
    let names = ["common", "build-trial", "failing-trial", "other-trial"];
    let own = |line: &str| line.split_once('|').is_some_and(|(name, _)| names.contains(&name.trim_end()));
    let (theirs, ours): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.contains("| "));
    assert!(theirs.iter().all(|line| own(line)), "{said}");
    assert!(theirs.iter().any(|line| line.starts_with("failing") && line.contains("this fails")), "{said}");
    let told = |name: &str, what: &str| {
        ours.iter().any(|line| line.contains(name) && line.contains(what) && line.contains(" for common"))
    };
    assert!(told("failing-trial", "failed ("), "{said}");
    assert!(told("build-trial", "built") && ours.iter().any(|line| line.contains("other-trial")), "{said}");
    for mission in ["build-trial", "other-trial"] {
        let image = format!("{}-{mission}:latest", real.prefix);
        assert!(asked(&real, &["image", "inspect", &image]), "{mission}: {said}");
    }
    for name in ["other-trial:latest", "failing-trial-dirty"] {
        _ = real.engine.remove_image(&format!("{}-{name}", real.prefix), &Console::silent());
    }
}

/// A sample of edits: what is foreseen is what the engine was asked for, and what came out holds it;
/// where nothing is foreseen, the engine by itself would find nothing to do either.
fn check_edits(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    let cutoff = ["--index-cutoff", "2024-08-05T10:00:00Z"];
    real.take_specs();
    assert_eq!(steps(&real, &cutoff), ["common", "mission", "caches"]);
    let spec = "deployments/build-trial/environments/roman-cal/roman-cal.explicit";
    let all = &["common", "mission", "caches"][..];
    let chilly = |name: &str| format!("deployments/build-trial/env-chilly/roman-cal/{name}");
    let changes: [Change; 16] = [
        ("a file that nobody takes", &[], &|b| b.repository.write("deployments/common/README.md", "x")),
        ("the same content", &[], &|b| b.repository.write("deployments/common/LICENSE", "x")),
        ("a file of the shared image", all, &|b| b.repository.write("deployments/common/VERSION", "2.0.0\n")),
        ("a file that a pattern takes", all, &|b| b.repository.write("deployments/common/nothing.here", "x")),
        ("a file of the mission", &all[1..], &|b| b.repository.write(spec, "@EXPLICIT\n")),
        ("line ends", &all[1..], &|b| b.repository.write(spec, "@EXPLICIT\r\n")),
        ("the mission's Dockerfile", &all[1..], &|b| {
            b.repository.write("deployments/build-trial/Dockerfile", &(MISSION.to_owned() + "# why\n"));
        }),
        ("what is hidden", all, &|b| b.repository.write("deployments/common/.dockerignore", "nothing*\n")),
        ("what was hidden and is edited", &[], &|b| {
            b.repository.write("deployments/common/nothing.here", "y");
        }),
        ("a remark in the rules", &[], &|b| {
            b.repository.write("deployments/common/.dockerignore", "# why\nnothing*\n");
        }),
        ("a mode that git does not keep", &[], &|b| set_mode(&b.repository.at(spec), 0o600)),
        ("executable", &all[1..], &|b| set_mode(&b.repository.at(spec), 0o700)),
        ("no longer, and another time", &all[1..], &|b| set_mode(&b.repository.at(spec), 0o644)),
        ("gone and back", &[], &|b| {
            fs::remove_file(b.repository.at(spec)).unwrap();
            b.repository.write(spec, "@EXPLICIT\r\n");
        }),
        ("a new file in a directory", &all[1..], &|b| b.repository.write(&chilly("a"), "x")),
        ("a rename", &all[1..], &|b| {
            fs::rename(b.repository.at(&chilly("a")), b.repository.at(&chilly("b"))).unwrap();
        }),
    ];
    for (what, expected, change) in changes {
        change(&real.bench);
        let foreseen = foreseen(&real, &cutoff);
        assert_eq!(foreseen, expected, "{choice}: {what}: {}", plan(&real, &cutoff));
        assert_eq!(steps(&real, &cutoff), expected, "{choice}: {what}");
        if ASKED.contains(&what) {
            let before = real.id();
            assert_eq!(steps(&real, &[&cutoff[..], &["--force"]].concat()), all, "{choice}: {what}");
            assert_eq!(real.id(), before, "{choice}: the engine itself finds no change either: {what}");
        }
    }
    let files = real.files();
    assert_eq!((files["opt/VERSION"].as_str(), files.get("opt/nothing.here")), ("2.0.0\n", None));
    assert_eq!(files["explicit/roman-cal.explicit"], "@EXPLICIT\r\n");
}

/// What a run with nothing to do asks of the kernel: the engine's own program once, which alone may talk to
/// its daemon and write where it keeps its images.
fn check_idle(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    // A floating build would ask for a newer base, which no registry has.
    real.configure(UseFrozen::Frozen);
    for file in ["base/requirements.yml", "roman-cal/requirements.yml", "roman-cal/requirements.txt"] {
        real.bench.repository.write(&format!("deployments/build-trial/env-frozen/{file}"), "# none\n");
    }
    real.run(&[]);
    let home = real.bench.home();
    let Some(trace) = Trace::of(&real.command(&["--plan"]), home) else { return };
    assert_eq!((trace.written(), trace.calls("socket")), (Vec::new(), Vec::new()), "{choice}");
    assert_eq!(trace.started().len(), 1, "{choice}: {:?}", trace.started());
    let trace = Trace::of(&real.command(&[]), home).unwrap();
    assert_eq!(trace.written(), [""; 0], "{choice}");
    let own = real.engine.program.display().to_string();
    assert_eq!(trace.started().iter().filter(|program| **program == own).count(), 1, "{:?}", trace.started());
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let Some(socket) = host.strip_prefix("unix://") else {
        return eprintln!("skipped: DOCKER_HOST is no socket of this machine, so it cannot be told apart");
    };
    // Name services are asked who the user is; there is no daemon behind that.
    let (asked, others): (Vec<_>, Vec<_>) = trace
        .calls("connect")
        .into_iter()
        .filter(|call| !call.contains("/nscd/"))
        .partition(|c| c.contains(socket));
    assert_eq!((others, !asked.is_empty()), (Vec::new(), choice == EngineChoice::Docker), "{choice}");
}

#[test]
fn docker_builds_the_chain() {
    check(EngineChoice::Docker);
}

#[test]
fn docker_builds_what_an_edit_reaches_and_nothing_else() {
    check_edits(EngineChoice::Docker);
}

#[test]
fn docker_is_asked_once_where_there_is_nothing_to_do() {
    check_idle(EngineChoice::Docker);
}

#[test]
fn buildah_builds_the_chain() {
    check(EngineChoice::Buildah);
}

#[test]
fn buildah_builds_what_an_edit_reaches_and_nothing_else() {
    check_edits(EngineChoice::Buildah);
}

#[test]
fn buildah_is_asked_once_where_there_is_nothing_to_do() {
    check_idle(EngineChoice::Buildah);
}

#[test]
fn podman_builds_the_chain() {
    check(EngineChoice::Podman);
}

#[test]
fn a_real_plan_needs_no_engine() {
    let bench = Bench::floating();
    let output = bench.command(&["--plan"]).env("PATH", Path::new("/nonexistent")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

//! Builds that are recorded, and builds from what was recorded: with engines that only pretend, and with those
//! of this machine while no server answers any more.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::console::Console;
use common::document::Document;
use common::engine::{Engine, choose};
use common::report::{CapsuleUse, Isolation};
use common::settings::{BaseImage, CaBundle, EngineChoice, Settings, UseFrozen};
use common::testing::{FakeEngine, Repository, closure};
use support::{Bench, built, capsule, stderr};
use tempfile::TempDir;

/// A server that answers whatever it is asked, as long as it is open.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                _ = stream.read(&mut [0; 4096]);
                _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nfetched\n");
            }
        });
        Self { address, asked }
    }
}

const BASE: &str = "image-build-capsule-base:latest";
const PREFIX: &str = "image-build-capsule";
const IMAGE: &str = "image-build-capsule-capsule-trial:latest";
const REBUILT: &str = "image-build-capsule-capsule-trial:rebuilt";
const SHARED: &str = "image-build-capsule-common";
const IMAGES: [&str; 5] = [IMAGE, REBUILT, "image-build-capsule-capsule-trial-dirty", SHARED, BASE];

/// Fetches `/data` of the server through the proxy, by the shell's own means.
fn mission(server: &Server) -> String {
    let fetch = format!(
        "p=${{HTTP_PROXY#http://}}; exec 3<>/dev/tcp/${{p%:*}}/${{p#*:}}; \
         printf 'GET http://{}/data HTTP/1.0\\r\\n\\r\\n' >&3; \
         read -r v s r <&3; [ \"$s\" = 200 ] || {{ echo \"status $s\"; exit 7; }}; \
         while read -r l <&3; do :; done; echo \"$l\" >/fetched; echo \"$s\" >/status",
        server.address
    );
    // The last line of the answer is what came.
    let fetch = fetch.replace("while read -r l <&3; do :; done", "while read -r n <&3; do l=$n; done");
    format!(
        "ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nUSER root\nRUN [\"bash\", \"-c\", {}]\nUSER jovyan\n",
        serde_json::json!(fetch)
    )
}

const COMMON: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG USE_FROZEN=1\nENV USE_FROZEN=$USE_FROZEN PATH=/bin NB_UID=1000 NB_GID=100\n\
    USER root\nRUN cat /run/secrets/ca >/dev/null; ls -A /var/cache/apt >/cache-was; touch /var/cache/apt/used\nCOPY VERSION /opt/\n";

/// An engine of this machine, its images, and a repository to record.
struct Real {
    bench: Bench,
    engine: Engine,
    dir: TempDir,
    server: Server,
    /// The ids of the images that were made: a name that moves on leaves one without.
    made: RefCell<BTreeSet<String>>,
}

impl Real {
    fn new(choice: EngineChoice) -> Option<Self> {
        let console = Console::silent();
        let engine = choose(choice, &console).inspect_err(|e| eprintln!("skipped: {choice}: {e}")).ok()?;
        if IMAGES.iter().any(|image| engine.inspect(image, &console).unwrap().is_some()) {
            eprintln!("skipped: {choice}: it has images that the test would replace");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("base.tar");
        closure::write(&archive);
        let status =
            Command::new(&engine.program).args(["info", "--format", "{{json .DriverStatus}}"]).output();
        if status
            .is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains("io.containerd.snapshotter"))
        {
            eprintln!(
                "skipped: {choice}: it tells images by their manifests, and no capsule takes such a base"
            );
            return None;
        }
        engine.import(&archive, BASE, &console).unwrap();
        let (bench, server) = (Bench::new(Repository::new().frozen(), FakeEngine::docker()), Server::start());
        bench.repository.write("deployments/common/Dockerfile", COMMON);
        bench.repository.write("deployments/capsule-trial/Dockerfile", &mission(&server));
        bench.repository.write("deployments/capsule-trial/environments/roman-cal/roman-cal.yml", "");
        let frozen = "deployments/capsule-trial/env-frozen";
        bench.repository.write(&format!("{frozen}/base/requirements.yml"), "");
        bench.repository.write(&format!("{frozen}/roman-cal/requirements.yml"), "");
        bench.repository.write(&format!("{frozen}/roman-cal/requirements.txt"), "");
        bench.configure(UseFrozen::Frozen, |settings| {
            settings.deployment = "capsule-trial".parse().unwrap();
            settings.exports.insert("IMAGE_PREFIX".to_owned(), PREFIX.to_owned());
            settings.base_image = Some(BaseImage::from(BASE.to_owned()));
            settings.ca_bundle = CaBundle::None;
            settings.engine = choice;
            settings.freeze_chill = false;
        });
        let made = RefCell::default();
        let real = Self { bench, engine, dir, server, made };
        real.made.borrow_mut().insert(real.engine.inspect(BASE, &console).unwrap().unwrap().id.to_string());
        Some(real)
    }

    fn run(&self, args: &[&str], dir: &Path) -> std::process::Output {
        let mut command = self.bench.command(args);
        for (name, value) in
            std::env::vars_os().filter(|(name, _)| name != "HOME" && name != "JUPYTERHUB_DIR")
        {
            command.env(name, value);
        }
        command.current_dir(dir).output().unwrap()
    }

    fn build(&self, args: &[&str], dir: &Path) -> Document {
        let output = self.run(args, dir);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let document = Document::parse(&output.stdout, "standard output").unwrap();
        let ids = built(&document).images.iter().map(|image| image.image.id.to_string());
        self.made.borrow_mut().extend(ids);
        document
    }

    /// The file `path` of `image`.
    fn file(&self, image: &str, path: &str) -> String {
        let mut found = String::new();
        let visit = &mut |_: &common::engine::FileEntry<'_>, content: &mut dyn std::io::Read| {
            content.read_to_string(&mut found).map(|_| ())
        };
        self.engine.read_tree(image, path, &Console::silent(), visit).unwrap();
        found
    }

    fn forget(&self) {
        for image in IMAGES {
            _ = self.engine.remove_image(image, &Console::silent());
        }
        // One goes only after those that were built upon it.
        for _ in 0..IMAGES.len() {
            let made = self.made.borrow();
            made.iter().for_each(|id| _ = self.engine.remove_image(id, &Console::silent()));
        }
    }

    /// None of the images is left, named or not.
    fn check_forgotten(&self) {
        self.forget();
        let made = self.made.borrow();
        let left = made.iter().filter(|id| self.engine.inspect(id, &Console::silent()).unwrap().is_some());
        assert_eq!(left.count(), 0, "images without a name are left");
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.forget();
    }
}

/// What is configured.
fn configured(bench: &Bench) -> Settings {
    let text = bench.repository.read("setup-env.json");
    Document::parse(text.as_bytes(), "setup-env.json").unwrap().settings
}

fn used(document: &Document) -> CapsuleUse {
    built(document).capsule.clone().unwrap()
}

fn check(choice: EngineChoice) {
    let Some(real) = Real::new(choice) else { return };
    let dir = real.dir.path().join("capsule");
    let recipe = capsule::recipe(&configured(&real.bench), &real.engine, BASE);
    capsule::begin(&dir, real.bench.repository.root(), &recipe);
    let root = real.bench.repository.root();
    let document = real.build(&["--record", dir.to_str().unwrap()], root);
    assert_eq!(
        used(&document),
        CapsuleUse { manifest: None, isolation: Isolation::None, answers: 1, refused: Vec::new() }
    );
    let asked = real.server.asked.load(Ordering::SeqCst);
    assert_eq!(asked, 1, "the same question is asked once");
    let recorded = document.reports.last().unwrap().image.clone().unwrap();
    assert_eq!((recorded.name.as_str(), real.file(REBUILT, "/fetched").as_str()), (REBUILT, "fetched\n"));
    let leftovers: Vec<PathBuf> =
        fs::read_dir(root.join(".image/rebuild/capsule-trial")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
    capsule::finish(&dir, &real.engine, |index| index.recorded = recorded.clone());
    real.forget();

    // Elsewhere: no repository, no configuration, no image; and no server is asked.
    let elsewhere = tempfile::tempdir().unwrap();
    let document = real.build(&["--from-capsule", dir.to_str().unwrap()], elsewhere.path());
    assert_eq!(real.server.asked.load(Ordering::SeqCst), asked);
    assert_eq!(real.file(REBUILT, "/fetched"), "fetched\n");
    assert_eq!(real.file(REBUILT, "/cache-was"), "", "no cache of an earlier build is seen");
    let used = used(&document);
    assert_eq!((used.answers, used.refused), (1, Vec::new()));
    eprintln!("{choice}: kept from the network by {:?}", used.isolation);
    let facts = real.engine.inspect(REBUILT, &Console::silent()).unwrap().unwrap();
    assert!(facts.env.iter().all(|variable| !variable.to_lowercase().contains("proxy")), "{:?}", facts.env);
    let config = fs::read_to_string(save_config(&real)).unwrap();
    assert!(!config.contains("127.0.0.1:") || !config.to_lowercase().contains("http_proxy=http"), "{config}");
    let evidence = elsewhere.path().join(".image/evidence").join(facts.id.hex()).join("built.json");
    assert!(evidence.is_file(), "how it was built is kept");
    assert_eq!(document.settings.root.canonicalize().unwrap(), elsewhere.path().canonicalize().unwrap());

    // What a name meant before, it means again.
    real.engine.tag(BASE, SHARED, &Console::silent()).unwrap();
    let before = real.engine.inspect(SHARED, &Console::silent()).unwrap().unwrap().id;
    real.build(&["--from-capsule", dir.to_str().unwrap()], elsewhere.path());
    assert_eq!(real.engine.inspect(SHARED, &Console::silent()).unwrap().unwrap().id, before);

    real.engine.remove_image(SHARED, &Console::silent()).unwrap();

    // An answer less: the step fails, and what it lacked is named.
    let poor = real.dir.path().join("poor");
    copy(&dir, &poor);
    fs::write(poor.join("recipe.json"), serde_json::to_vec(&recipe).unwrap()).unwrap();
    restore_context(&dir, &poor);
    capsule::finish(&poor, &real.engine, |index| index.answers.clear());
    let output = real.run(&["--from-capsule", poor.to_str().unwrap()], elsewhere.path());
    let said = stderr(&output);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(output.stdout.is_empty(), "a fault prints no document");
    let named = format!("GET http://{}/data", real.server.address);
    assert!(said.contains("it asked for what is not in the capsule") && said.contains(&named), "{said}");
    real.check_forgotten();
}

/// The image's configuration as the engine saves it, all JSON of its archive in one file.
fn save_config(real: &Real) -> PathBuf {
    let archive = real.dir.path().join("rebuilt.tar");
    _ = fs::remove_file(&archive);
    real.engine.save(REBUILT, &archive, &Console::silent()).unwrap();
    let mut text = String::new();
    for entry in tar::Archive::new(fs::File::open(archive).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().extension().is_some_and(|ending| ending == "json") {
            entry.read_to_string(&mut text).unwrap();
        }
    }
    let path = real.dir.path().join("config");
    fs::write(&path, text).unwrap();
    path
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("blobs/sha256")).unwrap();
    for entry in fs::read_dir(from.join("blobs/sha256")).unwrap().flatten() {
        fs::copy(entry.path(), to.join("blobs/sha256").join(entry.file_name())).unwrap();
    }
}

fn restore_context(from: &Path, to: &Path) {
    let there = common::capsule::Capsule::open(from).unwrap();
    let mut bytes = Vec::new();
    there.read(&there.index.context).unwrap().read_to_end(&mut bytes).unwrap();
    fs::write(to.join("context.tar"), bytes).unwrap();
}

#[test]
fn docker_builds_from_what_it_recorded_while_no_server_answers() {
    check(EngineChoice::Docker);
}

#[test]
fn buildah_builds_from_what_it_recorded_while_no_server_answers() {
    check(EngineChoice::Buildah);
}

/// A capsule of the pretended engine, and a place with nothing in it to build in.
struct Pretended {
    bench: Bench,
    dir: TempDir,
    capsule: PathBuf,
}

impl Pretended {
    fn new(change: impl FnOnce(&Bench)) -> Self {
        let bench = Bench::frozen();
        change(&bench);
        let dir = tempfile::tempdir().unwrap();
        let capsule = dir.path().join("capsule");
        let engine = bench.engine.engine();
        let mut settings = configured(&bench);
        settings.engine = EngineChoice::Docker;
        capsule::begin(
            &capsule,
            bench.repository.root(),
            &capsule::recipe(&settings, &engine, support::BASE),
        );
        capsule::finish(&capsule, &engine, |_| ());
        bench.engine.forget();
        Self { bench, dir, capsule }
    }

    fn run(&self) -> std::process::Output {
        let mut command = self.bench.command(&["--from-capsule", self.capsule.to_str().unwrap()]);
        command.current_dir(self.dir.path()).output().unwrap()
    }

    /// It fails with `status`, says why, and the engine was asked for no build.
    fn refused(&self, status: i32, why: &str) {
        let output = self.run();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(output.stdout.is_empty() && said.contains(why), "{said}");
        assert!(!self.bench.engine.calls().iter().any(|call| call.verb() == "build"), "nothing is built");
    }
}

#[test]
fn every_step_is_built_anew_behind_the_proxy() {
    let pretended = Pretended::new(|_| ());
    let output = pretended.run();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let calls = pretended.bench.engine.calls();
    let builds: Vec<_> = calls.iter().filter(|call| call.verb() == "build").collect();
    assert_eq!(builds.len(), 3);
    for call in builds {
        let words = call.args.join(" ");
        assert!(words.contains("--no-cache") && words.contains("--network host"), "{words}");
        assert!(words.contains("HTTPS_PROXY=http://127.0.0.1:") && words.contains("NO_PROXY= "), "{words}");
    }
}

#[test]
fn a_capsule_that_was_tampered_with_is_refused_before_anything_is_done() {
    let pretended = Pretended::new(|_| ());
    let blob = fs::read_dir(pretended.capsule.join("blobs/sha256")).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&blob).unwrap();
    let mut bad = good.clone();
    bad[0] ^= 1;
    fs::write(&blob, bad).unwrap();
    pretended.refused(65, "cannot be believed");
    fs::remove_file(&blob).unwrap();
    pretended.refused(65, "cannot be believed");
}

#[test]
fn a_context_that_leads_out_of_its_room_is_refused() {
    let pretended = Pretended::new(|bench| {
        let link = bench.repository.at("deployments/common/outside");
        std::os::unix::fs::symlink("/etc/passwd", link).unwrap();
    });
    pretended.refused(65, "leads out of the tree");
    let left = fs::read_dir(pretended.dir.path().join(".image/rebuild/roman")).unwrap().count();
    assert_eq!(left, 0, "nothing half is left");
}

#[test]
fn what_the_engine_would_fetch_by_itself_is_refused() {
    let pretended = Pretended::new(|bench| {
        bench
            .repository
            .write("deployments/common/Dockerfile", "ARG B\nFROM $B\nADD https://h.example/x /x\n");
    });
    pretended.refused(1, "deployments/common/Dockerfile: ADD https://h.example/x /x");
}

#[test]
fn a_signal_leaves_no_room_behind_and_every_name_as_it_was() {
    let pretended = Pretended::new(|_| ());
    let before = pretended.bench.engine.image("notebook-common", &["USE_FROZEN=1"]);
    pretended.bench.engine.hang("build notebook-roman-dirty");
    let mut command = pretended.bench.command(&["--from-capsule", pretended.capsule.to_str().unwrap()]);
    let child = command.current_dir(pretended.dir.path()).spawn().unwrap();
    pretended.bench.engine.wait_until_hanging();
    let output = Bench::stop(child);
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert_eq!(fs::read_dir(pretended.dir.path().join(".image/rebuild/roman")).unwrap().count(), 0);
    pretended.bench.engine.behave();
    let engine = pretended.bench.engine.engine();
    let now = engine.inspect("notebook-common", &Console::silent()).unwrap().unwrap().id;
    assert_eq!(now, before);
}

//! A small release on real engines, from its build to a rebuild elsewhere: built reproducibly, tested, recorded,
//! tagged, its capsule made and sent to a real registry; then, with no image left and no server that answers,
//! `release-tag verify --rebuild` in a fresh clone.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod real;
mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use common::console::Console;
use common::document::Document;
use common::engine::{self, Dating, Engine};
use common::report::Verdict;
use common::settings::{BaseImage, EngineChoice, UseFrozen};
use common::testing::{Repository, closure};
use real::Real;
use serde_json::Value;
use support::{Ran, Release, Remote};

const TAG: &str = "roman-12.0.0";

/// What real engines need of the environment.
const NEEDED: [&str; 7] = [
    "PATH",
    "HOME",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_CONF",
    "XDG_RUNTIME_DIR",
];

/// A server that answers whatever it is asked with what it is told to.
struct Server {
    address: SocketAddr,
    answer: Arc<Mutex<Option<&'static str>>>,
}

impl Server {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let theirs = Arc::clone(&answer);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                _ = stream.read(&mut [0; 4096]);
                let Some(text) = *theirs.lock().unwrap() else { continue };
                let length = text.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
            }
        });
        Self { address, answer }
    }

    /// From now on it answers that, or nothing.
    fn answers(&self, answer: Option<&'static str>) {
        *self.answer.lock().unwrap() = answer;
    }
}

const COMMON: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG USE_FROZEN=1\nENV USE_FROZEN=$USE_FROZEN PATH=/bin NB_UID=1000 \
    NB_GID=100\nUSER root\nRUN cat /run/secrets/ca >/dev/null && touch /common\nCOPY VERSION /opt/\n";

/// Fetches `/data` of the server, directly or through a proxy, by the shell's own means.
fn mission(server: SocketAddr) -> String {
    let (host, port) = (server.ip(), server.port());
    let fetch = format!(
        "p=${{HTTP_PROXY#http://}}; p=${{p:-{host}:{port}}}; exec 3<>/dev/tcp/${{p%:*}}/${{p#*:}}; \
         printf 'GET http://{server}/data HTTP/1.0\\r\\n\\r\\n' >&3; \
         read -r v s r <&3; [ \"$s\" = 200 ] || {{ echo \"status $s\"; exit 7; }}; \
         while read -r n <&3; do l=$n; done; echo \"$l\" >/installed"
    );
    format!(
        "ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nUSER root\nRUN [\"bash\", \"-c\", {}]\nUSER jovyan\n",
        serde_json::json!(fetch)
    )
}

/// A release of which everything is real but the tests' verdict and the comparison of locks.
struct Bench {
    release: Release,
    remote: Remote,
    engine: Engine,
    server: Server,
    prefix: String,
    dir: tempfile::TempDir,
    /// The ids of the images that were made.
    made: RefCell<BTreeSet<String>>,
}

impl Bench {
    /// None where there is no such engine, or the tools are not there.
    fn new(choice: EngineChoice, name: &str) -> Option<Self> {
        let tools = Path::new(env!("CARGO_BIN_EXE_release-tag")).parent().unwrap();
        if !tools.join("image-build").is_file() {
            eprintln!("skipped: image-build is not built: cargo build --workspace");
            return None;
        }
        let chosen = engine::choose(choice, &Console::silent());
        let engine = chosen.inspect_err(|error| eprintln!("skipped: {choice}: {error}")).ok()?;
        if !engine.capabilities.secrets {
            eprintln!("skipped: {engine} has no build secrets");
            return None;
        }
        if engine.dating(&Console::silent()) == Dating::Archive {
            eprintln!(
                "skipped: {engine} keeps images in containerd's store, out of which there are no capsules"
            );
            return None;
        }
        let (mut release, server) = (Release::ready(), Server::start("installed\n"));
        let told = NEEDED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        release.env.extend(told);
        // A machine without authorities of its own.
        release.env.extend(public_bundle().map(|path| ("SSL_CERT_FILE".to_owned(), path.into())));
        let remote = release.remote();
        let prefix = format!("release-tag-{name}-{choice}-{}", std::process::id());
        let dir = tempfile::tempdir().unwrap();
        let bench = Self { release, remote, engine, server, prefix, dir, made: RefCell::default() };
        bench.prepare(choice);
        Some(bench)
    }

    fn base(&self) -> String {
        format!("{}-base:latest", self.prefix)
    }

    fn first_name_of_base(&self) -> String {
        format!("{}-base:first", self.prefix)
    }

    fn prepare(&self, choice: EngineChoice) {
        let archive = self.dir.path().join("base.tar");
        closure::write(&archive);
        // Builds of buildah's have the first name of their base in their history, whichever they ask for.
        let (base, console) = (self.base(), Console::silent());
        self.engine.import(&archive, &self.first_name_of_base(), &console).unwrap();
        self.engine.tag(&self.first_name_of_base(), &base, &console).unwrap();
        self.note(&self.engine.inspect(&base, &Console::silent()).unwrap().unwrap().id.to_string());
        let repository = &self.release.repository;
        repository.write("deployments/common/Dockerfile", COMMON);
        repository.write(
            "deployments/common/Dockerfile.cache",
            "ARG BASE_CONTAINER\nFROM ${BASE_CONTAINER}\nUSER root\nRUN touch /caches\nUSER jovyan\n",
        );
        repository.write("deployments/roman/Dockerfile", &mission(self.server.address));
        repository.configure(|settings| {
            settings.use_frozen = UseFrozen::Frozen;
            settings.exports.insert("IMAGE_PREFIX".to_owned(), self.prefix.clone());
            settings.base_image = Some(BaseImage::from(base));
            settings.network = Some("host".to_owned());
            settings.engine = choice;
            settings.freeze_chill = false;
        });
        repository.commit("A small mission");
    }

    fn note(&self, id: &str) {
        self.made.borrow_mut().insert(id.to_owned());
    }

    /// Builds, has the tests pass, records, tags and delivers.
    fn make(&mut self) {
        let tools = Path::new(env!("CARGO_BIN_EXE_release-tag"));
        let mut command = Command::new(tools.with_file_name("image-build"));
        command.args(["--no-update", "--reproducible=1700000000", "--json"]).env_clear();
        command.envs(Repository::GIT_ENV).envs(self.release.env.iter().map(|(name, value)| (name, value)));
        let built = Ran(command.current_dir(self.release.repository.root()).output().unwrap());
        assert_eq!(built.code(), 0, "{}", built.said());
        let report = built.report();
        for image in report["outcome"]["build"]["images"].as_array().unwrap() {
            self.note(image["image"]["id"].as_str().unwrap());
        }
        self.release.id = report["image"]["id"].as_str().unwrap().parse().unwrap();
        report["image"]["name"].as_str().unwrap().clone_into(&mut self.release.name);
        self.release.test(Verdict::Yes);
        self.release.compare();
        self.release.run(&["save"]).outcome("save");
        self.release.repository.run_git(&["push", "-q", "origin", "main"]);
        let gate = self.release.run(&["check"]);
        assert_eq!((gate.code(), gate.broken()), (0, vec![]), "{}", gate.said());
        self.release.run(&["tag", "--execute"]).outcome("tag");
        self.release.run(&["deliver", &self.delivered()]).outcome("deliver");
    }

    fn delivered(&self) -> String {
        format!("oci:{}", self.dir.path().join("delivered").display())
    }

    /// Makes the capsule, at `to`.
    fn capsule(&self, to: &str, more: &[&str]) -> Value {
        let ran = self.release.run(&[&["capsule", to], more].concat());
        let outcome = ran.outcome("capsule");
        self.note(outcome["recorded"]["id"].as_str().unwrap());
        outcome
    }

    /// Takes every image out of the engine, and has the server answer no more.
    fn forget(&self) {
        self.server.answers(None);
        let console = Console::silent();
        let name = format!("{}-roman", self.prefix);
        let names = ["latest", "rebuilt", "latest-rebuilt"].map(|tag| format!("{name}:{tag}"));
        let bases = [self.first_name_of_base(), self.base()];
        let others = [format!("{name}-dirty"), format!("{}-common", self.prefix)].into_iter().chain(bases);
        for image in names.into_iter().chain(others) {
            _ = self.engine.remove_image(&image, &console);
        }
        // Those that lost their names to others; not in the order in which they were built upon each other.
        for _ in 0..3 {
            let made = self.made.borrow();
            made.iter().for_each(|id| _ = self.engine.remove_image(id, &console));
        }
    }

    /// `verify --rebuild` of `capsule` in a fresh clone, on what could be another machine.
    fn rebuild(&self, capsule: &str, choice: EngineChoice) -> Ran {
        let dir = tempfile::tempdir().unwrap();
        let clone = dir.path().join("another clone");
        let url = format!("file://{}", self.remote.path().display());
        self.release.repository.run_git(&["clone", "-q", &url, clone.to_str().unwrap()]);
        let mut settings = self.release.repository.settings();
        settings.root.clone_from(&clone);
        settings.engine = choice;
        fs::write(clone.join("setup-env.json"), Document::new(settings).to_json()).unwrap();
        let delivered = self.delivered();
        let words = ["verify", TAG, "--rebuild", "--json", "--capsule", capsule, "--image", &delivered];
        let ran = Ran(self.release.command(&words).current_dir(&clone).output().unwrap());
        let report = ran.report();
        let verified = &report["outcome"]["verify"];
        assert!(!verified["rebuild"].is_null(), "{}\n{verified}", ran.said());
        for image in verified["images_rebuilt"].as_array().unwrap() {
            self.note(image["id"].as_str().unwrap());
        }
        ran
    }

    /// Every image of the engine, named or not.
    fn all(&self) -> BTreeSet<String> {
        let mut command = Command::new(&self.engine.program);
        command.args(["images", "--quiet", "--no-trunc", "--all"]).env_clear();
        let output =
            command.envs(self.release.env.iter().map(|(name, value)| (name, value))).output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.forget();
        if !std::thread::panicking() {
            let all = self.all();
            let left: Vec<String> = self.made.borrow().intersection(&all).cloned().collect();
            assert!(left.is_empty(), "images are left: {left:?}");
        }
    }
}

/// A bundle in which there is nothing but a public authority, where the system keeps those one by one.
fn public_bundle() -> Option<PathBuf> {
    let dir = fs::read_dir("/usr/share/ca-certificates/mozilla").ok()?;
    dir.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "crt"))
}

fn rebuild_of(ran: &Ran) -> Value {
    ran.report()["outcome"]["verify"]["rebuild"].clone()
}

/// The same image comes out of a layout, an archive and a registry.
fn comes_out_again(choice: EngineChoice) {
    let Some(mut bench) = Bench::new(choice, "again") else { return };
    bench.make();
    let at = |name: &str| bench.dir.path().join(name).display().to_string();
    let (layout, archive) = (format!("oci:{}", at("capsule")), format!("oci-archive:{}", at("capsule.tar")));
    let made = bench.capsule(&layout, &[]);
    assert_eq!(
        made["answers"]["others"].as_u64().or(made["answers"].as_object().map(|a| a.len() as u64)),
        Some(1)
    );
    let mut capsules = vec![layout, archive.clone()];
    bench.capsule(&archive, &[]);
    let registry = Real::start();
    match &registry {
        Some(registry) => {
            let place = format!("docker://{}/stsci/roman", registry.host);
            bench.capsule(&place, &["--execute"]);
            capsules.push(format!("{place}:{TAG}-capsule"));
        }
        None => eprintln!("skipped: no docker-registry on PATH (Debian: apt-get install docker-registry)"),
    }
    for capsule in capsules {
        bench.forget();
        let ran = bench.rebuild(&capsule, choice);
        let found = rebuild_of(&ran);
        assert_eq!(ran.code(), 0, "{capsule}: {found}\n{}", ran.said());
        assert_eq!(found["first"], bench.release.id.to_string(), "beside the image that was tested");
        // An engine that cannot date files makes another id, and nothing else may differ.
        let dates = bench.engine.dating(&Console::silent()).is_possible();
        let expected = if dates { "same-id" } else { "same-content" };
        assert_eq!((&found["verdict"], &found["differing"]), (&expected.into(), &0.into()), "{capsule}");
        eprintln!("{}: {capsule}: {expected}", bench.engine);
    }
}

#[test]
fn docker_makes_the_same_again_from_each_form_of_a_capsule() {
    comes_out_again(EngineChoice::Docker);
}

#[test]
fn buildah_makes_the_same_id_again_from_each_form_of_a_capsule() {
    comes_out_again(EngineChoice::Buildah);
}

/// A byte of what is installed is another one than in the tested image.
fn is_told(choice: EngineChoice) {
    let Some(mut bench) = Bench::new(choice, "told") else { return };
    bench.make();
    bench.server.answers(Some("Installed\n"));
    let layout = format!("oci:{}", bench.dir.path().join("capsule").display());
    let made = bench.capsule(&layout, &[]);
    let first = made["recorded"]["sameness"]["different"].as_str().unwrap_or_default().to_owned();
    assert!(first.contains("/installed"), "the capsule says so already: {made}");
    bench.forget();
    let ran = bench.rebuild(&layout, choice);
    assert_eq!(ran.code(), 1, "{}", ran.said());
    let found = rebuild_of(&ran);
    assert_eq!((&found["verdict"], &found["differing"]), (&"different".into(), &1.into()), "{found}");
    let file = &found["files"][0];
    assert_eq!((&file["path"], &file["what"][0]), (&"/installed".into(), &"content".into()));
    for side in ["first", "second"] {
        let step = file[side]["step"].as_str().unwrap();
        assert!(step.contains("/dev/tcp/"), "the step that made it: {step}");
    }
    let said = ran.said();
    assert!(said.contains("/installed") && said.contains("RV040 does not hold"), "{said}");
}

#[test]
fn docker_tells_the_first_byte_that_is_not_the_tested_one_and_its_step() {
    is_told(EngineChoice::Docker);
}

#[test]
fn buildah_tells_the_first_byte_that_is_not_the_tested_one_and_its_step() {
    is_told(EngineChoice::Buildah);
}

//! An engine of this machine, and the chain of a mission of its own, upon a base of a few of its own
//! programs. All images have names of the test's own, and go with it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::console::Console;
use common::engine::{Engine, ImageFacts, Kind, choose};
use common::settings::{CaBundle, EngineChoice, UseFrozen};
use common::testing::{FakeEngine, Repository, closure};
use tempfile::TempDir;

use super::{Bench, stderr};

/// That of the shared image: what the build must give it is seen from outside.
const COMMON: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n\
    ARG USE_FROZEN=1\nARG USER_CACHE_DIRS\nENV USE_FROZEN=$USE_FROZEN USER_CACHE_DIRS=$USER_CACHE_DIRS\n\
    ENV NB_UID=1000 NB_GID=100 NB_USER=jovyan PATH=/bin\nUSER root\n\
    # RUN this is a comment\n\
    RUN echo root >/var/cache/apt/by-root && cat /run/secrets/ca >/dev/null && \\\n\
    \x20   echo \"$SSL_CERT_FILE\" >/bundle-was-at\n\
    USER jovyan\nrun touch /home/jovyan/.cache/by-user /opt/conda/pkgs/by-user\n\
    COPY VERSION nothing*.here /opt/\n";

/// The mission's Dockerfile.
pub const MISSION: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n\
    COPY environments/*/*.explicit /explicit/\n\
    COPY env-frozen/base/ /opt/env-frozen/base/\nCOPY env-chilly/roman-cal/ /opt/env-chilly/roman-cal/\n\
    USER root\nRUN echo \"$INDEX_CUTOFF\" >/cutoff; ls -A /opt/env-frozen/base >/listed\nUSER jovyan\n";

/// One at a time uses the store that buildah and podman share: what one test removes, a build of another may be looking at
/// for its cache (`layer not known`).
static STORE: Mutex<()> = Mutex::new(());

/// How many engines were prepared: each has names of its own.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// An engine of this machine, with images of its own.
pub struct Real {
    pub bench: Bench,
    pub engine: Engine,
    pub choice: EngineChoice,
    /// What the names of all its images begin with.
    pub prefix: String,
    /// Every image that was seen, also those whose names moved on.
    pub seen: RefCell<BTreeSet<String>>,
    /// What the tool is given of variables beside those of this process.
    pub variables: RefCell<Vec<(&'static str, OsString)>>,
    pub dir: TempDir,
    /// Let go after the images are removed.
    _store: Option<MutexGuard<'static, ()>>,
}

impl Real {
    pub fn new(choice: EngineChoice) -> Option<Self> {
        let console = Console::silent();
        let engine = choose(choice, &console).inspect_err(|e| eprintln!("skipped: {choice}: {e}")).ok()?;
        let shares = matches!(engine.kind, Kind::Buildah | Kind::Podman);
        let store = shares.then(|| STORE.lock().unwrap_or_else(PoisonError::into_inner));
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
            _store: store,
        };
        real.configure(UseFrozen::Floating);
        Some(real)
    }

    pub fn configure(&self, mode: UseFrozen) {
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
    pub fn take_specs(&self) {
        let specs = self.bench.repository.at("deployments/build-trial/environments/roman-cal");
        fs::rename(specs.join("roman-cal.yml"), specs.join("roman-cal.explicit")).unwrap();
    }

    /// A further mission, whose Dockerfile ends with `steps`.
    pub fn add_mission(&self, name: &str, steps: &str) {
        let dir = format!("deployments/{name}");
        let text = format!("ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\n{steps}");
        self.bench.repository.write(&format!("{dir}/Dockerfile"), &text);
        self.bench.repository.write(&format!("{dir}/environments/roman-cal/roman-cal.yml"), "");
    }

    /// The image that is used.
    pub fn image(&self) -> String {
        format!("{}-build-trial:latest", self.prefix)
    }

    /// Its id.
    pub fn id(&self) -> String {
        self.facts().id.to_string()
    }

    pub fn facts(&self) -> ImageFacts {
        self.engine.inspect(&self.image(), &Console::silent()).unwrap().unwrap()
    }

    pub fn names(&self) -> Vec<String> {
        let names = ["build-trial:latest", "build-trial-dirty", "common", "base:latest"];
        names.map(|name| format!("{}-{name}", self.prefix)).into()
    }

    /// The tool with this machine's engines.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bench.command(&[&["--no-update"], args].concat());
        command.envs(std::env::vars_os().filter(|(name, _)| name != "HOME"));
        command.envs(self.variables.borrow().iter().cloned());
        command
    }

    /// Runs it, and expects it to do what it should.
    pub fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}: {}", self.choice, stderr(&output));
        let ids =
            self.engine.ids(&self.names().iter().map(String::as_str).collect::<Vec<_>>(), &Console::silent());
        self.seen.borrow_mut().extend(ids.unwrap().into_iter().flatten().map(|id| id.hex().to_owned()));
        output
    }

    /// Builds against the moment `cutoff`; gives the image's id.
    pub fn build(&self, cutoff: &str) -> String {
        self.run(&["--index-cutoff", cutoff]);
        assert!(self.bench.staged().is_empty());
        self.id()
    }

    /// The small files of the image.
    pub fn files(&self) -> BTreeMap<String, String> {
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

    /// Which steps of a build with `args` the engine was asked for.
    pub fn steps(&self, args: &[&str]) -> Vec<String> {
        let output = self.run(args);
        let document = common::document::Document::parse(&output.stdout, "standard output").unwrap();
        let done = |step: &&common::report::BuildStep| step.status == common::report::StepStatus::Done;
        let names = super::built(&document).steps.iter().filter(done).map(|step| step.name.clone());
        names.filter(|name| name != "base").collect()
    }

    /// The engine's own program with `args`, in the environment of the tool; whether it did that.
    pub fn asked(&self, args: &[&str]) -> bool {
        let mut command = Command::new(&self.engine.program);
        let output = command.args(args).envs(self.variables.borrow().iter().cloned()).output().unwrap();
        if !output.status.success() {
            eprintln!("{args:?}: {}", stderr(&output));
        }
        output.status.success()
    }

    /// Makes it a clone that knows nothing of what was built.
    pub fn forget(&self) {
        fs::remove_dir_all(self.bench.repository.at(".image")).unwrap();
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

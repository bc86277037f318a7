//! `image-test` on the engines that are really here. Each that is not is skipped, and says so.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test tells what it skips")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::console::Console;
use common::document::Document;
use common::engine::{Engine, choose};
use common::report::{Outcome, TestOutcome, TestStatus};
use common::settings::EngineChoice;
use common::testing::Repository;

/// What the image's tests do, by `$MODE`.
const TEST: &str = "\
#!/bin/sh
echo '========== Testing Environment roman-cal =========='
echo '========== Testing Imports roman-cal =========='
echo 'Importing numpy ... ok'
echo 'Importing asdf ... ok'
case $MODE in
    silent) printf 'Importing romancal ... '; exit 0 ;;
    crash) printf 'Importing romancal ... '; sh -c 'kill -9 $$'; exit $? ;;
    hang) printf 'Importing romancal ... '; sleep 60 ;;
    fail) echo 'Importing romancal ... FAIL'; printf 'Failing imports: 1\\nromancal\\n'; exit 42 ;;
esac
echo 'Importing romancal ... ok'
echo 'Failing imports: 0'
";

#[test]
fn docker_runs_the_tests() {
    check(EngineChoice::Docker);
}

#[test]
fn podman_runs_the_tests() {
    check(EngineChoice::Podman);
}

#[test]
fn buildah_runs_the_tests() {
    check(EngineChoice::Buildah);
}

fn check(choice: EngineChoice) {
    let Some(lab) = Lab::new(choice) else { return };
    let passed = lab.run("with", &["--env", "MODE=green"]);
    assert_eq!(passed.code(), 0, "{}", passed.stderr());
    assert_eq!(passed.outcome().counts().passed, 3);
    let failed = lab.run("with", &["--env", "MODE=fail"]);
    assert_eq!(failed.code(), 42, "{}", failed.stderr());
    assert_eq!(failed.failures(), ["romancal"]);
    let silent = lab.run("with", &["--env", "MODE=silent"]);
    assert_eq!((silent.code(), silent.outcome().container_status), (1, 0), "{}", silent.stderr());
    assert_eq!(silent.failures(), ["romancal"]);
    let crashed = lab.run("with", &["--env", "MODE=crash"]);
    assert_eq!(crashed.code(), 137, "{}", crashed.stderr());
    assert_eq!(crashed.failures(), ["romancal"]);
    let hung = lab.run("with", &["--env", "MODE=hang", "--timeout", "5s"]);
    assert_eq!(hung.code(), 124, "{}", hung.stderr());
    assert!(
        hung.stderr().contains("the time limit of 5 s passed while importing romancal"),
        "{}",
        hung.stderr()
    );
    let absent = lab.run("without", &[]);
    assert_eq!(absent.code(), 127, "{}", absent.stderr());
    assert!(absent.stderr().contains("has no /opt/environments/test"), "{}", absent.stderr());
    assert!(absent.0.stdout.is_empty());
}

/// A repository, an engine, and two images in it: with tests, and without. Removed at the end.
struct Lab {
    repository: Repository,
    choice: EngineChoice,
    engine: Engine,
    name: String,
}

impl Lab {
    fn new(choice: EngineChoice) -> Option<Self> {
        let console = Console::silent();
        let engine = match choose(choice, &console) {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!("skipped: {error}");
                return None;
            }
        };
        let repository = Repository::new();
        repository.configure(|settings| {
            settings.engine = choice;
            // Nothing here needs a network, and not every machine can make one for a container.
            settings.network = Some("host".to_owned());
        });
        let lab =
            Self { repository, choice, engine, name: format!("image-test-{choice}-{}", std::process::id()) };
        for (kind, test) in [("with", Some(TEST)), ("without", None)] {
            let file = lab.repository.at(&format!("{kind}.tar"));
            fs::write(&file, root_file_system(test)).unwrap();
            lab.engine.import(&file, &lab.image(kind), &console).unwrap();
        }
        Some(lab)
    }

    fn image(&self, kind: &str) -> String {
        format!("{}-{kind}:latest", self.name)
    }

    fn run(&self, kind: &str, args: &[&str]) -> Ran {
        eprintln!("{}: {kind} {args:?}", self.choice);
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-test"));
        command.args(["--image", &self.image(kind)]).args(args).current_dir(self.repository.root());
        Ran(command.env_remove("JUPYTERHUB_DIR").env_remove("EXEC_ID").output().unwrap())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for kind in ["with", "without"] {
            _ = self.engine.remove_image(&self.image(kind), &Console::silent());
        }
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    fn outcome(&self) -> TestOutcome {
        let mut document = Document::parse(&self.0.stdout, "standard output").unwrap();
        match document.reports.pop().unwrap().outcome {
            Outcome::Test(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    fn failures(&self) -> Vec<String> {
        let environments = self.outcome().environments;
        let cases = environments.into_iter().flat_map(|environment| environment.cases);
        cases.filter(|case| case.status == TestStatus::Failed).map(|case| case.name).collect()
    }
}

/// A root file system of two of this machine's own programs, as a tar; with the test script, if any.
fn root_file_system(test: Option<&str>) -> Vec<u8> {
    let mut files: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for name in ["sh", "sleep", "true"] {
        let program = which(name).canonicalize().unwrap();
        let output = Command::new("ldd").arg(&program).output().unwrap();
        let libraries = String::from_utf8(output.stdout).unwrap();
        for library in libraries.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new) {
            files.insert(library.strip_prefix("/").unwrap().to_owned(), library.canonicalize().unwrap());
        }
        files.insert(Path::new("bin").join(name), program);
    }
    let mut builder = tar::Builder::new(Vec::new());
    for dir in ["opt/environments", "tmp", "etc"] {
        builder.append_dir(dir, "/").unwrap();
    }
    for (inside, file) in files {
        builder.append_path_with_name(file, inside).unwrap();
    }
    if let Some(text) = test {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len().try_into().unwrap());
        header.set_mode(0o755);
        builder.append_data(&mut header, "opt/environments/test", text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file()).unwrap()
}

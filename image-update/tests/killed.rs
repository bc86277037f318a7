//! Killed, or failed by the system, at every call that changes something: nothing torn, nothing mixed,
//! and the next run completes.
//!
//! strace injects the fault into our own process; git, a process of its own, goes on. Every n-th call of
//! each kind is tried; `EVERY=1` tries all of them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use support::server::{Server, good};
use support::{Clone, ENV};

const CALLS: [&str; 18] = [
    "openat",
    "write",
    "rename",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "rmdir",
    "link",
    "linkat",
    "fsync",
    "fdatasync",
    "fchmod",
    "chmod",
    "copy_file_range",
    "ftruncate",
    "symlink",
    "utimensat",
];

/// A clone that is to go from one state to another, and what both look like.
struct Case {
    clone: Clone,
    version: &'static str,
    old: State,
    new: State,
}

/// Files by name, and what git says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    files: BTreeMap<String, String>,
    status: String,
}

fn state(root: &Path) -> State {
    let output = Command::new("git")
        .args(["status", "--porcelain", "--", ENV])
        .current_dir(root)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs(common::testing::Repository::GIT_ENV)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    State { files: support::files(&root.join(ENV)), status: String::from_utf8(output.stdout).unwrap() }
}

fn copy(root: &Path) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("a clone");
    assert!(Command::new("cp").arg("-a").arg(root).arg(&to).status().unwrap().success());
    (dir, to)
}

impl Case {
    fn command(&self, program: &str, root: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(root).env_clear().envs(self.clone.variables.iter().cloned());
        command.env("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt").stdout(Stdio::null());
        command
    }

    fn args(&self) -> [&str; 7] {
        let tool = env!("CARGO_BIN_EXE_image-update");
        [
            tool,
            "-q",
            "--insecure-host=127.0.0.1",
            "--read-timeout=20",
            "--timeout=60",
            "--cal-version",
            self.version,
        ]
    }

    /// How often our main thread makes each call in a run that nothing disturbs.
    fn counts(&self) -> BTreeMap<String, usize> {
        let (_dir, root) = copy(self.clone.repository.root());
        let log = root.with_file_name("log");
        let trace = format!("--trace={}", CALLS.map(|call| format!("?{call}")).join(","));
        let mut command = self.command("strace", &root);
        assert!(command.arg("-o").arg(&log).arg(trace).args(self.args()).status().unwrap().success());
        let mut counts = BTreeMap::new();
        for line in fs::read_to_string(log).unwrap().lines() {
            if let Some((call, _)) = line.split_once('(') {
                *counts.entry(call.to_owned()).or_insert(0) += 1;
            }
        }
        assert_eq!(state(&root), self.new);
        counts
    }

    /// One run with `fault` at the `when`-th `call`, and one without.
    fn disturb(&self, call: &str, when: usize, fault: &str) {
        let (_dir, root) = copy(self.clone.repository.root());
        let what = format!("{fault} at {call} {when} on the way to {}", self.version);
        let mut command = self.command("strace", &root);
        let inject = format!("--inject={call}:{fault}:when={when}");
        let trace = format!("--trace={call}");
        command.args(["-qqq", "-o", "/dev/null", &trace, &inject]).args(self.args()).stderr(Stdio::piped());
        let output = command.output().unwrap();
        let (then, said) = (state_when_quiet(&root), String::from_utf8_lossy(&output.stderr).into_owned());
        for (name, content) in &then.files {
            let whole = [&self.old, &self.new].iter().any(|state| state.files.get(name) == Some(content));
            assert!(whole, "{what}: {name} is torn: {content:?}\n{said}");
        }
        if !fault.contains("signal") {
            // What fails behind the change (its clean-up, the report) does not take it back.
            let is_whole = then == self.new || (then == self.old && !output.status.success());
            assert!(is_whole, "{what}: mixed\n{said}\n{then:#?}");
        }
        let mut again = self.command(self.args()[0], &root);
        let output = again.args(&self.args()[1..]).output().unwrap();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(state(&root) == self.new, "{what}: the next run\n{:#?}", state(&root));
        assert_eq!(litter(&root), [] as [String; 0], "{what}");
    }
}

/// A git that was at work when we were killed ends first, also one that has not taken its lock yet.
fn state_when_quiet(root: &Path) -> State {
    let works_there =
        |process: fs::DirEntry| process.path().join("cwd").read_link().is_ok_and(|dir| dir.starts_with(root));
    while fs::read_dir("/proc").unwrap().flatten().any(works_there) {
        std::thread::sleep(Duration::from_millis(10));
    }
    state(root)
}

fn litter(root: &Path) -> Vec<String> {
    let named = ["-name", "*unfinished*", "-o", "-path", "*/.image/update/*"];
    let mut found = found_output(Command::new("find").arg(root).args(named));
    found.extend(found_output(Command::new("find").arg(root).args(["-name", "*.lock", "-path", "*/.git/*"])));
    found
}

fn found_output(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// What a release does to the environment, as a script.
const SCRIPT: &str = "printf '@EXPLICIT\\nhttps://h/noarch/a-1-0.conda\\n' >roman-cal.explicit\n\
                      echo \"romancal==$1\" >roman-cal.pip\n\
                      git mv -k roman-cal.yml roman-cal.yml.disabled\n\
                      echo \"$1\" >CAL_VERSION\n\
                      echo \"Roman $1\" >kernel.name";

/// From a release to the newest state, and from there to a release; nothing is committed between. And to a release
/// by a script.
fn cases(server: &Server) -> Vec<Case> {
    let declared = || Clone::with_sources(server.port);
    let scripted = || {
        let clone = Clone::plain();
        clone.script(SCRIPT);
        clone.git()
    };
    let case = |mut clone: Clone, before: &str, version: &'static str| {
        clone.variables.retain(|(name, _)| name != "HOME");
        assert_eq!(clone.update(before).status, Some(0));
        let old = state(clone.repository.root());
        let (_dir, root) = copy(clone.repository.root());
        let mut case = Case { clone, version, new: old.clone(), old };
        let output = case.command(case.args()[0], &root).args(&case.args()[1..]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        case.new = state(&root);
        assert_ne!(case.new, case.old);
        case
    };
    vec![
        case(declared(), "latest", "0.13.0"),
        case(declared(), "0.13.0", "latest"),
        case(scripted(), "none", "0.13.0"),
    ]
}

#[test]
fn whatever_call_fails_or_is_the_last_nothing_is_torn_or_mixed_and_the_next_run_completes() {
    if Command::new("strace").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let probe = Command::new("strace").args(["-qqq", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        println!("skipped: strace may not trace here");
        return;
    }
    let every: usize = std::env::var("EVERY").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    let server = Server::start(good);
    let cases = cases(&server);
    let mut jobs = Vec::new();
    for case in &cases {
        for (call, count) in case.counts() {
            for fault in ["signal=KILL", "error=ENOSPC", "error=EIO"] {
                // Which thread fetches is not always the same, so a few more than were counted.
                jobs.extend((1..=count + 2).map(|when| (case, call.clone(), when, fault)));
            }
        }
    }
    let jobs: Vec<_> = jobs.into_iter().step_by(every).collect();
    println!("{} runs", jobs.len());
    let failures: Vec<String> = common::fetch::each(&jobs, |(case, call, when, fault)| {
        let result =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case.disturb(call, *when, fault)));
        result.err().map(|_| format!("{fault} at {call} {when} to {}", case.version))
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(failures.is_empty(), "{} of {}: {failures:#?}", failures.len(), jobs.len());
}

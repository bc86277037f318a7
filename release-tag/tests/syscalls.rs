//! Runs that are killed at a system call, or whose disk is full at one, and ended by running them again.
//!
//! Every call of the main thread that changes something or talks to somebody is hit in turn. A disk that is full
//! stays full, and for everybody: our other threads, git, and the engine. Without `FULL=1` only some of the calls are
//! hit, spread evenly.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod played;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use played::Played;
use support::{Ran, Release};

const TAG: &str = "roman-12.0.0";
const CHANGING: &str = "write,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,fsync,chmod,fchmod,link,\
                        linkat,clone,clone3,vfork,connect,sendto,sendmsg,writev,flock,exit_group";
/// Not `write`: threads wake each other with it, and no disk is in that. Writes to a disk that is really full are in
/// `full_disk`.
const FILLING: &str = "mkdir,mkdirat,fsync,fdatasync,rename,renameat,renameat2,link,linkat,ftruncate";
/// As many points are hit where not all are.
const SOME: usize = 8;

/// What befalls a run.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Killed,
    DiskFull,
}

impl Fate {
    const fn calls(self) -> &'static str {
        match self {
            Self::Killed => CHANGING,
            Self::DiskFull => FILLING,
        }
    }

    const fn injection(self) -> &'static str {
        match self {
            Self::Killed => "signal=KILL",
            Self::DiskFull => "error=ENOSPC",
        }
    }

    /// What makes it befall other threads and programs, and whatever comes after a call: an option, and a sign behind
    /// the call's number.
    const fn reach(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Killed => (&[], ""),
            Self::DiskFull => (&["-f"], "+"),
        }
    }
}

/// A run of the tool under strace; none where there is none that may trace.
fn traced(release: &Release, args: &[&str], options: &[&str]) -> Option<Command> {
    let strace = ["/usr/bin/strace", "/bin/strace"].into_iter().find(|path| Path::new(path).exists())?;
    let mut command = release.command(args);
    let (program, words) = (command.get_program().to_owned(), command.get_args().map(ToOwned::to_owned));
    let mut run = Command::new(strace);
    run.args(options).arg(program).args(words.collect::<Vec<_>>());
    run.env_clear().envs(command.get_envs().filter_map(|(n, v)| Some((n, v?))));
    run.current_dir(command.get_current_dir().unwrap());
    run.stdout(Stdio::null()).stderr(Stdio::null());
    command.stdin(Stdio::null());
    Some(run)
}

/// How many calls of `fate`'s a whole run makes, in the thread that makes the most: strace counts each by itself.
fn count(release: &Release, args: &[&str], fate: Fate) -> Option<usize> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let trace = format!("trace={}", fate.calls());
    let options = ["-qq", "-o", log.path().to_str().unwrap(), "-e", &trace];
    let mut run = traced(release, args, &[&options, fate.reach().0].concat())?;
    // A machine may forbid tracing.
    if !run.status().ok()?.success() {
        return None;
    }
    let text = fs::read_to_string(log.path()).unwrap();
    if fate.reach().0.is_empty() {
        return Some(text.lines().count());
    }
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.contains("resumed>")) {
        *calls.entry(line.split(' ').next().unwrap()).or_default() += 1;
    }
    calls.into_values().max()
}

/// Runs the tool, and lets `fate` befall its call number `at`.
fn befall(release: &Release, args: &[&str], fate: Fate, at: usize) {
    let trace = format!("trace={}", fate.calls());
    let (more, after) = fate.reach();
    let inject = format!("inject={}:{}:when={at}{after}", fate.calls(), fate.injection());
    let options = ["-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    _ = traced(release, args, &[&options, more].concat()).unwrap().status().unwrap();
    release.wait_for_orphans();
}

fn points(calls: usize) -> Vec<usize> {
    let all = std::env::var_os("FULL").is_some_and(|full| full == "1");
    let step = if all { 1 } else { calls.div_ceil(SOME).max(1) };
    (1..=calls).step_by(step).collect()
}

/// Lets each fate befall `args` at each point of a run that begins in `prepare`d state: after another
/// run `check` finds the same end state as ever.
fn survives(release: &Release, args: &[&str], prepare: &dyn Fn(), check: &dyn Fn(&Ran)) {
    for fate in [Fate::Killed, Fate::DiskFull] {
        prepare();
        let Some(calls) = count(release, args, fate) else {
            return eprintln!("skipped: no strace that may trace (Debian: apt-get install strace)");
        };
        let points = points(calls);
        eprintln!("{}: {fate:?} at {} of {calls} calls", args[0], points.len());
        for at in points {
            prepare();
            befall(release, args, fate, at);
            let again = release.run(args);
            assert_eq!(again.code(), 0, "{fate:?} at {at}: {}", again.said());
            check(&again);
        }
    }
}

#[test]
fn a_save_ends_in_the_same_commit() {
    let release = Release::ready();
    let base = release.repository.run_git(&["rev-parse", "HEAD~1"]);
    let tree = release.repository.run_git(&["rev-parse", "HEAD^{tree}"]);
    let prepare = || {
        // A commit that was begun may still come; the reset is after it.
        release.repository.run_git(&["reset", "-q", "--hard", &base]);
        _ = fs::remove_file(release.repository.at("deployments/roman/release.json"));
    };
    survives(&release, &["save"], &prepare, &|_| {
        assert_eq!(release.repository.run_git(&["rev-parse", "HEAD^{tree}"]), tree);
        assert_eq!(release.repository.run_git(&["rev-list", "--count", &format!("{base}..HEAD")]), "1");
        assert_eq!(release.repository.status(), "");
    });
}

#[test]
fn tags_end_in_the_same_refs_here_and_there() {
    let release = Release::ready();
    let remote = release.remote();
    release.run(&["tag", "--execute"]).outcome("tag");
    let (refs, there) = (release.refs(), remote.tags(&release));
    let prepare = || {
        for tag in [TAG, "1.3.0"] {
            let path = remote.path();
            release.repository.run_git(&["tag", "-d", tag]);
            release.repository.run_git(&[
                "-C",
                path.to_str().unwrap(),
                "update-ref",
                "-d",
                &format!("refs/tags/{tag}"),
            ]);
        }
    };
    survives(&release, &["tag", "--execute"], &prepare, &|_| {
        assert_eq!((release.refs(), remote.tags(&release)), (refs.clone(), there.clone()));
    });
}

#[test]
fn a_delivery_to_a_layout_ends_in_the_same_bytes() {
    let release = Release::ready();
    release.run(&["deliver"]).outcome("deliver");
    let layout = release.repository.at(".image/delivery").join(TAG);
    let whole = digest_of(&layout);
    let prepare = || {
        _ = fs::remove_dir_all(&layout);
    };
    survives(&release, &["deliver"], &prepare, &|_| {
        assert_eq!(digest_of(&layout), whole);
        let left = |dir: &str| fs::read_dir(release.repository.at(dir)).unwrap().count();
        assert_eq!((left(".image/stage/deliver"), left(".image/delivery")), (0, 1), "no litter");
    });
}

#[test]
fn a_delivery_to_a_registry_ends_in_the_same_manifests_and_is_never_half() {
    let release = Release::ready();
    let registry = Played::start(&[]);
    let to = format!("docker://{}/stsci/roman", registry.host());
    // In pieces, so that a run goes on with what the one before began.
    let args = ["deliver", to.as_str(), "--execute", "--chunk-size", "100"];
    release.run(&args).outcome("deliver");
    let whole = registry.manifests();
    let prepare = || registry.empty();
    survives(&release, &args, &prepare, &|_| assert_eq!(registry.manifests(), whole));
    // And what a killed run leaves is not half an image under the tag.
    let Some(calls) = count(&release, &args, Fate::Killed) else { return };
    for at in points(calls) {
        registry.empty();
        befall(&release, &args, Fate::Killed, at);
        if let Some(manifest) = registry.manifest(TAG) {
            for layer in manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]) {
                assert!(registry.blob(layer["digest"].as_str().unwrap()).is_some(), "half an image at {at}");
            }
        }
    }
}

fn digest_of(dir: &Path) -> common::digest::Digest {
    common::digest::of_tree(dir, &|_| false).unwrap()
}

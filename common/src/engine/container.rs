//! Containers that are ours: named and labelled, so that they are found and removed however a run
//! ends, at the latest by the next tool that starts.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal};

use super::{Engine, EngineError, Kind};
use crate::console::Console;
use crate::process;

/// What the names of our containers begin with.
const PREFIX: &str = "image-tools-";

/// Told apart from those of another process with our number: on another host that shares the
/// daemon, or before us on this one.
static TOKEN: LazyLock<u32> = LazyLock::new(|| {
    #[expect(clippy::cast_possible_truncation, reason = "any 32 of its bits will do")]
    let token = RandomState::new().hash_one(std::process::id()) as u32;
    token
});

/// A name that no other container has: `image-tools-<pid>-<n>-<token>`.
pub(super) fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}-{number}-{:08x}", std::process::id(), *TOKEN)
}

/// The process in the name of one of our containers.
fn owner(name: &str) -> Option<i32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

/// The labels of our containers: the process, and the host that its number is of (containers in CI
/// often share one daemon and count their processes each from 1).
pub(super) fn labels() -> [String; 2] {
    static HOST: LazyLock<String> =
        LazyLock::new(|| rustix::system::uname().nodename().to_string_lossy().into_owned());
    [format!("image-tools={}", std::process::id()), format!("image-tools.host={}", *HOST)]
}

/// A container of ours, removed when dropped, also after we were told to stop.
pub(super) struct Container<'a> {
    engine: &'a Engine,
    console: &'a Console,
    name: String,
}

impl<'a> Container<'a> {
    /// The name of a container about to be made. Guarded from before it is there: a client that is
    /// stopped half way may have made it.
    pub(super) fn new(engine: &'a Engine, console: &'a Console) -> Self {
        Self { engine, console, name: fresh_name() }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // It ended by itself unless somebody stopped us. It may be gone too (`--rm`).
        let runs = process::interrupted_by().is_some();
        self.engine.end_container(&self.name, runs, self.console);
    }
}

impl Engine {
    /// Removes the containers that tools on this host left behind when they were killed, and gives
    /// their number. For the start of tools that run containers.
    ///
    /// # Errors
    /// The engine cannot list its containers, or we were told to stop.
    pub fn sweep_containers(&self, console: &Console) -> Result<usize, EngineError> {
        let names = process::text(&self.list_call(), console)?;
        let is_left = |name: &&str| owner(name).is_some_and(|pid| !is_alive(pid));
        let left: Vec<&str> = names.split_ascii_whitespace().filter(is_left).collect();
        for name in &left {
            console.notice(format_args!("removing the container {name}, left by a run that was killed"));
            self.end_container(name, true, console);
        }
        Ok(left.len())
    }

    /// Removes a container, at once also if it runs. What fails is tried again by the next sweep.
    fn end_container(&self, name: &str, runs: bool, console: &Console) {
        if runs && self.kind == Kind::Buildah {
            kill_users_of(name);
        }
        if let Some(kill) = self.kill_call(name).filter(|_| runs) {
            _ = process::capture(&kill, console);
        }
        _ = process::capture(&self.remove_call(name), console);
    }
}

/// Kills what still runs in buildah's working container `name`: with no daemon to watch it, the
/// command is a descendant of the `buildah run` that we started in a process group of its own.
fn kill_users_of(name: &str) {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let Some(pid) = process.file_name().to_str().and_then(|pid| pid.parse().ok()) else { continue };
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let is_it = line.split(|b| *b == 0).any(|word| word == name.as_bytes());
        if let Some(pid) = Pid::from_raw(pid).filter(|_| is_it)
            && rustix::process::getpgid(Some(pid)) == Ok(pid)
        {
            // It may end by itself at this very moment.
            _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
    }
}

fn is_alive(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    // Another user's process may not be signalled, and is alive.
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fresh_and_tell_the_process() {
        let (one, two) = (fresh_name(), fresh_name());
        assert_ne!(one, two);
        assert_eq!(owner(&one), i32::try_from(std::process::id()).ok());
        assert_eq!(owner("image-tools-x"), None);
        assert_eq!(owner("somebody-elses-7"), None);
    }

    #[test]
    fn a_process_that_ended_is_dead() {
        assert!(is_alive(1));
        assert!(is_alive(i32::try_from(std::process::id()).unwrap()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        assert!(!is_alive(pid));
    }
}

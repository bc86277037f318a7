//! What a run asks of the kernel, as strace tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

const STRACE: [&str; 2] = ["/usr/bin/strace", "/bin/strace"];

/// The kinds of calls that write, connect, or start something.
const KINDS: &str = "open,openat,creat,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,symlink,\
                     symlinkat,link,linkat,truncate,ftruncate,chmod,fchmod,fchmodat,utimensat,socket,connect,\
                     execve,clone,clone3,fork,vfork";

/// Calls that are not about files.
const OTHERS: [&str; 8] = ["socket", "connect", "execve", "clone", "clone3", "fork", "vfork", "exit"];

/// The calls of a run and of all that it started.
#[derive(Debug)]
pub struct Trace {
    /// Process and call, in their order.
    calls: Vec<(u32, String)>,
}

impl Trace {
    /// Runs `tool`, and expects it to do what it should; none if nothing can be traced here. `dir` takes
    /// the log.
    pub fn of(tool: &Command, dir: &Path) -> Option<Self> {
        let Some(strace) = STRACE.into_iter().find(|path| Path::new(path).exists()) else {
            eprintln!("skipped: there is no strace");
            return None;
        };
        let log = dir.join("strace.log");
        let mut command = Command::new(strace);
        command.args(["-f", "-qq", "-y", "-s", "4096", "-e", &format!("trace={KINDS}"), "-o"]).arg(&log);
        command.arg(tool.get_program()).args(tool.get_args()).env_clear();
        command.envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(tool.get_current_dir().unwrap());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && said.contains("ptrace") {
            eprintln!("skipped: strace may not trace here");
            return None;
        }
        assert_eq!(output.status.code(), Some(0), "{said}");
        let text = fs::read_to_string(log).unwrap();
        let call = |line: &str| {
            let (process, call) = line.split_once(' ')?;
            Some((process.parse().ok()?, call.trim().to_owned()))
        };
        Some(Self { calls: text.lines().filter_map(call).collect() })
    }

    /// All that succeeded of the kind `name`.
    pub fn calls(&self, name: &str) -> Vec<&str> {
        let start = format!("{name}(");
        let all = self.calls.iter().map(|(_, call)| call.as_str());
        all.filter(|call| call.starts_with(&start) && !call.contains(" = -1 ")).collect()
    }

    /// The programs that were started, the tool itself first.
    pub fn started(&self) -> Vec<&str> {
        self.calls("execve").into_iter().filter_map(|call| call.split('"').nth(1)).collect()
    }

    /// The calls by which the tool itself, and nothing that it started, changed files.
    pub fn written(&self) -> Vec<&str> {
        let foreign = self.foreign();
        let reads = |call: &str| {
            call.starts_with("open") && !["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|w| call.contains(w))
        };
        let is_other = |call: &str| OTHERS.iter().any(|other| call.starts_with(other));
        let nowhere = |call: &str| call.contains("\"/dev/null\"") || call.contains("\"/dev/tty");
        let ours = self.calls.iter().filter(|(process, _)| !foreign.contains(process));
        let calls = ours.map(|(_, call)| call.as_str()).filter(|call| call.contains('('));
        calls
            .filter(|call| !is_other(call) && !reads(call) && !call.contains(" = -1 ") && !nowhere(call))
            .collect()
    }

    /// The processes that became another program, and those that they started.
    fn foreign(&self) -> BTreeSet<u32> {
        let first = self.calls.first().map(|(process, _)| *process);
        let mut parents = BTreeMap::new();
        let mut foreign = BTreeSet::new();
        for (process, call) in &self.calls {
            let call = call.strip_prefix("<... ").unwrap_or(call);
            let result = call.rsplit_once(" = ").and_then(|(_, result)| result.trim().parse().ok());
            if ["clone", "fork", "vfork"].iter().any(|start| call.starts_with(start)) {
                parents.extend(result.map(|child: u32| (child, *process)));
            } else if call.starts_with("execve") && result == Some(0) && Some(*process) != first {
                foreign.insert(*process);
            }
        }
        loop {
            let more = parents.iter().filter(|(_, parent)| foreign.contains(parent)).map(|(child, _)| *child);
            let more: Vec<u32> = more.filter(|child| !foreign.contains(child)).collect();
            if more.is_empty() {
                return foreign;
            }
            foreign.extend(more);
        }
    }
}

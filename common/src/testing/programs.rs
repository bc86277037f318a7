//! A PATH that has ordinary programs and no container engine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::console::Console;
use crate::process::{self, Input, Invocation};

/// What in-image scripts, `setup-env`, git and the fake engines are made of.
const PROGRAMS: &[&str] = &[
    "awk",
    "basename",
    "bash",
    "cat",
    "chmod",
    "cksum",
    "cmp",
    "cp",
    "curl",
    "cut",
    "date",
    "diff",
    "dirname",
    "du",
    "echo",
    "env",
    "expr",
    "false",
    "find",
    "getconf",
    "git",
    "grep",
    "gzip",
    "head",
    "hostname",
    "id",
    "install",
    "kill",
    "ldd",
    "ln",
    "ls",
    "make",
    "mkdir",
    "mktemp",
    "mv",
    "nproc",
    "od",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tar",
    "tee",
    "test",
    "timeout",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "wc",
    "xargs",
];

/// What of the environment leads to a real engine: another one than the machine's own can be tested so. A test
/// that clears the environment for a tool gives it these.
pub fn engine_variables() -> impl Iterator<Item = (OsString, OsString)> {
    const NAMES: [&str; 5] =
        ["DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"];
    NAMES.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
}

/// Fills `dir` with links to this machine's ordinary programs, so that a PATH of it alone has no
/// container engine but those that a test adds.
pub fn plain_programs(dir: &Path) {
    for name in PROGRAMS {
        if let Some(program) = on_path(name) {
            std::os::unix::fs::symlink(program, dir.join(name)).expect("a fresh directory takes links");
        }
    }
}

/// Makes `path` a program of this text, which may be started at once. Another process writes it: were it open for
/// writing here, a child that another thread starts at that moment would hold it open too, and whoever starts
/// the program would be told "text file busy".
pub fn program(path: &Path, text: &str) {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    }
    let call = Invocation::new("install").args(["-m", "755", "/dev/stdin"]).arg(path);
    let written = process::text(&call.input(Input::Bytes(text.into())), &Console::silent());
    written.unwrap_or_else(|e| panic!("{e}"));
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file())
}

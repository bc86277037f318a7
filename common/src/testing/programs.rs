//! A PATH that has ordinary programs and no container engine.

use std::path::{Path, PathBuf};

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

/// Fills `dir` with links to this machine's ordinary programs, so that a PATH of it alone has no
/// container engine but those that a test adds.
pub fn plain_programs(dir: &Path) {
    for name in PROGRAMS {
        if let Some(program) = on_path(name) {
            std::os::unix::fs::symlink(program, dir.join(name)).expect("a fresh directory takes links");
        }
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file())
}

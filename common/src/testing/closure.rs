//! A root file system of a few of this machine's own programs, for tests that can pull nothing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::console::Console;
use crate::process::{self, Invocation};

/// What the test Dockerfiles run.
const PROGRAMS: [&str; 9] = ["sh", "bash", "cat", "chown", "id", "ls", "mkdir", "stat", "touch"];

/// Writes the root file system to the tar file `archive`.
pub fn write(archive: &Path) {
    let mut files = BTreeSet::new();
    let mut tar = tar::Builder::new(File::create(archive).expect("the archive can be made"));
    for name in PROGRAMS {
        let program =
            ["/bin", "/usr/bin"].map(|dir| Path::new(dir).join(name)).into_iter().find(|p| p.is_file());
        let program = program.unwrap_or_else(|| panic!("this machine has no {name}"));
        files.extend(libraries(&program));
        add(&mut tar, &program, &Path::new("bin").join(name));
    }
    for file in files {
        add(&mut tar, &file, file.strip_prefix("/").expect("ldd tells whole paths"));
    }
    let users = "root:x:0:0::/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/sh\n";
    for (name, text) in [("etc/passwd", users), ("etc/group", "root:x:0:\nusers:x:100:\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes()).expect("it can be written");
    }
    for (dir, owner) in [("home/jovyan/", 1000), ("tmp/", 0)] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        header.set_mode(0o755);
        header.set_uid(owner);
        header.set_gid(100);
        tar.append_data(&mut header, dir, std::io::empty()).expect("it can be written");
    }
    tar.into_inner().expect("it can be written");
}

fn add(tar: &mut tar::Builder<File>, file: &Path, name: &Path) {
    let bytes = fs::read(file).expect("a program can be read");
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o755);
    tar.append_data(&mut header, name, bytes.as_slice()).expect("it can be written");
}

/// The shared libraries and the loader that `program` needs.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let text = process::text(&Invocation::new("ldd").arg(program), &Console::silent()).expect("there is ldd");
    let words = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    words.map(PathBuf::from).collect()
}

//! Whatever is wrong with a file that the tool reads, it says which one, where, and what is wrong, ends with
//! the status for bad data, prints nothing, and leaves everything as it was.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;

use common::testing::{FakeEngine, Repository};
use support::index::{Served, program};
use support::{IMAGE, Lab, SOLVED, content, errors};

const LIST: &str = "env-frozen/roman-cal/requirements.txt";
const EXPORT: &str = "env-frozen/roman-cal/requirements.yml";
const EXPLICIT: &str = "env-frozen/roman-cal/requirements.explicit";
const BASE: &str = "env-frozen/base.lock.json";
const POLICY: &str = "environments/roman-cal/chill.json";
const RECEIPT: &str = "environments/roman-cal/sources.lock.json";
const FLOATING: &str = "environments/roman-cal/roman-cal.pip";
const CONDA: &str = "environments/roman-cal/roman-cal.yml";

/// What reads the frozen specs.
const OF_LOCKS: &[&str] = &["check", "chill", "rot", "thaw"];

/// What reads the lists of packages by address.
const OF_LISTS: &[&str] = &["check", "rot", "thaw"];

/// What ends up in a file when something went wrong.
const CONFLICT: &[u8] = b"<<<<<<< HEAD\n=======\n>>>>>>> theirs\n";
const PAGE: &[u8] = b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n";
const BINARY: &[u8] = b"\x1f\x8b\x08\x00\xff\xfe\x00\x01";

/// A file, what stands in it, the commands that read it, and what each of them says.
type Case = (&'static str, &'static [u8], &'static [&'static str], &'static str);

const CASES: &[Case] = &[
    (LIST, b"", OF_LOCKS, "requirements.txt: it is empty"),
    (LIST, b" \n\n", OF_LOCKS, "requirements.txt: it is empty"),
    (LIST, CONFLICT, OF_LOCKS, "requirements.txt:1: "),
    (LIST, PAGE, OF_LOCKS, "requirements.txt:1: "),
    (LIST, BINARY, OF_LOCKS, "requirements.txt:1: "),
    (LIST, b"asdf==3.0.1\nnumpy=1.26.4\n", OF_LOCKS, "requirements.txt:2: "),
    (LIST, b"asdf==3.0.1\nnumpy==\n", OF_LOCKS, "requirements.txt:2: "),
    (LIST, b"asdf==3.0.1\nnumpy==1.26.4 ; python_version ~ '3'\n", OF_LOCKS, "requirements.txt:2: "),
    (EXPORT, b"", OF_LOCKS, "requirements.yml: it is empty"),
    (EXPORT, CONFLICT, OF_LOCKS, "requirements.yml:1: "),
    (EXPORT, PAGE, OF_LOCKS, "requirements.yml:1: "),
    (EXPORT, BINARY, OF_LOCKS, "requirements.yml:1: "),
    (EXPORT, b"name: x\ndependencies:\n  - python=3.11.7\n - fftw=3\n", OF_LOCKS, "requirements.yml:4: "),
    (EXPORT, b"name: x\n", OF_LOCKS, "requirements.yml:1: "),
    (EXPORT, b"name: x\ndependencies:\n\t- python\n", OF_LOCKS, "requirements.yml:3: "),
    (EXPORT, b"dependencies:\n  - python=3.11.7\ndependencies:\n", OF_LOCKS, "requirements.yml:3: "),
    (EXPORT, b"dependencies:\n  - python=\n", OF_LOCKS, "requirements.yml:2: "),
    (EXPLICIT, b"", OF_LISTS, "requirements.explicit:1: "),
    (EXPLICIT, CONFLICT, OF_LISTS, "requirements.explicit:1: "),
    (EXPLICIT, PAGE, OF_LISTS, "requirements.explicit:1: "),
    (EXPLICIT, BINARY, OF_LISTS, "requirements.explicit:1: "),
    (EXPLICIT, b"@EXPLICIT\nhttps://h/linux-64/fftw\n", OF_LISTS, "requirements.explicit:2: "),
    (EXPLICIT, b"@EXPLICIT\nhttps://h/l/a-1-0.conda#12\n", OF_LISTS, "requirements.explicit:2: "),
    (BASE, b"", &["check"], "base.lock.json:1: "),
    (BASE, CONFLICT, &["check"], "base.lock.json:1: "),
    (BASE, BINARY, &["check"], "base.lock.json:1: "),
    (BASE, b"{\n \"reference\": \"a\",\n", &["check"], "base.lock.json:3: "),
    (BASE, b"{\"reference\": 7}", &["check"], "base.lock.json:1: "),
    (BASE, b"{\"reference\": \"a\",\n\"digest\": \"md5:1\"}", &["check"], "base.lock.json:2: "),
    (POLICY, b"", &["chill"], "chill.json"),
    (POLICY, CONFLICT, &["chill"], "chill.json"),
    (POLICY, BINARY, &["chill"], "chill.json"),
    (POLICY, b"{\"loosen\": 1}\n", &["chill"], "chill.json"),
    (FLOATING, CONFLICT, &["solve", ""], "roman-cal.pip:1: "),
    (FLOATING, BINARY, &["solve", ""], "roman-cal.pip:1: "),
    (FLOATING, b"asdf\nnumpy>=\n", &["solve", ""], "roman-cal.pip:2: "),
    (CONDA, CONFLICT, &["solve"], "roman-cal.yml:1: "),
    (CONDA, b"dependencies:\n  - python~=3.11.0\n  - {a: b}\n", &["solve"], "roman-cal.yml:3: "),
];

struct Place {
    lab: Lab,
    index: Served,
    bin: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let lab = Lab::on(FakeEngine::docker(), Repository::new().frozen(), SOLVED);
        lab.engine.serve_files(IMAGE, "/", &[("etc/os-release", "NAME=x\n")]);
        let bin = tempfile::tempdir().unwrap();
        program(bin.path(), "uv", "[ \"$1\" = --version ] && echo 'uv 0.0 (fake)'; exit 0\n");
        Self { lab, index: Served::new(), bin }
    }

    /// What `command` says of it, and with which status it ends.
    fn told(&self, command: &str) -> (Option<i32>, String) {
        let mut args: Vec<&str> = command.split_ascii_whitespace().collect();
        if ["rot", "thaw", "solve"].contains(&command) {
            args.extend(["--index", &self.index.url]);
        }
        let mut call = self.lab.command(&args);
        let paths = [self.bin.path().to_owned(), self.lab.path().into()];
        let output = call.env("PATH", std::env::join_paths(paths).unwrap()).output().unwrap();
        if !output.stdout.is_empty() {
            // A fault prints nothing.
            return (None, format!("{}\n{}", errors(&output), String::from_utf8_lossy(&output.stdout)));
        }
        (output.status.code(), errors(&output))
    }
}

#[test]
fn a_damaged_file_is_named_with_its_line_and_nothing_is_lost() {
    let mut wrong = Vec::new();
    for (file, damage, commands, expected) in CASES {
        let place = Place::new();
        let path = place.lab.repository.at(&format!("deployments/roman/{file}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, damage).unwrap();
        let tree = place.lab.repository.at("deployments");
        let before = content(&tree);
        for command in *commands {
            let (status, said) = place.told(command);
            let kept = content(&tree) == before;
            if status != Some(65) || !said.contains(expected) || said.contains("panicked") || !kept {
                let damage = String::from_utf8_lossy(damage);
                wrong.push(format!("{command} on {file} ({damage:?}): {status:?}, kept: {kept}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Without it, the lock would have kept a branch.
#[test]
fn a_damaged_receipt_is_told_where_a_branch_is_to_be_held() {
    let again = "hint: git restore";
    let newer: &[u8] = b"{\"schema\": 99}\n";
    for (damage, hint) in
        [(&b""[..], again), (CONFLICT, again), (BINARY, again), (newer, "hint: update these tools")]
    {
        let place = Place::new();
        let list = ("roman-cal/requirements.txt", "stray @ git+https://h/s@main\n");
        place.lab.engine.serve_files(IMAGE, "/opt/env-frozen", &[SOLVED[0], SOLVED[1], list]);
        fs::write(place.lab.repository.at("deployments/roman").join(RECEIPT), damage).unwrap();
        let before = content(&place.lab.frozen_dir());
        let (status, said) = place.told("");
        assert_eq!(status, Some(65), "{said}");
        assert!(said.contains("sources.lock.json") && said.contains(hint), "{said}");
        assert_eq!(content(&place.lab.frozen_dir()), before);
    }
}

/// What is told of other files: how it is called, what stands in it, the call, the status, the words.
#[test]
fn documents_archives_and_inventories_that_make_no_sense_are_named() {
    let cases: &[(&str, &[u8], &str, i32, &str)] = &[
        ("setup-env.json", b"", "check", 65, "setup-env.json"),
        ("setup-env.json", b"{\"schema\": 1, \"oops\": 2}", "check", 65, "setup-env.json"),
        ("setup-env.json", b"{\"schema\": 99}", "check", 65, "setup-env.json"),
        ("a.json", b"", "diff a.json a.json", 65, "a.json"),
        ("a.json", b"{\"schema\": 1}", "diff a.json a.json", 65, "a.json"),
        ("a.json", b"{\"schema\": 99, \"$schema\": \"x\"}", "diff a.json a.json", 65, "a.json"),
        ("a.json", CONFLICT, "check --from a.json", 65, "a.json"),
        ("a.tar", b"", "inventory a.tar", 65, "a.tar"),
        ("a.tar", BINARY, "inventory a.tar", 65, "a.tar"),
        ("a.tar", PAGE, "inventory a.tar", 65, "a.tar"),
        ("a.tar", &[b'x'; 512], "check --from a.tar", 65, "a.tar"),
        ("layout/index.json", b"{", "inventory layout", 65, "index.json"),
        ("layout/notes", b"", "inventory layout", 65, "layout"),
    ];
    let mut wrong = Vec::new();
    for (file, damage, command, expected, words) in cases {
        let place = Place::new();
        let path = place.lab.repository.at(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, damage).unwrap();
        let before = content(&place.lab.repository.at("deployments"));
        let (status, said) = place.told(command);
        if status != Some(*expected) || !said.contains(words) || said.contains("panicked") {
            wrong.push(format!("{command} ({:?}): {status:?} {said}", String::from_utf8_lossy(damage)));
        }
        assert_eq!(content(&place.lab.repository.at("deployments")), before, "{command}");
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A directory where a file is read, and a file where a directory is.
#[test]
fn what_is_no_file_is_told_as_that() {
    for (file, commands) in [
        (LIST, &["check", "chill", "rot", "thaw"][..]),
        (EXPORT, OF_LOCKS),
        (BASE, &["check"]),
        (POLICY, &["chill"]),
    ] {
        let place = Place::new();
        let path = place.lab.repository.at(&format!("deployments/roman/{file}"));
        _ = fs::remove_file(&path);
        fs::create_dir_all(path.join("kept")).unwrap();
        for command in commands {
            let (status, said) = place.told(command);
            assert!(matches!(status, Some(65 | 74)), "{command} on {file}: {status:?} {said}");
            assert!(
                said.contains(path.file_name().unwrap().to_str().unwrap()),
                "{command} on {file}: {said}"
            );
            assert!(path.join("kept").is_dir());
        }
    }
}

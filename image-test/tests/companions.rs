//! `image-exec` and its kin as their users run them, on engines that only pretend.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::testing::{self, FakeEngine, Repository};

const NAME: &str = "notebook-roman:latest";
const PARS: &str = "--rm -e JUPYTER_ENABLE_LAB=yes --platform linux/amd64";

struct Lab {
    repository: Repository,
    fake: FakeEngine,
}

impl Lab {
    fn new() -> Self {
        Self::on(FakeEngine::docker())
    }

    fn on(fake: FakeEngine) -> Self {
        let repository = Repository::new().frozen();
        repository.configure(|_| ());
        fake.image(NAME, &[]);
        Self { repository, fake }
    }

    fn command(&self, args: &[&str]) -> Command {
        self.program(Path::new(env!("CARGO_BIN_EXE_image-test")), args)
    }

    fn program(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.repository.root()).env_clear().env("PATH", self.fake.path());
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        self.command(args).envs(env.iter().copied()).output().unwrap()
    }

    /// Runs, expects success, and gives the engine's calls that do work.
    fn lines(&self, args: &[&str], env: &[(&str, &str)]) -> Vec<String> {
        let output = self.run(args, env);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let lines = self.fake.lines();
        self.fake.forget();
        lines
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(name)
}

#[test]
fn a_plain_run_is_that_of_the_contract() {
    let lab = Lab::new();
    assert_eq!(lab.lines(&["exec", "ls", "-l"], &[]), [format!("docker run {PARS} {NAME} ls -l")]);
    let by_flag = ["exec", "--engine", "docker", "ls", "--engine", "-q"];
    assert_eq!(lab.lines(&by_flag, &[]), [format!("docker run {PARS} {NAME} ls --engine -q")]);
    assert_eq!(lab.lines(&["exec"], &[]), [format!("docker run {PARS} {NAME}")]);
    assert_eq!(lab.fake.containers(), [""; 0]);
}

#[test]
fn every_engine_runs_it_and_the_status_passes_through() {
    for fake in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let lab = Lab::on(fake);
        lab.fake.print("show", "a\0b\r\nno line end", 42);
        let output = lab.run(&["exec", "show"], &[("SP_USER", "1001")]);
        assert_eq!(output.status.code(), Some(42), "{}", errors(&output));
        assert_eq!(output.stdout, b"a\0b\r\nno line end", "byte for byte, and nothing of ours");
        assert!(errors(&output).contains("SP_USER: running as 1001"), "{}", errors(&output));
        assert_eq!(lab.fake.containers(), [""; 0]);
    }
}

#[test]
fn what_the_command_says_of_errors_stays_apart() {
    let lab = Lab::new();
    lab.fake.fail_saying("show", 3, "on standard error");
    let output = lab.run(&["exec", "show"], &[]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
    assert!(errors(&output).contains("on standard error\n"));
}

/// An engine that lacks the image would ask a public registry, where anybody may have the name.
#[test]
fn a_missing_image_is_125_and_nothing_is_fetched() {
    let lab = Lab::new();
    let output = lab.run(&["exec", "ls"], &[("EXEC_ID", "notebook-none"), ("SP_HOME", "never")]);
    assert_eq!(output.status.code(), Some(125));
    let said = errors(&output);
    assert!(said.contains("there is no image notebook-none in docker") && said.contains("hint: image-build"));
    assert_eq!(lab.fake.lines(), [""; 0]);
    assert!(!lab.repository.at("never").exists());
}

/// D29: `SP_HOME` needed a program that no system has, and was seen from the mission's directory.
#[test]
fn d29_sp_home_is_seen_from_where_the_caller_stands_and_made() {
    let lab = Lab::new();
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().canonicalize().unwrap();
    let mut command = lab.command(&["exec", "pwd"]);
    let root = lab.repository.root().to_owned();
    let output = command.current_dir(&here).env("SP_HOME", "sp home").env("JUPYTERHUB_DIR", root);
    assert!(output.status().unwrap().success());
    let home = here.join("sp home");
    assert!(home.is_dir());
    assert_eq!(
        lab.fake.lines(),
        [format!("docker run {PARS} -v '{}:/home/jovyan' {NAME} pwd", home.display())]
    );
    assert!(!lab.repository.at("sp home").exists());
}

/// D30: words were split again, and globbed in the mission's directory.
#[test]
fn d30_words_reach_the_container_as_they_are() {
    let lab = Lab::new();
    let lines = lab.lines(&["exec", "bash", "-c", "echo hi  there", "*", "", "--", "-x"], &[]);
    assert_eq!(lines, [format!("docker run {PARS} {NAME} bash -c 'echo hi  there' '*' '' -- -x")]);
}

/// D31: a value with a blank silently skipped the hook.
#[test]
fn d31_the_hook_runs_first_in_its_own_container_without_the_user() {
    let lab = Lab::new();
    lab.fake.print("off-hub", "from the hook\n", 0);
    let env = [("SP_HUB_INIT", "yes please"), ("SP_USER", "1001"), ("IMAGE_RUN_PARS", "--rm")];
    let output = lab.run(&["exec", "id"], &env);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        lab.fake.lines(),
        [
            format!("docker run --rm {NAME} /opt/environments/post-start-hook off-hub"),
            format!("docker run --rm --user 1001 --group-add users {NAME} id"),
        ]
    );
    assert!(output.stdout.is_empty(), "the hook's output is not the command's");
    assert!(errors(&output).contains("from the hook"));
}

#[test]
fn a_hook_that_fails_ends_the_run_with_its_status() {
    let lab = Lab::new();
    lab.fake.fail("off-hub", 9);
    let output = lab.run(&["exec", "id"], &[("SP_HUB_INIT", "1")]);
    assert_eq!(output.status.code(), Some(9));
    assert!(errors(&output).contains("the command was not run"));
    assert_eq!(lab.fake.lines().len(), 1);
}

#[test]
fn d32_a_shell_is_that_of_the_configured_image() {
    let lab = Lab::new();
    lab.fake.image("the-newest", &[]);
    let bash = "/bin/bash --rcfile /etc/bash.bashrc";
    let by_default = lab.lines(&["shell"], &[]);
    assert_eq!(by_default, [format!("docker run {PARS} --interactive {NAME} {bash}")]);
    let named = lab.lines(&["shell", "the-newest"], &[("EXEC_ID", NAME)]);
    assert_eq!(named, [format!("docker run {PARS} --interactive the-newest {bash}")]);
    let help = lab.run(&["shell", "--help"], &[]);
    assert_eq!(help.status.code(), Some(0), "it was 2");
    assert!(String::from_utf8_lossy(&help.stdout).contains("Open a shell in the image"));
}

#[test]
fn dev_mounts_the_clone_whatever_it_is_called() {
    let lab = Lab::new();
    let output = lab.run(&["shell", "--dev"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let line = lab.fake.lines().pop().unwrap();
    let scripts = lab.repository.at("deployments/common/common-scripts");
    assert!(scripts.to_str().unwrap().contains(' '), "the repository's path has a blank");
    assert!(line.contains(&format!("-v '{}:/opt/common-scripts:rw'", scripts.display())), "{line}");
    assert!(line.contains("-e CLEAR_PKG_CACHES=0 -e PATH=/opt/conda/bin:"), "{line}");
    assert!(errors(&output).contains("common/tools is not there, and not mounted"), "{}", errors(&output));
}

#[test]
fn lab_is_the_images_own_command_with_its_port() {
    let lab = Lab::new();
    assert_eq!(lab.lines(&["lab"], &[]), [format!("docker run {PARS} -p 8888:8888 {NAME}")]);
    let stale = lab.run(&["lab"], &[("IMAGE_RUN_PARS", "--rm -e A=1")]);
    assert_eq!(lab.fake.lines(), [format!("docker run --rm -e A=1 -p 8888:8888 {NAME}")]);
    assert!(errors(&stale).contains("IMAGE_RUN_PARS of the shell is taken"), "{}", errors(&stale));
}

#[test]
fn testing_is_as_it_was_also_with_an_image_exported() {
    let lab = Lab::new();
    for args in [&[][..], &["-"], &["--allow-empty"], &["--", "exec"]] {
        let output = lab.run(args, &[("EXEC_ID", "notebook-none")]);
        let expected = if args == ["-"] { 65 } else { 69 };
        assert_eq!(output.status.code(), Some(expected), "{args:?}: {}", errors(&output));
    }
    assert_eq!(lab.run(&["--allow-empty", "exec", "ls"], &[]).status.code(), Some(2));
}

/// The entries in `scripts/`, beside a program that only shows its words.
#[test]
fn each_entry_finds_its_tool_beside_it_and_keeps_words_whole() {
    let lab = Lab::new();
    let dir = tempfile::Builder::new().prefix("a clone ").tempdir().unwrap();
    for tool in ["image-test", "image-freeze", "image-update"] {
        let path = dir.path().join(tool);
        testing::program(&path, "#!/bin/sh\nprintf '<%s>' \"${0##*/}\" \"$@\"\nexit 7\n");
    }
    let check = |name: &str, expected: &str| {
        let entry = dir.path().join(name);
        testing::program(&entry, &fs::read_to_string(script(name)).unwrap());
        let path = std::env::join_paths([dir.path(), Path::new(&lab.fake.path())]).unwrap();
        let shell = format!("{name} 'a b' '*'");
        let calls = [
            lab.program(&entry, &["a b", "*"]).output().unwrap(),
            lab.program(Path::new("sh"), &["-c", &shell]).env("PATH", &path).output().unwrap(),
        ];
        for output in calls {
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", errors(&output));
            assert_eq!(output.status.code(), Some(7));
        }
    };
    check("image-exec", "<image-test><exec><a b><*>");
    check("image-sh", "<image-test><shell><a b><*>");
    check("run-lab", "<image-test><lab><a b><*>");
    check("image-graph-env", "<image-test><exec></opt/common-scripts/env-graph><a b><*>");
    check("image-cp", "<image-freeze><copy><a b><*>");
    check("image-chill", "<image-freeze><chill><a b><*>");
    check("image-envs", "<image-update><--list-environments><a b><*>");
}

#[test]
fn dev_pars_are_sourced_by_name_and_leave_other_arguments_alone() {
    let lab = Lab::new();
    // A clone whose path has no blank: IMAGE_RUN_PARS is split at them.
    let top = tempfile::tempdir().unwrap();
    let clone = top.path().canonicalize().unwrap();
    fs::create_dir_all(clone.join("deployments/roman/environments")).unwrap();
    let bin = clone.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::copy(script("image-dev-pars"), bin.join("image-dev-pars")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_image-test"), bin.join("image-test")).unwrap();
    let path = std::env::join_paths([bin.as_path(), Path::new(&lab.fake.path())]).unwrap();
    let show = "set -eu; . image-dev-pars; printf '%s|' \"$DEV_PARS\" \"$IMAGE_RUN_PARS\" \"$*\"";
    let source = |shell: &str, args: &[&str]| {
        let mut command = lab.program(Path::new(shell), &[&["-c", show, "x"], args].concat());
        command.current_dir(&clone).env("PATH", &path).env("JUPYTERHUB_DIR", &clone);
        let output = command.env("DEPLOYMENT_NAME", "roman").output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    for shell in ["bash", "sh"] {
        assert_eq!(source(shell, &["a b"]), format!("|{PARS}|a b|"), "{shell}");
        let dev = source(shell, &["--dev", "c"]);
        let mount = format!("-v {}/deployments/roman/environments:/opt/environments:rw", clone.display());
        let fields: Vec<&str> = dev.split('|').collect();
        assert!(fields[0].starts_with(&mount), "{dev}");
        assert_eq!(fields[1], format!("{PARS} {}", fields[0]));
        assert_eq!(fields[2], "c");
    }
}

#[test]
fn d8_a_clone_with_a_blank_in_its_path_cannot_be_exported_and_says_what_to_do() {
    let lab = Lab::new();
    let output = lab.run(&["dev-pars", "--shell", "--dev"], &[]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(78), &b""[..]));
    assert!(errors(&output).contains("hint: image-sh --dev or run-lab --dev"), "{}", errors(&output));
}

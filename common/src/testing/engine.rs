//! A container engine that only pretends: a shell script that notes each call and answers what the
//! test prepared.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::call::Call;
use super::image::{FakeImage, copy_tree, tar_of_tree};
use super::{plain_programs, program};
use crate::console::Console;
use crate::digest::Digest;
use crate::engine::{Engine, Kind, choose_on};
use crate::settings::EngineChoice;
use crate::shell;

const SCRIPT: &str = include_str!("engine.sh");

/// The image's name that stands for every image.
const ANY: &str = "*";

/// A directory with a pretended `docker`, `podman` or `buildah`, and this machine's ordinary
/// programs. Give [`FakeEngine::path`] to a tool as its PATH.
///
/// Where a test says nothing, the engine works: it tells versions, builds whatever it is asked
/// (the image's environment is that of the image in `BASE_IMAGE` or `BASE_CONTAINER` and its own
/// build arguments; the same call makes the same id), runs silently with status 0, and has no
/// files in its images.
#[derive(Debug)]
pub struct FakeEngine {
    dir: TempDir,
    kind: Kind,
}

impl FakeEngine {
    /// Pretends docker with `BuildKit`.
    #[must_use]
    pub fn docker() -> Self {
        Self::new(Kind::Docker)
    }

    /// Pretends podman.
    #[must_use]
    pub fn podman() -> Self {
        Self::new(Kind::Podman)
    }

    /// Pretends buildah.
    #[must_use]
    pub fn buildah() -> Self {
        Self::new(Kind::Buildah)
    }

    fn new(kind: Kind) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        for name in ["bin", "images", "names", "next", "containers", "trees", "answers.d", "nothing"] {
            fs::create_dir(dir.path().join(name)).expect("a fresh directory takes directories");
        }
        let engine = Self { dir, kind };
        engine.write("empty.tar", &[0; 1024]);
        plain_programs(&engine.at("bin"));
        let root = shell::quote(&engine.dir.path().to_string_lossy());
        program(&engine.program(), &format!("#!/bin/sh\nD={root} KIND={kind}\n{SCRIPT}"));
        engine
    }

    /// The whole PATH for a tool: this engine, ordinary programs, and no other engine.
    #[must_use]
    pub fn path(&self) -> OsString {
        self.at("bin").into_os_string()
    }

    /// The engine's program.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.at("bin").join(self.kind.name())
    }

    /// It as a tool finds it, by asking.
    #[must_use]
    pub fn engine(&self) -> Engine {
        let choice = match self.kind {
            Kind::Docker => EngineChoice::Docker,
            Kind::Podman => EngineChoice::Podman,
            Kind::Buildah => EngineChoice::Buildah,
        };
        choose_on(&self.path(), choice, &Console::silent()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.at(name), content).expect("a temporary directory takes files");
    }

    /// Has an image `name` with the environment `env` (`NAME=value` each), and gives its id.
    pub fn image(&self, name: &str, env: &[&str]) -> Digest {
        self.named("names", name, env)
    }

    /// Will have this image once it builds or pulls `name`; gives the id that it will have.
    pub fn will_make(&self, name: &str, env: &[&str]) -> Digest {
        self.named("next", name, env)
    }

    /// Gives the image that was prepared as `name` these labels, an object of texts.
    pub fn label(&self, name: &str, labels: &serde_json::Value) {
        let text = labels.to_string();
        let inside = text.trim_start_matches('{').trim_end_matches('}');
        let file = self.home_of(name).join("labels");
        fs::write(file, format!("{inside}\n")).expect("a temporary directory takes files");
    }

    fn named(&self, list: &str, name: &str, env: &[&str]) -> Digest {
        let image = FakeImage::new(name, env);
        let id = image.id();
        let dir = format!("images/{}", id.hex());
        fs::create_dir_all(self.at(&dir).join("trees")).expect("a temporary directory takes directories");
        self.write(&format!("{dir}/env"), format!("{}\n", image.env).as_bytes());
        self.write(&format!("{dir}/archive.tar"), &image.archive(self.kind, name));
        self.write(&format!("{list}/{}", file_name(name)), format!("{}\n", id.hex()).as_bytes());
        id
    }

    /// Serves the tree or file `source` as `path` of `image` (`"*"`: of every image), also as part
    /// of the whole image. Serve it after the image was named.
    pub fn serve(&self, image: &str, path: &str, source: &Path) {
        let home = if image == ANY { self.dir.path().to_owned() } else { self.home_of(image) };
        let inside = path.trim_matches('/');
        let top = Path::new(inside).file_name().unwrap_or_default().to_string_lossy();
        let tar = home.join("trees").join(format!("{}.tar", inside.replace('/', "%")));
        fs::write(tar, tar_of_tree(source, &top)).expect("a temporary directory takes files");
        let root = home.join("root");
        copy_tree(source, &root.join(inside));
        fs::write(home.join("root.tar"), tar_of_tree(&root, "")).expect("a temporary directory takes files");
    }

    /// Serves `files` (names below `path`, and their content) as [`Self::serve`] does.
    pub fn serve_files(&self, image: &str, path: &str, files: &[(&str, &str)]) {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        for (name, content) in files {
            let file = dir.path().join(name);
            fs::create_dir_all(file.parent().expect("it is below")).expect("takes directories");
            fs::write(file, content).expect("a temporary directory takes files");
        }
        self.serve(image, path, dir.path());
    }

    fn home_of(&self, image: &str) -> PathBuf {
        let read = |list: &str| fs::read_to_string(self.at(list).join(file_name(image))).ok();
        let hex = read("names").or_else(|| read("next"));
        self.at("images").join(hex.unwrap_or_else(|| panic!("no image {image} was prepared")).trim_end())
    }

    /// Makes each call fail that has the words of `pattern` in this order (`"build notebook-common"`).
    pub fn fail(&self, pattern: &str, status: u8) {
        self.fail_saying(pattern, status, &format!("fake: told to fail at: {pattern}"));
    }

    /// As [`Self::fail`], with `message` on standard error.
    pub fn fail_saying(&self, pattern: &str, status: u8, message: &str) {
        self.answer(pattern, &status.to_string(), "err", &format!("{message}\n"));
    }

    /// Makes each such call print `text` on standard output and end with `status`. A build or a pull
    /// that ends with 0 also makes its image.
    pub fn print(&self, pattern: &str, text: &str, status: u8) {
        self.answer(pattern, &status.to_string(), "out", text);
    }

    /// Makes each such call hang until it is killed.
    pub fn hang(&self, pattern: &str) {
        self.answer(pattern, "hang", "out", "");
    }

    /// Waits until a call hangs.
    pub fn wait_until_hanging(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.at("hanging").exists() {
            assert!(Instant::now() < deadline, "no call hangs; there were:\n{}", self.lines().join("\n"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Forgets all that [`Self::fail`], [`Self::print`] and [`Self::hang`] asked for.
    pub fn behave(&self) {
        _ = fs::remove_file(self.at("answers"));
        _ = fs::remove_file(self.at("hanging"));
    }

    /// The first answer that fits a call is taken, so the newest goes first.
    fn answer(&self, pattern: &str, status: &str, stream: &str, text: &str) {
        let number = fs::read_dir(self.at("answers.d")).expect("its own directory").count();
        let file = self.at("answers.d").join(number.to_string());
        fs::write(&file, text).expect("a temporary directory takes files");
        let words: Vec<String> = pattern.split_ascii_whitespace().map(|word| format!("|{word}|")).collect();
        let line = format!("{status}\t{stream}\t{}\t*{}*\n", file.display(), words.join("*"));
        let older = fs::read_to_string(self.at("answers")).unwrap_or_default();
        self.write("answers", (line + &older).as_bytes());
    }

    /// Pretends a docker 28 without buildx: its legacy builder alone.
    pub fn without_buildkit(&self) {
        self.write("no-buildkit", b"");
    }

    /// Has a container of this name, as if left by a tool that was killed.
    pub fn leave_container(&self, name: &str) {
        self.write(&format!("containers/{name}"), b"scratch\n");
    }

    /// The names of the containers that are there now.
    #[must_use]
    pub fn containers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.at("containers")).expect("its own directory");
        let mut names: Vec<String> =
            entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Every call so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let log = fs::read(self.at("log")).unwrap_or_default();
        let mut fields = log.split(|b| *b == 0).map(|field| String::from_utf8_lossy(field).into_owned());
        let mut calls = Vec::new();
        while let Some(program) = fields.next().filter(|program| !program.is_empty()) {
            let mut next = || fields.next().expect("the log has whole calls");
            let dir = next().into();
            let env = [next(), next(), next()]
                .iter()
                .filter_map(|pair| pair.split_once('='))
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let count: usize = next().parse().expect("the log has the number of words");
            let args = (0..count).map(|_| next()).collect();
            calls.push(Call { program, dir, env, args });
        }
        calls
    }

    /// The calls that do work: builds, runs, pulls, tags and removals of images. What only looks
    /// (probes, inspections, copies out of images) is left out.
    #[must_use]
    pub fn work(&self) -> Vec<Call> {
        self.calls().into_iter().filter(Call::is_work).collect()
    }

    /// [`Self::work`], one line each, as a shell would take it. What differs from run to run (the
    /// name and labels of a container) is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.work().iter().map(Call::to_string).collect()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        _ = fs::remove_file(self.at("log"));
    }
}

/// A name as a file's, without what engines add to names.
fn file_name(name: &str) -> String {
    let name = name.strip_prefix("localhost/").unwrap_or(name);
    name.strip_suffix(":latest").unwrap_or(name).replace('/', "%")
}

#[cfg(test)]
mod tests;

//! A conda channel in a directory, as far as a solver looks at one: what it lists. And the solver.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

/// A channel for 64-bit Intel machines.
pub struct Channel {
    dir: PathBuf,
    listed: Map<String, Value>,
    /// Removed with it, if it is of a test's own making.
    _own: Option<tempfile::TempDir>,
}

impl Channel {
    pub fn new() -> Self {
        let own = tempfile::tempdir().unwrap();
        let channel = Self { dir: own.path().to_owned(), listed: Map::new(), _own: Some(own) };
        channel.publish();
        channel
    }

    /// The one that is there already.
    pub fn at(url: &str) -> Self {
        Self { dir: url.strip_prefix("file://").unwrap().into(), listed: Map::new(), _own: None }
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.dir.display())
    }

    /// The listings of both of its parts.
    fn listings(&self) -> [PathBuf; 2] {
        ["linux-64", "noarch"].map(|subdir| self.dir.join(subdir).join("repodata.json"))
    }

    /// Does not list any more what begins like this.
    pub fn forget(&self, starts: &[&str]) {
        for path in self.listings() {
            let mut listing: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            for section in ["packages", "packages.conda"] {
                let listed = listing[section].as_object_mut().unwrap();
                listed.retain(|file, _| !starts.iter().any(|start| file.starts_with(start)));
            }
            fs::write(&path, listing.to_string()).unwrap();
        }
    }

    /// The address of the package whose file's name begins like this.
    pub fn package(&self, start: &str) -> Option<String> {
        let dirs = self.listings().map(|path| path.parent().unwrap().to_owned());
        let files = dirs.iter().flat_map(|dir| fs::read_dir(dir).unwrap()).map(|file| file.unwrap().path());
        let ours =
            |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{start}-"));
        Some(format!("file://{}", files.into_iter().find(ours)?.display()))
    }

    /// Where the package in `file` (`a-1-h0`) is.
    pub fn address(&self, file: &str) -> String {
        format!("{}/linux-64/{file}.conda", self.url())
    }

    /// Lists `name` in `version` with `build`; `more` are further members of its record.
    pub fn add(&mut self, name: &str, (version, build): (&str, &str), more: &Value) {
        let mut record = json!({
            "name": name, "version": version, "build": build, "build_number": 0, "depends": [], "subdir": "linux-64",
            "md5": "a".repeat(32), "sha256": "b".repeat(64), "size": 1,
        });
        let members = record.as_object_mut().unwrap();
        members.extend(more.as_object().cloned().unwrap_or_default());
        self.listed.insert(format!("{name}-{version}-{build}.conda"), record);
        self.publish();
    }

    /// Does not list the package in `file` any more.
    pub fn remove(&mut self, file: &str) {
        self.listed.remove(&format!("{file}.conda")).unwrap();
        self.publish();
    }

    fn publish(&self) {
        for (subdir, listed) in [("linux-64", self.listed.clone()), ("noarch", Map::new())] {
            let dir = self.dir.join(subdir);
            fs::create_dir_all(&dir).unwrap();
            let listing = json!({"info": {"subdir": subdir}, "packages": {}, "packages.conda": listed});
            fs::write(dir.join("repodata.json"), listing.to_string()).unwrap();
        }
    }
}

/// A Python that has py-rattler, if this machine has one: named by a variable, or the one on PATH.
pub fn rattler() -> Option<String> {
    let named = std::env::var("IMAGE_TOOLS_RATTLER").ok();
    let python = named.unwrap_or_else(|| "python3".to_owned());
    // Not where a module of that name may lie about.
    let found = Command::new(&python).args(["-c", "import rattler"]).current_dir("/").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(absolute(&python));
    }
    eprintln!(
        "skipped: {python} has no py-rattler (pip install it, or set IMAGE_TOOLS_RATTLER to a Python that has it)"
    );
    None
}

/// The path of `program`: the tools under test do not get this machine's PATH.
fn absolute(program: &str) -> String {
    if program.contains('/') {
        return program.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file());
    found.unwrap().display().to_string()
}

/// The program that makes the example's channel.
pub fn maker() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/site/make-channel")
}

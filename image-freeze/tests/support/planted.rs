//! Specs, an image that is as they say, and one fault of each class of drift.

use std::fs;
use std::process::{Command, Output};

use common::testing::{Repository, engine_variables};
use serde_json::{Value, json};

use super::pack::{Image, files};

pub const ENV: &str = "opt/conda/envs/roman-cal";
pub const SITE: &str = "opt/conda/envs/roman-cal/lib/python3.11/site-packages";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

pub type Files = Vec<(String, String)>;

pub fn conda(prefix: &str, name: &str, version: &str, build: &str) -> (String, String) {
    let text = json!({"name": name, "version": version, "build": build, "files": [], "sha256": "aa"});
    (format!("{prefix}/conda-meta/{name}.json"), text.to_string())
}

pub fn pip(name: &str, version: &str) -> (String, String) {
    (format!("{SITE}/{name}.dist-info/METADATA"), format!("Name: {name}\nVersion: {version}\n"))
}

pub fn from_git(name: &str, commit: &str) -> (String, String) {
    let text = json!({"url": "https://h/x", "vcs_info": {"vcs": "git", "commit_id": commit}});
    (format!("{SITE}/{name}.dist-info/direct_url.json"), text.to_string())
}

/// What a clean build of [`specs`] holds.
pub fn clean() -> Files {
    let record = format!("asdf.py,sha256={},3\n", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    vec![
        conda("opt/conda", "conda", "24.1.2", "0"),
        conda(ENV, "fftw", "3.3.10", "h1_0"),
        conda(ENV, "python", "3.11.7", "h2_0"),
        pip("asdf", "3.0.1"),
        (format!("{SITE}/asdf.dist-info/RECORD"), record),
        (format!("{SITE}/asdf.py"), "abc".to_owned()),
        pip("gwcs", "0.21.0"),
        from_git("gwcs", COMMIT),
        pip("numpy", "1.26.4"),
        ("var/lib/dpkg/status".to_owned(), "Package: libc6\nArchitecture: amd64\nVersion: 2.36\n".to_owned()),
    ]
}

pub fn specs(repository: &Repository) {
    let at = |file: &str| format!("deployments/roman/env-frozen/{file}");
    repository.write(&at("base/requirements.yml"), "name: base\ndependencies:\n  - conda=24.1.2\n");
    let yml = "name: roman-cal\ndependencies:\n  - fftw=3.3.10=h1_0\n  - python=3.11.7=h2_0\nprefix: /opt\n";
    repository.write(&at("roman-cal/requirements.yml"), yml);
    let txt = format!(
        "# solved\nasdf==3.0.1 ; python_version > '3' \\\n    --hash=sha256:00\n    # via romancal\n\
         gwcs @ git+https://h/x@{COMMIT}\n    # via romancal\nnumpy==1.26.4\n"
    );
    repository.write(&at("roman-cal/requirements.txt"), &txt);
}

pub fn with(files: &Files, changed: &[(String, String)]) -> Files {
    let mut all: Files =
        files.iter().filter(|(path, _)| changed.iter().all(|(p, _)| p != path)).cloned().collect();
    all.extend(changed.iter().filter(|(_, text)| text != "-").cloned());
    all
}

/// A repository with specs, and archives of images beside them.
pub struct Lab(pub Repository);

impl Lab {
    pub fn new() -> Self {
        let repository = Repository::new();
        specs(&repository);
        let lab = Self(repository.git());
        lab.0.configure(|_| ());
        lab.image("clean.tar", &clean(), "sha256:one");
        lab
    }

    pub fn image(&self, name: &str, content: &Files, base: &str) {
        let listed: Vec<(&str, &str)> =
            content.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let labels = json!({"org.opencontainers.image.base.digest": base});
        fs::create_dir_all(self.0.at(".image")).unwrap();
        fs::write(self.0.at(".image").join(name), Image::labelled(&[files(&listed)], &labels).docker())
            .unwrap();
    }

    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
        command
            .args(args)
            .current_dir(self.0.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(Repository::GIT_ENV).envs(engine_variables()).output().unwrap()
    }

    /// The differences as `environment class kind name`.
    pub fn differences(&self, args: &[&str]) -> Vec<String> {
        let output = self.run(&[&["diff", "--json"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let document: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
        let mut found = Vec::new();
        for environment in document["environments"].as_array().unwrap() {
            for d in environment["differences"].as_array().unwrap() {
                let word = |key: &str| d[key].as_str().unwrap().to_owned();
                let name = environment["name"].as_str().unwrap();
                found.push(format!("{name} {} {} {}", word("class"), word("kind"), word("name")));
            }
        }
        assert_eq!(output.status.code(), Some(i32::from(!found.is_empty())), "{said}");
        found
    }
}

/// A fault that is planted into an image.
pub struct Fault {
    /// The class of drift that it is.
    pub class: &'static str,
    /// The files that are changed.
    pub changed: Files,
    /// The digest of the base that the image names.
    pub base: &'static str,
    /// Its package, after whose it is.
    pub package: &'static str,
    /// Whether specs tell it; else only the clean image does.
    pub by_specs: bool,
}

/// One fault of each class.
pub fn faults() -> Vec<Fault> {
    let gone = |(path, _): (String, String)| (path, "-".to_owned());
    let edited = (format!("{SITE}/asdf.py"), "xyz".to_owned());
    let ousted = json!({"name": "click", "version": "8", "build": "0",
        "files": ["lib/python3.11/site-packages/click-8.dist-info/METADATA"]});
    let click = (format!("{ENV}/conda-meta/click.json"), ousted.to_string());
    let record = (format!("{SITE}/asdf.dist-info/RECORD"), "asdf.py,,\n".to_owned());
    let status =
        ("var/lib/dpkg/status".to_owned(), "Package: libc6\nArchitecture: amd64\nVersion: 2.37\n".to_owned());
    let fault =
        |class, changed, package| Fault { class, changed, base: "sha256:one", package, by_specs: true };
    let unsaid = |fault| Fault { by_specs: false, ..fault };
    vec![
        fault("missing", vec![gone(pip("numpy", ""))], "roman-cal pip numpy"),
        fault("extra", vec![pip("stray", "1")], "roman-cal pip stray"),
        fault("version", vec![pip("numpy", "2.0.0")], "roman-cal pip numpy"),
        fault("build", vec![conda(ENV, "fftw", "3.3.10", "h9_9")], "roman-cal conda fftw"),
        fault("source-commit", vec![from_git("gwcs", &"f".repeat(40))], "roman-cal pip gwcs"),
        fault("edited-file", vec![edited], "roman-cal pip asdf"),
        fault("both-conda-and-pip", vec![click, pip("click", "9")], "roman-cal pip click"),
        unsaid(fault("hash", vec![record], "roman-cal pip asdf")),
        unsaid(fault("apt", vec![status], "(image) debian libc6:amd64")),
        Fault { base: "sha256:two", ..unsaid(fault("base-moved", Vec::new(), "(image) image base")) },
    ]
}

impl Fault {
    /// As [`Lab::differences`] tells it.
    pub fn line(&self) -> String {
        let (place, package) = self.package.split_once(' ').unwrap();
        format!("{place} {} {package}", self.class)
    }
}

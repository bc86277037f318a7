//! `image-freeze diff`, and `check` from a file: each class of drift, and the patch that mends it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/pack.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod pack;

use std::fs;
use std::process::{Command, Output};

use common::testing::Repository;
use pack::{Image, files};
use serde_json::{Value, json};

const ENV: &str = "opt/conda/envs/roman-cal";
const SITE: &str = "opt/conda/envs/roman-cal/lib/python3.11/site-packages";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

type Files = Vec<(String, String)>;

fn conda(prefix: &str, name: &str, version: &str, build: &str) -> (String, String) {
    let text = json!({"name": name, "version": version, "build": build, "files": [], "sha256": "aa"});
    (format!("{prefix}/conda-meta/{name}.json"), text.to_string())
}

fn pip(name: &str, version: &str) -> (String, String) {
    (format!("{SITE}/{name}.dist-info/METADATA"), format!("Name: {name}\nVersion: {version}\n"))
}

fn from_git(name: &str, commit: &str) -> (String, String) {
    let text = json!({"url": "https://h/x", "vcs_info": {"vcs": "git", "commit_id": commit}});
    (format!("{SITE}/{name}.dist-info/direct_url.json"), text.to_string())
}

/// What a clean build of [`specs`] holds.
fn clean() -> Files {
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

fn specs(repository: &Repository) {
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

fn with(files: &Files, changed: &[(String, String)]) -> Files {
    let mut all: Files =
        files.iter().filter(|(path, _)| changed.iter().all(|(p, _)| p != path)).cloned().collect();
    all.extend(changed.iter().filter(|(_, text)| text != "-").cloned());
    all
}

/// A repository with specs, and archives of images beside them.
struct Lab(Repository);

impl Lab {
    fn new() -> Self {
        let repository = Repository::new();
        specs(&repository);
        let lab = Self(repository.git());
        lab.0.configure(|_| ());
        lab.image("clean.tar", &clean(), "sha256:one");
        lab
    }

    fn image(&self, name: &str, content: &Files, base: &str) {
        let listed: Vec<(&str, &str)> =
            content.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let labels = json!({"org.opencontainers.image.base.digest": base});
        fs::create_dir_all(self.0.at(".image")).unwrap();
        fs::write(self.0.at(".image").join(name), Image::labelled(&[files(&listed)], &labels).docker())
            .unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
        command
            .args(args)
            .current_dir(self.0.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(Repository::GIT_ENV).output().unwrap()
    }

    /// The differences as `environment class kind name`.
    fn differences(&self, args: &[&str]) -> Vec<String> {
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

/// Each planted fault: what it is, the files that are changed, and how the specs and the clean image see it.
fn faults() -> Vec<(&'static str, Files, &'static str, &'static str)> {
    let gone = |(path, _): (String, String)| (path, "-".to_owned());
    let asdf = |text: &str| (format!("{SITE}/asdf.py"), text.to_owned());
    let ousted = json!({"name": "click", "version": "8", "build": "0",
        "files": ["lib/python3.11/site-packages/click-8.dist-info/METADATA"]});
    let click = (format!("{ENV}/conda-meta/click.json"), ousted.to_string());
    vec![
        ("missing", vec![gone(pip("numpy", ""))], "missing pip numpy", "missing pip numpy"),
        ("extra", vec![pip("stray", "1")], "extra pip stray", "extra pip stray"),
        ("version", vec![pip("numpy", "2.0.0")], "version pip numpy", "version pip numpy"),
        ("build", vec![conda(ENV, "fftw", "3.3.10", "h9_9")], "build conda fftw", "build conda fftw"),
        (
            "commit",
            vec![from_git("gwcs", &"f".repeat(40))],
            "source-commit pip gwcs",
            "source-commit pip gwcs",
        ),
        ("edited", vec![asdf("xyz")], "edited-file pip asdf", "edited-file pip asdf"),
        (
            "both",
            vec![click, pip("click", "9")],
            "both-conda-and-pip pip click",
            "both-conda-and-pip pip click",
        ),
    ]
}

#[test]
fn nothing_is_found_between_specs_and_images_that_agree() {
    let lab = Lab::new();
    lab.image("same.tar", &clean(), "sha256:one");
    let clean = ".image/clean.tar";
    for (a, b) in
        [(".", clean), (clean, "."), (clean, ".image/same.tar"), (".", "rev:HEAD"), ("rev:HEAD", clean)]
    {
        assert_eq!(lab.differences(&[a, b, "--verify"]), [""; 0], "{a} {b}");
    }
    assert_eq!(lab.differences(&["deployments/roman/env-frozen", clean]), [""; 0]);
    let output = lab.run(&["check", "--from", clean]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!lab.0.at(".image/evidence").exists(), "what a file claims is not evidence");
}

#[test]
fn one_planted_fault_of_each_class_is_found() {
    let lab = Lab::new();
    for (name, changed, by_specs, by_image) in faults() {
        lab.image("planted.tar", &with(&clean(), &changed), "sha256:one");
        let planted = ".image/planted.tar";
        let of_env = |found: Vec<String>| -> Vec<String> {
            found.iter().filter_map(|line| line.strip_prefix("roman-cal ").map(str::to_owned)).collect()
        };
        let found = of_env(lab.differences(&[".", planted, "--verify"]));
        assert!(found.contains(&by_specs.to_owned()), "{name}: {found:?}");
        assert!(name == "both" || found.len() == 1, "{name}: {found:?}");
        let found = of_env(lab.differences(&[".image/clean.tar", planted, "--verify"]));
        assert!(found.contains(&by_image.to_owned()), "{name}: {found:?}");
        let output = lab.run(&["check", "--from", planted, "--verify"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains(by_specs.split(' ').next().unwrap()),
            "{name}"
        );
    }
}

#[test]
fn what_no_spec_says_is_found_between_images() {
    let lab = Lab::new();
    let clean_tar = ".image/clean.tar";
    lab.image("moved.tar", &clean(), "sha256:two");
    assert_eq!(lab.differences(&[clean_tar, ".image/moved.tar"]), ["(image) base-moved image base"]);
    let status =
        ("var/lib/dpkg/status".to_owned(), "Package: libc6\nArchitecture: amd64\nVersion: 2.37\n".to_owned());
    lab.image("apt.tar", &with(&clean(), &[status]), "sha256:one");
    assert_eq!(lab.differences(&[clean_tar, ".image/apt.tar"]), ["(image) apt debian libc6:amd64"]);
    let record = (format!("{SITE}/asdf.dist-info/RECORD"), "asdf.py,,\n".to_owned());
    lab.image("hash.tar", &with(&clean(), &[record]), "sha256:one");
    assert_eq!(lab.differences(&[clean_tar, ".image/hash.tar"]), ["roman-cal hash pip asdf"]);
}

#[test]
fn a_kept_inventory_and_a_revision_are_sides_too() {
    let lab = Lab::new();
    let output = lab.run(&["inventory", ".image/clean.tar"]);
    fs::write(lab.0.at(".image/kept.json"), &output.stdout).unwrap();
    assert_eq!(lab.differences(&[".", ".image/kept.json"]), [""; 0]);
    let txt = "deployments/roman/env-frozen/roman-cal/requirements.txt";
    lab.0.write(txt, &lab.0.read(txt).replace("numpy==1.26.4", "numpy==1.26.5"));
    assert_eq!(lab.differences(&["rev:HEAD", "."]), ["roman-cal version pip numpy"]);
    assert_eq!(lab.differences(&["rev:HEAD", ".image/kept.json"]), [""; 0]);
    assert_eq!(lab.run(&["diff", "rev:nowhere", "."]).status.code(), Some(65));
}

#[test]
fn the_patch_makes_the_specs_say_what_the_image_holds() {
    let lab = Lab::new();
    let gone = (pip("numpy", "").0, "-".to_owned());
    let changes = [
        pip("asdf", "3.4.0"),
        from_git("gwcs", &"f".repeat(40)),
        gone,
        pip("aaa", "1"),
        pip("zipp", "3.19.2"),
        conda(ENV, "fftw", "3.3.11", "h7_7"),
        conda(ENV, "zlib", "1.3", "0"),
        (conda(ENV, "python", "", "").0, "-".to_owned()),
        conda("opt/conda", "conda", "24.5.0", "0"),
    ];
    lab.image("moved.tar", &with(&clean(), &changes), "sha256:one");
    for args in [
        &["check", "--from", ".image/moved.tar", "--patch"][..],
        &["diff", ".", ".image/moved.tar", "--patch"],
    ] {
        let output = lab.run(args);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(lab.0.at(".image/patch"), &output.stdout).unwrap();
        lab.0.run_git(&["apply", "--check", ".image/patch"]);
    }
    lab.0.run_git(&["apply", ".image/patch"]);
    assert_eq!(lab.differences(&[".", ".image/moved.tar"]), [""; 0]);
    let text = lab.0.read("deployments/roman/env-frozen/roman-cal/requirements.txt");
    let other = "f".repeat(40);
    let expected = format!(
        "# solved\naaa==1\nasdf==3.4.0 ; python_version > '3'\n    # via romancal\n\
         gwcs @ git+https://h/x@{other}\n    # via romancal\nzipp==3.19.2\n"
    );
    assert_eq!(text, expected);
    let yml = lab.0.read("deployments/roman/env-frozen/roman-cal/requirements.yml");
    assert!(yml.contains("\n  - fftw=3.3.11=h7_7\n  - zlib=1.3=0\nprefix"), "{yml}");
}

/// An address without a name was nobody's: what came from there was told as extra.
#[test]
fn an_address_without_a_name_is_compared_and_patched_by_where_it_leads() {
    let lab = Lab::new();
    let list = "deployments/roman/env-frozen/roman-cal/requirements.txt";
    let text = lab.0.read(list).replace("gwcs @ git+", "git+");
    lab.0.write(list, &text);
    lab.0.run_git(&["commit", "-qam", "nameless"]);
    assert_eq!(lab.differences(&[".", ".image/clean.tar"]), [""; 0]);
    let other = "f".repeat(40);
    lab.image("moved.tar", &with(&clean(), &[from_git("gwcs", &other)]), "sha256:one");
    assert_eq!(lab.differences(&[".", ".image/moved.tar"]), ["roman-cal source-commit pip gwcs"]);
    let output = lab.run(&["diff", ".", ".image/moved.tar", "--patch"]);
    fs::write(lab.0.at(".image/patch"), &output.stdout).unwrap();
    lab.0.run_git(&["apply", ".image/patch"]);
    assert!(lab.0.read(list).contains(&format!("\ngit+https://h/x@{other}\n")), "{}", lab.0.read(list));
    assert_eq!(lab.differences(&["rev:HEAD", "."]), ["roman-cal source-commit pip x"]);

    let gone = [(pip("gwcs", "").0, "-".to_owned()), (from_git("gwcs", "").0, "-".to_owned())];
    lab.image("moved.tar", &with(&clean(), &gone), "sha256:one");
    assert_eq!(lab.differences(&[".", ".image/moved.tar"]), ["roman-cal missing pip x"]);
    let output = lab.run(&["diff", ".", ".image/moved.tar", "--patch"]);
    fs::write(lab.0.at(".image/patch"), &output.stdout).unwrap();
    lab.0.run_git(&["apply", ".image/patch"]);
    assert!(!lab.0.read(list).contains("h/x"), "{}", lab.0.read(list));
}

#[test]
fn differences_are_told_as_a_table_and_as_markdown() {
    let lab = Lab::new();
    lab.image("moved.tar", &with(&clean(), &[pip("numpy", "2.0.0")]), "sha256:one");
    let said = |args: &[&str]| String::from_utf8(lab.run(args).stdout).unwrap();
    let table = said(&["diff", ".", ".image/moved.tar"]);
    assert!(table.contains("  version  pip    numpy  1.26.4 -> 2.0.0\n"), "{table}");
    for args in [
        &["diff", ".", ".image/moved.tar", "--markdown"][..],
        &["check", "--from", ".image/moved.tar", "--markdown"],
    ] {
        let text = said(args);
        assert!(text.contains("| version | pip `numpy` | `1.26.4` | `2.0.0` |\n"), "{text}");
    }
    let output = lab.run(&["diff", ".image/clean.tar", ".", "--patch"]);
    assert_eq!(output.status.code(), Some(2), "only specs can be patched");
}

/// A record with what only an explicit list compares.
fn addressed(name: &str, build: &str, sha256: &str) -> (String, String) {
    let url = format!("https://c/linux-64/{name}-1-{build}.conda");
    let text = json!({"name": name, "version": "1", "build": build, "files": [], "sha256": sha256.repeat(64), "url": url});
    (format!("{ENV}/conda-meta/{name}.json"), text.to_string())
}

/// The origin of a distribution whose archive had this digest.
fn from_archive(name: &str, sha256: &str) -> (String, String) {
    let text = json!({"url": "https://h/x.whl", "archive_info": {"hashes": {"sha256": sha256.repeat(64)}}});
    (format!("{SITE}/{name}.dist-info/direct_url.json"), text.to_string())
}

/// Specs that also say which base, which conda packages by digest, and which archives of pip's.
fn locked() -> (Lab, Files) {
    let lab = Lab::new();
    let at = |file: &str| format!("deployments/roman/env-frozen/{file}");
    let base = json!({"reference": "h/base:1", "digest": format!("sha256:{}", "1".repeat(64))});
    lab.0.write(&at("base.lock.json"), &base.to_string());
    let yml = "name: roman-cal\ndependencies:\n  - fftw=1\n  - python=3.11.7=h2_0\n";
    lab.0.write(&at("roman-cal/requirements.yml"), yml);
    let list = format!("@EXPLICIT\nhttps://c/linux-64/fftw-1-h1_0.conda#sha256:{}\n", "a".repeat(64));
    lab.0.write(&at("roman-cal/requirements.explicit"), &list);
    let txt = format!(
        "asdf==3.0.1 --hash=sha256:{}\ngwcs @ git+https://h/x@{COMMIT}\nnumpy==1.26.4\n",
        "b".repeat(64)
    );
    lab.0.write(&at("roman-cal/requirements.txt"), &txt);
    lab.0.run_git(&["add", "deployments"]);
    lab.0.run_git(&["commit", "-qm", "locked"]);
    let image = with(&clean(), &[addressed("fftw", "h1_0", "a"), from_archive("asdf", "b")]);
    (lab, image)
}

#[test]
fn what_better_locks_say_is_compared_with_the_image() {
    let (lab, good) = locked();
    let base = format!("sha256:{}", "1".repeat(64));
    let found = |files: &Files, base: &str| {
        lab.image("x.tar", files, base);
        lab.differences(&[".", ".image/x.tar"])
    };
    assert_eq!(found(&good, &base), [""; 0]);
    assert_eq!(found(&clean_without_origins(&good), &base), [""; 0], "what was not noted is not compared");
    let planted = |file| found(&with(&good, &[file]), &base);
    assert_eq!(planted(addressed("fftw", "h1_0", "f")), ["roman-cal hash conda fftw"]);
    assert_eq!(planted(addressed("fftw", "h7_7", "a")), ["roman-cal build conda fftw"]);
    assert_eq!(planted(from_archive("asdf", "f")), ["roman-cal hash pip asdf"]);
    assert_eq!(planted(from_git("numpy", COMMIT)), ["roman-cal source-commit pip numpy"]);
    assert_eq!(planted(from_git("gwcs", &"f".repeat(40))), ["roman-cal source-commit pip gwcs"]);
    assert_eq!(found(&good, &format!("sha256:{}", "2".repeat(64))), ["(image) base-moved image base"]);
    let output = lab.run(&["check", "--from", ".image/x.tar"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"base-moved\""));
}

fn clean_without_origins(files: &Files) -> Files {
    with(files, &[(from_archive("asdf", "").0, "-".to_owned())])
}

#[test]
fn better_locks_are_compared_with_each_other_and_patched() {
    let (lab, good) = locked();
    assert_eq!(lab.differences(&["rev:HEAD", "."]), [""; 0]);
    lab.image(
        "x.tar",
        &with(&good, &[addressed("fftw", "h7_7", "f")]),
        &format!("sha256:{}", "1".repeat(64)),
    );
    let output = lab.run(&["diff", ".", ".image/x.tar", "--patch"]);
    fs::write(lab.0.at(".image/patch"), &output.stdout).unwrap();
    lab.0.run_git(&["apply", ".image/patch"]);
    assert_eq!(lab.differences(&[".", ".image/x.tar"]), [""; 0]);
    assert_eq!(lab.differences(&["rev:HEAD", "."]), ["roman-cal build conda fftw"]);
}

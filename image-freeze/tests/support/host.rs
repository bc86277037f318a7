//! A root file system of this machine's own: a few Debian packages with what dpkg knows of them, and a
//! conda-like environment with this machine's Python, its pip, and a few distributions that pip installed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tar::{Builder, EntryType, Header};

/// What dpkg needs to run, and what it then tells of.
const PACKAGES: [&str; 10] = [
    "dpkg",
    "libc6",
    "libselinux1",
    "libpcre2-8-0",
    "libmd0",
    "zlib1g",
    "libbz2-1.0",
    "liblzma5",
    "libzstd1",
    "hostname",
];
/// The directories at the root that are links into `usr`.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];
/// Where the environment is.
const ENV: &str = "opt/conda/envs/roman-cal";
/// Left out of Python's library.
const LEFT_OUT: [&str; 9] = [
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "lib2to3",
    "ensurepip",
    "site-packages",
    "__pycache__",
];

/// Makes wheels of three distributions, and has pip install them; one then came out of version control.
const INSTALL: &str = r#"
import base64, hashlib, json, pathlib, subprocess, sys, zipfile
out, site = map(pathlib.Path, sys.argv[1:])
out.mkdir()
for name, version, needs in ("asdf", "3.0.1", ""), ("Ruamel.Yaml", "0.18.6", ""), ("gwcs", "0.21.0", "Requires-Dist: asdf>=3\n"):
    stem = f"{name}-{version}"
    files = {
        f"{name.lower().replace('.', '_')}.py": "version = 1\n",
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{stem}.dist-info/RECORD"
    digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    lines = [f"{path},sha256={digest(text)},{len(text)}" for path, text in files.items()] + [f"{record},,"]
    with zipfile.ZipFile(out / f"{stem}-py3-none-any.whl", "w") as wheel:
        for path, text in [*files.items(), (record, "\n".join(lines) + "\n")]:
            wheel.writestr(path, text)
pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--target", site]
subprocess.run([*pip, "--no-index", "--find-links", out, "Ruamel.Yaml", "gwcs"], check=True)
subprocess.run([*pip, out / "asdf-3.0.1-py3-none-any.whl"], check=True)
came = {"url": "https://h/gwcs", "vcs_info": {"vcs": "git", "commit_id": "0123456789" * 4}}
(site / "gwcs-0.21.0.dist-info" / "direct_url.json").write_text(json.dumps(came))
"#;

/// Writes the root file system as a tar to `file`; otherwise why that cannot be.
pub fn root(file: &Path) -> Result<(), String> {
    let ask = "import sys, pip; print(sys.base_prefix, '%d.%d' % sys.version_info[:2])";
    let told = output("python3", &["-I", "-c", ask]).ok_or("there is no python3 with pip")?;
    let (prefix, series) = told.trim().rsplit_once(' ').ok_or("python3 tells no version")?;
    if prefix == "/usr" {
        return Err("python3 is the distribution's, which looks for packages elsewhere".to_owned());
    }
    if output("dpkg-query", &[&["-L"][..], &PACKAGES].concat()).is_none() {
        return Err("this machine lacks dpkg, or one of its packages".to_owned());
    }
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (wheels, site) = (dir.path().join("wheels"), dir.path().join("site"));
    let installed = Command::new("python3").args(["-c", INSTALL]).args([&wheels, &site]).output();
    let installed = installed.map_err(|error| error.to_string())?;
    if !installed.status.success() {
        return Err(format!("pip: {}", String::from_utf8_lossy(&installed.stderr)));
    }
    let mut root = Root { tar: Builder::new(File::create(file).unwrap()), seen: BTreeSet::new() };
    for dir in ["usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "tmp", "var"] {
        root.take(Path::new("/var"), Path::new(dir));
    }
    for dir in MERGED {
        root.link(Path::new(dir), &Path::new("usr").join(dir));
    }
    root.packages();
    root.python(Path::new(prefix), series, &site);
    root.tar.finish().unwrap();
    Ok(())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

struct Root {
    tar: Builder<File>,
    seen: BTreeSet<PathBuf>,
}

impl Root {
    fn link(&mut self, path: &Path, target: &Path) {
        if self.seen.insert(path.to_owned()) {
            let mut header = Header::new_gnu();
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            self.tar.append_link(&mut header, path, target).unwrap();
        }
    }

    fn text(&mut self, path: &str, text: &str) {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        self.tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }

    /// The file, link or directory at `source`, as `path`.
    fn take(&mut self, source: &Path, path: &Path) {
        let Ok(found) = source.symlink_metadata() else { return };
        if found.is_dir() && self.seen.insert(path.to_owned()) {
            self.tar.append_dir(path, source).unwrap();
        } else if found.is_symlink() {
            self.link(path, &fs::read_link(source).unwrap());
        } else if found.is_file() && self.seen.insert(path.to_owned()) {
            self.tar.append_path_with_name(source, path).unwrap();
        }
    }

    fn packages(&mut self) {
        let listed = output("dpkg-query", &[&["-L"][..], &PACKAGES].concat()).unwrap();
        for line in listed.lines().filter(|line| line.starts_with('/') && *line != "/.") {
            let path = Path::new(line.trim_start_matches('/'));
            // As the links at the root lead, which are there already.
            let merged = MERGED.iter().find_map(|dir| Some((dir, path.strip_prefix(dir).ok()?)));
            let path = match merged {
                Some((_, rest)) if rest.as_os_str().is_empty() => continue,
                Some(_) => Path::new("usr").join(path),
                None => path.to_owned(),
            };
            self.take(Path::new(line), &path);
        }
        let status = fs::read_to_string("/var/lib/dpkg/status").unwrap();
        let is_ours =
            |stanza: &&str| PACKAGES.iter().any(|name| stanza.starts_with(&format!("Package: {name}\n")));
        let stanzas: Vec<&str> = status.split("\n\n").map(str::trim_start).filter(is_ours).collect();
        self.text("var/lib/dpkg/status", &(stanzas.join("\n\n") + "\n\n"));
        for entry in fs::read_dir("/var/lib/dpkg/info").unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            // The one that says how the others are called counts too.
            let of = |one: &str| name.strip_prefix(one).is_some_and(|rest| rest.starts_with(['.', ':']));
            if name == "format" || PACKAGES.iter().any(|one| of(one)) {
                self.take(&entry.path(), &Path::new("var/lib/dpkg/info").join(&name));
            }
        }
    }

    fn python(&mut self, prefix: &Path, series: &str, site: &Path) {
        let program = prefix.join(format!("bin/python{series}"));
        self.take(&program, &Path::new(ENV).join("bin/python3"));
        let libraries = output("ldd", &[program.to_str().unwrap()]).unwrap();
        for word in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
            let library = Path::new(word);
            // Python's own one where the loader looks by itself, the others where they are.
            let real = fs::canonicalize(library).unwrap();
            let name = library.file_name().unwrap();
            let inside = match library.strip_prefix(prefix) {
                Ok(_) => Path::new("usr/lib").join(name),
                Err(_) => real.with_file_name(name).strip_prefix("/").unwrap().to_owned(),
            };
            self.take(&real, &inside);
        }
        let home = Path::new(ENV).join(format!("lib/python{series}"));
        self.tree(&prefix.join(format!("lib/python{series}")), &home, &|name| {
            LEFT_OUT.contains(&name) || name.starts_with("config-")
        });
        let packages = home.join("site-packages");
        let theirs = prefix.join(format!("lib/python{series}/site-packages"));
        for entry in fs::read_dir(&theirs).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name == "pip" || (name.starts_with("pip-") && name.ends_with(".dist-info")) {
                self.tree(&entry.path(), &packages.join(&name), &|name| name == "__pycache__");
            }
        }
        self.tree(site, &packages, &|name| name == "bin");
        let version =
            output(program.to_str().unwrap(), &["-c", "import platform; print(platform.python_version())"]);
        let version = version.unwrap();
        let record =
            json!({"name": "python", "version": version.trim(), "build": "0", "files": ["bin/python3"]});
        self.text(&format!("{ENV}/conda-meta/python-{}-0.json", version.trim()), &record.to_string());
    }

    fn tree(&mut self, source: &Path, path: &Path, left_out: &dyn Fn(&str) -> bool) {
        for entry in fs::read_dir(source).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if left_out(&name) {
                continue;
            }
            let (from, to) = (entry.path(), path.join(&name));
            if from.is_dir() && !from.is_symlink() {
                self.tree(&from, &to, left_out);
            } else {
                self.take(&from, &to);
            }
        }
    }
}

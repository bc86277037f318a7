//! What the container reads from its standard input: one tar of the runner, its request, and the
//! repository's specs. Nothing is mounted, so that an engine on another machine can run it too.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use common::fault::{Fault, Status, io_status};
use common::report::TestKind;
use serde::Serialize;
use tar::{Builder, Header, HeaderMode};
use tempfile::NamedTempFile;
use thiserror::Error;

use super::limits::Limits;
use super::planned::Planned;

/// Unpacks the tar in the container, starts the runner in it, and leaves nothing behind. Newer Pythons ask how far archives
/// are trusted; older ones do not know the question.
pub(crate) const BOOT: &str = "\
import atexit, runpy, shutil, sys, tarfile, tempfile
root = tempfile.mkdtemp(prefix='image-test-')
atexit.register(shutil.rmtree, root, True)
trust = {'filter': 'fully_trusted'} if hasattr(tarfile, 'fully_trusted_filter') else {}
tarfile.open(fileobj=sys.stdin.buffer, mode='r|').extractall(root, **trust)
sys.path.insert(0, root)
sys.argv[1:] = [root]
runpy.run_module('image_test_runner', run_name='__main__')
";

/// The runner's files.
const RUNNER: [(&str, &str); 9] = [
    ("__init__.py", include_str!("runner/__init__.py")),
    ("__main__.py", include_str!("runner/__main__.py")),
    ("case.py", include_str!("runner/case.py")),
    ("child.py", include_str!("runner/child.py")),
    ("cores.py", include_str!("runner/cores.py")),
    ("environment.py", include_str!("runner/environment.py")),
    ("importing.py", include_str!("runner/importing.py")),
    ("notebook.py", include_str!("runner/notebook.py")),
    ("venv.py", include_str!("runner/venv.py")),
];

/// What the runner is asked.
#[derive(Debug, Serialize)]
pub(crate) struct Request<'a> {
    jobs: Option<u16>,
    limits: Limits,
    /// The environment that a virtual one replaces.
    venv: Option<&'a str>,
    cases: Vec<Asked<'a>>,
}

/// A virtual environment that is made in the container, in place of one of the image's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Venv<'a> {
    /// Which it replaces.
    pub(crate) environment: &'a str,
    /// What is in it, as a requirement file.
    pub(crate) lock: &'a str,
    /// A uv for an image that has none.
    pub(crate) uv: Option<&'a Path>,
    /// The authorities to trust besides those that uv knows.
    pub(crate) ca_bundle: Option<&'a Path>,
}

/// One test, by the place that it has among all.
#[derive(Debug, Serialize)]
struct Asked<'a> {
    id: usize,
    environment: &'a str,
    kind: TestKind,
    name: &'a str,
    alone: bool,
}

impl<'a> Request<'a> {
    /// The request for those of `planned` that can be tried, in this order.
    pub(crate) fn new(planned: &'a [Planned], order: &[usize], jobs: Option<u16>, limits: Limits) -> Self {
        let asked = |&id: &usize| {
            let Planned { environment, kind, name, alone, refused } = &planned[id];
            refused.is_none().then_some(Asked { id, environment, kind: *kind, name, alone: *alone })
        };
        Self { jobs, limits, venv: None, cases: order.iter().filter_map(asked).collect() }
    }

    /// It with an environment that is to be made first.
    pub(crate) fn making(self, venv: &Venv<'a>) -> Self {
        Self { venv: Some(venv.environment), ..self }
    }

    /// The environments that anything is asked of, sorted.
    fn environments(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self.cases.iter().map(|case| case.environment).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The tar cannot be made.
#[derive(Debug, Error)]
#[error("cannot put {} together for the container", path.display())]
pub(crate) struct PayloadError {
    path: PathBuf,
    source: io::Error,
}

impl Fault for PayloadError {
    fn status(&self) -> Status {
        io_status(&self.source)
    }
}

/// Writes the tar: the runner, `request`, what it takes to make `venv`, and of `environments` those
/// that are asked for.
pub(crate) fn write(
    request: &Request<'_>,
    venv: Option<&Venv<'_>>,
    environments: &Path,
) -> Result<NamedTempFile, PayloadError> {
    let file = NamedTempFile::new().map_err(failed(&std::env::temp_dir()))?;
    let mut tar = Builder::new(io::BufWriter::new(file.as_file()));
    // Whoever unpacks it owns it; links stay what they are.
    tar.mode(HeaderMode::Deterministic);
    tar.follow_symlinks(false);
    runner(&mut tar, request).map_err(failed(file.path()))?;
    if let Some(Venv { lock, uv, ca_bundle, .. }) = venv {
        append(&mut tar, "lock.txt", lock.as_bytes()).map_err(failed(file.path()))?;
        for (name, source) in [("uv", uv), ("ca.pem", ca_bundle)] {
            if let Some(source) = source {
                let opened = File::open(source).and_then(|mut file| tar.append_file(name, &mut file));
                opened.map_err(failed(source))?;
            }
        }
    }
    for name in request.environments() {
        let dir = environments.join(name);
        tar.append_dir_all(Path::new("environments").join(name), &dir).map_err(failed(&dir))?;
    }
    let flushed = tar.into_inner().and_then(|mut out| out.flush());
    flushed.map_err(failed(file.path()))?;
    Ok(file)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> PayloadError {
    let path = path.to_owned();
    move |source| PayloadError { path, source }
}

/// The runner's own files, and what it is asked.
fn runner(tar: &mut Builder<io::BufWriter<&File>>, request: &Request<'_>) -> io::Result<()> {
    for (name, text) in RUNNER {
        append(tar, &format!("image_test_runner/{name}"), text.as_bytes())?;
    }
    let text = serde_json::to_vec(request).expect("a request has only string keys");
    append(tar, "request.json", &text)
}

fn append(tar: &mut Builder<io::BufWriter<&File>>, path: &str, text: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tar_holds_the_runner_the_request_and_the_specs_that_are_asked_for() {
        let root = tempfile::tempdir().unwrap();
        for name in ["roman-cal", "untested"] {
            std::fs::create_dir_all(root.path().join(name).join("tests")).unwrap();
            std::fs::write(root.path().join(name).join("tests/a.ipynb"), "{}").unwrap();
        }
        let planned = [Planned {
            environment: "roman-cal".to_owned(),
            kind: TestKind::Notebook,
            name: "a.ipynb".to_owned(),
            alone: true,
            refused: None,
        }];
        let request = Request::new(&planned, &[0], Some(2), Limits::new(None));
        let file = write(&request, None, root.path()).unwrap();
        let mut tar = tar::Archive::new(file.reopen().unwrap());
        let mut names = Vec::new();
        for entry in tar.entries().unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            if name == "request.json" {
                let value: serde_json::Value = serde_json::from_reader(entry).unwrap();
                assert_eq!(value["limits"]["notebook"], 1800.0);
                assert_eq!(value["cases"][0]["kind"], "notebook");
            }
            names.push(name);
        }
        assert!(names.contains(&"image_test_runner/__main__.py".to_owned()));
        assert!(names.contains(&"environments/roman-cal/tests/a.ipynb".to_owned()));
        assert!(!names.iter().any(|name| name.contains("untested")), "{names:?}");
    }
}

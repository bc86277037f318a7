//! py-rattler, the solver of the newer tools of conda's world as a Python package: a short script of
//! ours, given to the interpreter that has it.

use std::path::{Path, PathBuf};

use common::console::Console;
use common::process::{self, Input, Invocation, ProcessError};
use common::settings::Platform;
use serde::Deserialize;
use serde_json::json;

use super::{Ended, PATIENCE, Package, Question};
use crate::told::{Programs, Told};

/// What the interpreter runs.
const SCRIPT: &str = include_str!("rattler.py");

/// What tells the package's version, quicker than loading it, and where it was looked for.
const VERSION: &str = "\
import json, os, site, sys
from importlib.metadata import PackageNotFoundError, version
looked = []
for path in [*sys.path, site.getusersitepackages()]:
    if path:
        try:
            changed = os.stat(path.encode()).st_mtime_ns
        except OSError:
            changed = None
        except UnicodeEncodeError:
            path, changed = os.sep, None  # cannot be told, so it counts as changed each time
        looked.append({'path': os.path.abspath(path), 'changed': changed})
try:
    found = version('py-rattler')
except PackageNotFoundError:
    found = None
json.dump({'text': found, 'looked_in': looked}, sys.stdout)
";

/// What the script prints.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    packages: Option<Vec<Package>>,
    #[serde(default)]
    conflict: Option<String>,
    #[serde(default)]
    failure: Option<String>,
}

/// The interpreter as it can be called from anywhere.
pub(super) fn place(python: &str) -> PathBuf {
    if python.contains('/') {
        // Where that fails there is no working directory, and nothing works.
        std::path::absolute(python).unwrap_or_else(|_| python.into())
    } else {
        python.into()
    }
}

/// The version of py-rattler that `python` has; `None` if it has none.
///
/// # Errors
/// It cannot be run.
pub(super) fn version(
    python: &str,
    programs: &Programs,
    console: &Console,
) -> Result<Option<String>, ProcessError> {
    let python = place(python);
    let ask = || {
        let captured = process::capture(&call(&python, VERSION), console)?;
        // Before it, whatever the site has it print.
        let said = captured.stdout.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
        let told = said.and_then(|line| serde_json::from_slice(line).ok());
        Ok(told.unwrap_or(Told { text: None, looked_in: Vec::new() }))
    };
    Ok(programs.of(&python, VERSION, ask)?.text)
}

pub(super) fn solve(python: &Path, question: &Question, console: &Console) -> Result<Ended, ProcessError> {
    let asked = Input::Bytes(asked(question).into_bytes());
    let captured = process::capture(&call(python, SCRIPT).input(asked).limit(PATIENCE), console)?;
    let answer: Answer = serde_json::from_slice(&captured.stdout).unwrap_or_default();
    Ok(match answer {
        Answer { packages: Some(packages), .. } => Ended::Packages(packages),
        Answer { conflict: Some(words), .. } => Ended::Conflict(words),
        Answer { failure: Some(words), .. } => Ended::Failure(words),
        Answer { .. } => {
            let said = String::from_utf8_lossy(&captured.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty());
            Ended::Failure(last.map_or_else(|| format!("it ended with {}", captured.exit), str::to_owned))
        }
    })
}

/// In the root directory: a program text looks for modules where it runs, and a repository may have some.
fn call(python: &Path, program: &str) -> Invocation {
    Invocation::new(python).args(["-c", program]).dir("/")
}

fn asked(question: &Question) -> String {
    let machine = match question.platform {
        Platform::Amd64 => "x86_64",
        Platform::Aarch64 => "aarch64",
    };
    // What conda takes an image to have. Which kernel it will run on nobody knows: one that is old enough.
    let glibc = question.glibc.to_string();
    let all = [
        ("__unix", "0", "0"),
        ("__linux", "5.10", "0"),
        ("__glibc", glibc.as_str(), "0"),
        ("__archspec", "1", machine),
    ];
    json!({
        "channels": question.channels,
        "specs": question.specs,
        "platform": question.subdirectory(),
        "virtual": all,
        "lowest": question.lowest,
        "offline": question.offline,
        "seconds": PATIENCE.as_secs(),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Python that is a program and no shim.
    const PYTHON: &str = "/usr/bin/python3";

    /// Else an installation of py-rattler would be noticed never, or Python be started each time.
    #[test]
    fn a_real_python_tells_where_it_looked() {
        if !Path::new(PYTHON).exists() {
            return eprintln!("skipped: there is no {PYTHON}");
        }
        let state = tempfile::tempdir().unwrap();
        let programs = Programs::in_state(state.path());
        let version = version(PYTHON, &programs, &Console::silent()).unwrap();
        let kept = std::fs::read_dir(state.path().join("programs")).unwrap().next().unwrap().unwrap();
        let told: Told = serde_json::from_slice(&std::fs::read(kept.path()).unwrap()).unwrap();
        assert_eq!(told.text, version);
        assert!(!told.looked_in.is_empty());
        let asked = programs.of(Path::new(PYTHON), VERSION, || Err("Python is started again"));
        assert_eq!(asked, Ok(told));
    }
}

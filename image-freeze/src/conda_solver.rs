//! conda's half of a lock, by whichever conda-compatible solver is on `PATH`: asked what it would
//! install, in JSON. Nothing is installed.

use std::fmt::Write as _;

use common::console::Console;
use common::process::{self, Invocation, ProcessError};
use common::requirement::CondaFile;
use common::settings::Platform;
use serde::Deserialize;

/// The programs that can be asked alike; the quickest first.
const PROGRAMS: [&str; 3] = ["micromamba", "mamba", "conda"];

/// What is said where there is none of them.
pub(crate) const NONE: &str =
    "not solved: none of micromamba, mamba, conda is on PATH; install micromamba to have it solved here";

/// What came of a search.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Name and version of each package, sorted.
    Solution(Vec<(String, String)>),
    /// Why there is none, on one line.
    None(String),
}

/// What all three print.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    actions: Option<Actions>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    solver_problems: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Actions {
    #[serde(rename = "LINK", default)]
    link: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The solver in reach.
pub(crate) fn in_reach() -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = |name: &str| std::env::split_paths(&path).any(|dir| dir.join(name).is_file());
    PROGRAMS.into_iter().find(|name| on_path(name))
}

/// What `program` would install for `file`, whose text is `text`, on `platform`.
///
/// # Errors
/// It cannot be run.
pub(crate) fn solve(
    program: &str,
    (file, text): (&CondaFile, &str),
    platform: Platform,
    console: &Console,
) -> Result<Found, ProcessError> {
    let subdir = match platform {
        Platform::Amd64 => "linux-64",
        Platform::Aarch64 => "linux-aarch64",
    };
    let mut call = Invocation::new(program).env("CONDA_SUBDIR", subdir);
    call = call.args(["create", "--dry-run", "--json", "--yes", "--name", "image-freeze-solve"]);
    if !file.channels.is_empty() {
        call = call.arg("--override-channels");
    }
    for channel in &file.channels {
        call = call.args(["--channel", channel]);
    }
    let captured = process::capture(&call.arg("--").args(specs(file, text)), console)?;
    let answer: Answer = serde_json::from_slice(&captured.stdout).unwrap_or_default();
    if let (true, Some(actions)) = (captured.exit.is_success(), answer.actions) {
        let mut packages: Vec<_> = actions.link.into_iter().map(|one| (one.name, one.version)).collect();
        packages.sort_unstable();
        return Ok(Found::Solution(packages));
    }
    let problems = Some(answer.solver_problems.join("; ")).filter(|problems| !problems.is_empty());
    let said = problems.or(answer.message);
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&captured.stderr).into_owned());
    Ok(Found::None(said.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The specs as they stand in the file.
fn specs(file: &CondaFile, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let of = |line: usize| {
        let item = lines.get(line - 1)?.trim_start().strip_prefix('-')?;
        Some(item.split(" #").next()?.trim().trim_matches(['"', '\'']).to_owned())
    };
    file.conda.iter().filter_map(|spec| of(spec.line)).collect()
}

/// `packages` as an environment file with the name and the channels of `file`.
pub(crate) fn exported(name: &str, file: &CondaFile, packages: &[(String, String)]) -> String {
    let mut text = format!("name: {name}\n");
    if !file.channels.is_empty() {
        text.push_str("channels:\n");
    }
    // Writing to a String cannot fail.
    for channel in &file.channels {
        _ = writeln!(text, "  - {channel}");
    }
    text.push_str("dependencies:\n");
    for (name, version) in packages {
        _ = writeln!(text, "  - {name}={version}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_asked_for_as_they_stand() {
        let text = "channels:\n  - c\ndependencies:\n  - python~=3.11.0  # why\n  - \"fftw>=3\"\n  - pip\n";
        let file = CondaFile::parse(text.as_bytes(), "x").unwrap();
        assert_eq!(specs(&file, text), ["python~=3.11.0", "fftw>=3", "pip"]);
        let packages = vec![("fftw".to_owned(), "3.3.10".to_owned())];
        let expected = "name: x\nchannels:\n  - c\ndependencies:\n  - fftw=3.3.10\n";
        assert_eq!(exported("x", &file, &packages), expected);
    }
}

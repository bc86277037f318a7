//! `micromamba`, `mamba` and `conda`: a dry run, told in JSON.

use common::console::Console;
use common::process::{self, Captured, Invocation, ProcessError};
use serde::Deserialize;

use super::{Ended, PATIENCE, Package, Question};

/// What all three print.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    actions: Option<Actions>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    solver_problems: Vec<String>,
    #[serde(default)]
    exception_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Actions {
    #[serde(rename = "LINK", default)]
    link: Vec<Package>,
}

pub(super) fn solve(program: &str, question: &Question, console: &Console) -> Result<Ended, ProcessError> {
    process::capture(&call(program, question), console).map(|captured| ended(&captured))
}

fn call(program: &str, question: &Question) -> Invocation {
    let mut call = Invocation::new(program).limit(PATIENCE);
    // The image's, and not those of this machine.
    call = call.env("CONDA_SUBDIR", question.subdirectory());
    call = call.env("CONDA_OVERRIDE_GLIBC", question.glibc.to_string());
    call = call.args(["create", "--dry-run", "--json", "--yes", "--name", "image-freeze-solve"]);
    if question.offline {
        call = call.arg("--offline");
    }
    if !question.channels.is_empty() {
        call = call.arg("--override-channels");
    }
    for channel in &question.channels {
        call = call.args(["--channel", channel]);
    }
    call.arg("--").args(&question.specs)
}

fn ended(captured: &Captured) -> Ended {
    let answer: Answer = serde_json::from_slice(&captured.stdout).unwrap_or_default();
    if let (true, Some(actions)) = (captured.exit.is_success(), answer.actions) {
        return Ended::Packages(actions.link);
    }
    // conda's own names of the ways in which there is no solution.
    let verdicts = ["Unsatisfiable", "PackageNotFound", "PackagesNotFound"];
    let is_verdict = |name: &String| verdicts.iter().any(|verdict| name.contains(verdict));
    let problems = Some(answer.solver_problems.join("; ")).filter(|problems| !problems.is_empty());
    let is_conflict = problems.is_some() || answer.exception_name.as_ref().is_some_and(is_verdict);
    let said = problems.or(answer.message);
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&captured.stderr).into_owned());
    match said {
        said if is_conflict => Ended::Conflict(said),
        said if said.trim().is_empty() => Ended::Failure(format!("it ended with {}", captured.exit)),
        said => Ended::Failure(said),
    }
}

#[cfg(test)]
mod tests {
    use common::process::Exit;

    use super::*;

    fn of(status: u8, stdout: &str, stderr: &str) -> String {
        let (stdout, stderr) = (stdout.as_bytes().to_vec(), stderr.as_bytes().to_vec());
        match ended(&Captured { exit: Exit::Code(status), stdout, stderr }) {
            Ended::Packages(packages) => format!("{} {}", packages.len(), packages[0].build),
            Ended::Conflict(words) => format!("conflict: {words}"),
            Ended::Failure(words) => format!("failure: {words}"),
        }
    }

    #[test]
    fn a_verdict_is_told_from_a_failure() {
        let link = |build: &str| {
            format!(r#"{{"actions": {{"LINK": [{{"name": "a", "version": "1", "{build}": "h0"}}]}}}}"#)
        };
        assert_eq!(of(0, &link("build"), ""), "1 h0");
        assert_eq!(of(0, &link("build_string"), ""), "1 h0", "as conda calls it");
        let mamba = r#"{"success": false, "solver_problems": ["nothing provides b"]}"#;
        assert_eq!(of(1, mamba, ""), "conflict: nothing provides b");
        let conda = |name: &str| format!(r#"{{"exception_name": "{name}", "message": "no"}}"#);
        assert_eq!(of(1, &conda("LibMambaUnsatisfiableError"), ""), "conflict: no");
        assert_eq!(of(1, &conda("PackagesNotFoundError"), ""), "conflict: no");
        assert_eq!(of(1, &conda("CondaHTTPError"), ""), "failure: no");
        assert_eq!(of(1, "", "Download error"), "failure: Download error");
        assert_eq!(of(3, "", ""), "failure: it ended with status 3");
    }
}

//! When the engine could not even start the tests: what it says then, and what that means.

use common::process::Exit;

use crate::transcript::Tail;

/// Why the tests did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The image has no such program, or the script's interpreter is not there.
    NoTest,
    /// The program cannot be executed.
    NotExecutable,
    /// Something else, with the engine's own status.
    Engine(u8),
}

/// How lines begin in which docker, podman and buildah tell their own trouble.
const SIGNS: [&str; 6] = [
    "docker: ",
    "Error: ",
    "Error response from daemon: ",
    "error running container: ",
    "exec /opt/environments/test: ",
    BUILDAH,
];

/// Buildah, which ends with status 1 where the others have statuses for it.
const BUILDAH: &str = "process failed to start with error: ";

/// The engine's own complaint among the last lines, if there is one.
pub(crate) fn engine_said(last: &Tail) -> Option<&str> {
    let line = last.lines_from_end().find(|line| SIGNS.iter().any(|sign| line.starts_with(sign)))?;
    // Buildah says three things in one line, and the first is the one that helps.
    Some(line.split("process exited with error").next().unwrap_or(line))
}

/// Why a container in which no test began could not start `program`, and what the engine said. Without the
/// engine's word it was the image's own script that ended so.
pub(crate) fn refusal<'a>(exit: Exit, program: &str, last: &'a Tail) -> Option<(Refusal, &'a str)> {
    let said = engine_said(last)?;
    let Exit::Code(status) = exit else { return None };
    if !(125..=127).contains(&status) && !said.starts_with(BUILDAH) {
        return None;
    }
    let says = |phrase: &str| said.contains(program) && said.to_lowercase().contains(phrase);
    let refusal = if says("permission denied") {
        Refusal::NotExecutable
    } else if says("no such file") || says("not found") {
        Refusal::NoTest
    } else {
        Refusal::Engine(status)
    };
    Some((refusal, said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::TEST;

    fn check(code: u8, line: &str, expected: Option<Refusal>) {
        let mut last = Tail::new();
        last.push(line);
        last.push("time=\"2024-08-05T10:15:30Z\" level=error msg=\"error waiting for container\"");
        assert_eq!(refusal(Exit::Code(code), TEST, &last).map(|(why, _)| why), expected, "{line}");
    }

    #[test]
    fn as_the_three_engines_say_it() {
        use Refusal::{Engine, NoTest, NotExecutable};
        let docker = |why: &str| {
            format!(
                "docker: Error response from daemon: OCI runtime create failed: exec: \"{TEST}\": {why}: unknown."
            )
        };
        check(127, &docker(&format!("stat {TEST}: no such file or directory")), Some(NoTest));
        check(126, &docker("permission denied"), Some(NotExecutable));
        check(125, "docker: Error response from daemon: no space left on device.", Some(Engine(125)));
        check(127, &format!("exec {TEST}: no such file or directory"), Some(NoTest));
        check(
            127,
            &format!("Error: crun: executable file `{TEST}` not found in $PATH: No such file or directory"),
            Some(NoTest),
        );
        check(
            127,
            "Error: plugin type=\"bridge\" failed (add): failed to locate iptables: not found",
            Some(Engine(127)),
        );
        check(
            1,
            &format!(
                "process failed to start with error: fork/exec {TEST}: no such file or directoryprocess exited with error: exec: not started"
            ),
            Some(NoTest),
        );
        check(
            1,
            &format!("process failed to start with error: fork/exec {TEST}: permission denied"),
            Some(NotExecutable),
        );
    }

    #[test]
    fn a_script_in_the_image_that_ends_so_is_no_refusal() {
        check(127, "test: line 3: test-environments: command not found", None);
        check(1, "Error: no such calibration", None);
        check(126, "./test: Permission denied", None);
    }

    #[test]
    fn buildahs_line_is_cut_where_it_goes_on_about_itself() {
        let mut last = Tail::new();
        last.push(
            "process failed to start with error: fork/exec x: permission deniedprocess exited with error: y",
        );
        assert_eq!(
            engine_said(&last),
            Some("process failed to start with error: fork/exec x: permission denied")
        );
    }
}

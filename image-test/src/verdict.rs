//! Whether the image passed, and why not.

use common::fault::Status;
use common::process::Exit;
use common::report::{TestCounts, TestEnvironment, Verdict};

use crate::args::Allow;
use crate::refusal::engine_said;
use crate::transcript::{Ending, Tail};

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Yes or no.
    pub(crate) verdict: Verdict,
    /// The status that we end with.
    pub(crate) status: Status,
    /// Why not; empty for yes.
    pub(crate) reasons: Vec<String>,
}

/// Judges the results of a container that ended with `exit`.
pub(crate) fn judge(
    exit: Exit,
    ending: &Ending,
    environments: &[TestEnvironment],
    allow: Allow,
) -> Judgement {
    let counts = TestCounts::of(environments.iter().flat_map(|environment| &environment.cases));
    let mut reasons = Vec::new();
    if !exit.is_success() {
        reasons.push(ending.words.clone());
    }
    if counts.failed > 0 {
        // Our own runner's end says nothing about the tests, and has no words.
        let although = match ending.words.as_str() {
            words if exit.is_success() && !words.is_empty() => format!(", although {words}"),
            _ => String::new(),
        };
        reasons.push(format!("{} failed{although}", many(counts.failed, "test")));
    }
    if counts.not_run > 0 && !allow.missing {
        reasons.push(format!("{} asked for and not run", many(counts.not_run, "test")));
    }
    if counts.run() == 0 && exit.is_success() && !allow.empty {
        // D48
        reasons.push("nothing was tested (--allow-empty accepts that)".to_owned());
    }
    let status = match (reasons.is_empty(), exit) {
        (true, _) => Status::Done,
        (false, Exit::Code(0)) => Status::No,
        (false, exit) => exit.status(),
    };
    let verdict = if reasons.is_empty() { Verdict::Yes } else { Verdict::No };
    Judgement { verdict, status, reasons }
}

/// `1 test`, `2 tests`.
pub(crate) fn many(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What the end of the container means. `last` is what was printed last, where an engine tells its
/// own trouble.
pub(crate) fn ending(exit: Exit, last: &Tail) -> Ending {
    let said = |line: Option<&str>| line.map_or_else(String::new, |line| format!(": {line}"));
    let (cut_short, words) = match exit {
        Exit::Code(code @ 125..=127) if engine_said(last).is_some() => {
            (true, format!("the engine ended with status {code}{}", said(engine_said(last))))
        }
        Exit::Code(137) => {
            (true, "the container was killed (status 137, signal 9; often for want of memory)".to_owned())
        }
        Exit::Code(code @ 129..=192) => {
            (true, format!("the container was ended by signal {} (status {code})", code - 128))
        }
        Exit::Code(code) => (false, format!("the container ended with status {code}")),
        Exit::Signal(number) => (true, format!("the engine's client was ended by signal {number}")),
    };
    Ending { clean: exit.is_success(), cut_short, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::case;
    use common::report::{TestKind, TestStatus};

    const STRICT: Allow = Allow { empty: false, missing: false };

    fn environments(statuses: &[TestStatus]) -> Vec<TestEnvironment> {
        let cases = statuses.iter().map(|status| case(TestKind::Import, "a", *status)).collect();
        vec![TestEnvironment { name: "e".to_owned(), cases, ..TestEnvironment::default() }]
    }

    fn judged(code: u8, statuses: &[TestStatus], allow: Allow) -> (Status, String) {
        let exit = Exit::Code(code);
        let found = judge(exit, &ending(exit, &Tail::new()), &environments(statuses), allow);
        assert_eq!(found.verdict == Verdict::Yes, found.reasons.is_empty());
        (found.status, found.reasons.join("; "))
    }

    #[test]
    fn all_passed_is_a_yes() {
        use TestStatus::{Passed, Skipped};
        assert_eq!(judged(0, &[Passed, Skipped], STRICT), (Status::Done, String::new()));
    }

    #[test]
    fn the_containers_own_status_passes_through() {
        use TestStatus::{Failed, Passed};
        let (status, why) = judged(42, &[Passed, Failed], STRICT);
        assert_eq!(status, Status::Passed(42));
        assert_eq!(why, "the container ended with status 42; 1 test failed");
    }

    #[test]
    fn d47_a_failure_behind_status_0_is_a_no() {
        let (status, why) = judged(0, &[TestStatus::Failed], STRICT);
        assert_eq!(status, Status::No);
        assert_eq!(why, "1 test failed, although the container ended with status 0");
    }

    #[test]
    fn d48_nothing_tested_is_a_no_unless_allowed() {
        let allow = Allow { empty: true, missing: false };
        for statuses in [&[][..], &[TestStatus::Skipped]] {
            assert_eq!(judged(0, statuses, STRICT).0, Status::No);
            assert_eq!(judged(0, statuses, allow).0, Status::Done);
        }
        assert_eq!(judged(3, &[], allow).0, Status::Passed(3), "a failing container is not excused");
    }

    #[test]
    fn what_was_not_run_is_a_no_unless_allowed() {
        use TestStatus::{NotRun, Passed};
        assert_eq!(judged(0, &[Passed, NotRun], STRICT).0, Status::No);
        let allow = Allow { empty: false, missing: true };
        assert_eq!(judged(0, &[Passed, NotRun], allow).0, Status::Done);
        assert_eq!(judged(0, &[NotRun], allow).0, Status::No, "nothing was tested");
    }

    #[test]
    fn the_end_of_a_container_in_words() {
        let words = |exit| ending(exit, &Tail::new()).words;
        assert!(words(Exit::Code(137)).contains("want of memory"));
        assert!(words(Exit::Code(143)).contains("signal 15"));
        assert_eq!(words(Exit::Code(255)), "the container ended with status 255");
        let mut last = Tail::new();
        last.push("docker: Error response from daemon: no space left on device.");
        last.push("See 'docker run --help'.");
        let found = ending(Exit::Code(125), &last);
        assert!(found.cut_short && found.words.contains("no space left"), "{found:?}");
        assert!(!ending(Exit::Code(125), &Tail::new()).cut_short, "a container may end with 125 itself");
    }
}

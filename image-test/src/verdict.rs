//! Whether the image passed, and why not.

use common::fault::Status;
use common::process::Exit;
use common::report::{TestCase, TestCounts, TestOutcome};
use common::waiver::{Waived, name_of};

use crate::args::Allow;
use crate::refusal::engine_said;
use crate::transcript::{Ending, Tail};

/// The answer: yes if nothing stands against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The status that we end with.
    pub(crate) status: Status,
    /// Why the answer is no; empty if it is yes.
    pub(crate) reasons: Vec<String>,
}

/// Judges the results of a container that ended with `exit`, where the waivers of `outcome` excuse failures.
pub(crate) fn judge(outcome: &TestOutcome, exit: Exit, ending: &Ending, allow: Allow) -> Judgement {
    let counts = open_counts(outcome);
    let (failed, not_run) = (counts.failed, if allow.missing { 0 } else { counts.not_run });
    let mut reasons = Vec::new();
    let is_excused = failed + not_run == 0 && is_excused(outcome, ending);
    if !exit.is_success() && !is_excused {
        reasons.push(ending.words.clone());
    }
    if failed > 0 {
        // Our own runner's end says nothing about the tests, and has no words.
        let although = match ending.words.as_str() {
            words if exit.is_success() && !words.is_empty() => format!(", although {words}"),
            _ => String::new(),
        };
        reasons.push(format!("{} failed{although}", many(failed, "test")));
    }
    if not_run > 0 {
        reasons.push(format!("{} asked for and not run", many(not_run, "test")));
    }
    if outcome.counts().run() == 0 && exit.is_success() && !allow.empty {
        // D48
        reasons.push("nothing was tested (--allow-empty accepts that)".to_owned());
    }
    if !reasons.is_empty() {
        reasons.extend(outcome.waivers.expired.iter().map(Waived::ended));
    }
    let status = match (reasons.is_empty(), exit) {
        (true, _) => Status::Done,
        (false, Exit::Code(0)) => Status::No,
        (false, exit) => exit.status(),
    };
    Judgement { status, reasons }
}

/// How many tests ended in each way, without those whose failure is excused.
fn open_counts(outcome: &TestOutcome) -> TestCounts {
    let open = |name: &str, case: &TestCase| outcome.waivers.excuse(name, &name_of(case)).is_none();
    let environments = outcome.environments.iter();
    TestCounts::of(environments.flat_map(|e| e.cases.iter().filter(|case| open(&e.name, case))))
}

/// Whether a container that did not end with 0 did so because of failures that are all excused. A status that
/// nothing shown is the cause of is no test's, so no waiver of a test excuses it.
fn is_excused(outcome: &TestOutcome, ending: &Ending) -> bool {
    !ending.cut_short && outcome.is_explained()
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
    use common::report::{TestEnvironment, TestKind, TestRunner, TestStatus};
    use common::waiver::Waiver;

    const STRICT: Allow = Allow { empty: false, missing: false };

    fn environments(statuses: &[TestStatus]) -> Vec<TestEnvironment> {
        let cases = statuses.iter().map(|status| case(TestKind::Import, "a", *status)).collect();
        vec![TestEnvironment { name: "e".to_owned(), cases, ..TestEnvironment::default() }]
    }

    fn judged(code: u8, statuses: &[TestStatus], allow: Allow) -> (Status, String) {
        let exit = Exit::Code(code);
        let environments = environments(statuses);
        let outcome = TestOutcome { container_status: code, environments, ..TestOutcome::default() };
        told(&judge(&outcome, exit, &ending(exit, &Tail::new()), allow))
    }

    fn told(found: &Judgement) -> (Status, String) {
        assert_eq!(found.status == Status::Done, found.reasons.is_empty());
        (found.status, found.reasons.join("; "))
    }

    fn waived(what: &str) -> Waived {
        let (owner, reason) = ("ada".to_owned(), "known".to_owned());
        let expires = "2024-08-05".parse().unwrap();
        Waived {
            environment: "e".to_owned(),
            waiver: Waiver { what: what.to_owned(), owner, reason, expires },
        }
    }

    /// `fails` and `other` are tested by `runner`, and `fails` is waived.
    fn with_waiver(code: u8, runner: TestRunner, [fails, other]: [TestStatus; 2]) -> (Status, String) {
        let case = |name: &str, status| case(TestKind::Import, name, status);
        let cases = vec![case("fails", fails), case("other", other)];
        let environments =
            vec![TestEnvironment { name: "e".to_owned(), cases, ..TestEnvironment::default() }];
        let mut outcome =
            TestOutcome { runner, container_status: code, environments, ..TestOutcome::default() };
        outcome.waivers.excused.push(waived("import fails"));
        let exit = Exit::Code(code);
        told(&judge(&outcome, exit, &ending(exit, &Tail::new()), STRICT))
    }

    #[test]
    fn what_is_waived_does_not_count_where_it_is_all_that_is_wrong() {
        use TestRunner::{Image, Native};
        use TestStatus::{Failed, NotRun, Passed};
        let yes = (Status::Done, String::new());
        assert_eq!(with_waiver(0, Native, [Failed, Passed]), yes);
        assert_eq!(with_waiver(3, Image, [Failed, Passed]), yes);
        assert_eq!(with_waiver(0, Image, [NotRun, Passed]), yes);
        let no = |found: (Status, String), status, why: &str| assert_eq!(found, (status, why.to_owned()));
        let ended = "the container ended with status 3";
        no(with_waiver(3, Image, [Failed, Failed]), Status::Passed(3), &format!("{ended}; 1 test failed"));
        no(
            with_waiver(3, Image, [Failed, NotRun]),
            Status::Passed(3),
            &format!("{ended}; 1 test asked for and not run"),
        );
    }

    #[test]
    fn a_status_that_no_waived_failure_explains_is_not_excused() {
        use TestRunner::{Image, Native};
        use TestStatus::{Failed, NotRun, Passed};
        let status = |code, runner, cases| with_waiver(code, runner, cases).0;
        assert_eq!(status(3, Image, [Passed, Passed]), Status::Passed(3));
        assert_eq!(status(3, Image, [NotRun, Passed]), Status::Passed(3));
        assert_eq!(status(3, Native, [Failed, Passed]), Status::Passed(3), "our runner ends with 0");
        assert_eq!(status(127, Image, [Failed, Passed]), Status::Passed(127));
        assert_eq!(status(137, Image, [Failed, Passed]), Status::Passed(137));
        let no = with_waiver(0, Image, [NotRun, TestStatus::Skipped]);
        assert_eq!(no.0, Status::No, "nothing was tested");
    }

    #[test]
    fn a_waiver_that_ended_is_named_beside_the_failure() {
        let mut outcome =
            TestOutcome { environments: environments(&[TestStatus::Failed]), ..TestOutcome::default() };
        outcome.waivers.expired.push(waived("import a"));
        let exit = Exit::Code(0);
        let (status, why) = told(&judge(&outcome, exit, &ending(exit, &Tail::new()), STRICT));
        assert_eq!(status, Status::No);
        assert!(why.ends_with("; e: the waiver of import a ended on 2024-08-05 (ada)"), "{why}");
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

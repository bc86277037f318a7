//! Whole transcripts: those of the original scripts and those of the example's.

use std::time::Duration;

use super::*;
use common::process::Exit;
use common::report::TestEnvironment;

/// What a container printed in `tests/transcripts`.
macro_rules! printed {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts/", $name, ".txt"))
    };
}

/// Reads `text`, a line each tenth of a second, and ends with `code`.
fn read(text: &str, code: u8) -> Vec<Observed> {
    let mut transcript = Transcript::new();
    let mut at = Duration::ZERO;
    for line in text.lines() {
        at += Duration::from_millis(100);
        transcript.line(line.as_bytes(), at);
    }
    let ending = crate::verdict::ending(Exit::Code(code), transcript.last_lines());
    transcript.finish(&ending, at)
}

/// One line for each result: `roman-cal import asdf passed`.
fn lines(found: &[Observed]) -> Vec<String> {
    let of = |environment: &TestEnvironment| {
        let name = environment.name.clone();
        let cases = environment.cases.iter().map(|c| {
            let line = format!("{} {:?} {} {:?}", environment.name, c.kind, c.name, c.status);
            line.to_lowercase()
        });
        let skipped = environment.skipped.iter().map(move |why| format!("{name} skipped: {why}"));
        cases.chain(skipped).collect::<Vec<_>>()
    };
    found.iter().flat_map(|one| of(&one.results)).collect()
}

fn check(text: &str, code: u8, expected: &[&str]) -> Vec<Observed> {
    let found = read(text, code);
    assert_eq!(lines(&found), expected);
    found
}

/// The detail of the test called `name`.
fn detail_of<'a>(found: &'a [Observed], name: &str) -> &'a str {
    let mut cases = found.iter().flat_map(|one| &one.results.cases);
    let case = cases.find(|case| case.name == name).unwrap();
    case.detail.as_deref().unwrap_or_default()
}

#[test]
fn a_green_run_of_the_original() {
    let found = check(
        printed!("green"),
        0,
        &[
            "roman-cal import pandeia skipped",
            "roman-cal import asdf passed",
            "roman-cal import numpy passed",
            "roman-cal notebook list.ipynb passed",
            "roman-cal notebook smoke.ipynb passed",
            "roman-cal notebook alone.py passed",
            "roman-cal script test passed",
            "bare skipped: Skipping kernel bare with no 'tests' directory.",
        ],
    );
    let cases = &found[0].results.cases;
    let seconds: Vec<Option<f64>> = cases.iter().map(|case| case.seconds).collect();
    assert_eq!(seconds[3..6], [Some(3.25), Some(62.5), Some(0.5)]);
    assert!(seconds[1].is_some_and(|s| s > 0.0) && seconds[6].is_some(), "observed: {seconds:?}");
    assert_eq!(cases[6].detail, None, "the output of what passed is in the log");
    assert_eq!(found[0].gaps, Gaps::default());
}

#[test]
fn a_green_run_of_the_examples_scripts() {
    let found = check(
        printed!("ours-green"),
        0,
        &[
            "roman-cal notebook late.ipynb skipped",
            "roman-cal import asdf passed",
            "roman-cal import pandeia skipped",
            "roman-cal import numpy passed",
            "roman-cal notebook list.ipynb passed",
            "roman-cal notebook sub/smoke.ipynb passed",
            "roman-cal script test passed",
            "bare skipped: Skipping kernel bare: it has no tests",
        ],
    );
    assert_eq!(found[0].gaps, Gaps::default());
}

#[test]
fn a_failing_import_has_its_traceback_and_a_talkative_one_still_passed() {
    let found = check(
        printed!("import-fails"),
        1,
        &["roman-cal import asdf passed", "roman-cal import gwcz failed", "roman-cal import noisy passed"],
    );
    let detail = detail_of(&found, "gwcz");
    assert!(detail.starts_with("Traceback") && detail.ends_with("No module named 'gwcz'"), "{detail}");
}

#[test]
fn failures_of_the_examples_scripts_do_not_end_the_run() {
    let found = check(
        printed!("ours-failing"),
        1,
        &[
            "roman-cal import asdf passed",
            "roman-cal import gwcz failed",
            "roman-cal import quitter failed",
            "roman-cal import numpy passed",
            "roman-cal notebook gone.ipynb failed",
            "roman-cal notebook fine.ipynb passed",
            "second script test failed",
            "third script test passed",
        ],
    );
    assert!(detail_of(&found, "gwcz").ends_with("No module named 'gwcz'"));
    assert!(detail_of(&found, "quitter").contains("interpreter ended (status 0)"));
    assert!(detail_of(&found, "gone.ipynb").contains("No such file"));
    assert!(detail_of(&found, "test").ends_with("not well"));
}

/// The original ends with status 0 here: the import is gone without a word, and all is green.
#[test]
fn d47_an_interpreter_that_ends_during_an_import_is_a_failure_of_that_import() {
    let found = check(
        printed!("d47-silent-exit"),
        0,
        &["roman-cal import asdf passed", "roman-cal import quitter failed", "second import numpy passed"],
    );
    let detail = detail_of(&found, "quitter");
    assert!(detail.starts_with("the interpreter ended while importing quitter"), "{detail}");
    assert!(found[0].gaps.imports_cut && !found[1].gaps.imports_cut);
}

#[test]
fn d47_a_crash_during_an_import_is_a_failure_of_that_import() {
    let expected = ["roman-cal import asdf passed", "roman-cal import crasher failed"];
    let found = check(printed!("d47-crash"), 139, &expected);
    let detail = detail_of(&found, "crasher");
    assert!(detail.contains("signal 11") && detail.contains("while importing crasher"), "{detail}");
    let found = check(printed!("d47-crash"), 3, &expected);
    assert!(detail_of(&found, "crasher").starts_with("the interpreter ended while"));
}

#[test]
fn d47_a_missing_summary_is_a_failure_though_the_last_import_said_ok() {
    let text = printed!("d47-silent-exit").replace("Importing quitter ... ", "Importing quitter ... ok\n");
    let found = check(
        &text,
        0,
        &[
            "roman-cal import asdf passed",
            "roman-cal import quitter passed",
            "roman-cal run imports failed",
            "second import numpy passed",
        ],
    );
    assert!(detail_of(&found, "imports").contains("before the summary"));
}

#[test]
fn d48_nothing_to_test_is_seen_as_that() {
    assert!(read(printed!("d48-no-environments"), 0).is_empty());
    check(
        printed!("d48-nothing-to-test"),
        0,
        &["a skipped: Skipping kernel a with no 'tests' directory.", "b skipped: it has nothing to test"],
    );
}

#[test]
fn d48_an_empty_list_of_imports_is_named_as_the_cause() {
    let found = check(printed!("d48-empty-imports"), 1, &["roman-cal run imports failed"]);
    let detail = detail_of(&found, "imports");
    assert!(
        detail.starts_with("no import was tried") && detail.ends_with("test-imports <pkgs...>"),
        "{detail}"
    );
}

#[test]
fn d48_a_script_that_cannot_be_executed_is_named_as_the_cause() {
    let found = check(printed!("d48-script-not-executable"), 126, &["roman-cal script test failed"]);
    assert!(detail_of(&found, "test").contains("Permission denied"));
}

#[test]
fn d49_an_aborted_notebook_run_names_the_culprit_and_counts_what_is_lost() {
    let expected = ["roman-cal notebook quick.ipynb passed", "roman-cal notebook slow.ipynb failed"];
    let found = check(printed!("d49-timeout"), 1, &expected);
    let detail = detail_of(&found, "slow.ipynb");
    assert!(detail.contains("3 of 4 have no result") && detail.contains("timed out after 1800"), "{detail}");
    assert_eq!(found[0].gaps.lost, 2);
}

#[test]
fn a_failing_notebook_has_its_output_without_colours() {
    let found = check(
        printed!("notebook-fails"),
        1,
        &["roman-cal notebook wrong.ipynb failed", "roman-cal notebook right.ipynb passed"],
    );
    let detail = detail_of(&found, "wrong.ipynb");
    assert!(detail.starts_with("Input Notebook:") && detail.ends_with("division by zero"), "{detail}");
    assert!(!detail.contains('\u{1b}'));
}

/// The original announces notebooks that the list leaves out, and then says nothing of them.
#[test]
fn notebooks_that_are_left_out_are_not_taken_for_lost() {
    let found = check(printed!("notebooks-left-out"), 0, &["roman-cal notebook right.ipynb passed"]);
    assert_eq!(found[0].gaps, Gaps { left_out: 1, ..Gaps::default() });
}

#[test]
fn a_container_killed_between_two_notebooks_fails_the_one_that_ran() {
    let found = check(
        printed!("killed"),
        137,
        &[
            "roman-cal import asdf passed",
            "roman-cal notebook quick.ipynb passed",
            "roman-cal notebook (the one that was running) failed",
        ],
    );
    let detail = detail_of(&found, "(the one that was running)");
    assert!(detail.contains("want of memory") && detail.contains("2 of 3"), "{detail}");
}

#[test]
fn an_environment_without_a_word_after_its_title_is_told() {
    let rule = "=".repeat(25);
    let found = check(
        &format!(
            "{rule} Testing Environment mute {rule}\nno such environment\n{rule} Testing Environment b {rule}\n"
        ),
        0,
        &["mute run tests failed", "b run tests failed"],
    );
    let detail = &found[0].results.cases[0].detail;
    assert_eq!(detail.as_deref(), Some("it was announced, and none of its tests began\nno such environment"));
}

#[test]
fn a_failing_status_without_a_visible_cause_is_a_failure_of_what_ran_last() {
    let text = printed!("killed").lines().take(6).collect::<Vec<_>>().join("\n");
    let found = read(&text, 3);
    assert_eq!(lines(&found).last().unwrap(), "roman-cal run tests failed");
    assert!(detail_of(&found, "tests").contains("status 3, and none of its tests shows why"));
}

#[test]
fn a_script_without_a_verdict_in_an_environment_that_failed_otherwise_is_in_doubt() {
    let rule = "==========";
    let text = format!(
        "{rule} Testing Environment e {rule}\n{rule} Testing Imports e {rule}\nImporting a ... FAIL\n\
         Failing imports: 1\na\n{rule} Running e Test Script {rule}\nhello\n"
    );
    let found =
        check(&format!("{text}Failing environments: e\n"), 1, &["e import a failed", "e script test failed"]);
    assert!(detail_of(&found, "test").contains("nothing tells whether its script did"));
    // With a verdict of its own it is not.
    check(
        &format!("{text}{rule} Tested test OK 1.5s {rule}\nFailing environments: e\n"),
        1,
        &["e import a failed", "e script test passed"],
    );
}

#[test]
fn standard_error_that_overtakes_standard_output_is_put_where_it_belongs() {
    let rule = "==========";
    let text = format!(
        "{rule} Testing Environment e {rule}\n{rule} Testing Imports e {rule}\nImporting a ... ok\n\
         Traceback (most recent call last):\n  x\nKeyError: 'b'\nImporting b ... FAIL\n\
         a warning without a line endImporting c ... ok\nFailing imports: 1\nb\n"
    );
    let found = check(&text, 1, &["e import a passed", "e import b failed", "e import c passed"]);
    assert!(detail_of(&found, "b").starts_with("Traceback"));
}

/// As it really comes from a container: two streams, roughly in order.
#[test]
fn a_traceback_that_a_verdict_cuts_in_two_is_put_together() {
    let rule = "==========";
    let text = format!(
        "{rule} Testing Environment e {rule}\n{rule} Testing Imports e {rule}\n\
         Importing a ... Traceback (most recent call last):\nFAIL\nImporting b ...   File \"x\", line 1\n    raise\n\
         KeyError: 'a'\nbanner\nok\nImporting c ... FAIL\n{}\nFailing imports: 2\na\nc\n",
        "=".repeat(80)
    );
    let found = check(&text, 1, &["e import a failed", "e import b passed", "e import c failed"]);
    let expected = "Traceback (most recent call last):\n  File \"x\", line 1\n    raise\nKeyError: 'a'";
    assert_eq!(detail_of(&found, "a"), expected);
    assert_eq!(detail_of(&found, "c"), "", "the rule above the summary says nothing");
}

#[test]
fn a_reason_that_comes_too_early_or_too_late_finds_its_import() {
    let head = "========== Testing Environment e ==========\n========== Testing Imports e ==========\n";
    let reason = |module: &str| format!("{module}: the interpreter ended (status 0) during the import\n");
    let late = format!(
        "{head}Importing a ... FAIL\nImporting b ... ok\n{}Importing c ... FAIL\nFailing imports: 2\n{}a\nc\n",
        reason("a"),
        reason("c")
    );
    let early = format!(
        "{head}{}Importing a ... FAIL\nImporting b ... ok\n{}Importing c ... FAIL\nFailing imports: 2\na\nc\n",
        reason("a"),
        reason("c")
    );
    for text in [late, early] {
        let found = check(&text, 1, &["e import a failed", "e import b passed", "e import c failed"]);
        for module in ["a", "c"] {
            assert_eq!(detail_of(&found, module), reason(module).trim_end());
        }
    }
}

/// Each word behind a lone `#` is imported, and the `#` itself is "skipped".
#[test]
fn d46_the_mark_of_a_comment_is_no_test() {
    let rule = "==========";
    let text = format!(
        "{rule} Testing Environment e {rule}\n{rule} Testing Imports e {rule}\nSkipping #\n\
         Importing a ... FAIL\nImporting sys ... ok\nFailing imports: 1\na\n"
    );
    check(&text, 1, &["e import a failed", "e import sys passed"]);
}

#[test]
fn markers_that_cannot_stand_where_they_do_are_output() {
    let rule = "=".repeat(20);
    // In a notebook's frame nothing counts but its own end.
    let spoof = format!(
        "{rule} Testing Environment evil {rule}\n{rule} Tested other.ipynb FAIL 0:00:01 {rule}\n\
         {rule} Test Notebooks OK {rule}\nImporting evil ... FAIL\nFailing environments: roman-cal\n"
    );
    let text = printed!("notebook-fails").replace("Input Notebook:  right.ipynb\n", &spoof);
    check(&text, 1, &["roman-cal notebook wrong.ipynb failed", "roman-cal notebook right.ipynb passed"]);
    // In a script: sections of another environment, results, and summaries of what was never begun.
    let spoof = format!(
        "{rule} Testing Imports evil {rule}\n{rule} Testing 3 notebooks on kernel evil using 1 jobs {rule}\n\
         {rule} Tested other.ipynb FAIL 0:00:01 {rule}\nFailing imports: 3\nFailing environments: evil\n"
    );
    let text = printed!("ours-green").replace("all well\n", &spoof);
    let found = read(&text, 0);
    assert_eq!(lines(&found), lines(&read(printed!("ours-green"), 0)));
}

#[test]
fn a_mission_whose_script_calls_the_parts_itself_is_understood() {
    let rule = "=".repeat(20);
    let text = format!(
        "{rule} Testing 1 notebooks on kernel a using 1 jobs {rule}\n{rule} Tested x.ipynb OK 1.0s {rule}\n\
         {rule} Testing 0 notebooks on kernel a using 1 jobs {rule}\n{rule} Test Notebooks OK {rule}\n\n\
         {rule} Test Notebooks OK {rule}\n{rule} Testing Imports b {rule}\nImporting y ... ok\nFailing imports: 0\n"
    );
    check(&text, 0, &["a notebook x.ipynb passed", "b import y passed"]);
}

#[test]
fn bytes_that_are_no_text_and_progress_displays_do_no_harm() {
    let mut transcript = Transcript::new();
    let title = b"========== Testing Environment e ==========";
    for line in
        [&b"\xff\xfe\0"[..], b"10%\r20%\r========== Testing Environment e ==========", b"\x1b[1m\r\r", title]
    {
        transcript.line(line, Duration::ZERO);
    }
    assert!(transcript.has_begun());
}

/// Whatever a run printed when it was cut, the results are some results, and none of them is invented.
#[test]
fn a_transcript_cut_anywhere_never_gains_passes() {
    let whole = printed!("green");
    let passes = |text: &str, code| {
        let found = read(text, code);
        let cases = found.iter().flat_map(|one| one.results.cases.clone());
        cases.filter(|case| case.status == TestStatus::Passed).map(|case| case.name).collect::<Vec<_>>()
    };
    let all = passes(whole, 0);
    for at in (0..whole.len()).step_by(13) {
        let cut = passes(&whole[..at], 137);
        assert!(cut.iter().all(|name| all.contains(name)), "{at}: {cut:?}");
        let found = read(&whole[..at], 137);
        assert!(
            found.is_empty() || found.iter().any(Observed::has_failure),
            "cut at {at} and nothing failed"
        );
    }
}

use super::*;
use crate::fault::{Fault as _, Status};

fn sh(script: &str) -> Invocation {
    Invocation::new("sh").args(["-c", script])
}

#[test]
fn both_streams_come_in_order_line_by_line() {
    let mut lines = Vec::new();
    let exit = stream(&sh("echo a; echo b >&2; printf c; exit 3"), &Console::silent(), &mut |l| {
        lines.push(String::from_utf8(l.to_vec()).unwrap());
    });
    assert_eq!(exit.unwrap(), Exit::Code(3));
    assert_eq!(lines, ["a", "b", "c"]);
}

#[test]
fn a_failure_shows_the_call_its_status_and_what_it_said() {
    let error = text(&sh("echo no space >&2; exit 7"), &Console::silent()).unwrap_err();
    assert_eq!(error.status(), Status::Passed(7));
    let text = error.to_string();
    assert!(text.contains("ended with status 7") && text.contains("| no space"), "{text}");
}

#[test]
fn a_missing_program_is_127_and_a_missing_directory_is_not() {
    let error = text(&Invocation::new("no-such-program"), &Console::silent()).unwrap_err();
    assert_eq!(error.status(), Status::Missing);
    let error = text(&sh("true").dir("/no/such/dir"), &Console::silent()).unwrap_err();
    assert!(matches!(error, ProcessError::NoDirectory { .. }), "{error}");
}

/// D57: half an archive was taken for a whole one.
#[test]
fn d57_a_pipe_fails_with_either_end() {
    let run = |from: &str, into: &str| pipe(&sh(from), &sh(into), &Console::silent());
    run("echo hi", "read x; test $x = hi").unwrap();
    let error = run("echo hi; echo broken >&2; exit 17", "cat").unwrap_err();
    assert_eq!(error.status(), Status::Passed(17));
    assert!(error.to_string().contains("| broken"), "{error}");
    assert_eq!(run("yes", "exit 3").unwrap_err().status(), Status::Passed(3));
}

#[test]
fn a_time_limit_ends_the_whole_group() {
    let call = sh("sleep 30 & sleep 30").limit(Duration::from_millis(50));
    let error = capture(&call, &Console::silent()).unwrap_err();
    assert_eq!(error.status(), Status::TimeLimit);
}

#[test]
fn a_time_limit_ends_a_stream_and_keeps_what_came_before() {
    // A busy machine may need longer for the line than the first limit is.
    let came = [1, 5, 25].into_iter().any(|seconds| {
        let mut lines = 0;
        let call = sh("echo a; sleep 60 & sleep 60").limit(Duration::from_secs(seconds));
        let error = stream(&call, &Console::silent(), &mut |_| lines += 1).unwrap_err();
        assert_eq!(error.status(), Status::TimeLimit);
        lines == 1
    });
    assert!(came, "what came before the limit is lost");
    let soon = sh("echo a").limit(Duration::from_secs(30));
    assert_eq!(stream(&soon, &Console::silent(), &mut |_| ()).unwrap(), Exit::Code(0));
}

#[test]
fn a_tools_words_come_line_by_line_and_its_document_whole() {
    let mut said = Vec::new();
    let captured =
        relay_lines(&sh("echo {; echo a >&2; echo }; echo b >&2; exit 1"), &Console::silent(), &mut |line| {
            said.push(String::from_utf8(line.to_vec()).unwrap());
        });
    let captured = captured.unwrap();
    assert_eq!((captured.text().as_str(), captured.exit), ("{\n}", Exit::Code(1)));
    assert_eq!(said, ["a", "b"]);
}

#[test]
fn a_child_reads_nothing_of_ours() {
    let captured = capture(&Invocation::new("cat"), &Console::silent()).unwrap();
    assert!(captured.stdout.is_empty());
    let fed = Invocation::new("cat").input(Input::Bytes(b"hello".to_vec()));
    assert_eq!(text(&fed, &Console::silent()).unwrap(), "hello");
}

#[test]
fn a_stream_is_consumed_as_it_comes_and_a_failing_child_fails_the_read() {
    let mut first = |r: &mut dyn Read| -> Result<u8, ProcessError> {
        let mut byte = [0];
        r.read_exact(&mut byte).unwrap();
        Ok(byte[0])
    };
    let console = Console::silent();
    assert_eq!(read(&sh("printf abc"), &console, &mut first).unwrap(), b'a');
    assert!(read(&sh("printf abc; exit 1"), &console, &mut first).is_err());
}

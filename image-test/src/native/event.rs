//! What the runner tells: a line each, behind a record separator, as JSON text sequences have it
//! (RFC 7464). No test can write there: what tests print goes to files.

use serde::Deserialize;

/// One thing that the runner tells.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event {
    /// It runs, and will run so many tests side by side, in this Python.
    Begin { jobs: usize, python: String },
    /// A virtual environment was made.
    Prepared(Made),
    /// It cannot be made.
    Unprepared { why: String },
    /// A test came to its end.
    Result(Told),
    /// All tests did.
    End,
}

/// A virtual environment in place of one of the image's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Made {
    /// The uv that made it, by path and version.
    pub(crate) uv: String,
    /// What is installed and does not fit together.
    pub(crate) complaints: Vec<String>,
}

/// How a test ended.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Told {
    /// Its place among all.
    pub(crate) id: usize,
    /// Why it failed; nothing if it passed.
    pub(crate) reason: Option<String>,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The end of what it printed.
    pub(crate) output: String,
}

/// The event in a line, if it is one.
pub(crate) fn parse(line: &[u8]) -> Option<Event> {
    serde_json::from_slice(line.strip_prefix(b"\x1e")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_marked_line_is_an_event() {
        assert_eq!(parse(b"\x1e{\"event\": \"end\"}"), Some(Event::End));
        assert_eq!(parse(b"{\"event\": \"end\"}"), None);
        assert_eq!(parse(b"\x1enonsense"), None);
        let told = parse(br#"{"event": "result", "id": 3, "reason": null, "seconds": 0.5, "output": "x\n"}"#);
        assert_eq!(told, None, "not marked");
    }
}

//! What an engine's progress tells of its instructions: `BuildKit`'s plain log and its raw JSON, and
//! the steps of podman, buildah and docker's old builder.

use std::collections::BTreeMap;

use serde::Serialize;

use super::raw::{Prose, Raw, Vertex};

/// One instruction, or another thing that an engine names.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Instruction {
    /// As the engine calls it: `[2/5] RUN …`.
    pub(crate) name: String,
    /// When it began, in seconds since its step did.
    pub(crate) started: f64,
    /// How long it took, in seconds.
    pub(crate) seconds: f64,
    /// Whether the engine had the result already.
    pub(crate) cached: bool,
    /// What was sent for it, in bytes, where the engine tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
}

/// The instructions heard of so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Log {
    found: Vec<Instruction>,
    /// Where in `found` each of `BuildKit`'s is.
    known: BTreeMap<String, usize>,
    /// Whether the last one found has not ended: engines that do one after the other do not say when.
    is_open: bool,
    /// When the first one of raw JSON began.
    origin: Option<jiff::Timestamp>,
    /// How each one of raw JSON stands.
    spans: BTreeMap<String, Span>,
    prose: Prose,
    /// The lines so far of a change in raw JSON that is not whole yet.
    held: Vec<String>,
}

/// The time of an instruction that may run more than once.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    /// Where in `found` it is.
    index: usize,
    /// When it began the last time.
    began: jiff::Timestamp,
    /// How long it had taken until then, in seconds.
    before: f64,
    is_over: bool,
}

/// A change is not longer than this, in lines; what is, is something else.
const LONGEST: usize = 10_000;

impl Log {
    /// Takes in `line`, which came `at` seconds after the step began; gives what people are to read in
    /// its place, if it is not for people.
    pub(crate) fn hear(&mut self, line: &str, at: f64) -> Option<Vec<String>> {
        if self.held.is_empty() && line != "{" {
            let Some(raw) = Raw::read(line) else {
                self.for_people(line, at);
                return None;
            };
            return Some(self.raw(raw));
        }
        let is_second = self.held.len() == 1;
        if (is_second && !Raw::begins(line)) || self.held.len() >= LONGEST {
            let mut lines = self.release(at);
            lines.extend(self.hear(line, at).unwrap_or_else(|| vec![line.to_owned()]));
            return Some(lines);
        }
        self.held.push(line.to_owned());
        if line != "}" {
            return Some(Vec::new());
        }
        match serde_json::from_str(&self.held.join("\n")) {
            Ok(raw) => {
                self.held.clear();
                Some(self.raw(raw))
            }
            Err(_) => Some(self.release(at)),
        }
    }

    /// What was held back although it was for people.
    fn release(&mut self, at: f64) -> Vec<String> {
        let lines = std::mem::take(&mut self.held);
        lines.iter().for_each(|line| self.for_people(line, at));
        lines
    }

    /// What people have not read yet when nothing more comes.
    pub(crate) fn rest(&mut self, at: f64) -> Vec<String> {
        let mut lines = self.release(at);
        lines.extend(self.prose.rest());
        lines
    }

    fn for_people(&mut self, line: &str, at: f64) {
        if let Some((id, rest)) = line.strip_prefix('#').and_then(|rest| rest.split_once(' ')) {
            if id.bytes().all(|b| b.is_ascii_digit()) {
                self.plain(id, rest.trim_end(), at);
            }
        } else {
            self.step(line, at);
        }
    }

    /// All of them; what has not ended did so at `at`.
    pub(crate) fn end(mut self, at: f64) -> Vec<Instruction> {
        self.close(at);
        for span in self.spans.values().filter(|span| !span.is_over) {
            let found = &mut self.found[span.index];
            found.seconds = (at - found.started).max(0.0);
        }
        self.found
    }

    fn plain(&mut self, id: &str, rest: &str, at: f64) {
        let Some(index) = self.known.get(id).copied() else {
            self.known.insert(id.to_owned(), self.found.len());
            self.found.push(Instruction { name: rest.to_owned(), started: at, ..Instruction::default() });
            return;
        };
        let found = &mut self.found[index];
        let seconds = |text: &str| text.trim_end_matches('s').parse::<f64>().ok();
        if rest == "CACHED" {
            found.cached = true;
        } else if let Some(took) = rest.strip_prefix("DONE ").and_then(seconds) {
            // It may have begun before anything was said of it.
            found.seconds = took;
            found.started = found.started.min((at - took).max(0.0));
        } else if let Some(sent) = rest.strip_prefix("transferring context: ") {
            found.bytes = bytes(sent.split_whitespace().next().unwrap_or_default()).or(found.bytes);
        }
    }

    /// `STEP 2/5: RUN …`, `Step 2/5 : RUN …`, `COMMIT x`, `--> Using cache …`.
    fn step(&mut self, line: &str, at: f64) {
        let named = line.strip_prefix("STEP ").or_else(|| line.strip_prefix("Step "));
        if let Some((number, text)) = named.and_then(|rest| rest.split_once(':')) {
            self.open(format!("[{}] {}", number.trim(), text.trim()), at);
        } else if line.starts_with("COMMIT ") {
            self.open(line.trim_end().to_owned(), at);
        } else if line.trim_start().trim_start_matches('-').starts_with("> Using cache")
            && let Some(last) = self.found.last_mut().filter(|_| self.is_open)
        {
            last.cached = true;
        }
    }

    fn open(&mut self, name: String, at: f64) {
        self.close(at);
        self.found.push(Instruction { name, started: at, ..Instruction::default() });
        self.is_open = true;
    }

    fn close(&mut self, at: f64) {
        if let Some(last) = self.found.last_mut().filter(|_| self.is_open) {
            last.seconds = (at - last.started).max(0.0);
        }
        self.is_open = false;
    }

    /// Takes in a change; gives what people read of it.
    fn raw(&mut self, raw: Raw) -> Vec<String> {
        let lines = self.prose.of(&raw);
        raw.vertexes.into_iter().for_each(|vertex| self.vertex(vertex));
        for part in raw.statuses {
            let sent = part.sent();
            if let (Some(sent), Some(span)) = (sent, self.spans.get(&part.vertex)) {
                self.found[span.index].bytes = Some(sent);
            }
        }
        lines
    }

    fn vertex(&mut self, vertex: Vertex) {
        let Some(started) = vertex.started.or(vertex.completed) else { return };
        let origin = *self.origin.get_or_insert(started);
        let span = self.spans.entry(vertex.digest).or_insert_with(|| {
            let started_at = started.duration_since(origin).as_secs_f64();
            self.found.push(Instruction { name: vertex.name, started: started_at, ..Instruction::default() });
            Span { index: self.found.len() - 1, began: started, before: 0.0, is_over: false }
        });
        let found = &mut self.found[span.index];
        if span.began != started {
            (span.began, span.before) = (started, found.seconds);
        }
        span.is_over = vertex.completed.is_some();
        found.cached |= vertex.cached;
        if let Some(completed) = vertex.completed {
            found.seconds = span.before + completed.duration_since(started).as_secs_f64();
        }
    }
}

/// `bytes` as `BuildKit` writes them: `2.07kB`.
pub(super) fn bytes_of(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        // Two digits behind the point, by whole numbers.
        Some((unit, name)) => {
            let hundredths = (bytes + unit / 200) / (unit / 100);
            format!("{}.{:02}{name}", hundredths / 100, hundredths % 100)
        }
        None => format!("{bytes}B"),
    }
}

/// `2.07kB`, in `BuildKit`'s units of 1000.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let factor = match unit {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size is a small whole number"
    )]
    (bytes >= 0.0).then_some(bytes.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `lines` come one second after the other.
    fn heard(lines: &[&str]) -> Vec<(String, f64, f64, bool, Option<u64>)> {
        let mut log = Log::default();
        let mut at = 0.0;
        for line in lines {
            log.hear(line, at);
            at += 1.0;
        }
        log.end(at).into_iter().map(|i| (i.name, i.started, i.seconds, i.cached, i.bytes)).collect()
    }

    #[test]
    fn the_plain_log_of_buildkit() {
        let found = heard(&[
            "#1 [internal] load build context",
            "#1 transferring context: 2.07kB done",
            "#1 DONE 0.1s",
            "",
            "#5 [2/3] RUN make",
            "#6 [1/3] COPY a b",
            "#6 CACHED",
            "#5 0.321 #7 is said by make",
            "#5 DONE 3.9s",
            "#not a step",
        ]);
        let line =
            |name: &str, started, seconds, cached, bytes| (name.to_owned(), started, seconds, cached, bytes);
        assert_eq!(
            found,
            [
                line("[internal] load build context", 0.0, 0.1, false, Some(2070)),
                line("[2/3] RUN make", 4.0, 3.9, false, None),
                line("[1/3] COPY a b", 5.0, 0.0, true, None),
            ]
        );
    }

    #[test]
    fn the_steps_of_buildah_and_of_dockers_old_builder() {
        for (first, second, cache) in [
            ("STEP 1/2: FROM a", "STEP 2/2: RUN b", "--> Using cache 0123"),
            ("Step 1/2 : FROM a", "Step 2/2 : RUN b", " ---> Using cache"),
        ] {
            let found = heard(&[first, "said", second, cache, "COMMIT x"]);
            let found: Vec<_> = found.iter().map(|(n, s, t, c, _)| (n.as_str(), *s, *t, *c)).collect();
            assert_eq!(
                found,
                [
                    ("[1/2] FROM a", 0.0, 2.0, false),
                    ("[2/2] RUN b", 2.0, 2.0, true),
                    ("COMMIT x", 4.0, 1.0, false)
                ]
            );
        }
    }

    #[test]
    fn the_raw_json_of_buildkit() {
        let found = heard(&[
            r#"{"vertexes":[{"digest":"sha256:a","name":"[1/2] FROM a","started":"2024-08-05T10:00:00Z","completed":"2024-08-05T10:00:00.5Z","cached":true}]}"#,
            r#"{"vertexes":[{"digest":"sha256:b","name":"[2/2] RUN b","started":"2024-08-05T10:00:01Z"}]}"#,
            r#"{"statuses":[{"id":"x","vertex":"sha256:b"}]}"#,
            r#"{"vertexes":[{"digest":"sha256:b","name":"[2/2] RUN b","started":"2024-08-05T10:00:01Z","completed":"2024-08-05T10:00:03Z"}]}"#,
            r#"{"vertexes": nonsense"#,
        ]);
        let found: Vec<_> = found.iter().map(|(n, s, t, c, _)| (n.as_str(), *s, *t, *c)).collect();
        assert_eq!(found, [("[1/2] FROM a", 0.0, 0.5, true), ("[2/2] RUN b", 1.0, 2.0, false)]);
    }

    /// What a client of `BuildKit` 0.8 printed, shortened: each change is spread over many lines, the look
    /// for ignore rules ran twice, and the end is told in words.
    const SPREAD: &str = include_str!("raw_spread.txt");

    #[test]
    fn raw_json_that_is_spread_over_lines() {
        let mut log = Log::default();
        let mut told: Vec<String> = SPREAD
            .lines()
            .flat_map(|line| log.hear(line, 0.0).unwrap_or_else(|| vec![line.to_owned()]))
            .collect();
        told.extend(log.rest(9.0));
        let expected = [
            "#1 [internal] load .dockerignore",
            "#1 transferring context: 2B done",
            "#1 DONE 0.2s",
            "#2 [1/3] FROM docker.io/library/base:1",
            "#2 CACHED",
            "#3 [internal] load build context",
            "#3 transferring context: 20.98MB done",
            "#3 DONE 0.5s",
            "#4 [2/3] RUN echo hello; echo none >&2; seq 3",
            "#4 hello",
            "#4 1",
            "#4 2",
            "#4 no end of line",
            "#4 ERROR: executor failed running [/bin/sh -c seq 3]: exit code: 1",
            "ERROR: failed to solve: executor failed running [/bin/sh -c seq 3]: exit code: 1",
        ];
        assert_eq!(told, expected);
        let found: Vec<_> =
            log.end(9.0).into_iter().map(|i| (i.name, i.seconds, i.cached, i.bytes)).collect();
        let line = |name: &str, seconds, cached, bytes| (name.to_owned(), seconds, cached, bytes);
        assert_eq!(
            found,
            [
                line("[internal] load .dockerignore", 0.25 + 0.5, false, Some(2)),
                line("[1/3] FROM docker.io/library/base:1", 0.0, true, None),
                line("[internal] load build context", 0.5, false, Some(20_975_389)),
                line("[2/3] RUN echo hello; echo none >&2; seq 3", 1.5, false, None),
            ]
        );
    }

    /// A step that prints JSON of its own is not held back.
    #[test]
    fn braces_that_are_no_progress_are_for_people() {
        let mut log = Log::default();
        let mut hear = |line: &str| log.hear(line, 0.0);
        assert_eq!(hear("{"), Some(Vec::new()));
        assert_eq!(hear("  \"name\": 1"), Some(vec!["{".to_owned(), "  \"name\": 1".to_owned()]));
        assert_eq!(hear("}"), None);
        assert_eq!((hear("{"), hear("{")), (Some(Vec::new()), Some(vec!["{".to_owned()])));
        assert_eq!((hear("  \"logs\": 7"), hear("}").map(|lines| lines.len())), (Some(Vec::new()), Some(3)));
        assert_eq!((hear("{"), log.rest(0.0)), (Some(Vec::new()), vec!["{".to_owned()]), "nothing is lost");
    }

    #[test]
    fn bytes_are_written_as_they_are_read() {
        for (count, text) in [(2, "2B"), (2070, "2.07kB"), (20_975_389, "20.98MB"), (1_000_000_000, "1.00GB")]
        {
            assert_eq!(bytes_of(count), text);
        }
        assert_eq!(bytes("2.07kB"), Some(2070));
    }
}

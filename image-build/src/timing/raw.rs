//! `BuildKit`'s progress as raw JSON: exact to the nanosecond, and not for people. Each change is an object,
//! on a line of its own or, from older clients, spread over several lines.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::log::bytes_of;

/// The keys that a change begins with, whichever it has.
const KEYS: [&str; 4] = ["\"vertexes\"", "\"statuses\"", "\"logs\"", "\"warnings\""];

/// One change.
#[derive(Debug, Deserialize)]
pub(super) struct Raw {
    #[serde(default)]
    pub(super) vertexes: Vec<Vertex>,
    #[serde(default)]
    pub(super) statuses: Vec<Part>,
    #[serde(default)]
    logs: Vec<Said>,
    #[serde(default)]
    warnings: Vec<Warning>,
}

/// How an instruction stands. One may run again after its end; it then has another start.
#[derive(Debug, Deserialize)]
pub(super) struct Vertex {
    pub(super) digest: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) cached: bool,
    pub(super) started: Option<jiff::Timestamp>,
    pub(super) completed: Option<jiff::Timestamp>,
    #[serde(default)]
    error: String,
}

/// How a part of an instruction stands: what is transferred for it, a layer that is written.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    id: String,
    pub(super) vertex: String,
    /// In bytes, where it is bytes that are counted.
    #[serde(default)]
    current: i64,
    started: Option<jiff::Timestamp>,
    completed: Option<jiff::Timestamp>,
}

impl Part {
    /// How much of the context was sent, in bytes, if it is about that.
    pub(super) fn sent(&self) -> Option<u64> {
        u64::try_from(self.current).ok().filter(|_| self.id == "transferring context:")
    }
}

/// A piece of what an instruction printed; lines may be torn.
#[derive(Debug, Deserialize)]
struct Said {
    vertex: String,
    data: String,
}

/// What a Dockerfile is warned of.
#[derive(Debug, Deserialize)]
struct Warning {
    vertex: String,
    #[serde(default)]
    short: String,
}

impl Raw {
    /// The change that `line` is, if it is one.
    pub(super) fn read(line: &str) -> Option<Self> {
        let rest = line.strip_prefix('{')?;
        Self::begins(rest).then(|| serde_json::from_str(line).ok())?
    }

    /// Whether a change goes on with `line` after its first brace.
    pub(super) fn begins(line: &str) -> bool {
        KEYS.iter().any(|key| line.trim_start().starts_with(key))
    }
}

/// What was told of an instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Told {
    number: usize,
    name: bool,
    end: bool,
}

/// What is told to people of it: much as the plain log has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prose {
    /// What was told of each instruction.
    told: BTreeMap<String, Told>,
    /// What has come of a line that is not over.
    torn: BTreeMap<String, Vec<u8>>,
}

impl Prose {
    /// The lines that `raw` adds.
    pub(super) fn of(&mut self, raw: &Raw) -> Vec<String> {
        let mut lines = Vec::new();
        raw.vertexes.iter().for_each(|vertex| self.name(vertex, &mut lines));
        for part in &raw.statuses {
            self.part(part, &mut lines);
        }
        for said in &raw.logs {
            self.said(said, &mut lines);
        }
        for warning in &raw.warnings {
            let number = self.told(&warning.vertex).number;
            lines.push(format!("#{number} WARNING: {}", decoded(&warning.short)));
        }
        raw.vertexes.iter().for_each(|vertex| self.end(vertex, &mut lines));
        lines
    }

    /// What has come of lines that will not be over any more.
    pub(super) fn rest(&mut self) -> Vec<String> {
        let torn = std::mem::take(&mut self.torn);
        let whole = torn.into_iter().filter(|(_, text)| !text.is_empty());
        whole
            .map(|(vertex, text)| {
                format!("#{} {}", self.told(&vertex).number, String::from_utf8_lossy(&text))
            })
            .collect()
    }

    fn part(&mut self, part: &Part, lines: &mut Vec<String>) {
        let Some(completed) = part.completed else { return };
        let number = self.told(&part.vertex).number;
        let how_much = match (u64::try_from(part.current).unwrap_or(0), part.started) {
            (0, Some(started)) => format!("{:.1}s ", completed.duration_since(started).as_secs_f64()),
            (0, None) => String::new(),
            (bytes, _) => format!("{} ", bytes_of(bytes)),
        };
        lines.push(format!("#{number} {} {how_much}done", part.id));
    }

    fn said(&mut self, said: &Said, lines: &mut Vec<String>) {
        let number = self.told(&said.vertex).number;
        let torn = self.torn.entry(said.vertex.clone()).or_default();
        torn.extend(STANDARD.decode(&said.data).unwrap_or_default());
        while let Some(end) = torn.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = torn.drain(..=end).collect();
            lines.push(format!("#{number} {}", String::from_utf8_lossy(&line).trim_end()));
        }
    }

    fn name(&mut self, vertex: &Vertex, lines: &mut Vec<String>) {
        if vertex.started.or(vertex.completed).is_none() {
            return;
        }
        let told = self.told(&vertex.digest);
        if !std::mem::replace(&mut told.name, true) {
            lines.push(format!("#{} {}", told.number, vertex.name));
        }
    }

    fn end(&mut self, vertex: &Vertex, lines: &mut Vec<String>) {
        let Some(ended) = vertex.completed else { return };
        let started = vertex.started.unwrap_or(ended);
        let told = self.told(&vertex.digest);
        let number = told.number;
        if std::mem::replace(&mut told.end, true) {
            return;
        }
        if let Some(rest) = self.torn.remove(&vertex.digest).filter(|rest| !rest.is_empty()) {
            lines.push(format!("#{number} {}", String::from_utf8_lossy(&rest)));
        }
        lines.push(match (vertex.error.is_empty(), vertex.cached) {
            (false, _) => format!("#{number} ERROR: {}", vertex.error),
            (_, true) => format!("#{number} CACHED"),
            _ => format!("#{number} DONE {:.1}s", ended.duration_since(started).as_secs_f64()),
        });
    }

    fn told(&mut self, digest: &str) -> &mut Told {
        let number = self.told.len() + 1;
        self.told.entry(digest.to_owned()).or_insert(Told { number, name: false, end: false })
    }
}

fn decoded(data: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(data).unwrap_or_default()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_what_the_plain_log_would_have_told() {
        let mut prose = Prose::default();
        let mut told = |line: &str| Raw::read(line).map(|raw| prose.of(&raw));
        let begun = r#"{"vertexes":[{"digest":"a","name":"[2/2] RUN b","started":"2024-08-05T10:00:01Z"}]}"#;
        assert_eq!(told(begun).unwrap(), ["#1 [2/2] RUN b"]);
        let [first, second] = ["hello\nwor", "ld"].map(|text| STANDARD.encode(text));
        let said = |data: &str| format!(r#"{{"logs":[{{"vertex":"a","stream":1,"data":"{data}"}}]}}"#);
        assert_eq!(told(&said(&first)).unwrap(), ["#1 hello"]);
        assert!(told(&said(&second)).unwrap().is_empty(), "the line is not over");
        let ended = r#"{"vertexes":[{"digest":"a","name":"[2/2] RUN b","started":"2024-08-05T10:00:01Z",
            "completed":"2024-08-05T10:00:03.5Z","error":"exit code: 1"}]}"#;
        assert_eq!(told(ended).unwrap(), ["#1 world", "#1 ERROR: exit code: 1"]);
        assert!(told(ended).unwrap().is_empty(), "each end is told once");
        let cached = r#"{"vertexes":[{"digest":"c","name":"[1/2] FROM a","cached":true,"completed":"2024-08-05T10:00:03Z"}]}"#;
        assert_eq!(told(cached).unwrap(), ["#2 [1/2] FROM a", "#2 CACHED"]);
        assert!(told(r#"{"vertexes": nonsense"#).is_none() && told("{\"a\":1}").is_none());
    }

    #[test]
    fn parts_and_warnings_are_told_before_the_end() {
        let mut prose = Prose::default();
        let mut told = |line: &str| prose.of(&Raw::read(line).unwrap());
        let lines = told(
            r#"{"vertexes":[{"digest":"a","name":"exporting to image","started":"2024-08-05T10:00:01Z","completed":"2024-08-05T10:00:04Z"}],
            "statuses":[
                {"id":"exporting layers","vertex":"a","current":0,"started":"2024-08-05T10:00:01Z","completed":"2024-08-05T10:00:03.25Z"},
                {"id":"naming to x","vertex":"a","current":0,"started":"2024-08-05T10:00:03Z"},
                {"id":"transferring context:","vertex":"a","name":"transferring","current":20975389,"completed":"2024-08-05T10:00:03Z"}],
            "warnings":[{"vertex":"a","level":1,"short":"b2xkIHdheXM="}]}"#,
        );
        let expected = [
            "#1 exporting to image",
            "#1 exporting layers 2.2s done",
            "#1 transferring context: 20.98MB done",
            "#1 WARNING: old ways",
            "#1 DONE 3.0s",
        ];
        assert_eq!(lines, expected);
        let torn = STANDARD.encode("no end of line");
        assert!(told(&format!(r#"{{"logs":[{{"vertex":"b","data":"{torn}"}}]}}"#)).is_empty());
        assert_eq!(prose.rest(), ["#2 no end of line"]);
    }
}

//! `BuildKit`'s progress as raw JSON: one line a change, exact to the nanosecond, and not for people.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// One line.
#[derive(Debug, Deserialize)]
pub(super) struct Raw {
    #[serde(default)]
    pub(super) vertexes: Vec<Vertex>,
    #[serde(default)]
    logs: Vec<Said>,
}

/// How an instruction stands.
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

/// A piece of what an instruction printed; lines may be torn.
#[derive(Debug, Deserialize)]
struct Said {
    vertex: String,
    data: String,
}

impl Raw {
    /// The line, if it is one of these.
    pub(super) fn read(line: &str) -> Option<Self> {
        let begins = ["{\"vertexes\"", "{\"statuses\"", "{\"logs\"", "{\"warnings\""];
        begins.iter().any(|begin| line.starts_with(begin)).then(|| serde_json::from_str(line).ok())?
    }
}

/// What is told to people of it: much as the plain log has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prose {
    /// The number of each instruction that was named, and whether its end was told.
    numbers: BTreeMap<String, (usize, bool)>,
    /// What has come of a line that is not over.
    torn: BTreeMap<String, Vec<u8>>,
}

impl Prose {
    /// The lines that `raw` adds.
    pub(super) fn of(&mut self, raw: &Raw) -> Vec<String> {
        let mut lines = Vec::new();
        for vertex in &raw.vertexes {
            self.vertex(vertex, &mut lines);
        }
        for said in &raw.logs {
            let number = self.number(&said.vertex).0;
            let torn = self.torn.entry(said.vertex.clone()).or_default();
            torn.extend(STANDARD.decode(&said.data).unwrap_or_default());
            while let Some(end) = torn.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = torn.drain(..=end).collect();
                lines.push(format!("#{number} {}", String::from_utf8_lossy(&line).trim_end()));
            }
        }
        lines
    }

    fn vertex(&mut self, vertex: &Vertex, lines: &mut Vec<String>) {
        let Some(started) = vertex.started.or(vertex.completed) else { return };
        let is_new = !self.numbers.contains_key(&vertex.digest);
        let (number, is_told) = self.number(&vertex.digest);
        if is_new {
            lines.push(format!("#{number} {}", vertex.name));
        }
        let Some(ended) = vertex.completed.filter(|_| !is_told) else { return };
        if let Some(rest) = self.torn.remove(&vertex.digest).filter(|rest| !rest.is_empty()) {
            lines.push(format!("#{number} {}", String::from_utf8_lossy(&rest)));
        }
        lines.push(match (vertex.error.is_empty(), vertex.cached) {
            (false, _) => format!("#{number} ERROR: {}", vertex.error),
            (_, true) => format!("#{number} CACHED"),
            _ => format!("#{number} DONE {:.1}s", ended.duration_since(started).as_secs_f64()),
        });
        self.numbers.insert(vertex.digest.clone(), (number, true));
    }

    fn number(&mut self, digest: &str) -> (usize, bool) {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(digest.to_owned()).or_insert((next, false))
    }
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
}

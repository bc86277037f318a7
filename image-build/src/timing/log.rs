//! What an engine's progress tells of its instructions: `BuildKit`'s plain log and its raw JSON, and
//! the steps of podman, buildah and docker's old builder.

use std::collections::BTreeMap;

use serde::Serialize;

use super::raw::{Prose, Raw};

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
    prose: Prose,
}

impl Log {
    /// Takes in `line`, which came `at` seconds after the step began; gives what people are to read in
    /// its place, if it is not for people.
    pub(crate) fn hear(&mut self, line: &str, at: f64) -> Option<Vec<String>> {
        if let Some(raw) = Raw::read(line) {
            let lines = self.prose.of(&raw);
            self.raw(raw);
            return Some(lines);
        }
        if let Some((id, rest)) = line.strip_prefix('#').and_then(|rest| rest.split_once(' ')) {
            if id.bytes().all(|b| b.is_ascii_digit()) {
                self.plain(id, rest.trim_end(), at);
            }
        } else {
            self.step(line, at);
        }
        None
    }

    /// All of them; what has not ended did so at `at`.
    pub(crate) fn end(mut self, at: f64) -> Vec<Instruction> {
        self.close(at);
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

    fn raw(&mut self, raw: Raw) {
        for vertex in raw.vertexes {
            let Some(started) = vertex.started.or(vertex.completed) else { continue };
            let origin = *self.origin.get_or_insert(started);
            let since = |moment: jiff::Timestamp| moment.duration_since(origin).as_secs_f64();
            let index = *self.known.entry(vertex.digest).or_insert_with(|| {
                self.found.push(Instruction::default());
                self.found.len() - 1
            });
            let found = &mut self.found[index];
            found.name = vertex.name;
            found.cached |= vertex.cached;
            found.started = since(started);
            found.seconds = vertex.completed.map_or(0.0, |end| since(end) - since(started));
        }
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
}

//! Where the time of a build went: each step, and each instruction in it as far as the engine's
//! progress tells.

mod html;
mod log;
mod raw;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use common::state_file::{self, StateFileError};

use crate::fleet::Size;
use crate::key::Cached;
use crate::progress::Elapsed;

pub(crate) use log::{Instruction, Log};

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Timeline {
    /// The steps in the order in which they ended.
    pub(crate) steps: Vec<TimedStep>,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TimedStep {
    /// Its name.
    pub(crate) step: String,
    /// When it began, in seconds since the run did.
    pub(crate) started: f64,
    /// How long it took, in seconds.
    pub(crate) seconds: f64,
    /// Whether it had nothing to do.
    pub(crate) skipped: bool,
    /// The size of the image that it made, in bytes, where the engine tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    /// The most memory that it was seen to take, in bytes, where its processes are ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<u64>,
    /// The instructions in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) instructions: Vec<Instruction>,
}

impl TimedStep {
    /// A step of a run that had nothing to do at all.
    pub(crate) fn stood(step: &str) -> Self {
        let step = step.to_owned();
        Self {
            step,
            started: 0.0,
            seconds: 0.0,
            skipped: true,
            bytes: None,
            memory: None,
            instructions: Vec::new(),
        }
    }

    /// How much of it the engine had already: of the instructions that do something, which FROM does not.
    pub(crate) fn work_cached(&self) -> Cached {
        let work = |one: &&Instruction| {
            let (bracket, text) = one.name.split_once("] ").unwrap_or_default();
            let numbered = bracket.starts_with('[') && bracket.ends_with(|c: char| c.is_ascii_digit());
            numbered && !text.trim_start().starts_with("FROM ")
        };
        let all: Vec<_> = self.instructions.iter().filter(work).collect();
        match all.iter().filter(|instruction| instruction.cached).count() {
            _ if all.is_empty() => Cached::Partly,
            0 => Cached::Nothing,
            count if count == all.len() => Cached::All,
            _ => Cached::Partly,
        }
    }

    /// `all 5 cached`, `3 of 5 cached`; nothing where no instruction is known.
    fn cached(&self) -> String {
        let run =
            |instruction: &&Instruction| instruction.name.contains('[') || instruction.name.contains(' ');
        let all: Vec<_> = self.instructions.iter().filter(run).collect();
        let cached = all.iter().filter(|instruction| instruction.cached).count();
        match (self.skipped, all.len()) {
            (true, _) => "stood".to_owned(),
            (_, 0) => String::new(),
            (_, count) => format!("{cached}/{count} cached"),
        }
    }
}

impl Timeline {
    /// Notes the size of the image that `step` made.
    pub(crate) fn set_bytes(&mut self, step: &str, bytes: Option<u64>) {
        if let Some(found) = self.steps.iter_mut().rev().find(|timed| timed.step == step) {
            found.bytes = bytes;
        }
    }

    /// Writes all of it to `path`: a page if that ends in `.html`, else JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, path: &Path, title: &str) -> Result<(), StateFileError> {
        let is_page = path.extension().is_some_and(|ending| ending == "html");
        let text = if is_page {
            html::page(self, title)
        } else {
            serde_json::to_string_pretty(self).expect("a timeline has only string keys") + "\n"
        };
        state_file::replace(path, text.as_bytes(), 0o644)?;
        Ok(())
    }
}

/// The table that a build ends with.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.steps.iter().map(|step| step.step.len()).max().unwrap_or(0);
        for step in &self.steps {
            let took = Elapsed(Duration::try_from_secs_f64(step.seconds).unwrap_or_default()).to_string();
            let bytes = step.bytes.map(|bytes| Size(bytes).to_string()).unwrap_or_default();
            let line = format!("{:<width$}  {:<14} {took:>7}  {bytes:>9}", step.step, step.cached());
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn timeline() -> Timeline {
        let instruction = |name: &str, cached| Instruction {
            name: name.to_owned(),
            started: 0.5,
            seconds: 1.25,
            cached,
            bytes: None,
        };
        let step = |step: &str, skipped, bytes, instructions| TimedStep {
            step: step.to_owned(),
            started: 1.0,
            seconds: if skipped { 0.0 } else { 65.0 },
            skipped,
            bytes,
            memory: None,
            instructions,
        };
        let ran = vec![instruction("[1/2] FROM a", true), instruction("[2/2] RUN <b> & c", false)];
        Timeline {
            steps: vec![step("base", true, None, Vec::new()), step("common", false, Some(3 << 29), ran)],
        }
    }

    #[test]
    fn the_table_tells_steps_caches_seconds_and_bytes() {
        assert_eq!(
            timeline().to_string(),
            "base    stood             0.0s\n\
             common  1/2 cached       1m05s     1.5 GB\n"
        );
    }

    #[test]
    fn it_is_written_as_json_or_as_a_page() {
        let dir = tempfile::tempdir().unwrap();
        let (json, page) = (dir.path().join("t.json"), dir.path().join("t.html"));
        timeline().write(&json, "roman").unwrap();
        let value: serde_json::Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
        assert_eq!(value["steps"][1]["instructions"][1]["seconds"], 1.25);
        timeline().write(&page, "roman").unwrap();
        let text = std::fs::read_to_string(page).unwrap();
        assert!(text.starts_with("<!doctype html>") && !text.contains("http"), "{text}");
    }
}

//! Results as files for other programs: JSON of our own, and `JUnit` XML.

mod junit;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use common::evidence::Tested;
use common::fault::{Fault, Status, io_status};
use common::report::{ImageIdentity, TestOutcome, Verdict};
use common::state_file::{self, StateFileError};
use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    format: Format,
    path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Junit,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "write it as json=FILE or junit=FILE".to_owned();
        let (format, path) = text.split_once('=').ok_or_else(form)?;
        let format = match format {
            "json" => Format::Json,
            "junit" => Format::Junit,
            _ => return Err(form()),
        };
        if path.is_empty() {
            return Err(form());
        }
        Ok(Self { format, path: PathBuf::from(path) })
    }
}

/// All that a report says.
#[derive(Clone, Debug)]
pub(crate) struct Results<'a> {
    /// The mission.
    pub(crate) mission: &'a str,
    /// When it was, on which image, and what came of it.
    pub(crate) tested: &'a Tested,
    /// How long it took, in seconds.
    pub(crate) seconds: f64,
    /// The status that we end with.
    pub(crate) status: u8,
}

/// The JSON report. Fields are only ever added; what would break a reader raises `schema`.
#[derive(Debug, Serialize)]
struct Json<'a> {
    schema: u32,
    tool: &'static str,
    version: &'static str,
    mission: &'a str,
    image: &'a ImageIdentity,
    started: Timestamp,
    seconds: f64,
    verdict: Verdict,
    status: u8,
    outcome: &'a TestOutcome,
}

/// A report cannot be written.
#[derive(Debug, Error)]
pub(crate) enum ReportError {
    /// Its directory cannot be made, or it cannot be replaced.
    #[error("cannot write the report: {0}")]
    File(#[from] StateFileError),
    /// Nothing can be written there.
    #[error("cannot write a report to {}", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    /// There is something that is not a file.
    #[error("cannot write a report to {}: it is not a regular file", path.display())]
    NotAFile { path: PathBuf },
    /// Two reports would go to one file.
    #[error("two reports would go to {}", path.display())]
    Twice { path: PathBuf },
    /// It cannot be put into words.
    #[error("cannot make the report: {reason}")]
    Form { reason: String },
}

impl Fault for ReportError {
    fn status(&self) -> Status {
        match self {
            Self::File(error) => error.status(),
            Self::NotWritable { source, .. } => io_status(source),
            Self::NotAFile { .. } => Status::CannotCreate,
            Self::Twice { .. } => Status::Usage,
            Self::Form { .. } => Status::Software,
        }
    }
}

/// Makes sure that all reports can be written, before anything that takes long: makes their
/// directories, and a file in each that is removed again.
pub(crate) fn check_writable(targets: &[Target]) -> Result<(), ReportError> {
    for (number, Target { path, .. }) in targets.iter().enumerate() {
        if targets[..number].iter().any(|earlier| earlier.path == *path) {
            return Err(ReportError::Twice { path: path.clone() });
        }
        // A link is written through, so its target is what counts.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(ReportError::NotAFile { path: path.clone() });
        }
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        state_file::make_dir(dir)?;
        let not_writable = |source| ReportError::NotWritable { path: path.clone(), source };
        tempfile::tempfile_in(dir).map_err(not_writable)?;
    }
    Ok(())
}

/// Writes all reports.
pub(crate) fn write(targets: &[Target], results: &Results<'_>) -> Result<(), ReportError> {
    for target in targets {
        let text = match target.format {
            Format::Json => json(results)?,
            Format::Junit => junit::text(results)?,
        };
        state_file::replace(&target.path, text.as_bytes(), 0o644)?;
    }
    Ok(())
}

fn json(results: &Results<'_>) -> Result<String, ReportError> {
    let report = Json {
        schema: 1,
        tool: "image-test",
        version: env!("CARGO_PKG_VERSION"),
        mission: results.mission,
        image: &results.tested.image,
        started: results.tested.at,
        seconds: results.seconds,
        verdict: results.tested.verdict,
        status: results.status,
        outcome: &results.tested.outcome,
    };
    let text = serde_json::to_string_pretty(&report);
    text.map(|text| text + "\n").map_err(|error| ReportError::Form { reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn a_target_is_a_format_and_a_file() {
        assert_eq!(target("junit=a=b.xml"), Target { format: Format::Junit, path: "a=b.xml".into() });
        for bad in ["", "json", "json=", "xml=a", "JSON=a"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }

    #[test]
    fn trouble_is_found_before_the_run_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| target(&format!("json={}", dir.path().join(name).display()));
        check_writable(&[at("new/sub/a.json"), at("b.json")]).unwrap();
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["new"]);
        assert!(matches!(check_writable(&[at("new")]), Err(ReportError::NotAFile { .. })));
        assert!(matches!(check_writable(&[at("c"), at("c")]), Err(ReportError::Twice { .. })));
        fs::write(dir.path().join("file"), "").unwrap();
        let error = check_writable(&[at("file/c.json")]).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
        assert!(check_writable(&[target("json=/proc/x.json")]).is_err());
        assert!(check_writable(&[target("junit=/dev/null")]).is_err());
    }
}

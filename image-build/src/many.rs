//! Every mission in turn: what `update-all` and `image-build-all` do.
//!
//! The settings of each mission are made of those that are configured and handed to the tools as a
//! document, so the user's `setup-env` is never written (D35) and no directory is changed to (D34).

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use common::console::Console;
use common::deployment;
use common::document::Document;
use common::fault::{Fault as _, Status};
use common::process::{self, Input, Invocation};
use common::report::Verdict;
use common::session::Session;
use common::settings::{CalVersion, Generation, Settings, UseFrozen};
use common::sibling;
use common::state_file::StateFileError;

use crate::args::{ManyArgs, Through};
use crate::error::Error;

/// One mission in one mode.
struct Job {
    settings: Settings,
    /// The log that it gets, relative to the root.
    log: Option<String>,
    tools: &'static [&'static str],
}

/// Does it for every mission, in every mode that is asked for. A failure ends it, unless it is to
/// keep going; the first failure's status is the status.
///
/// # Errors
/// The missions cannot be listed, or we were told to stop.
pub(crate) fn run(
    through: Through,
    args: &ManyArgs,
    session: &Session,
    console: &Console,
) -> Result<Status, Error> {
    let settings = &session.document.settings;
    let mut first = Status::Done;
    for job in jobs(through, &args.mode, settings)? {
        console.status(job.name());
        let status = job.run(console)?;
        if status != Status::Done {
            console.warn(format_args!("{}: status {}", job.name(), status.code()));
            if first == Status::Done {
                first = status;
            }
            if !args.keep_going {
                break;
            }
        }
    }
    Ok(first)
}

fn jobs(through: Through, modes: &[UseFrozen], settings: &Settings) -> Result<Vec<Job>, Error> {
    let mut jobs = Vec::new();
    // As documented: one mode after the other, each for all missions.
    let modes: Vec<Option<UseFrozen>> =
        if modes.is_empty() { vec![None] } else { modes.iter().copied().map(Some).collect() };
    for mode in modes {
        for mission in deployment::missions(&settings.root)? {
            let settings = Settings { deployment: mission, ..settings.clone() };
            jobs.push(Job::new(through, mode, settings));
        }
    }
    Ok(jobs)
}

impl Job {
    /// A mode goes into the image's tag, `latest-0`, so that modes do not overwrite each other
    /// (D33a: the suffix was lost). Without one the specs are solved anew.
    fn new(through: Through, mode: Option<UseFrozen>, mut settings: Settings) -> Self {
        settings.cal_version = CalVersion::None;
        settings.use_frozen = mode.unwrap_or(UseFrozen::Floating);
        settings.freeze_chill = mode.is_none() && settings.generation == Generation::Newest;
        let log = mode.map(|mode| {
            settings.notebook_tag = format!("{}-{}", settings.notebook_tag, mode.number());
            format!("build-{}-{}.log", settings.deployment, mode.number())
        });
        let tools: &[&str] = match through {
            Through::Update => &["image-update"],
            Through::Build => &["image-build"],
            Through::Test => &["image-build", "image-test"],
        };
        Self { settings, log, tools }
    }

    fn name(&self) -> String {
        let log = self.log.as_ref().map_or(String::new(), |log| format!(", log in {log}"));
        format!(
            "{} of {} {}{log}",
            self.tools.join(" and "),
            self.settings.deployment,
            self.settings.use_frozen
        )
    }

    fn run(&self, console: &Console) -> Result<Status, Error> {
        let mut document = Document::new(self.settings.clone());
        let mut log = self.log.as_ref().map(|log| open(&self.settings.root.join(log))).transpose()?;
        for tool in self.tools {
            let status = match &mut log {
                Some(log) => logged(tool, &document, log, console),
                None => relayed(tool, &mut document, console),
            };
            process::check_interrupted().map_err(common::engine::EngineError::from)?;
            if status != Status::Done {
                return Ok(status);
            }
        }
        Ok(Status::Done)
    }
}

fn open(path: &Path) -> Result<File, Error> {
    File::create(path).map_err(|source| StateFileError::new("write", path, source).into())
}

/// Both streams go into the log (D33a: only one did).
fn logged(tool: &str, document: &Document, log: &mut File, console: &Console) -> Status {
    let call = Invocation::new(sibling::program(tool))
        .args(["--json", "-"])
        .input(Input::Bytes(document.to_json().into_bytes()));
    let mut sink = |line: &[u8]| {
        // A full disk must not end the build that it only describes.
        _ = log.write_all(line).and_then(|()| log.write_all(b"\n"));
    };
    match process::stream(&call, console, &mut sink) {
        Ok(exit) => exit.status(),
        Err(error) => told(&error, error.status(), console),
    }
}

fn relayed(tool: &str, document: &mut Document, console: &Console) -> Status {
    match sibling::run(tool, &[], document, console) {
        Ok(answered) => {
            *document = answered;
            let verdict = document.reports.last().map_or(Verdict::Yes, |report| report.verdict);
            if verdict == Verdict::No { Status::No } else { Status::Done }
        }
        Err(error) => told(&error, error.status(), console),
    }
}

fn told(error: &dyn std::fmt::Display, status: Status, console: &Console) -> Status {
    console.error(error);
    status
}

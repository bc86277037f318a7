//! Every mission of the repository: runs of a tool with a document of its own each, so that a failure
//! or a lock is that mission's alone and `setup-env` stays as it is.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::clock;
use crate::console::Console;
use crate::deployment::{self, Mission};
use crate::document::Document;
use crate::fault::{Fault as _, Status};
use crate::process::{self, Input, Invocation};
use crate::report::Report;
use crate::session::{self, Session, SessionError};
use crate::settings::{CalVersion, Settings};
use crate::sibling;

/// Flags of the commands that do all missions by themselves.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct AllArgs {
    /// Do it for every mission of the repository; the configuration stays as it is
    #[arg(long)]
    pub all: bool,

    /// With --all: go on with the other missions after a failure, as is done where `CI` is set
    #[arg(long, requires = "all")]
    pub keep_going: bool,
}

/// A tool's command that is run for each mission.
#[derive(Clone, Debug)]
pub struct Command<'a> {
    /// The program.
    pub tool: &'a str,
    /// The subcommand, if it is one.
    pub verb: Option<&'a str>,
    /// What was typed after them, of which each mission's run gets what is not about all of them.
    pub words: Vec<OsString>,
    /// The flags among them whose value names a file to write: each mission gets one of its own.
    pub files: &'static [&'static str],
    /// Why a mission is left out, if it is.
    pub left_out: fn(&Settings) -> Option<&'static str>,
}

/// The settings for `mission`. The calibration version that is configured is the configured mission's:
/// another one stays at what it was last brought up to.
#[must_use]
pub fn settings_of(settings: &Settings, mission: Mission) -> Settings {
    let is_configured = mission == settings.deployment;
    let cal_version = if is_configured { settings.cal_version.clone() } else { CalVersion::None };
    Settings { deployment: mission, cal_version, ..settings.clone() }
}

/// Whether this is a run that nobody watches, and that shall tell as much as it can.
#[must_use]
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Runs `command` for every mission in turn (one lock guards a clone's specs, and tests take what
/// processors there are) and prints the document with the reports of all. The status is
/// that of the first fault in the missions' order, else 1 if an answer is no.
///
/// # Errors
/// The missions cannot be listed, or the document cannot be printed.
pub fn run(
    command: &Command<'_>,
    args: AllArgs,
    session: &Session,
    console: &Console,
) -> Result<Status, SessionError> {
    let settings = &session.document.settings;
    let missions = deployment::missions(&settings.root)?;
    let each: Vec<Settings> = missions.into_iter().map(|mission| settings_of(settings, mission)).collect();
    let is_wanted = |one: &Settings| match (command.left_out)(one) {
        None => true,
        Some(why) => {
            console.notice(format_args!("{} is left out: {why}", one.deployment));
            false
        }
    };
    let each: Vec<Settings> = each.into_iter().filter(is_wanted).collect();
    let rows = Fleet { command, keep_going: args.keep_going || is_ci(), console }.run(&each);
    if let Err(error) = process::check_interrupted() {
        console.error(&error);
        return Ok(error.status());
    }
    let mut document = session.document.clone();
    let statuses: Vec<Status> = rows.iter().filter_map(Row::status).collect();
    let summary = Summary(rows);
    summary.to_string().lines().for_each(|line| console.status(line));
    document
        .reports
        .extend(summary.0.iter().flat_map(|row| row.ended.iter()).flat_map(|e| e.reports.clone()));
    session::pass_on(&document, session.wants_json(), &summary)?;
    Ok(overall(&statuses))
}

/// A fault weighs more than a "no": what could not be judged must not look as if it were.
fn overall(statuses: &[Status]) -> Status {
    let is_fault = |status: &&Status| !matches!(status, Status::Done) && status.code() != 1;
    let fault = statuses.iter().find(is_fault);
    let first = statuses.iter().find(|status| **status != Status::Done);
    fault.or(first).copied().unwrap_or(Status::Done)
}

/// Runs `call`, one of our own tools, on `document`; each line of what it says comes with `name` before
/// it, so that nothing is torn apart by what runs beside it. Gives how it ended and the reports of the
/// document that it printed.
#[must_use]
pub fn run_one(
    (tool, name): (&str, &str),
    call: Invocation,
    document: &Document,
    console: &Console,
) -> (Status, Vec<Report>) {
    let call = call.input(Input::Bytes(document.to_json().into_bytes()));
    let own = format!("{tool}: ");
    let mut said = |line: &[u8]| {
        let line = line.strip_prefix(own.as_bytes()).unwrap_or(line);
        console.child_line(&[format!("{name:<9} | ").as_bytes(), line].concat());
    };
    match process::relay_lines(&call, console, &mut said) {
        Ok(captured) => match Document::parse(&captured.stdout, name) {
            Ok(document) => (captured.exit.status(), document.reports),
            // Who prints no document has failed, whatever it says of itself.
            Err(_) if captured.exit.is_success() => (Status::No, Vec::new()),
            Err(_) => (captured.exit.status(), Vec::new()),
        },
        Err(error) => {
            console.error(format_args!("{name}: {error}"));
            (error.status(), Vec::new())
        }
    }
}

/// What each mission's run gets of `words`: not the flags for all of them, nor where the document comes
/// from and goes to. Abbreviated flags count too, where the tool takes them.
#[must_use]
pub fn passed_on(words: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let name =
            word.to_str().and_then(|word| word.split_once('=')).map_or(word.as_os_str(), |(n, _)| n.as_ref());
        if is_flag(name, "--settings") {
            // Its value is the next word, unless it is in this one.
            if name == word.as_os_str() {
                words.next();
            }
        } else if word != "-" && !["--all", "--keep-going", "--json"].iter().any(|flag| is_flag(word, flag)) {
            kept.push(word.clone());
        }
    }
    kept
}

/// What the file `path` is called for `mission`: `dir/times.html` is `dir/times-roman.html`. The words
/// `junit=FILE` are as good as a path here.
#[must_use]
pub fn file_of_mission(path: &Path, mission: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default();
    let mut name = OsString::from(stem);
    name.push(format!("-{mission}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

/// `words` for the run of `mission`: what the flags `files` name is a file of its own.
fn with_own_files(words: &[OsString], files: &[&str], mission: &str) -> Vec<OsString> {
    let own = |value: &OsStr| file_of_mission(Path::new(value), mission).into_os_string();
    let mut result = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.to_str().and_then(|word| word.split_once('=')) {
            Some((name, value)) => (OsStr::new(name), Some(value)),
            None => (word.as_os_str(), None),
        };
        if !files.iter().any(|flag| is_flag(name, flag)) {
            result.push(word.clone());
        } else if let Some(value) = value {
            let mut word = name.to_owned();
            word.push("=");
            word.push(own(OsStr::new(value)));
            result.push(word);
        } else {
            result.push(word.clone());
            result.extend(words.next().map(|value| own(value)));
        }
    }
    result
}

/// Whether `word` is `flag`, or an abbreviation of it.
fn is_flag(word: &OsStr, flag: &str) -> bool {
    word.to_str().is_some_and(|word| word.len() > 2 && flag.starts_with(word) && word.starts_with("--"))
}

struct Fleet<'a> {
    command: &'a Command<'a>,
    keep_going: bool,
    console: &'a Console,
}

impl Fleet<'_> {
    fn run(&self, missions: &[Settings]) -> Vec<Row> {
        let mut has_failed = false;
        let mut row = |settings: &Settings| {
            let stops = (has_failed && !self.keep_going) || process::check_interrupted().is_err();
            let ended = (!stops).then(|| self.one(settings));
            has_failed |= ended.as_ref().is_some_and(|ended| ended.status != Status::Done);
            Row { name: settings.deployment.to_string(), ended }
        };
        missions.iter().map(&mut row).collect()
    }

    fn one(&self, settings: &Settings) -> Ended {
        let began = Instant::now();
        let Command { tool, verb, words, files, .. } = self.command;
        let words = with_own_files(words, files, settings.deployment.as_str());
        let call = Invocation::new(sibling::program(tool)).args(*verb).args(["--json", "-"]).args(words);
        let document = Document::new(settings.clone());
        let (status, reports) = run_one((tool, settings.deployment.as_str()), call, &document, self.console);
        Ended { status, seconds: clock::to_the_millisecond(began.elapsed().as_secs_f64()), reports }
    }
}

/// How the run for a mission ended.
struct Ended {
    status: Status,
    seconds: f64,
    reports: Vec<Report>,
}

/// What became of a mission; nothing if it was not tried.
struct Row {
    name: String,
    ended: Option<Ended>,
}

impl Row {
    fn status(&self) -> Option<Status> {
        self.ended.as_ref().map(|ended| ended.status)
    }
}

/// All of them, for people.
struct Summary(Vec<Row>);

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for Row { name, ended } in &self.0 {
            let Some(Ended { status, seconds, .. }) = ended else {
                writeln!(f, "{name:<width$}  not tried")?;
                continue;
            };
            let word = match status.code() {
                0 => "done".to_owned(),
                1 => "no".to_owned(),
                code => format!("failed ({code})"),
            };
            writeln!(f, "{name:<width$}  {word:<12} {seconds:>7.1}s")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mission_gets_what_is_not_about_all_of_them() {
        let check = |typed: &str, kept: &str| {
            let words: Vec<OsString> = typed.split_whitespace().map(OsString::from).collect();
            assert_eq!(passed_on(&words).join(OsStr::new(" ")), kept, "{typed}");
        };
        check("--all --native --keep-going --jobs 2 --json -", "--native --jobs 2");
        check("--settings a.json --root /r --all -q", "--root /r -q");
        check("--settings=a.json --offline --al --js", "--offline");
        check("-v --allow-empty --all", "-v --allow-empty");
    }

    /// Each mission wrote over the file of the one before.
    #[test]
    fn each_mission_writes_files_of_its_own() {
        let check = |typed: &str, kept: &str| {
            let words: Vec<OsString> = typed.split_whitespace().map(OsString::from).collect();
            let own = with_own_files(&words, &["--report", "--markdown"], "roman");
            assert_eq!(own.join(OsStr::new(" ")), kept, "{typed}");
        };
        check(
            "--report junit=a/b.xml -q --report=json=c",
            "--report junit=a/b-roman.xml -q --report=json=c-roman",
        );
        check("--mark news.md --jobs 2", "--mark news-roman.md --jobs 2");
        check("--markdown=../x.y/news --reports=a", "--markdown=../x.y/news-roman --reports=a");
        check("--report", "--report");
    }

    #[test]
    fn another_mission_does_not_get_the_configured_ones_version() {
        let mut settings = Settings::new(Path::new("/r"), "roman".parse().unwrap());
        settings.cal_version = "1.0".parse().unwrap();
        assert_eq!(settings_of(&settings, "roman".parse().unwrap()), settings);
        let other = settings_of(&settings, "tike".parse().unwrap());
        assert_eq!((other.deployment.as_str(), other.cal_version), ("tike", CalVersion::None));
    }

    #[test]
    fn a_fault_weighs_more_than_a_no() {
        let (no, data) = (Status::No, Status::Data);
        assert_eq!(overall(&[Status::Done, no, data, Status::Io]), data);
        assert_eq!(overall(&[Status::Done, no]), no);
        assert_eq!(overall(&[]), Status::Done);
    }

    #[test]
    fn the_summary_tells_who_was_not_tried() {
        let ended = |status, seconds| Some(Ended { status, seconds, reports: Vec::new() });
        let row = |name: &str, ended| Row { name: name.to_owned(), ended };
        let rows = vec![
            row("roman", ended(Status::Done, 1.25)),
            row("tike", ended(Status::No, 0.5)),
            row("jwebbinar", ended(Status::Data, 3.0)),
            row("mast", None),
        ];
        assert_eq!(
            Summary(rows).to_string(),
            "roman      done             1.2s\n\
             tike       no               0.5s\n\
             jwebbinar  failed (65)      3.0s\n\
             mast       not tried\n"
        );
    }
}

//! One run of one tool: finds its document, and ends by passing it on with one report more.

use std::env;
use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use thiserror::Error;

use crate::cli::SharedArgs;
use crate::clock;
use crate::console::Console;
use crate::deployment;
use crate::digest::Digest;
use crate::document::{self, Document, DocumentError};
use crate::exported::{self, ExportedError, Variables};
use crate::fault::{Fault, Status};
use crate::report::{ImageIdentity, Outcome, Report, Verdict};
use crate::setup_env::{self, SetupEnvError};

/// There is no document to work with, or it cannot be passed on.
#[derive(Debug, Error)]
pub enum SessionError {
    /// Nothing was configured.
    #[error("nothing is configured: there is no {} in {}, and no setup-env was sourced", document::FILE_NAME, root.display())]
    NotConfigured {
        /// Where it should be.
        root: PathBuf,
    },
    /// There is no repository, and no setup-env was sourced.
    #[error(transparent)]
    NoRepository(#[from] deployment::DeploymentError),
    /// A file cannot be read.
    #[error("cannot read {origin}")]
    Read {
        /// The file, or `standard input`.
        origin: String,
        /// Why not.
        source: io::Error,
    },
    /// The document is not one.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// `setup-env` was edited and makes no sense.
    #[error(transparent)]
    SetupEnv(#[from] SetupEnvError),
    /// The exported variables make no sense.
    #[error(transparent)]
    Exported(#[from] ExportedError),
    /// The document cannot be printed.
    #[error("cannot write the document to standard output")]
    Print {
        /// Why not.
        source: io::Error,
    },
}

impl Fault for SessionError {
    fn status(&self) -> Status {
        match self {
            Self::NotConfigured { .. } => Status::Settings,
            Self::NoRepository(error) => error.status(),
            Self::Read { .. } | Self::Print { .. } => Status::Io,
            Self::Document(error) => error.status(),
            Self::SetupEnv(error) => error.status(),
            Self::Exported(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotConfigured { .. } => Some("run image-configure MISSION first".to_owned()),
            Self::NoRepository(error) => error.hint(),
            Self::Document(error) => error.hint(),
            Self::SetupEnv(error) => error.hint(),
            Self::Exported(error) => error.hint(),
            Self::Read { .. } | Self::Print { .. } => None,
        }
    }
}

/// One run of one tool.
#[derive(Debug)]
pub struct Session {
    /// The command as typed, without its arguments.
    tool: String,
    /// The document as it came.
    pub document: Document,
    started: Timestamp,
    clock: Instant,
    json: bool,
    notices: Vec<String>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Finding {
    /// The answer.
    pub verdict: Verdict,
    /// The image that it is about.
    pub image: Option<ImageIdentity>,
    /// What was done.
    pub outcome: Outcome,
}

impl Session {
    /// Finds the document that `args` mean; the first hit wins: the file or standard input that is
    /// named, `setup-env.json` in `$JUPYTERHUB_DIR` or above the working directory, the exported
    /// variables of a sourced `setup-env` alone. `tool` is the command: `image-freeze check`.
    ///
    /// # Errors
    /// There is none, or it makes no sense.
    pub fn open(tool: &str, args: &SharedArgs, console: &Console) -> Result<Self, SessionError> {
        let mut document = find(args, console)?;
        if let Some(root) = &args.root {
            document.settings.root = absolute(root);
        }
        warn_of_another_repository(&document.settings.root, console);
        if let Some(engine) = args.engine {
            document.settings.engine = engine;
        }
        Ok(Self::around(tool, document, args.json))
    }

    /// A run that works with `document`, which was not looked for. `json` prints it at the end even
    /// on a terminal.
    #[must_use]
    pub fn around(tool: &str, document: Document, json: bool) -> Self {
        Self {
            tool: tool.to_owned(),
            document,
            started: clock::now(),
            clock: Instant::now(),
            json,
            notices: Vec::new(),
        }
    }

    /// When it began, in UTC.
    #[must_use]
    pub const fn started(&self) -> Timestamp {
        self.started
    }

    /// Whether the document is wanted even on a terminal.
    #[must_use]
    pub const fn wants_json(&self) -> bool {
        self.json
    }

    /// Notes something for the report that the user should know; say it on the console too.
    pub fn note(&mut self, notice: impl Into<String>) {
        self.notices.push(notice.into());
    }

    /// Ends the run: appends the report, prints the document (or `table`, on a terminal), and gives
    /// the status of the verdict.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn finish(self, finding: Finding, table: &dyn Display) -> Result<Status, SessionError> {
        let (json, verdict) = (self.json, finding.verdict);
        pass_on(&self.conclude(finding), json, table)?;
        Ok(match verdict {
            Verdict::Yes => Status::Done,
            Verdict::No => Status::No,
        })
    }

    /// Ends the run as [`Self::finish`] does, but gives the document instead of printing it.
    #[must_use]
    pub fn conclude(mut self, finding: Finding) -> Document {
        let verdict = finding.verdict;
        self.document.reports.push(Report {
            tool: self.tool,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            verdict,
            started: self.started,
            seconds: clock::to_the_millisecond(self.clock.elapsed().as_secs_f64()),
            image: finding.image,
            notices: self.notices,
            outcome: finding.outcome,
        });
        self.document
    }
}

/// Prints the document, or `table` on a terminal where it is not asked for (`json`).
///
/// # Errors
/// Standard output cannot be written.
pub fn pass_on(document: &Document, json: bool, table: &dyn Display) -> Result<(), SessionError> {
    let wanted = json || !io::stdout().is_terminal();
    print(&if wanted { document.to_json() } else { table.to_string() })
}

/// Prints `text` on standard output. That nobody reads it any more is no error: `| head` is fine.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(text: &str) -> Result<(), SessionError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(SessionError::Print { source: e }),
        _ => Ok(()),
    }
}

fn find(args: &SharedArgs, console: &Console) -> Result<Document, SessionError> {
    let named = args.settings.as_deref();
    if args.document.is_some() || named == Some(Path::new("-")) {
        return from_stdin();
    }
    if let Some(file) = named {
        let text = read(file)?;
        return Ok(Document::parse(&text, &file.display().to_string())?);
    }
    let variables: Variables =
        env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))).collect();
    let root = root(args, &variables)?;
    let path = Document::path_in(&root);
    if !path.is_file() {
        return from_variables(&root, &variables);
    }
    let mut document = Document::parse(&read(&path)?, &path.display().to_string())?;
    // The file's own place is where the repository is now, whatever it was called before.
    document.settings.root = root;
    take_over_edits(&mut document, console)?;
    tell_of_new_templates(&document, console);
    warn_of_disagreement(&document, &variables, console);
    Ok(document)
}

fn from_stdin() -> Result<Document, SessionError> {
    let mut text = Vec::new();
    let failed = |source| SessionError::Read { origin: "standard input".to_owned(), source };
    io::stdin().lock().read_to_end(&mut text).map_err(failed)?;
    Ok(Document::parse(&text, "standard input")?)
}

fn read(path: &Path) -> Result<Vec<u8>, SessionError> {
    fs::read(path).map_err(|source| SessionError::Read { origin: path.display().to_string(), source })
}

/// The root: `--root`, else `$JUPYTERHUB_DIR`, else around the working directory.
fn root(args: &SharedArgs, variables: &Variables) -> Result<PathBuf, SessionError> {
    if let Some(root) = &args.root {
        return Ok(absolute(root));
    }
    if let Some(root) = variables.get("JUPYTERHUB_DIR").filter(|v| !v.is_empty()) {
        return Ok(absolute(Path::new(root)));
    }
    let here = env::current_dir()
        .map_err(|source| SessionError::Read { origin: "the working directory".to_owned(), source })?;
    Ok(deployment::find_root(&here)?)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn from_variables(root: &Path, variables: &Variables) -> Result<Document, SessionError> {
    if variables.get("DEPLOYMENT_NAME").is_none_or(String::is_empty) {
        return Err(SessionError::NotConfigured { root: root.to_owned() });
    }
    let mut settings = exported::settings(variables)?;
    root.clone_into(&mut settings.root);
    Ok(Document::new(settings))
}

/// If `setup-env` is not as it was written, it is sourced and its values win: people do edit it.
fn take_over_edits(document: &mut Document, console: &Console) -> Result<(), SessionError> {
    let path = document.settings.root.join(setup_env::FILE_NAME);
    let (Some(recorded), Ok(text)) = (&document.setup_env, fs::read(&path)) else { return Ok(()) };
    if *recorded == Digest::of(&text) {
        return Ok(());
    }
    console.notice(format_args!("{} was edited by hand; its values are taken", path.display()));
    let root = document.settings.root.clone();
    let recorded = document.settings.clone();
    document.settings = setup_env::source_edited(&path, &recorded, console)?;
    document.settings.root = root;
    Ok(())
}

/// One notice where the templates are not those that the configuration was made of: a pull may have
/// brought others.
fn tell_of_new_templates(document: &Document, console: &Console) {
    let Some(recorded) = &document.templates else { return };
    if setup_env::templates(&document.settings.root).as_ref() != Some(recorded) {
        console.notice(format_args!(
            "setup-env.template or infrequent-env changed since {} was made; to take that over: image-configure {}, \
             with the flags of then",
            document::FILE_NAME,
            document.settings.deployment
        ));
    }
}

/// One warning where the working directory is in another repository than the one that is used, as
/// when a `setup-env` was sourced elsewhere.
fn warn_of_another_repository(root: &Path, console: &Console) {
    let around = env::current_dir().ok().and_then(|here| deployment::find_root(&here).ok());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Some(here) = around.filter(|here| real(here) != real(root)) {
        console.warn(format_args!(
            "working in {}, not in {}, where you are: source that one's setup-env, or use --root {}",
            root.display(),
            here.display(),
            crate::shell::quote_os(here.as_os_str())
        ));
    }
}

/// One warning for what the shell still has from another `setup-env` (D6): the document wins.
fn warn_of_disagreement(document: &Document, variables: &Variables, console: &Console) {
    let stale = exported::of(&document.settings)
        .into_iter()
        .filter_map(|(name, ours)| {
            let theirs = variables.get(name).filter(|theirs| **theirs != ours)?;
            Some(format!("{name} is {theirs:?} in the shell and {ours:?} in {}", document::FILE_NAME))
        })
        // What only follows from these is not worth telling.
        .filter(|line| TOLD.iter().any(|name| line.starts_with(name)));
    let stale: Vec<String> = stale.collect();
    if !stale.is_empty() && variables.contains_key("DEPLOYMENT_NAME") {
        let file = document.settings.root.join(setup_env::FILE_NAME);
        console.warn(format_args!(
            "the shell's variables are of an older configuration; {} wins:\n  {}\n  to agree: source {}",
            document::FILE_NAME,
            stale.join("\n  "),
            crate::shell::quote_os(file.as_os_str()),
        ));
    }
}

/// The variables whose disagreement is told; the rest is derived from them.
const TOLD: [&str; 12] = [
    "DEPLOYMENT_NAME ",
    "ENVIRONMENT ",
    "CAL_VERSION ",
    "USE_FROZEN ",
    "FREEZE_CHILL ",
    "PLATFORM ",
    "OWNER ",
    "BASE_IMAGE ",
    "CONDA_VER ",
    "PIP_SWITCHES ",
    "USER_CACHE_DIRS ",
    "IMAGE_ENGINE ",
];

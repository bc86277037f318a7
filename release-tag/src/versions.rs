//! `release-tag versions`: shows or sets the two version files.

use std::fmt;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::fault::Status;
use common::report::{Outcome, Verdict, VersionsOutcome};
use common::session::{Finding, Session};
use common::state_file::{self, Change};
use common::version_file::{self, MissionVersion};

use crate::args::VersionsArgs;
use crate::error::Error;
use crate::release::Release;
use crate::workplace::Workplace;

/// A version file and what it is to say.
#[derive(Debug, PartialEq, Eq)]
pub struct Write {
    /// The file.
    pub path: PathBuf,
    /// The one line that it is to hold.
    pub version: String,
}

/// Shows or sets the versions.
///
/// # Errors
/// A version is none, or is lower than before; a file cannot be read or written.
pub fn run(args: &VersionsArgs, console: &Console) -> Result<Status, Error> {
    let session = Session::open("release-tag versions", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    // Both are judged before either is written.
    let writes = [mission(args, &workplace, console)?, common(args, &workplace, console)?];
    let written = if writes.iter().any(Option::is_some) {
        let _lock = workplace.lock(console)?;
        apply(&writes.into_iter().flatten().collect::<Vec<_>>())?
    } else {
        Vec::new()
    };
    let release = Release::in_tree(&workplace.deployment)?;
    let root = workplace.deployment.root();
    let outcome = VersionsOutcome {
        mission: release.mission.to_string(),
        common: release.common.to_string(),
        written: written.iter().map(|path| relative(path, root)).collect(),
    };
    let table = Table(outcome.clone());
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Versions(outcome) };
    Ok(session.finish(finding, &table)?)
}

fn mission(args: &VersionsArgs, place: &Workplace, console: &Console) -> Result<Option<Write>, Error> {
    let Some(text) = &args.mission else { return Ok(None) };
    let (path, mission) = (place.deployment.mission_version_file(), place.deployment.mission());
    let new = MissionVersion::parse(text, mission)?;
    match version_file::read_mission(&path, mission) {
        Ok(old) if new.compare(&old).is_lt() && !args.allow_lower => {
            return Err(Error::Lower { old: old.to_string(), new: new.to_string() });
        }
        Ok(_) => {}
        Err(error) => console.notice(format_args!("{error}; it is replaced")),
    }
    Ok(Some(Write { path, version: new.to_string() }))
}

fn common(args: &VersionsArgs, place: &Workplace, console: &Console) -> Result<Option<Write>, Error> {
    let Some(text) = &args.common else { return Ok(None) };
    let path = place.deployment.common_version_file();
    let new: semver::Version =
        text.parse().map_err(|source| Error::BadCommonVersion { given: text.clone(), source })?;
    match version_file::read_common(&path) {
        // By precedence: what follows a `+` makes no version higher or lower.
        Ok(old) if new.cmp_precedence(&old).is_lt() && !args.allow_lower => {
            return Err(Error::Lower { old: old.to_string(), new: new.to_string() });
        }
        Ok(_) => {}
        Err(error) => console.notice(format_args!("{error}; it is replaced")),
    }
    Ok(Some(Write { path, version: new.to_string() }))
}

/// Writes all or, if one cannot be written, none; gives those that had to be written.
///
/// # Errors
/// One cannot be written.
pub fn apply(writes: &[Write]) -> Result<Vec<PathBuf>, Error> {
    let mut done: Vec<(&Path, Option<Vec<u8>>)> = Vec::new();
    for write in writes {
        match replace(write) {
            Ok((Change::Written, before)) => done.push((&write.path, before)),
            Ok((Change::Unchanged, _)) => {}
            Err(error) => {
                for (path, before) in done {
                    put_back(path, before);
                }
                return Err(error);
            }
        }
    }
    Ok(done.into_iter().map(|(path, _)| path.to_owned()).collect())
}

/// Writes one, and gives what was there before.
fn replace(write: &Write) -> Result<(Change, Option<Vec<u8>>), Error> {
    let before = state_file::read(&write.path)?;
    Ok((version_file::write(&write.path, &write.version)?, before))
}

/// The error that made it necessary is what is told; this one has no better place to go.
fn put_back(path: &Path, before: Option<Vec<u8>>) {
    match before {
        Some(content) => _ = state_file::replace(path, &content, 0o644),
        None => _ = std::fs::remove_file(path),
    }
}

/// `path` as seen from `root`, for people.
#[must_use]
pub fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

struct Table(VersionsOutcome);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "mission  {}", self.0.mission)?;
        writeln!(f, "common   {}", self.0.common)?;
        self.0.written.iter().try_for_each(|path| writeln!(f, "wrote    {path}"))
    }
}

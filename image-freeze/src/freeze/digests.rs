//! Digests for what pip is told to install: every file that the index has of each pin.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::frozen::{BASE, EXPLICIT_FILE, PIP_FILE};
use common::requirement::{PackageName, PipFile, PipItem, PipRequirement, PipSource};
use common::settings::Settings;

use crate::error::Error;
use crate::hashes;
use crate::hunks::{self, Edit};
use crate::index::{Freshness, Index, Origins};
use crate::overlay::{Content, Files};
use crate::rot::memory;

/// Adds digests to the pip file of each environment in `files`; gives what has to be told.
///
/// # Errors
/// No index is known, it cannot be asked, or it has no file of a pin.
pub(super) fn add(
    files: &mut Files,
    settings: &Settings,
    index: Option<&str>,
    console: &Console,
) -> Result<Vec<String>, Error> {
    let memory = memory(settings)?;
    let address = Origins::new(index, &settings.pip_switches).address(&memory, console)?;
    let index = Index::open(&address, &memory, Freshness::Online)?;
    let mut notices = Vec::new();
    for (path, content) in files.iter_mut() {
        if !is_of_environment(path) {
            continue;
        }
        let text =
            String::from_utf8(content.bytes.clone()).map_err(|_| Error::NotText { path: path.clone() })?;
        let file = PipFile::parse(text.as_bytes(), &path.display().to_string())?;
        if let Some(line) = file.items.iter().find_map(without_digest) {
            notices.push(format!(
                "{}:{line}: pip knows no digest for what comes from there, and would demand one, so none are added",
                path.display()
            ));
            continue;
        }
        let text = with_digests(&text, &file, &index)?;
        *content = Content::plain(text);
    }
    Ok(notices)
}

/// Whether `path` is the pip file of an environment.
fn is_of_environment(path: &Path) -> bool {
    let dir = path.parent().filter(|dir| dir.components().count() == 1 && *dir != Path::new(BASE));
    dir.is_some() && path.file_name().is_some_and(|name| name == PIP_FILE)
}

/// The line of what cannot have a digest: then nothing can, since pip demands all or none.
fn without_digest(item: &PipItem) -> Option<usize> {
    match item {
        PipItem::Requirement(PipRequirement { source: PipSource::Direct(reference), line, .. })
        | PipItem::Unnamed { reference, line } => reference.sha256().is_none().then_some(*line),
        PipItem::Requirement(requirement) => requirement.pin().is_none().then_some(requirement.line),
        PipItem::Option { .. } => None,
    }
}

fn with_digests(text: &str, file: &PipFile, index: &Index) -> Result<String, Error> {
    let pins: Vec<_> = file.requirements().filter_map(|one| Some((one, one.pin()?))).collect();
    let names: BTreeSet<PackageName> = pins.iter().map(|(one, _)| one.name.clone()).collect();
    let mut projects = index.projects(&names);
    let mut edits = Vec::new();
    for (pin, version) in pins {
        let project = match projects.get(&pin.name) {
            Some(Ok(project)) => project.clone(),
            _ => projects.remove(&pin.name).transpose()?.unwrap_or_default(),
        };
        let digests = hashes::digests(&project, &pin.name, &version.to_string())?;
        let (at, count) = hashes::lines_of(text, pin);
        let lines: String = text.split_inclusive('\n').skip(at).take(count).collect();
        let new = hashes::replaced(&lines, &digests);
        edits.push(Edit { at, count, lines: new.split_inclusive('\n').map(str::to_owned).collect() });
    }
    Ok(hunks::applied(text, &edits))
}

/// Where conda's packages by address go.
pub(super) fn explicit_path(name: &str) -> PathBuf {
    Path::new(name).join(EXPLICIT_FILE)
}

//! `release-tag changed`: one word, and a status that a workflow branches on.
//!
//! Both sides are commits, found by name: the clone is never switched to another branch (D37).

use std::env;
use std::path::Path;

use common::console::Console;
use common::digest::Digest;
use common::document::{self, Document};
use common::fault::Status;
use common::git::{Change, ChangeKind, Repo};
use common::{session, setup_env};

use super::args::ChangedArgs;
use super::baseline::Baseline;
use super::error::CompanionError;
use crate::error::Error;

/// Tells whether the branch differs.
///
/// # Errors
/// It was not started at the root of a clone, there are unsaved changes, a branch is missing, or git
/// failed; never with status 0 or 1, which are answers (D36).
pub fn run(args: &ChangedArgs, console: &Console) -> Result<Status, Error> {
    let here = env::current_dir().unwrap_or_default();
    // In a linked worktree it is a file (D37).
    if !here.join(".git").exists() {
        return Err(CompanionError::NotAtRoot { dir: here }.into());
    }
    let repo = Repo::open(&here, console)?;
    refuse_unsaved(&repo, Status::Passed(4))?;
    let branch = branch_tip(&repo, &args.branch)?;
    let mut baseline = Baseline::parse(&args.baseline, &repo.remotes()?)?.tip(&repo)?;
    if args.merge_base {
        let none =
            || CompanionError::NoMergeBase { branch: args.branch.clone(), baseline: args.baseline.clone() };
        baseline = repo.merge_base(&branch, &baseline)?.ok_or_else(none)?;
    }
    if args.paths.is_empty() {
        console.notice("no path was given, so nothing was compared");
    }
    let mut changed = false;
    for path in &args.paths {
        changed |= differs(&repo, (&branch, &baseline), path, console)?;
    }
    let (word, status) = if changed { ("changed\n", Status::Done) } else { ("unchanged\n", Status::No) };
    session::print(word)?;
    Ok(status)
}

fn branch_tip(repo: &Repo<'_>, name: &str) -> Result<String, Error> {
    if name == "current" {
        return repo.head()?.ok_or(CompanionError::NoBranch { branch: name.to_owned() }.into());
    }
    Ok(repo.tip(name)?.ok_or_else(|| CompanionError::NoBranch { branch: name.to_owned() })?)
}

fn differs(repo: &Repo<'_>, (a, b): (&str, &str), path: &Path, console: &Console) -> Result<bool, Error> {
    let differs = repo.differs(a, b, path)?;
    if differs {
        console.status(format_args!("{} differs", path.display()));
    } else if !repo.has_path(a, path)? {
        // A path that was mistyped would be unchanged for ever.
        console
            .warn(format_args!("neither side has {:?}; each path is an argument of its own", path.display()));
    }
    Ok(differs)
}

/// Refuses while tracked files have unsaved changes, with `status`.
///
/// # Errors
/// They have, or git failed.
pub fn refuse_unsaved(repo: &Repo<'_>, status: Status) -> Result<(), Error> {
    let changes = repo.changes(&[])?;
    let counts =
        |change: &Change| change.kind != ChangeKind::Untracked && !is_generated(repo.root(), &change.path);
    let paths: Vec<_> = changes.into_iter().filter(counts).map(|change| change.path).collect();
    if paths.is_empty() { Ok(()) } else { Err(CompanionError::Unsaved { paths, status }.into()) }
}

/// Whether `path` is as image-configure wrote it: where such a file is tracked, each configuration
/// changes it, and nobody's work is in it (D54).
fn is_generated(root: &Path, path: &Path) -> bool {
    if path == Path::new(document::FILE_NAME) {
        return true;
    }
    let recorded = || {
        let text = std::fs::read(Document::path_in(root)).ok()?;
        Document::parse(&text, document::FILE_NAME).ok()?.setup_env
    };
    let found = || std::fs::read(root.join(setup_env::FILE_NAME)).ok().map(|text| Digest::of(&text));
    path == Path::new(setup_env::FILE_NAME) && recorded().is_some_and(|digest| found() == Some(digest))
}

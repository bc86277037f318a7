//! Which files of a context a build takes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use common::context;

use super::ignore::Ignore;
use super::pattern;
use super::taken::{Taken, clean};

/// The files and links of the context `dir` that `taken` means, relative and sorted; without what the
/// ignore file of `dockerfile` hides and what is no input. Empty directories are none, as in git.
pub(crate) fn files(dir: &Path, taken: &Taken, dockerfile: &str) -> io::Result<Vec<String>> {
    // The walk does not follow links, and a mission's directory may be one.
    let dir = dir.canonicalize()?;
    let ignore = Ignore::read(&dir, dockerfile);
    let all = listed(&dir)?;
    let odd: BTreeSet<String> =
        all.iter().filter(|entry| !entry.is_text).map(|entry| entry.path.clone()).collect();
    let mut shown: Vec<String> = match taken {
        Taken::Everything => all.into_iter().map(|entry| entry.path).collect(),
        Taken::Matching(patterns) => {
            let patterns = through_links(patterns, &all);
            let hit =
                |path: &str| patterns.iter().any(|p| places(path).any(|place| pattern::matches(p, place)));
            all.into_iter().map(|entry| entry.path).filter(|path| hit(path)).collect()
        }
    };
    shown.retain(|path| ignore.shows(path));
    if let Some(path) = shown.iter().find(|path| odd.contains(*path)) {
        let said = format!("the name {path:?} is not UTF-8, so rename that file");
        return Err(io::Error::new(io::ErrorKind::InvalidData, said));
    }
    shown.sort_unstable();
    Ok(shown)
}

/// Whether a file that is put into the context `dir` as `path` would be taken.
pub(crate) fn takes_file(dir: &Path, taken: &Taken, dockerfile: &str, path: &str) -> bool {
    let hit = match taken {
        Taken::Everything => true,
        Taken::Matching(patterns) => {
            patterns.iter().any(|p| places(path).any(|place| pattern::matches(p, place)))
        }
    };
    hit && Ignore::read(dir, dockerfile).shows(path)
}

/// `a`, `a/b`, `a/b/c`.
fn places(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| at).chain([path.len()]).map(|end| &path[..end])
}

struct Entry {
    path: String,
    /// Whether that is really its name.
    is_text: bool,
    link: Option<PathBuf>,
}

fn listed(dir: &Path) -> io::Result<Vec<Entry>> {
    let walk = walkdir::WalkDir::new(dir).min_depth(1).into_iter();
    let mut entries = Vec::new();
    // The files that judge images are known by their place in the context.
    let is_input = |path: &Path| context::is_input(path.strip_prefix(dir).unwrap_or(path));
    for entry in walk.filter_entry(|entry| is_input(entry.path())) {
        let entry = entry?;
        let kind = entry.file_type();
        if !kind.is_file() && !kind.is_symlink() {
            continue;
        }
        let path = entry.path().strip_prefix(dir).unwrap_or(entry.path());
        let link = if kind.is_symlink() { Some(fs::read_link(entry.path())?) } else { None };
        let is_text = path.to_str().is_some();
        entries.push(Entry { path: path.to_string_lossy().into_owned(), is_text, link });
    }
    Ok(entries)
}

/// `patterns`, and where they lead to: a source that is a link, or lies behind one, is followed by
/// engines; a link inside a directory that is copied stays a link.
fn through_links(patterns: &[String], all: &[Entry]) -> BTreeSet<String> {
    let links: Vec<(&str, &Path)> =
        all.iter().filter_map(|entry| Some((entry.path.as_str(), entry.link.as_deref()?))).collect();
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> = patterns.to_vec();
    while let Some(next) = waiting.pop() {
        if !found.insert(next.clone()) {
            continue;
        }
        for (path, target) in &links {
            let Some(rest) = behind(&next, path) else { continue };
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let target = target.to_string_lossy();
            // An absolute one begins at the context's root.
            let from = if target.starts_with('/') { "" } else { parent };
            waiting.push(clean(&format!("{from}/{target}/{rest}")));
        }
    }
    found
}

/// What of `pattern` is left behind the components that match the whole of `path`.
fn behind<'p>(pattern: &'p str, path: &str) -> Option<&'p str> {
    let end = pattern.match_indices('/').nth(path.matches('/').count()).map_or(pattern.len(), |(at, _)| at);
    pattern::matches(&pattern[..end], path).then(|| pattern[end..].trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn context() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "Dockerfile",
            "env/roman-cal/roman-cal.yml",
            "env/roman-cal/roman-cal.pip",
            "env/tess/tess.pip",
            "tools/run",
            "tools/deep/er/file",
            "notes.log",
            "README.md",
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        dir
    }

    fn check(dir: &Path, patterns: &[&str], expected: &[&str]) {
        let taken = Taken::Matching(patterns.iter().map(|p| (*p).to_owned()).collect());
        assert_eq!(files(dir, &taken, "Dockerfile").unwrap(), expected, "{patterns:?}");
    }

    #[test]
    fn directories_are_taken_whole_and_patterns_by_components() {
        let dir = context();
        check(dir.path(), &["tools"], &["tools/deep/er/file", "tools/run"]);
        check(dir.path(), &["env/*/*.pip"], &["env/roman-cal/roman-cal.pip", "env/tess/tess.pip"]);
        check(dir.path(), &["*.md", "nothing"], &["README.md"]);
        let all = files(dir.path(), &Taken::Everything, "Dockerfile").unwrap();
        assert_eq!(all.len(), 7, "all but the log, which is never input: {all:?}");
    }

    /// It was said not to be there.
    #[test]
    fn a_name_that_is_no_text_is_told_if_it_is_taken() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = context();
        let odd = dir.path().join("tools").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
        if fs::write(odd, "x").is_err() {
            return;
        }
        check(dir.path(), &["env/tess"], &["env/tess/tess.pip"]);
        let taken = Taken::Matching(vec!["tools".to_owned()]);
        let error = files(dir.path(), &taken, "Dockerfile").unwrap_err().to_string();
        assert!(error.contains("tools/caf") && error.contains("rename that file"), "{error}");
    }

    #[test]
    fn what_is_hidden_is_not_taken_and_what_is_brought_back_is() {
        let dir = context();
        fs::write(dir.path().join(".dockerignore"), "env\n!env/tess\ntools/*\n!tools/run\n").unwrap();
        check(dir.path(), &["env", "tools"], &["env/tess/tess.pip", "tools/run"]);
        fs::write(dir.path().join("Dockerfile.dockerignore"), "**/*.pip\n").unwrap();
        check(dir.path(), &["env"], &["env/roman-cal/roman-cal.yml"]);
    }

    #[test]
    fn a_source_that_is_a_link_leads_on_and_others_stay_links() {
        let dir = context();
        symlink("tools/run", dir.path().join("link")).unwrap();
        symlink("../env", dir.path().join("tools/env")).unwrap();
        symlink("/tools", dir.path().join("t")).unwrap();
        symlink("loop", dir.path().join("loop")).unwrap();
        check(dir.path(), &["link"], &["link", "tools/run"]);
        check(dir.path(), &["t/run"], &["tools/run"]);
        check(dir.path(), &["tools"], &["tools/deep/er/file", "tools/env", "tools/run"]);
        check(dir.path(), &["tools/env/tess"], &["env/tess/tess.pip"]);
        check(dir.path(), &["loop"], &["loop"]);
    }
}

//! `--hash` switches: which digests a version's files have, and lines with them.

use std::str::FromStr as _;

use common::requirement::{PackageName, PipRequirement};
use pep440_rs::Version;

use crate::error::Error;
use crate::index::{FileName, Index, Project};

/// The SHA-256 digests of every file of `version`, `sha256:…`, sorted; the lock may be installed where
/// another file of them fits.
///
/// # Errors
/// The index cannot be asked, or tells no digest.
pub(crate) fn of_version(index: &Index, name: &PackageName, version: &str) -> Result<Vec<String>, Error> {
    digests(&index.project(name)?, name, version)
}

/// The same, of a project that is known already.
///
/// # Errors
/// The index tells no digest.
pub(crate) fn digests(project: &Project, name: &PackageName, version: &str) -> Result<Vec<String>, Error> {
    let wanted = Version::from_str(version).ok();
    let files = project.files.iter().filter(|file| {
        let read = FileName::read(&file.name, name);
        read.is_some_and(|read| wanted.as_ref() == Some(&read.version))
    });
    let mut found: Vec<String> =
        files.flat_map(|file| &file.hashes).filter(|hash| is_sha256(hash)).cloned().collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return Err(Error::NoDigest { name: name.to_string(), version: version.to_owned() });
    }
    Ok(found)
}

fn is_sha256(hash: &str) -> bool {
    let hex = hash.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The lines of a requirement, from 0: its own, and those that continue it.
pub(crate) fn lines_of(text: &str, requirement: &PipRequirement) -> (usize, usize) {
    let first = requirement.line - 1;
    let mut count = 1;
    for line in text.lines().skip(first) {
        if !line.trim_end().ends_with('\\') {
            break;
        }
        count += 1;
    }
    (first, count.min(text.lines().count() - first))
}

/// The requirement in `text`, which is one with its continuations, with `digests` in the place of
/// those that it has.
pub(crate) fn replaced(text: &str, digests: &[String]) -> String {
    let bare = without(text);
    if digests.is_empty() {
        return bare;
    }
    let (line, end) = match bare.strip_suffix('\n') {
        Some(line) => (line, "\n"),
        None => (bare.as_str(), ""),
    };
    // A comment stays behind everything, where it is one.
    let (line, comment) = line.split_once(" #").map_or((line, String::new()), |(l, c)| (l, format!(" #{c}")));
    let list: Vec<String> = digests.iter().map(|digest| format!(" \\\n    --hash={digest}")).collect();
    format!("{}{}{comment}{end}", line.trim_end(), list.concat())
}

/// `text` without its `--hash` switches, and without the continuations that they stood behind.
pub(crate) fn without(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = switch(rest) {
        let before = rest[..at].trim_end_matches([' ', '\t', '\r', '\n', '\\']);
        kept.push_str(before);
        let behind = &rest[at + "--hash".len()..];
        let value = behind.trim_start_matches(['=', ' ', '\t']);
        let end = value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len());
        rest = &value[end..];
    }
    kept.push_str(rest);
    kept
}

/// Where a `--hash` begins that is no part of another word or of a comment.
fn switch(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find("--hash").map(|at| at + from) {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let comment = text[line..at].trim_start().starts_with('#') || text[line..at].contains(" #");
        let follows = text[at + "--hash".len()..].starts_with(['=', ' ']);
        if !comment && follows && text[..at].ends_with([' ', '\t']) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_go_with_what_held_them() {
        assert_eq!(
            without("a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via x\n"),
            "a==1\n    # via x\n"
        );
        assert_eq!(without("a==1 --hash sha256:aa  # why\n"), "a==1  # why\n");
        assert_eq!(
            without("a==1 ; os_name == 'x' \\\r\n  --hash=sha256:aa\r\nb==2\r\n"),
            "a==1 ; os_name == 'x'\r\nb==2\r\n"
        );
        assert_eq!(without("a==1\n# not --hash=x\n"), "a==1\n# not --hash=x\n");
    }

    #[test]
    fn new_digests_take_their_place() {
        let digests = ["sha256:cc".to_owned(), "sha256:dd".to_owned()];
        let expected = "a==1 \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n";
        assert_eq!(replaced("a==1 \\\n    --hash=sha256:aa\n", &digests), expected);
        assert_eq!(replaced("a==1\n", &digests), expected);
        assert_eq!(replaced("a==1  # why\n", &digests[..1]), "a==1 \\\n    --hash=sha256:cc # why\n");
        assert_eq!(replaced("a==1 --hash=sha256:aa\n", &[]), "a==1\n");
    }
}

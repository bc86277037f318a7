//! The frozen specs as they pass by out of an image: regular files by name, capped in size.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use common::console::Console;
use common::engine::{Engine, FileEntry};
use common::frozen;
use common::report::ImageIdentity;

use crate::error::Error;
use crate::overlay::{Content, Files};

/// No list of packages is larger, in bytes.
const FILE_LIMIT: u64 = 8 << 20;
/// Nor are all of them together.
const TREE_LIMIT: u64 = 64 << 20;
/// Nor are there more of them.
const COUNT_LIMIT: usize = 4096;

/// The files of `/opt/env-frozen` in `image`.
///
/// # Errors
/// The engine failed, or the image holds what cannot be meant.
pub(super) fn read(engine: &Engine, image: &ImageIdentity, console: &Console) -> Result<Files, Error> {
    let mut capture = Capture::default();
    let mut visit = |entry: &FileEntry<'_>, content: &mut dyn Read| capture.take(entry, content);
    let read = engine.read_tree(image.id.as_str(), frozen::IN_IMAGE, console, &mut visit);
    if let Some((path, reason)) = capture.unfit {
        let path = Path::new(frozen::IN_IMAGE).join(path);
        return Err(Error::Unfit { image: image.name.clone(), path, reason });
    }
    read?;
    for link in capture.links {
        console.notice(format_args!("{}/{} is a link and not taken", frozen::IN_IMAGE, link.display()));
    }
    Ok(capture.files)
}

#[derive(Debug, Default)]
struct Capture {
    files: Files,
    links: Vec<PathBuf>,
    size: u64,
    /// The file at which reading was given up, and why.
    unfit: Option<(PathBuf, String)>,
}

impl Capture {
    fn take(&mut self, entry: &FileEntry<'_>, content: &mut dyn Read) -> io::Result<()> {
        if let Some(reason) = unfit_name(entry.path) {
            return self.give_up(entry.path, reason.to_owned());
        }
        if entry.link.is_some() {
            self.links.push(entry.path.to_owned());
            return Ok(());
        }
        // What the entry says of its size is not relied upon.
        let mut bytes = Vec::new();
        content.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
        let size = bytes.len() as u64;
        self.size += size;
        if size > FILE_LIMIT {
            return self.give_up(entry.path, format!("it is larger than {} MiB", FILE_LIMIT >> 20));
        }
        if self.size > TREE_LIMIT || self.files.len() >= COUNT_LIMIT {
            let reason = format!("with it there are over {COUNT_LIMIT} files or {} MiB", TREE_LIMIT >> 20);
            return self.give_up(entry.path, reason);
        }
        self.files.insert(entry.path.to_owned(), Content { bytes, executable: entry.executable });
        Ok(())
    }

    fn give_up(&mut self, path: &Path, reason: String) -> io::Result<()> {
        let error = io::Error::other(format!("{}: {reason}", path.display()));
        self.unfit = Some((path.to_owned(), reason));
        Err(error)
    }
}

/// Why a file of this name is not put into a repository.
fn unfit_name(path: &Path) -> Option<&'static str> {
    let plain = path.components().all(|c| matches!(c, Component::Normal(_)));
    // Settings in a nested repository can make git run programs.
    let git = path.components().any(|c| c.as_os_str().eq_ignore_ascii_case(".git"));
    if !plain || path.as_os_str().is_empty() {
        Some("its path leads out of the directory")
    } else if git {
        Some("it would be part of a nested git repository")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(capture: &mut Capture, path: &str, content: &mut dyn Read) -> io::Result<()> {
        capture.take(
            &FileEntry {
                path: Path::new(path),
                executable: false,
                size: 1,
                link: None,
                is_hard: false,
                is_top: false,
            },
            content,
        )
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for path in ["../x", "/x", "a/../../x", "", "x/.git/config", ".GIT/hooks/pre-commit"] {
            let mut capture = Capture::default();
            assert!(take(&mut capture, path, &mut io::empty()).is_err(), "{path:?}");
            assert!(capture.unfit.is_some() && capture.files.is_empty());
        }
        assert!(take(&mut Capture::default(), "x/.gitkeep", &mut io::empty()).is_ok());
    }

    #[test]
    fn a_file_without_end_is_given_up_whatever_size_it_claims() {
        let mut capture = Capture::default();
        assert!(take(&mut capture, "x", &mut io::repeat(b'x')).is_err());
        assert_eq!(capture.unfit.unwrap().1, "it is larger than 8 MiB");
    }

    #[test]
    fn many_files_are_given_up_by_their_sum() {
        let mut capture = Capture::default();
        let mut count = 0;
        let full = loop {
            let mut content = io::repeat(b'x').take(FILE_LIMIT);
            if let Err(error) = take(&mut capture, &format!("f{count}"), &mut content) {
                break error;
            }
            count += 1;
        };
        assert_eq!(count, 8);
        assert!(full.to_string().contains("64 MiB"));
    }

    #[test]
    fn links_are_passed_over() {
        let mut capture = Capture::default();
        let link = Some(Path::new("/etc/passwd"));
        let entry = FileEntry {
            path: Path::new("x"),
            executable: false,
            size: 0,
            link,
            is_hard: false,
            is_top: false,
        };
        capture.take(&entry, &mut io::empty()).unwrap();
        assert!(capture.files.is_empty() && capture.links == [Path::new("x")]);
    }
}

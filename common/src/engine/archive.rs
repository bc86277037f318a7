//! The files of an image in a tar stream, one by one as they pass. Nothing is ever unpacked.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::{FileEntry, Visitor};
use crate::archive::{Begun, Flow, Member, MemberKind, Members};

/// The longest path that an image may have, in bytes: Linux's own limit.
const LONGEST: usize = 4096;

/// What a stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A whole root file system.
    Root,
    /// One directory under its own name, or one file.
    Below,
}

/// Shows `visit` the files of `stream`. An empty stream has none: whoever made it says why.
pub(super) fn walk(stream: &mut dyn Read, content: Content, visit: Visitor<'_>) -> io::Result<()> {
    let mut first = Vec::new();
    if stream.take(1).read_to_end(&mut first)? == 0 {
        return Ok(());
    }
    let mut members = Members::of(Box::new(Begun::new(first, Flow(stream))));
    let mut top = None;
    while let Some(member) = members.next_member()? {
        let path = clean(path_of(&member.name))?;
        let path = match content {
            Content::Root => path,
            Content::Below => top.get_or_insert_with(|| Top::of(&path, member.kind)).below(path),
        };
        let link = link_target(&member, content, top.as_ref())?;
        let place = Place { content, is_top: matches!(top, Some(Top::File)) };
        show((&member, &mut members.content()), (&path, link.as_deref()), place, visit)?;
    }
    Ok(())
}

fn path_of(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

/// What the stream of one directory or file begins with.
enum Top {
    /// The directory, whose name (that of a link's target, perhaps) is left out.
    Directory(PathBuf),
    File,
}

impl Top {
    fn of(path: &Path, kind: MemberKind) -> Self {
        if kind == MemberKind::Directory { Self::Directory(path.to_owned()) } else { Self::File }
    }

    fn below(&self, path: PathBuf) -> PathBuf {
        match self {
            Self::Directory(top) => path.strip_prefix(top).map(Path::to_owned).unwrap_or(path),
            Self::File => path,
        }
    }
}

/// What an entry is a part of.
#[derive(Clone, Copy)]
struct Place {
    content: Content,
    is_top: bool,
}

fn show(
    (member, bytes): (&Member, &mut dyn Read),
    (path, link): (&Path, Option<&Path>),
    Place { content, is_top }: Place,
    visit: Visitor<'_>,
) -> io::Result<()> {
    let is_file = member.kind == MemberKind::File;
    if !is_file && link.is_none() {
        return Ok(());
    }
    let executable = is_file && member.stat.mode & 0o111 != 0;
    let is_hard = member.kind == MemberKind::HardLink;
    let file = FileEntry { path, executable, size: member.size, link, is_hard, is_top };
    if content == Content::Root && is_of_the_engine(&file) {
        return Ok(());
    }
    if is_file { visit(&file, bytes) } else { visit(&file, &mut io::empty()) }
}

/// Where a link points: a symbolic one as it is written, a hard one as a path like those shown.
fn link_target(member: &Member, content: Content, top: Option<&Top>) -> io::Result<Option<PathBuf>> {
    let target = path_of(&member.link);
    Ok(match (member.kind, content, top) {
        (MemberKind::Symlink, ..) => Some(target.to_owned()),
        (MemberKind::HardLink, Content::Below, Some(top)) => Some(top.below(clean(target)?)),
        (MemberKind::HardLink, ..) => Some(clean(target)?),
        _ => None,
    })
}

/// `path` without `.`; refused if it could lead out of where it is put.
fn clean(path: &Path) -> io::Result<PathBuf> {
    let refused = || io::Error::new(io::ErrorKind::InvalidData, format!("unsafe path {:?}", shortened(path)));
    if path.as_os_str().len() > LONGEST {
        return Err(refused());
    }
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => cleaned.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return Err(refused()),
        }
    }
    Ok(cleaned)
}

fn shortened(path: &Path) -> String {
    path.to_string_lossy().chars().take(200).collect()
}

/// Whether a file of a root file system is not of the image: engines put these into every container
/// that they make, where the image has none.
pub(super) fn is_of_the_engine(file: &FileEntry<'_>) -> bool {
    let empty = file.size == 0 && file.link.is_none();
    match file.path.to_str() {
        Some(".dockerenv" | "dev/console" | "etc/hostname" | "etc/hosts" | "etc/resolv.conf") => empty,
        Some("etc/mtab") => file.link == Some(Path::new("/proc/mounts")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::EntryType;

    /// A tar of `(path, what)`: `dir`, `-> target`, `= target` (hard link), `x content`, `content`.
    fn tar(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, what) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(if what.starts_with("x ") { 0o755 } else { 0o644 });
            header.set_size(0);
            let (kind, target) = match what.split_once(' ') {
                _ if *what == "dir" => (EntryType::Directory, None),
                Some(("->", target)) => (EntryType::Symlink, Some(target)),
                Some(("=", target)) => (EntryType::Link, Some(target)),
                _ => (EntryType::Regular, None),
            };
            header.set_entry_type(kind);
            if let Some(target) = target {
                builder.append_link(&mut header, path, target).unwrap();
            } else if kind == EntryType::Directory {
                builder.append_data(&mut header, path, io::empty()).unwrap();
            } else {
                header.set_size(what.len() as u64);
                builder.append_data(&mut header, path, what.as_bytes()).unwrap();
            }
        }
        builder.into_inner().unwrap()
    }

    /// A tar whose one path is written as it is, past the checks of the tar crate.
    fn hostile(path: &str) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.resize(512 * 3, 0);
        bytes
    }

    fn seen(stream: &[u8], content: Content) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        walk(&mut &stream[..], content, &mut |file, reader| {
            let mut text = String::new();
            reader.read_to_string(&mut text)?;
            let mark = if file.executable { "*" } else { "" };
            let link = file.link.map(|l| format!(" -> {}", l.display())).unwrap_or_default();
            lines.push(format!("{}{mark}{link}: {text}", file.path.display()));
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn a_directory_is_shown_without_its_own_name() {
        let stream = tar(&[
            ("real", "dir"),
            ("real/base", "dir"),
            ("real/base/requirements.yml", "name: base"),
            ("real/run", "x 1"),
            ("real/soft", "-> ../elsewhere"),
            ("real/hard", "= real/run"),
        ]);
        let expected =
            ["base/requirements.yml: name: base", "run*: x 1", "soft -> ../elsewhere: ", "hard -> run: "];
        assert_eq!(seen(&stream, Content::Below).unwrap(), expected);
    }

    #[test]
    fn a_file_is_shown_under_its_name_and_a_dot_is_no_name() {
        assert_eq!(seen(&tar(&[("VERSION", "1.2.3")]), Content::Below).unwrap(), ["VERSION: 1.2.3"]);
        let stream = tar(&[("./", "dir"), ("./a", "1")]);
        assert_eq!(seen(&stream, Content::Below).unwrap(), ["a: 1"]);
    }

    #[test]
    fn a_root_is_shown_whole_but_for_what_the_engine_put_there() {
        let stream = tar(&[
            (".dockerenv", ""),
            ("etc", "dir"),
            ("etc/hosts", ""),
            ("etc/mtab", "-> /proc/mounts"),
            ("etc/hostname", "of the image"),
            ("opt/a", "1"),
        ]);
        assert_eq!(seen(&stream, Content::Root).unwrap(), ["etc/hostname: of the image", "opt/a: 1"]);
    }

    #[test]
    fn a_path_that_leads_out_is_refused() {
        for path in ["../x", "a/../../x", "/etc/passwd"] {
            let error = seen(&hostile(path), Content::Root).unwrap_err();
            assert!(error.to_string().contains(path), "{error}");
        }
    }

    #[test]
    fn long_names_come_whole_and_endless_ones_are_refused() {
        let long = format!("d/{}", "n".repeat(300));
        assert_eq!(seen(&tar(&[(&long, "1")]), Content::Root).unwrap(), [format!("{long}: 1")]);
        let endless = "n/".repeat(3000);
        let error = seen(&tar(&[(&endless, "1")]), Content::Root).unwrap_err();
        assert!(error.to_string().len() < 300, "{error}");
    }

    #[test]
    fn an_empty_stream_has_no_files_and_a_torn_one_is_an_error() {
        assert!(seen(&[], Content::Below).unwrap().is_empty());
        let whole = tar(&[("a", &"1".repeat(2000))]);
        assert!(seen(&whole[..1024], Content::Below).is_err());
    }
}

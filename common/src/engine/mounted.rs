//! The files of a working container that is mounted on the host. Links are never followed by the
//! host's rules: an absolute one would lead out of the image.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::archive::is_of_the_engine;
use super::{FileEntry, Visitor};

/// How many links may stand in one path: as in Linux itself.
const MOST_LINKS: usize = 40;

/// Shows `visit` the files below `top`, or `top` itself if it is one. Those that engines put into
/// every container are left out if `top` is a whole root file system.
pub(super) fn walk(top: &Path, is_root: bool, visit: Visitor<'_>) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(top).follow_links(false).sort_by_file_name() {
        let entry = entry?;
        let is_top = entry.depth() == 0;
        let path = match entry.path().strip_prefix(top) {
            Ok(below) if !below.as_os_str().is_empty() => below,
            _ => Path::new(entry.file_name()),
        };
        let metadata = entry.metadata()?;
        if metadata.is_symlink() {
            let target = entry.path().read_link()?;
            let file =
                FileEntry { path, executable: false, size: 0, link: Some(&target), is_hard: false, is_top };
            if !(is_root && is_of_the_engine(&file)) {
                visit(&file, &mut io::empty())?;
            }
        } else if metadata.is_file() {
            let executable = metadata.permissions().mode() & 0o111 != 0;
            let file =
                FileEntry { path, executable, size: metadata.len(), link: None, is_hard: false, is_top };
            if !(is_root && is_of_the_engine(&file)) {
                visit(&file, &mut File::open(entry.path())?)?;
            }
        }
    }
    Ok(())
}

/// What stands at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    Missing,
    /// A link, to here.
    Link(PathBuf),
    /// A file or a directory.
    There,
}

/// What stands at `path` of the host.
pub(super) fn look(path: &Path) -> io::Result<Look> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => Ok(Look::Link(path.read_link()?)),
        Ok(_) => Ok(Look::There),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Look::Missing)
        }
        Err(e) => Err(e),
    }
}

/// Where `path` of the image is if its root is at `root`, with every link followed as it would be
/// inside; `None` if it is not there. `look` is asked about each place on the way.
pub(super) fn resolve<E>(
    root: &Path,
    path: &str,
    look: &mut dyn FnMut(&Path) -> Result<Look, E>,
) -> Result<Option<PathBuf>, E> {
    let mut left = names(Path::new(path));
    let mut inside: Vec<OsString> = Vec::new();
    let mut followed = 0;
    while let Some(name) = left.pop() {
        if name == ".." {
            inside.pop();
            continue;
        }
        match look(&root.join(inside.iter().collect::<PathBuf>()).join(&name))? {
            Look::There => inside.push(name),
            Look::Link(target) if followed < MOST_LINKS => {
                followed += 1;
                if target.is_absolute() {
                    inside.clear();
                }
                left.extend(names(&target));
            }
            Look::Link(_) | Look::Missing => return Ok(None),
        }
    }
    Ok(Some(root.join(inside.iter().collect::<PathBuf>())))
}

/// The names in `path`, the last first.
fn names(path: &Path) -> Vec<OsString> {
    let all = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    let mut names: Vec<OsString> = all.collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn image() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("opt/real/sub")).unwrap();
        fs::create_dir_all(at("etc")).unwrap();
        fs::write(at("opt/real/sub/a"), "1").unwrap();
        fs::write(at("opt/real/run"), "2").unwrap();
        fs::set_permissions(at("opt/real/run"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(at("etc/hosts"), "").unwrap();
        symlink("/opt/real", at("opt/absolute")).unwrap();
        symlink("real", at("opt/relative")).unwrap();
        symlink("../../../../etc", at("opt/outward")).unwrap();
        symlink("loop", at("opt/loop")).unwrap();
        root
    }

    fn seen(top: &Path, is_root: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let visited = walk(top, is_root, &mut |file, content| {
            let text = io::read_to_string(content)?;
            let mark = if file.executable { "*" } else { "" };
            let link = file.link.map(|l| format!(" -> {}", l.display())).unwrap_or_default();
            lines.push(format!("{}{mark}{link}: {text}", file.path.display()));
            Ok(())
        });
        visited.unwrap();
        lines
    }

    #[test]
    fn links_are_followed_inside_the_image_only() {
        let root = image();
        let check = |path: &str, expected: Option<&str>| {
            let found = resolve(root.path(), path, &mut look).unwrap();
            assert_eq!(found, expected.map(|p| root.path().join(p)), "{path}");
        };
        check("/opt/real", Some("opt/real"));
        check("/opt/absolute/sub/a", Some("opt/real/sub/a"));
        check("/opt/relative/../real/run", Some("opt/real/run"));
        check("/opt/outward/hosts", Some("etc/hosts"));
        check("/../../etc", Some("etc"));
        check("/opt/loop", None);
        check("/opt/nowhere", None);
        check("/opt/real/run/x", None);
    }

    #[test]
    fn files_are_shown_as_from_a_tar() {
        let root = image();
        let opt = root.path().join("opt");
        assert_eq!(seen(&opt.join("real"), false), ["run*: 2", "sub/a: 1"]);
        assert_eq!(seen(&opt.join("real/run"), false), ["run*: 2"]);
        let all = seen(root.path(), true);
        assert!(all.contains(&"opt/absolute -> /opt/real: ".to_owned()), "{all:?}");
        assert!(!all.iter().any(|line| line.starts_with("etc/hosts")), "{all:?}");
    }
}

//! A tree of ours that travelled as an archive, unpacked into a fresh directory: files, directories and links
//! that stay inside, and nothing else.

use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{ArchiveError, Member, MemberKind, Members, Stream, clean};

/// A tree that builds take is not larger. Entries.
const MOST: usize = 200_000;

/// Unpacks the uncompressed archive `stream` into the directory `root`, which must be empty. Of the mode bits
/// only the executable one counts, as in git; times are kept, because they become part of images.
///
/// # Errors
/// The archive is damaged, or holds what has no place in a tree of ours: a name that leads out or comes twice, a
/// link that leads out, a hard link, a device. What was unpacked until then is left: the directory is to be
/// thrown away.
pub fn unpack(stream: Box<dyn Stream + '_>, root: &Path) -> io::Result<()> {
    let mut members = Members::of(stream);
    let mut dirs: Vec<(PathBuf, u64)> = Vec::new();
    let mut count = 0;
    while let Some(member) = members.next_member().map_err(as_io)? {
        crate::process::check_interrupted().map_err(io::Error::other)?;
        count += 1;
        if count > MOST {
            return Err(refused(&member, "is one of too many"));
        }
        let name = clean(member.name.clone())
            .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        if name.is_empty() {
            continue;
        }
        let path = Path::new(std::ffi::OsStr::from_bytes(&name));
        parent(root, path, &member)?;
        match member.kind {
            MemberKind::Directory => {
                directory(&root.join(path), &member)?;
                dirs.push((root.join(path), member.stat.mtime));
            }
            MemberKind::File => {
                let mut file = create(&root.join(path), &member)?;
                io::copy(&mut members.content().take(member.size), &mut file)?;
                file.set_permissions(Permissions::from_mode(mode(member.stat.mode & 0o100 != 0)))?;
                file.set_times(times(member.stat.mtime))?;
            }
            MemberKind::Symlink => link(root, path, &member)?,
            MemberKind::HardLink | MemberKind::Other => {
                return Err(refused(&member, "is neither a file nor a directory nor a symbolic link"));
            }
        }
    }
    // Innermost first: what is made in a directory changes its time.
    for (dir, modified) in dirs.iter().rev() {
        fs::set_permissions(dir, Permissions::from_mode(mode(true)))?;
        File::open(dir)?.set_times(times(*modified))?;
    }
    Ok(())
}

/// Makes the directories above `path`; none of them may be a link.
fn parent(root: &Path, path: &Path, member: &Member) -> io::Result<()> {
    let mut dir = root.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        dir.push(part);
        directory(&dir, member)?;
    }
    Ok(())
}

fn directory(dir: &Path, member: &Member) -> io::Result<()> {
    match dir.symlink_metadata() {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(refused(member, "stands below what is no directory")),
        Err(_) => fs::create_dir(dir),
    }
}

fn create(path: &Path, member: &Member) -> io::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => refused(member, "is there twice"),
        _ => error,
    })
}

fn link(root: &Path, path: &Path, member: &Member) -> io::Result<()> {
    let target = Path::new(std::ffi::OsStr::from_bytes(&member.link));
    if !stays_inside(path, target) {
        return Err(refused(member, "is a link that leads out of the tree"));
    }
    if root.join(path).symlink_metadata().is_ok() {
        return Err(refused(member, "is there twice"));
    }
    symlink(target, root.join(path))
}

/// Whether the link at `path` with this target leads to a place inside, whatever stands there.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count() - 1;
    let mut went_down = false;
    for part in target.components() {
        match part {
            Component::Normal(_) => (depth, went_down) = (depth + 1, true),
            Component::CurDir => {}
            // Behind a name there may be another link, so that what is above it is not known.
            Component::ParentDir if went_down || depth == 0 => return false,
            Component::ParentDir => depth -= 1,
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    !target.as_os_str().is_empty()
}

const fn mode(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

fn times(modified: u64) -> FileTimes {
    FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(modified.min(1 << 40)))
}

fn refused(member: &Member, why: &str) -> io::Error {
    let name = String::from_utf8_lossy(&member.name);
    io::Error::new(io::ErrorKind::InvalidData, format!("{name:?} {why}"))
}

fn as_io(error: ArchiveError) -> io::Error {
    match error {
        ArchiveError::Read(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::EntryType;

    /// An archive with names and targets as given, which the tar crate would refuse to write.
    fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o4755);
            header.set_mtime(1_000_000_000);
            let data = if *kind == EntryType::Regular { text.as_bytes() } else { b"" };
            if *kind != EntryType::Regular {
                header.as_mut_bytes()[157..157 + text.len()].copy_from_slice(text.as_bytes());
            }
            header.set_size(data.len() as u64);
            header.set_cksum();
            builder.append(&header, data).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn unpacked(entries: &[(&str, EntryType, &str)]) -> Result<tempfile::TempDir, String> {
        let dir = tempfile::tempdir().unwrap();
        unpack(Box::new(&archive(entries)[..]), dir.path()).map(|()| dir).map_err(|e| e.to_string())
    }

    #[test]
    fn a_tree_comes_with_times_and_the_executable_bit_alone() {
        let tree = [
            ("deployments/", EntryType::Directory, ""),
            ("deployments/run", EntryType::Regular, "x"),
            ("deployments/link", EntryType::Symlink, "run"),
            ("deployments/a/up", EntryType::Symlink, "../run"),
        ];
        let dir = unpacked(&tree).unwrap();
        let run = dir.path().join("deployments/run").metadata().unwrap();
        assert_eq!(run.permissions().mode() & 0o7777, 0o755);
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        assert_eq!(run.modified().unwrap(), then);
        assert_eq!(dir.path().join("deployments").metadata().unwrap().modified().unwrap(), then);
        assert_eq!(fs::read_to_string(dir.path().join("deployments/a/up")).unwrap(), "x");
    }

    #[test]
    fn nothing_leads_out_of_the_tree() {
        use EntryType::{Block, Link, Regular, Symlink};
        let check = |entries: &[(&str, EntryType, &str)], why: &str| {
            let error = unpacked(entries).unwrap_err();
            assert!(error.contains(why), "{entries:?}: {error}");
        };
        check(&[("../a", Regular, "x")], "leads out");
        check(&[("a/../../b", Regular, "x")], "leads out");
        check(&[("a", Symlink, "/etc")], "leads out of the tree");
        check(&[("a", Symlink, "..")], "leads out of the tree");
        check(&[("d/a", Symlink, "../../x")], "leads out of the tree");
        check(&[("a", Symlink, "b/../../x")], "leads out of the tree");
        check(&[("a", Symlink, "b"), ("a/c", Regular, "x")], "no directory");
        check(&[("a", Regular, "x"), ("a", Regular, "y")], "twice");
        check(&[("a", Symlink, "b"), ("a", Regular, "y")], "twice");
        check(&[("a", Link, "/etc/passwd")], "neither");
        check(&[("a", Block, "")], "neither");
    }

    #[test]
    fn an_archive_that_is_cut_off_is_an_error() {
        let mut bytes = archive(&[("a", EntryType::Regular, "x")]);
        bytes.truncate(700);
        assert!(unpack(Box::new(&bytes[..]), tempfile::tempdir().unwrap().path()).is_err());
    }
}

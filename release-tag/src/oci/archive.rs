//! A tar file, read by name and never unpacked.
//!
//! What names mean is decided here alone: a name that leaves the archive is no name, a link is
//! followed inside the archive only, and an archive with two files of a name is not read at all,
//! unless the name is the digest of what they must hold.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use common::archive::{ArchiveError, Member, MemberKind, Members, Section};
use common::process;

use super::OciError;
use common::oci::blobs::Blobs;

/// No image has more files in its archive: three for each layer and a few.
const MAX_ENTRIES: usize = 16_384;
/// Links to links, at most so many.
const MAX_LINKS: usize = 8;

/// A tar file and where in it each file is.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    file: File,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
enum Entry {
    File {
        offset: u64,
        size: u64,
    },
    /// To this name, from the top of the archive.
    Link(String),
}

impl Archive {
    /// Reads the headers of the tar file at `path`.
    ///
    /// # Errors
    /// It cannot be read, is no tar file, or names a file twice.
    pub fn open(path: &Path) -> Result<Self, OciError> {
        let failed = |source| OciError::Io { verb: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mut entries = BTreeMap::new();
        let mut members = Members::of(Box::new(Section::whole(&file).map_err(failed)?));
        while let Some(member) = members.next_member().map_err(|error| damaged(path, error))? {
            process::check_interrupted()?;
            let Some((name, entry)) = read(&member, members.position()) else { continue };
            // A blob's name says what it holds, so it does not matter which of two is taken.
            if entries.contains_key(&name) && !name.starts_with("blobs/") {
                return Err(content(path, &name, "it is there twice"));
            }
            if entries.len() >= MAX_ENTRIES {
                return Err(content(path, &name, "there are too many files before it"));
            }
            entries.insert(name, entry);
        }
        drop(members);
        Ok(Self { path: path.to_owned(), file, entries })
    }

    /// Where the file `name` is, through links.
    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = normal(Path::new(""), Path::new(name))?;
        for _ in 0..MAX_LINKS {
            match self.entries.get(&name)? {
                Entry::File { offset, size } => return Some((*offset, *size)),
                Entry::Link(target) => name.clone_from(target),
            }
        }
        None
    }
}

impl Blobs for Archive {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, OciError> {
        let section = |(offset, size)| Section::new(&self.file, offset, size);
        Ok(self.find(name).map(|place| Box::new(section(place)) as Box<dyn Read>))
    }
}

fn content(path: &Path, name: &str, reason: &str) -> OciError {
    let (place, name) = (path.display().to_string(), name.to_owned());
    OciError::Content { place, name, reason: reason.to_owned() }
}

/// The archive as a whole makes no sense, or cannot be read.
fn damaged(path: &Path, error: ArchiveError) -> OciError {
    match error {
        ArchiveError::Read(source) => OciError::Io { verb: "read", path: path.to_owned(), source },
        ArchiveError::Interrupted(error) => error.into(),
        ArchiveError::Damaged { .. } => content(path, "the archive", &error.to_string()),
    }
}

/// The member's name and what it is, its content being at `offset`; none for what is neither a file nor
/// a link, or has no honest name.
fn read(member: &Member, offset: u64) -> Option<(String, Entry)> {
    let path = |bytes| Path::new(OsStr::from_bytes(bytes));
    let name = normal(Path::new(""), path(&member.name))?;
    let target = |from: &Path| normal(from, path(&member.link));
    let kind = match member.kind {
        MemberKind::File => Entry::File { offset, size: member.size },
        // Old docker archives have a layer that was there before as a link to it.
        MemberKind::Symlink => Entry::Link(target(Path::new(&name).parent()?)?),
        MemberKind::HardLink => Entry::Link(target(Path::new(""))?),
        MemberKind::Directory | MemberKind::Other => return None,
    };
    Some((name, kind))
}

/// `path` as seen from the directory `from`, from the top; none if it leaves the archive.
fn normal(from: &Path, path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for component in from.components().chain(path.components()) {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => _ = parts.pop()?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::MAX_JSON;
    use common::oci::blobs::small_file;
    use tar::EntryType;

    enum Kind<'a> {
        File(&'a [u8]),
        Symlink(&'a str),
        Hardlink(&'a str),
        Device,
    }

    /// A tar file with names and targets as given, which the tar crate would refuse to write.
    fn archive(entries: &[(&str, Kind<'_>)]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut builder = tar::Builder::new(file.reopen().unwrap());
        for (name, kind) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            let (kind, target, data) = match kind {
                Kind::File(data) => (EntryType::Regular, "", *data),
                Kind::Symlink(target) => (EntryType::Symlink, *target, &[][..]),
                Kind::Hardlink(target) => (EntryType::Link, *target, &[][..]),
                Kind::Device => (EntryType::Block, "", &[][..]),
            };
            header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target.as_bytes());
            header.set_entry_type(kind);
            header.set_size(data.len() as u64);
            header.set_cksum();
            builder.append(&header, data).unwrap();
        }
        builder.into_inner().unwrap();
        file
    }

    fn content_of(archive: &Archive, name: &str) -> Option<String> {
        let mut text = String::new();
        archive.open(name).unwrap()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn files_are_found_by_name_and_through_links_inside() {
        let file = archive(&[
            ("./a/layer.tar", Kind::File(b"layer")),
            ("b/layer.tar", Kind::Symlink("../a/layer.tar")),
            ("c", Kind::Hardlink("b/layer.tar")),
        ]);
        let archive = Archive::open(file.path()).unwrap();
        for name in ["a/layer.tar", "./a/layer.tar", "b/layer.tar", "c"] {
            assert_eq!(content_of(&archive, name).as_deref(), Some("layer"), "{name}");
        }
        assert_eq!(content_of(&archive, "d"), None);
    }

    #[test]
    fn nothing_outside_of_the_archive_is_ever_reached() {
        let file = archive(&[
            ("../outside", Kind::File(b"x")),
            ("/etc/shadow", Kind::File(b"x")),
            ("up", Kind::Symlink("../../etc/passwd")),
            ("absolute", Kind::Symlink("/etc/passwd")),
            ("loop", Kind::Symlink("pool")),
            ("pool", Kind::Symlink("loop")),
            ("device", Kind::Device),
        ]);
        let archive = Archive::open(file.path()).unwrap();
        for name in ["../outside", "outside", "etc/shadow", "/etc/passwd", "up", "absolute", "loop", "device"]
        {
            assert_eq!(content_of(&archive, name), None, "{name}");
        }
    }

    #[test]
    fn an_archive_that_names_a_file_twice_is_not_read() {
        let file = archive(&[("manifest.json", Kind::File(b"a")), ("./manifest.json", Kind::File(b"b"))]);
        let error = Archive::open(file.path()).unwrap_err();
        assert!(error.to_string().contains("manifest.json"), "{error}");
        assert!(error.to_string().contains("twice"), "{error}");
    }

    #[test]
    fn json_is_read_up_to_its_limit_only() {
        let size = usize::try_from(MAX_JSON).unwrap();
        let file =
            archive(&[("fits", Kind::File(&vec![b' '; size])), ("not", Kind::File(&vec![b' '; size + 1]))]);
        let archive = Archive::open(file.path()).unwrap();
        assert_eq!(small_file(&archive, "fits").unwrap().len(), size);
        assert!(matches!(small_file(&archive, "not"), Err(OciError::TooLarge { .. })));
    }

    #[test]
    fn a_truncated_archive_is_an_error_and_no_short_file() {
        let file = archive(&[("layer", Kind::File(&[b'x'; 4096]))]);
        file.as_file().set_len(1024).unwrap();
        let read = Archive::open(file.path()).and_then(|archive| small_file(&archive, "layer"));
        assert!(read.is_err());
    }
}

//! The root file system of a bootstrapped image, made from what mmdebstrap prints: without manuals
//! and devices, with the notebook user. The archive is rewritten as it passes and never unpacked.

use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Archive, Builder, EntryType, Header};

/// The notebook user of all Jupyter images.
const USER: &str = "jovyan";
const HOME: &str = "home/jovyan";
const UID: u64 = 1000;
/// The group `users`, which Debian always has.
const GID: u64 = 100;

/// Directories whose content nobody reads in a container. The copyright files stay: they must.
const UNREAD: [&str; 5] =
    ["usr/share/man/", "usr/share/info/", "usr/share/locale/", "usr/share/lintian/", "usr/share/perl/"];

/// What is this machine's own business: its name, its resolver, where it installs from.
const OURS: [&str; 6] = [
    "etc/hostname",
    "etc/resolv.conf",
    "etc/apt/sources.list",
    "etc/apt/auth.conf",
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
];

/// What the rules above come to, for the key of the result: change it when they do.
pub(super) const RULES: &str =
    "no manuals, no gconv, no devices; jovyan 1000:100; nothing of the host; rules 2";

/// Rewrites the archive `input` to `output`; new entries get the time `epoch`.
///
/// # Errors
/// The archive is damaged, holds no `etc/passwd`, or cannot be written.
pub(super) fn refine(input: &mut dyn Read, output: impl Write, epoch: u64) -> io::Result<()> {
    let mut archive = Archive::new(input);
    let mut builder = Builder::new(output);
    let mut has_users = false;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let path = path.strip_prefix(".").unwrap_or(&path).to_owned();
        let mut header = entry.header().clone();
        if !is_wanted(&path, header.entry_type()) {
            continue;
        }
        if path == Path::new("etc/passwd") {
            has_users = true;
            let mut text = Vec::new();
            entry.read_to_end(&mut text)?;
            text.extend_from_slice(passwd_line().as_bytes());
            header.set_size(text.len() as u64);
            builder.append_data(&mut header, &path, text.as_slice())?;
        } else if let Some(target) = link_target(&entry)? {
            builder.append_link(&mut header, named(&path), target)?;
        } else {
            builder.append_data(&mut header, named(&path), &mut entry)?;
        }
    }
    if !has_users {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the system has no /etc/passwd"));
    }
    builder.append_data(&mut home(epoch), format!("{HOME}/"), io::empty())?;
    builder.into_inner()?.flush()
}

/// The root directory itself has no name left when its `./` is gone.
fn named(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new("./") } else { path }
}

fn link_target<R: Read>(entry: &tar::Entry<'_, R>) -> io::Result<Option<std::path::PathBuf>> {
    let is_link = matches!(entry.header().entry_type(), EntryType::Link | EntryType::Symlink);
    if !is_link {
        return Ok(None);
    }
    let target = entry.link_name()?.map(std::borrow::Cow::into_owned).unwrap_or_default();
    // A hard link names a member of the archive, and those have lost their `./`.
    let hard = entry.header().entry_type() == EntryType::Link;
    let bare = target.strip_prefix(".").map(Path::to_owned);
    Ok(Some(bare.ok().filter(|_| hard).unwrap_or(target)))
}

fn is_wanted(path: &Path, kind: EntryType) -> bool {
    if matches!(kind, EntryType::Char | EntryType::Block | EntryType::Fifo) {
        // Containers have their own, and an engine without root cannot make them.
        return false;
    }
    let text = path.to_string_lossy();
    if OURS.contains(&&*text) {
        return false;
    }
    let inside = |dir: &str| text.strip_prefix(dir).is_some_and(|rest| !rest.is_empty());
    let documentation = inside("usr/share/doc/") && kind != EntryType::Directory;
    let is_copyright = path.file_name().is_some_and(|name| name == "copyright");
    let is_gconv = path.components().any(|c| c.as_os_str() == "gconv") && inside("usr/lib/");
    let is_unread = UNREAD.iter().any(|dir| inside(dir));
    !(is_unread || is_gconv || documentation && !is_copyright)
}

fn passwd_line() -> String {
    format!("{USER}:x:{UID}:{GID}::/{HOME}:/bin/bash\n")
}

fn home(epoch: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Directory);
    header.set_mode(0o755);
    header.set_uid(UID);
    header.set_gid(GID);
    header.set_mtime(epoch);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (path, kind, content) in entries {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            header.set_mtime(5);
            if matches!(kind, EntryType::Link | EntryType::Symlink) {
                header.set_size(0);
                builder.append_link(&mut header, path, content).unwrap();
            } else {
                header.set_size(content.len() as u64);
                builder.append_data(&mut header, path, content.as_bytes()).unwrap();
            }
        }
        builder.into_inner().unwrap()
    }

    fn refined(entries: &[(&str, EntryType, &str)]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        refine(&mut archive(entries).as_slice(), &mut out, 5)?;
        Ok(out)
    }

    fn members(bytes: &[u8]) -> Vec<String> {
        let mut archive = Archive::new(bytes);
        let shown = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let link = entry.link_name().unwrap().map(|l| format!(" -> {}", l.display())).unwrap_or_default();
            format!("{}{link}|{text}", entry.path().unwrap().display())
        });
        shown.collect()
    }

    #[test]
    fn the_user_comes_in_and_what_nobody_reads_goes() {
        let long = format!("usr/lib/python3/{}/x.py", "d".repeat(120));
        let out = refined(&[
            ("etc/passwd", EntryType::Regular, "root:x:0:0::/root:/bin/bash\n"),
            ("usr/share/man/man1/a.1", EntryType::Regular, "x"),
            ("usr/share/doc/a/changelog", EntryType::Regular, "x"),
            ("usr/share/doc/a/copyright", EntryType::Regular, "GPL"),
            ("usr/lib/x86_64-linux-gnu/gconv/A.so", EntryType::Regular, "x"),
            ("dev/console", EntryType::Char, ""),
            (
                "etc/apt/sources.list",
                EntryType::Regular,
                "deb http://user:password@mirror.example bookworm main",
            ),
            ("etc/resolv.conf", EntryType::Regular, "nameserver 10.0.0.1"),
            ("bin", EntryType::Symlink, "usr/bin"),
            ("usr/bin/perl", EntryType::Link, "usr/bin/perl5.36"),
            (&long, EntryType::Regular, "x"),
        ]);
        assert_eq!(
            members(&out.unwrap()),
            [
                "etc/passwd|root:x:0:0::/root:/bin/bash\njovyan:x:1000:100::/home/jovyan:/bin/bash\n"
                    .to_owned(),
                "usr/share/doc/a/copyright|GPL".to_owned(),
                "bin -> usr/bin|".to_owned(),
                "usr/bin/perl -> usr/bin/perl5.36|".to_owned(),
                format!("{long}|x"),
                "home/jovyan/|".to_owned(),
            ]
        );
    }

    #[test]
    fn the_same_system_gives_the_same_bytes() {
        let entries = [("etc/passwd", EntryType::Regular, "x\n")];
        assert_eq!(refined(&entries).unwrap(), refined(&entries).unwrap());
    }

    #[test]
    fn an_archive_that_is_no_system_is_refused() {
        assert!(refined(&[("README", EntryType::Regular, "x")]).is_err());
    }
}

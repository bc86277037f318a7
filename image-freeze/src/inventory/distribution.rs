//! The metadata files of an installed Python distribution.

use common::inventory::Origin;
use common::requirement::PackageName;
use serde::Deserialize;

/// Name and version, as `METADATA` or `PKG-INFO` tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The normalised name.
    pub name: PackageName,
    /// The version.
    pub version: String,
}

impl Identity {
    /// Reads the headers, which end at the first blank line.
    ///
    /// # Errors
    /// Name or version is missing; the message says which.
    pub(super) fn parse(content: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(content);
        let (mut name, mut version) = (None, None);
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            // A line that begins with a blank goes on with the header before it.
            let Some((header, value)) = line.split_once(':') else { continue };
            if header.eq_ignore_ascii_case("name") {
                name.get_or_insert_with(|| value.trim());
            } else if header.eq_ignore_ascii_case("version") {
                version.get_or_insert_with(|| value.trim());
            }
        }
        let name = name.and_then(PackageName::new).ok_or("it tells no package name")?;
        let version = version.filter(|v| !v.is_empty()).ok_or("it tells no version")?;
        Ok(Self { name, version: version.to_owned() })
    }
}

/// Reads `direct_url.json` (PEP 610).
///
/// # Errors
/// It is none; the message says why.
pub(crate) fn origin(content: &[u8]) -> Result<Origin, String> {
    #[derive(Deserialize)]
    struct DirectUrl {
        url: String,
        #[serde(default)]
        vcs_info: Option<VcsInfo>,
        #[serde(default)]
        archive_info: Option<ArchiveInfo>,
        #[serde(default)]
        dir_info: Option<DirInfo>,
    }
    #[derive(Deserialize)]
    struct DirInfo {
        #[serde(default)]
        editable: bool,
    }
    #[derive(Deserialize)]
    struct VcsInfo {
        #[serde(default)]
        commit_id: Option<String>,
    }
    #[derive(Deserialize)]
    struct ArchiveInfo {
        #[serde(default)]
        hash: Option<String>,
        #[serde(default)]
        hashes: Option<Hashes>,
    }
    #[derive(Deserialize)]
    struct Hashes {
        #[serde(default)]
        sha256: Option<String>,
    }
    let read: DirectUrl =
        serde_json::from_slice(content).map_err(|error| format!("not a direct_url.json: {error}"))?;
    let sha256 = read.archive_info.and_then(|archive| {
        let old = archive.hash.and_then(|hash| hash.strip_prefix("sha256=").map(str::to_owned));
        archive.hashes.and_then(|hashes| hashes.sha256).or(old)
    });
    let editable = read.dir_info.is_some_and(|dir| dir.editable);
    Ok(Origin { url: read.url, commit: read.vcs_info.and_then(|vcs| vcs.commit_id), sha256, editable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_version_are_read_from_the_headers_only() {
        let text =
            b"Metadata-Version: 2.1\nName: Ruamel.Yaml\nversion: 0.18.6\nSummary: x\n\nName: not-this\n";
        let identity = Identity::parse(text).unwrap();
        assert_eq!((identity.name.as_str(), identity.version.as_str()), ("ruamel-yaml", "0.18.6"));
        assert!(Identity::parse(b"Name: a\n\nVersion: 1\n").is_err());
        assert!(Identity::parse(b"\xff\xfe").is_err());
    }

    #[test]
    fn origins_carry_the_commit_or_the_digest() {
        let git = br#"{"url": "https://h/a", "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"}}"#;
        assert_eq!(origin(git).unwrap().commit.as_deref(), Some("abc"));
        for archive in [
            br#"{"url": "https://h/a.zip", "archive_info": {"hash": "sha256=12"}}"#.as_slice(),
            br#"{"url": "https://h/a.zip", "archive_info": {"hashes": {"sha256": "12"}}}"#,
        ] {
            assert_eq!(origin(archive).unwrap().sha256.as_deref(), Some("12"));
        }
        let editable = origin(br#"{"url": "file:///x", "dir_info": {"editable": true}}"#).unwrap();
        assert!(editable.editable && editable.commit.is_none());
        assert!(origin(b"{").is_err());
    }
}

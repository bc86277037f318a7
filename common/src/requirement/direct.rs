//! References to a package by its address instead of a version.

use std::fmt;

/// Where a package comes from, if not from an index by version: `name @ ADDRESS`, or the address alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectReference {
    url: String,
}

impl DirectReference {
    /// The reference to `url`, as it stands in the file.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// The address as it stands in the file.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The version control system that it is fetched with: `git`, `hg`, `svn` or `bzr`.
    #[must_use]
    pub fn vcs(&self) -> Option<&str> {
        let (scheme, _) = self.url.split_once("://")?;
        let (vcs, _) = scheme.split_once('+')?;
        matches!(vcs, "git" | "hg" | "svn" | "bzr").then_some(vcs)
    }

    /// The revision that it names, be it a branch, a tag or a commit: what follows the `@`.
    #[must_use]
    pub fn revision(&self) -> Option<&str> {
        self.vcs()?;
        let (_, rest) = self.url.split_once("://")?;
        let path = rest.split('#').next().unwrap_or(rest);
        // An `@` before the first slash belongs to the host: `git+ssh://git@host/x`.
        let (_, path) = path.split_once('/')?;
        path.rsplit_once('@').map(|(_, revision)| revision).filter(|revision| !revision.is_empty())
    }

    /// The full commit that it names; a branch or a tag is none, because it can move.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        let is_hex = |b: u8| b.is_ascii_hexdigit();
        self.revision().filter(|r| matches!(r.len(), 40 | 64) && r.bytes().all(is_hex))
    }

    /// The SHA-256 of the archive, where the address carries it: 64 hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> Option<&str> {
        let (_, fragment) = self.url.split_once('#')?;
        fragment.split('&').find_map(|part| part.strip_prefix("sha256="))
    }

    /// Whether what it means can never change: a commit, or an archive with its digest.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.commit().is_some() || (self.vcs().is_none() && self.sha256().is_some())
    }
}

impl fmt::Display for DirectReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::DirectReference;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn check(url: &str, revision: Option<&str>, fixed: bool) {
        let reference = DirectReference::new(url);
        assert_eq!(reference.revision(), revision, "{url}");
        assert_eq!(reference.is_fixed(), fixed, "{url}");
    }

    /// D50: references without a commit stood in frozen files.
    #[test]
    fn d50_only_a_commit_or_a_digest_is_fixed() {
        check("git+https://host/a/b.git", None, false);
        check("git+https://host/a/b.git@main", Some("main"), false);
        check(&format!("git+https://host/a/b.git@{COMMIT}"), Some(COMMIT), true);
        check(&format!("git+ssh://git@host/a/b@{COMMIT}#egg=b"), Some(COMMIT), true);
        check("git+ssh://git@host/a/b", None, false);
        check("https://host/archive/main.zip", None, false);
        check("https://user@host/archive/main.zip#sha256=72e6", None, true);
    }

    #[test]
    fn the_system_is_told_by_the_scheme() {
        assert_eq!(DirectReference::new("git+file:///x").vcs(), Some("git"));
        assert_eq!(DirectReference::new("https://h/x.zip").vcs(), None);
        assert_eq!(DirectReference::new("./x").vcs(), None);
    }
}

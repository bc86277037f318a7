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

    /// The git repository and the revision that it takes from there, where that is not a commit and so
    /// can move: of `git+URL@REVISION`, or of the archive of a branch on a forge
    /// (`URL/archive/refs/heads/NAME.zip`). A revision that is not named is the repository's own choice.
    #[must_use]
    pub fn moving(&self) -> Option<(String, Option<String>)> {
        let bare = self.url.split('#').next().unwrap_or(&self.url);
        if self.vcs() == Some("git") {
            if self.commit().is_some() {
                return None;
            }
            let revision = self.revision();
            let end = revision.map_or(bare.len(), |revision| bare.len() - revision.len() - 1);
            return Some((bare["git+".len()..end].to_owned(), revision.map(str::to_owned)));
        }
        let (repository, name, _) = self.archive()?;
        let is_commit = name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit());
        (!is_commit && !name.starts_with("refs/tags/"))
            .then(|| (format!("{repository}.git"), Some(name.trim_start_matches("refs/heads/").to_owned())))
    }

    /// The repository, the revision and the ending of the address of a forge's archive.
    fn archive(&self) -> Option<(&str, &str, &'static str)> {
        let bare = self.url.split('#').next().unwrap_or(&self.url);
        let (repository, file) = bare.strip_prefix("https://").and(bare.split_once("/archive/"))?;
        let ending = [".zip", ".tar.gz"].into_iter().find(|ending| file.ends_with(ending))?;
        Some((repository, file.strip_suffix(ending)?, ending))
    }

    /// The same with `commit` in place of a revision that can move; none if it names none that can.
    #[must_use]
    pub fn at_commit(&self, commit: &str) -> Option<String> {
        self.moving()?;
        if let Some((repository, _, ending)) = self.archive().filter(|_| self.vcs().is_none()) {
            return Some(format!("{repository}/archive/{commit}{ending}"));
        }
        let (bare, fragment) = self.url.split_once('#').map_or((&*self.url, None), |(b, f)| (b, Some(f)));
        let end = self.revision().map_or(bare.len(), |revision| bare.len() - revision.len() - 1);
        let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        Some(format!("{}@{commit}{fragment}", &bare[..end]))
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
    fn what_moves_is_told_with_its_repository_and_can_be_held_at_a_commit() {
        let check = |url: &str, moving: Option<(&str, Option<&str>)>, held: Option<&str>| {
            let reference = DirectReference::new(url);
            let found = reference.moving();
            let found =
                found.as_ref().map(|(repository, revision)| (repository.as_str(), revision.as_deref()));
            assert_eq!(found, moving, "{url}");
            let held = held.map(|held| held.replace("COMMIT", COMMIT));
            assert_eq!(reference.at_commit(COMMIT), held, "{url}");
        };
        let repository = "https://h/a/b.git";
        check(
            "git+https://h/a/b.git@main",
            Some((repository, Some("main"))),
            Some("git+https://h/a/b.git@COMMIT"),
        );
        check(
            "git+https://h/a/b.git#egg=b",
            Some((repository, None)),
            Some("git+https://h/a/b.git@COMMIT#egg=b"),
        );
        check(
            "git+ssh://git@h/a/b@v1",
            Some(("ssh://git@h/a/b", Some("v1"))),
            Some("git+ssh://git@h/a/b@COMMIT"),
        );
        check(&format!("git+https://h/a/b@{COMMIT}"), None, None);
        let archived = Some("https://h/a/b/archive/COMMIT.zip");
        check("https://h/a/b/archive/refs/heads/main.zip", Some((repository, Some("main"))), archived);
        check("https://h/a/b/archive/main.zip", Some((repository, Some("main"))), archived);
        check(&format!("https://h/a/b/archive/{COMMIT}.zip"), None, None);
        check("https://h/a/b/archive/refs/tags/v1.zip", None, None);
        check("https://h/a/b-1.0.tar.gz", None, None);
        check("./b", None, None);
    }

    #[test]
    fn the_system_is_told_by_the_scheme() {
        assert_eq!(DirectReference::new("git+file:///x").vcs(), Some("git"));
        assert_eq!(DirectReference::new("https://h/x.zip").vcs(), None);
        assert_eq!(DirectReference::new("./x").vcs(), None);
    }
}

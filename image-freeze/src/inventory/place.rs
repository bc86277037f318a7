//! Which files of an image say what is installed, told by their paths.

use common::frozen::BASE;

/// Where conda is.
const CONDA: &str = "opt/conda/";

/// What a file can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record in `conda-meta`.
    CondaRecord,
    /// Name and version of a distribution: `METADATA`, `PKG-INFO`, or an old `.egg-info` file.
    Metadata,
    /// Who installed it.
    Installer,
    /// Where it came from.
    DirectUrl,
}

/// What the file at `path` (relative to the image's root) can tell, wherever it is: a package in an
/// environment may be a hard link to a file in a cache.
pub(super) fn kind(path: &str) -> Option<Kind> {
    if path.ends_with(".dist-info/direct_url.json") {
        return Some(Kind::DirectUrl);
    }
    if let Some((dir, name)) = path.rsplit_once('/')
        && (dir == "conda-meta" || dir.ends_with("/conda-meta"))
    {
        let is_json = name.rsplit_once('.').is_some_and(|(_, ending)| ending == "json");
        return is_json.then_some(Kind::CondaRecord);
    }
    if path.ends_with(".dist-info/INSTALLER") {
        return Some(Kind::Installer);
    }
    let endings = [".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info"];
    endings.iter().any(|ending| path.ends_with(ending)).then_some(Kind::Metadata)
}

/// The environment that `path` is in, and the rest of the path below the environment's directory.
pub(super) fn environment(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix(CONDA)?;
    match below.strip_prefix("envs/") {
        Some(below) => below.split_once('/'),
        None => Some((BASE, below)),
    }
}

/// Whether `below` is a record of the environment itself, and not of some package's content.
pub(super) fn is_record(below: &str) -> bool {
    below.strip_prefix("conda-meta/").is_some_and(|name| !name.contains('/'))
}

/// The directory (or the `.egg-info` file) of the distribution that the metadata file `below` an
/// environment belongs to. Only those directly in `site-packages` are installed: packages carry
/// copies of others inside, and an interrupted pip leaves directories that begin with `~`.
pub(super) fn distribution(below: &str) -> Option<&str> {
    let rest = below.strip_prefix("lib/python")?;
    let (_, inside) = rest.split_once("/site-packages/")?;
    let versioned = rest.split('/').nth(1) == Some("site-packages");
    let depth = inside.matches('/').count();
    let installed = versioned && depth <= 1 && !inside.starts_with('~');
    let name = if depth == 1 { below.rsplit_once('/')?.0 } else { below };
    installed.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "lib/python3.11/site-packages";

    #[test]
    fn files_that_tell_are_known_by_their_paths() {
        let check = |path: &str, expected| assert_eq!(kind(path), expected, "{path}");
        check("opt/conda/conda-meta/python-3.11.9-h0_0.json", Some(Kind::CondaRecord));
        check("opt/conda/envs/x/lib/python3.11/site-packages/a-1.dist-info/METADATA", Some(Kind::Metadata));
        check("x/a-1.dist-info/direct_url.json", Some(Kind::DirectUrl));
        check("x/a-1.dist-info/INSTALLER", Some(Kind::Installer));
        check("x/a-1-py3.egg-info", Some(Kind::Metadata));
        check("x/a.egg-info/PKG-INFO", Some(Kind::Metadata));
        check("x/a-1.dist-info/RECORD", None);
        check("opt/conda/conda-meta/history", None);
        check("opt/conda/conda-meta/pinned", None);
        check("opt/conda/share/settings.json", None);
        check("settings.json", None);
    }

    #[test]
    fn environments_are_told_apart() {
        assert_eq!(environment("opt/conda/conda-meta/a.json"), Some(("base", "conda-meta/a.json")));
        assert_eq!(environment("opt/conda/envs/x/lib/a"), Some(("x", "lib/a")));
        assert_eq!(environment("usr/lib/a"), None);
    }

    #[test]
    fn only_what_is_directly_in_site_packages_is_installed() {
        let check =
            |below: &str, expected: bool| assert_eq!(distribution(below).is_some(), expected, "{below}");
        check(&format!("{SITE}/a-1.dist-info/METADATA"), true);
        check(&format!("{SITE}/a-1-py3.11.egg-info"), true);
        check(&format!("{SITE}/setuptools/_vendor/a-1.dist-info/METADATA"), false);
        check(&format!("{SITE}/~a-1.dist-info/METADATA"), false);
        check("pkgs/a-1-0/site-packages/a-1.dist-info/METADATA", false);
        check(&format!("pkgs/a-1-0/{SITE}/a-1.dist-info/METADATA"), false);
        check("lib/python3.11/x/site-packages/a-1.dist-info/METADATA", false);
        assert!(is_record("conda-meta/a-1-0.json") && !is_record("pkgs/a/conda-meta/b.json"));
    }
}

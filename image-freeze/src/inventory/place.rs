//! Which files of an image say what is installed, told by their paths.

/// What a file can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record in `conda-meta`.
    CondaRecord,
    /// `conda-meta/history`, which every environment of conda's has.
    CondaHistory,
    /// Name and version of a distribution: `METADATA`, `PKG-INFO`, or an old `.egg-info` file.
    Metadata,
    /// Who installed it.
    Installer,
    /// Where it came from.
    DirectUrl,
    /// Which files it has.
    Record,
    /// Where a distribution in development is.
    EggLink,
    /// `pyvenv.cfg`.
    VenvConfig,
    /// `kernel.json`.
    Kernel,
    /// dpkg's list of packages.
    Debian,
    /// A global package of npm's.
    Npm,
    /// `os-release`.
    Release,
}

/// What the file at `path` (relative to the image's root) can tell, wherever it is: a package in an
/// environment may be a hard link to a file in a cache.
pub(super) fn kind(path: &str) -> Option<Kind> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "METADATA" => return dir.ends_with(".dist-info").then_some(Kind::Metadata),
        "PKG-INFO" => return dir.ends_with(".egg-info").then_some(Kind::Metadata),
        "RECORD" => return dir.ends_with(".dist-info").then_some(Kind::Record),
        "INSTALLER" => return dir.ends_with(".dist-info").then_some(Kind::Installer),
        "direct_url.json" => return dir.ends_with(".dist-info").then_some(Kind::DirectUrl),
        "history" => return is_below(dir, "conda-meta").then_some(Kind::CondaHistory),
        "pyvenv.cfg" => return Some(Kind::VenvConfig),
        "kernel.json" => return dir.contains("share/jupyter/kernels/").then_some(Kind::Kernel),
        "package.json" => return npm_package(path).map(|_| Kind::Npm),
        "os-release" => return matches!(dir, "etc" | "usr/lib").then_some(Kind::Release),
        _ => {}
    }
    if let Some(name) = path.strip_prefix("var/lib/dpkg/") {
        let is_part = name.strip_prefix("status.d/").is_some_and(|part| !part.contains(['/', '.']));
        return (name == "status" || is_part).then_some(Kind::Debian);
    }
    match name.rsplit_once('.')?.1 {
        "json" if is_below(dir, "conda-meta") => Some(Kind::CondaRecord),
        "egg-info" => Some(Kind::Metadata),
        "egg-link" => Some(Kind::EggLink),
        _ => None,
    }
}

fn is_below(dir: &str, name: &str) -> bool {
    dir.strip_suffix(name).is_some_and(|above| above.is_empty() || above.ends_with('/'))
}

/// The environment of conda's that the record at `path` is of; none if it is some package's content.
pub(super) fn conda_prefix(path: &str) -> Option<&str> {
    let (prefix, _) = path.rsplit_once("/conda-meta/")?;
    let in_cache = prefix.contains("/pkgs/");
    (!in_cache).then_some(prefix)
}

/// Where an installed distribution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site<'p> {
    /// The environment: `opt/conda/envs/x`.
    pub prefix: &'p str,
    /// `lib/python3.11/site-packages`.
    pub packages: &'p str,
    /// The directory of metadata or the `.egg-info` file, below that.
    pub name: &'p str,
}

impl<'p> Site<'p> {
    /// Where the distribution of the metadata file at `path` is installed. Only what is directly in
    /// `site-packages` is: packages carry copies of others inside, and an interrupted pip leaves
    /// directories that begin with `~`.
    pub(super) fn of(path: &'p str) -> Option<Self> {
        let (before, inside) =
            path.rsplit_once("/site-packages/").or_else(|| path.rsplit_once("/dist-packages/"))?;
        let (lib, python) = before.rsplit_once('/')?;
        let (prefix, lib) = lib.rsplit_once('/')?;
        let in_lib = matches!(lib, "lib" | "lib64") && python.starts_with("python");
        let (name, depth) = match inside.rsplit_once('/') {
            Some((dir, _)) => (dir, inside.matches('/').count()),
            None => (inside, 0),
        };
        let installed = in_lib && depth <= 1 && !name.starts_with('~') && !prefix.contains("/pkgs/");
        let packages = &path[prefix.len() + 1..path.len() - inside.len() - 1];
        installed.then_some(Self { prefix, packages, name })
    }

    /// The version in `lib/python3.11`.
    pub(super) fn python(&self) -> Option<&'p str> {
        let version = self.packages.split('/').nth(1)?.strip_prefix("python")?;
        version.contains('.').then_some(version)
    }
}

/// The metadata file of a distribution, below the environment, as [`Site::of`] understands it.
pub(super) fn is_site_metadata(below: &str) -> bool {
    // What is asked about is a path below some environment, here one at `x`.
    Site::of(&format!("x/{below}")).is_some_and(|site| site.prefix == "x")
}

/// The directory of the global npm package that the `package.json` at `path` is of.
pub(super) fn npm_package(path: &str) -> Option<&str> {
    let dir = path.strip_suffix("/package.json")?;
    let (before, name) = dir.split_once("lib/node_modules/")?;
    let parts = name.matches('/').count();
    let is_global = (before.is_empty() || before.ends_with('/')) && !before.contains("node_modules/");
    (is_global && parts == usize::from(name.starts_with('@'))).then_some(dir)
}

/// The prefix of the kernel at `path`: what is above `share/jupyter/kernels/NAME/kernel.json`.
pub(super) fn kernel(path: &str) -> Option<(&str, &str)> {
    let (prefix, rest) = path.split_once("/share/jupyter/kernels/")?;
    let name = rest.strip_suffix("/kernel.json")?;
    (!name.contains('/') && !prefix.contains("/pkgs/")).then_some((prefix, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "opt/conda/envs/x/lib/python3.11/site-packages";

    #[test]
    fn files_that_tell_are_known_by_their_paths() {
        let check = |path: &str, expected| assert_eq!(kind(path), expected, "{path}");
        check("opt/conda/conda-meta/python-3.11.9-h0_0.json", Some(Kind::CondaRecord));
        check("opt/conda/envs/x/lib/python3.11/site-packages/a-1.dist-info/METADATA", Some(Kind::Metadata));
        check("x/a-1.dist-info/direct_url.json", Some(Kind::DirectUrl));
        check("x/a-1.dist-info/INSTALLER", Some(Kind::Installer));
        check("x/a-1-py3.egg-info", Some(Kind::Metadata));
        check("x/a.egg-info/PKG-INFO", Some(Kind::Metadata));
        check("x/a-1.dist-info/RECORD", Some(Kind::Record));
        check("x/a.egg-link", Some(Kind::EggLink));
        check("opt/conda/conda-meta/history", Some(Kind::CondaHistory));
        check("opt/venv/pyvenv.cfg", Some(Kind::VenvConfig));
        check("var/lib/dpkg/status", Some(Kind::Debian));
        check("var/lib/dpkg/status.d/libc6", Some(Kind::Debian));
        check("var/lib/dpkg/status.d/libc6.md5sums", None);
        check("var/lib/dpkg/status-old", None);
        check("usr/lib/node_modules/npm/package.json", Some(Kind::Npm));
        check("usr/lib/node_modules/@s/x/package.json", Some(Kind::Npm));
        check("usr/lib/node_modules/npm/node_modules/a/package.json", None);
        check("usr/lib/node_modules/npm/lib/package.json", None);
        check("usr/share/jupyter/kernels/x/kernel.json", Some(Kind::Kernel));
        check("etc/os-release", Some(Kind::Release));
        check("opt/conda/conda-meta/pinned", None);
        check("opt/conda/share/settings.json", None);
        check("settings.json", None);
    }

    #[test]
    fn environments_are_told_apart() {
        assert_eq!(conda_prefix("opt/conda/conda-meta/a.json"), Some("opt/conda"));
        assert_eq!(conda_prefix("srv/x/conda-meta/history"), Some("srv/x"));
        assert_eq!(conda_prefix("opt/conda/pkgs/a-1/info/conda-meta/a.json"), None);
        let site = Site::of("opt/venv/lib/python3.12/site-packages/a-1.dist-info/METADATA").unwrap();
        assert_eq!(
            (site.prefix, site.packages, site.name),
            ("opt/venv", "lib/python3.12/site-packages", "a-1.dist-info")
        );
        assert_eq!(site.python(), Some("3.12"));
        let site = Site::of("usr/lib/python3/dist-packages/b.egg-info").unwrap();
        assert_eq!((site.prefix, site.name, site.python()), ("usr", "b.egg-info", None));
        assert_eq!(kernel("usr/share/jupyter/kernels/k/kernel.json"), Some(("usr", "k")));
    }

    #[test]
    fn only_what_is_directly_in_site_packages_is_installed() {
        let check = |path: &str, expected: bool| assert_eq!(Site::of(path).is_some(), expected, "{path}");
        check(&format!("{SITE}/a-1.dist-info/METADATA"), true);
        check(&format!("{SITE}/a-1-py3.11.egg-info"), true);
        check(&format!("{SITE}/setuptools/_vendor/a-1.dist-info/METADATA"), false);
        check(&format!("{SITE}/~a-1.dist-info/METADATA"), false);
        check("opt/conda/pkgs/a-1-0/site-packages/a-1.dist-info/METADATA", false);
        check("opt/conda/pkgs/a-1-0/lib/python3.11/site-packages/a-1.dist-info/METADATA", false);
        check("opt/conda/lib/python3.11/x/site-packages/a-1.dist-info/METADATA", false);
        assert!(is_site_metadata("lib/python3.11/site-packages/a-1.dist-info/METADATA"));
        assert!(!is_site_metadata("envs/y/lib/python3.11/site-packages/a-1.dist-info/METADATA"));
    }
}

//! Puts together what the files of an image told: environments, and what is in each.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use common::frozen::BASE;
use common::inventory::{
    CondaPackage, DebianPackage, Distribution, Environment, EnvironmentKind, Kernel, NpmPackage, Origin,
    Owner,
};
use common::requirement::PackageName;

use super::conda_record::CondaRecord;
use super::distribution::Identity;
use super::fact::Fact;
use super::place::{self, Site};
use super::stack::Seen;

/// Where conda is, and the environments below it: known without a record of conda's.
const CONDA: &str = "opt/conda";
const CONDA_ENVS: &str = "opt/conda/envs/";

/// All that is installed.
#[derive(Debug, Default)]
pub(super) struct Installed {
    pub environments: Vec<Environment>,
    pub kernels: Vec<Kernel>,
    pub debian: Vec<DebianPackage>,
    pub npm: Vec<NpmPackage>,
    pub release: Option<String>,
}

/// What is known about one prefix.
#[derive(Debug, Default)]
struct Draft<'s> {
    is_conda: bool,
    venv: Option<&'s Option<String>>,
    records: Vec<&'s CondaRecord>,
    found: Vec<Found<'s>>,
    kernels: Vec<Kernel>,
}

/// A distribution, before it is known who installed it.
#[derive(Debug)]
struct Found<'s> {
    site: Site<'s>,
    /// Its metadata file, below the environment.
    file: &'s str,
    identity: &'s Identity,
    origin: Option<Origin>,
    path: &'s str,
}

/// Everything that `seen` tells; else what in it makes no sense, file by file.
///
/// # Errors
/// A file that says what is installed cannot be understood.
pub(super) fn of(seen: &Seen) -> Result<Installed, Vec<String>> {
    let mut reader =
        Reader { seen, drafts: BTreeMap::new(), installed: Installed::default(), flaws: Vec::new() };
    for (path, link) in &seen.broken {
        if matters(path) {
            reader.flaws.push(format!("{path}: a link to {}, which is not there", link.target));
        }
    }
    for (path, fact) in &seen.facts {
        reader.note(path, fact);
    }
    reader.finish()
}

/// Whether a file at `path` would tell what is installed.
fn matters(path: &str) -> bool {
    let is_metadata = |site: Site<'_>| {
        is_known(site.prefix)
            && [".dist-info/METADATA", ".egg-info", "/PKG-INFO"].iter().any(|e| path.ends_with(e))
    };
    is_record(path) || Site::of(path).is_some_and(is_metadata)
}

fn is_record(path: &str) -> bool {
    place::conda_prefix(path).is_some() && !path.ends_with("/history")
}

/// Whether `prefix` is an environment by its place alone.
fn is_known(prefix: &str) -> bool {
    let below = prefix.strip_prefix(CONDA_ENVS);
    prefix == CONDA || below.is_some_and(|name| !name.contains('/')) || system_or_user(prefix).is_some()
}

fn system_or_user(prefix: &str) -> Option<EnvironmentKind> {
    match prefix {
        "usr" | "usr/local" => Some(EnvironmentKind::System),
        _ if prefix.ends_with("/.local") => Some(EnvironmentKind::User),
        _ => None,
    }
}

struct Reader<'s> {
    seen: &'s Seen,
    drafts: BTreeMap<&'s str, Draft<'s>>,
    installed: Installed,
    flaws: Vec<String>,
}

impl<'s> Reader<'s> {
    fn draft(&mut self, prefix: &'s str) -> &mut Draft<'s> {
        // One Python of the distribution sees both places.
        let prefix = if prefix == "usr/local" { "usr" } else { prefix };
        self.drafts.entry(prefix).or_default()
    }

    fn flaw(&mut self, path: &str, reason: &str) {
        self.flaws.push(format!("{path}: {reason}"));
    }

    fn note(&mut self, path: &'s str, fact: &'s Fact) {
        match fact {
            Fact::CondaRecord(record) => {
                let Some(prefix) = place::conda_prefix(path) else { return };
                match record {
                    Ok(record) => self.draft(prefix).records.push(record),
                    Err(reason) => self.flaw(path, reason),
                }
                self.draft(prefix).is_conda = true;
            }
            Fact::CondaHistory => {
                if let Some(prefix) = place::conda_prefix(path) {
                    self.draft(prefix).is_conda = true;
                }
            }
            Fact::VenvConfig(version) => {
                if let Some((prefix, _)) = path.rsplit_once('/') {
                    self.draft(prefix).venv = Some(version);
                }
            }
            Fact::Identity(identity) => self.distribution(path, identity),
            Fact::EggLink(project) => self.egg_link(path, project),
            Fact::Kernel(kernel) => self.kernel(path, kernel),
            Fact::Debian(Ok(packages)) => self.installed.debian.extend(packages.iter().cloned()),
            Fact::Npm(Ok(file)) => self.npm(path, file),
            Fact::Debian(Err(reason)) | Fact::Npm(Err(reason)) => self.flaw(path, reason),
            // Both places have the same.
            Fact::Release(release) if !release.is_empty() => self.installed.release = Some(release.clone()),
            Fact::Release(_) | Fact::Installer(_) | Fact::Origin(_) | Fact::Record(..) => {}
        }
    }

    fn npm(&mut self, path: &str, file: &super::npm::NpmFile) {
        let Some(dir) = place::npm_package(path) else { return };
        let (name, version, location) = (file.name.clone(), file.version.clone(), format!("/{dir}"));
        self.installed.npm.push(NpmPackage { name, version, location });
    }

    fn kernel(&mut self, path: &'s str, kernel: &Result<super::kernel::KernelFile, String>) {
        let Some((prefix, name)) = place::kernel(path) else { return };
        match kernel {
            Ok(file) => {
                let (display_name, argv) = (file.display_name.clone(), file.argv.clone());
                let kernel = Kernel { name: name.to_owned(), display_name, argv, path: format!("/{path}") };
                self.draft(prefix).kernels.push(kernel);
            }
            Err(reason) => self.flaw(path, reason),
        }
    }

    fn distribution(&mut self, path: &'s str, identity: &'s Result<Identity, String>) {
        let Some(site) = Site::of(path) else { return };
        let identity = match identity {
            Ok(identity) => identity,
            Err(reason) => return self.flaw(path, reason),
        };
        let origin = match self.beside(site, "direct_url.json") {
            Some(Fact::Origin(Ok(origin))) => Some(origin.clone()),
            Some(Fact::Origin(Err(reason))) => return self.flaw(path, reason),
            _ => None,
        };
        let file = &path[site.prefix.len() + 1..];
        self.draft(site.prefix).found.push(Found { site, file, identity, origin, path });
    }

    /// A distribution in development: the link names its project, and that has the metadata.
    fn egg_link(&mut self, path: &'s str, project: &str) {
        let Some(site) = Site::of(path) else { return };
        let dir = format!("{}/", project.trim_matches('/'));
        let below = self.seen.facts.range(dir.clone()..).take_while(|(path, _)| path.starts_with(&dir));
        let mut metadata = below.filter_map(|(path, fact)| match fact {
            Fact::Identity(Ok(identity)) if path[dir.len()..].matches('/').count() == 1 => Some(identity),
            _ => None,
        });
        let Some(identity) = metadata.next() else {
            return self.flaw(path, &format!("it leads to {project}, which has no metadata"));
        };
        let origin = Origin { url: format!("file://{project}"), editable: true, ..Origin::default() };
        let file = &path[site.prefix.len() + 1..];
        self.draft(site.prefix).found.push(Found { site, file, identity, origin: Some(origin), path });
    }

    /// What the file `name` in the directory of a distribution's metadata tells.
    fn beside(&self, site: Site<'_>, name: &str) -> Option<&'s Fact> {
        self.seen.facts.get(&format!("{}/{}/{}/{name}", site.prefix, site.packages, site.name))
    }

    fn finish(mut self) -> Result<Installed, Vec<String>> {
        if !self.flaws.is_empty() {
            return Err(self.flaws);
        }
        let mut names = BTreeSet::new();
        for (prefix, draft) in std::mem::take(&mut self.drafts) {
            let Some(kind) = draft.kind(prefix) else {
                self.installed.kernels.extend(draft.kernels);
                continue;
            };
            let mut environment = self.environment(prefix, kind, draft);
            if !names.insert(environment.name.clone()) {
                environment.name.clone_from(&environment.prefix);
            }
            self.installed.environments.push(environment);
        }
        self.installed.environments.retain(|e| {
            !(e.conda.is_empty() && e.python.is_empty() && e.kernels.is_empty())
                || e.kind == EnvironmentKind::Venv
        });
        self.installed.debian.sort();
        self.installed.debian.dedup();
        Ok(self.installed)
    }

    fn environment(&self, prefix: &str, kind: EnvironmentKind, draft: Draft<'_>) -> Environment {
        let conda = conda_packages(&draft);
        let name = name(prefix, kind, &conda);
        let told = conda.iter().find(|package| package.name == "python").map(|p| p.version.clone());
        let python_version = told
            .or_else(|| draft.venv.cloned().flatten())
            .or_else(|| draft.found.iter().find_map(|found| found.site.python().map(str::to_owned)));
        let python = self.distributions(&draft);
        let prefix = format!("/{prefix}");
        Environment { name, prefix, kind, python_version, conda, python, kernels: draft.kernels }
    }

    fn distributions(&self, draft: &Draft<'_>) -> Vec<Distribution> {
        let listed: HashSet<&str> =
            draft.records.iter().flat_map(|record| record.files.iter().map(String::as_str)).collect();
        let mut python: Vec<Distribution> = Vec::new();
        for found in &draft.found {
            let installer = match self.beside(found.site, "INSTALLER") {
                Some(Fact::Installer(name)) if !name.is_empty() => Some(name.clone()),
                _ => None,
            };
            let record = match self.beside(found.site, "RECORD") {
                Some(Fact::Record(digest, _)) => Some(digest.clone()),
                _ => None,
            };
            let by_conda = installer.as_deref() == Some("conda") || listed.contains(found.file);
            let by_debian = found.path.starts_with("usr/lib/python3/dist-packages/");
            let owner = match (by_conda, by_debian) {
                (true, _) => Owner::Conda,
                (_, true) => Owner::Debian,
                _ => Owner::Pip,
            };
            let (name, version) = (found.identity.name.to_string(), found.identity.version.clone());
            if python.iter().any(|other| other.name == name && other.version == version) {
                continue;
            }
            let (origin, location) =
                (found.origin.clone(), found.path[..found.path.len() - found.file.len()].to_owned());
            let location = format!("/{location}{}", found.site.packages);
            python.push(Distribution { name, version, owner, installer, origin, record, location });
        }
        python.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        python
    }
}

impl Draft<'_> {
    fn kind(&self, prefix: &str) -> Option<EnvironmentKind> {
        if self.is_conda {
            Some(EnvironmentKind::Conda)
        } else if self.venv.is_some() {
            Some(EnvironmentKind::Venv)
        } else if let Some(kind) = system_or_user(prefix) {
            Some(kind)
        } else {
            is_known(prefix).then_some(EnvironmentKind::Conda)
        }
    }
}

fn conda_packages(draft: &Draft<'_>) -> Vec<CondaPackage> {
    let present: HashSet<&str> = draft.found.iter().map(|f| f.file).collect();
    let packages = draft.records.iter().map(|record| {
        let gone = record.files.iter().map(String::as_str).filter(|file| !present.contains(file));
        CondaPackage {
            name: record.name.to_ascii_lowercase(),
            version: record.version.clone(),
            build: record.build.clone(),
            channel: record.channel.clone(),
            subdir: record.subdir.clone(),
            url: record.url.clone(),
            sha256: record.sha256.clone(),
            md5: record.md5.clone(),
            ousted: gone.filter_map(brought).map(|name| name.to_string()).collect(),
        }
    });
    let mut packages: Vec<CondaPackage> = packages.collect();
    packages.sort_by(|a, b| (&a.name, &a.version, &a.build).cmp(&(&b.name, &b.version, &b.build)));
    packages
}

fn name(prefix: &str, kind: EnvironmentKind, conda: &[CondaPackage]) -> String {
    let last = prefix.rsplit('/').next().unwrap_or(prefix);
    let is_in_envs = prefix.rsplit('/').nth(1) == Some("envs");
    match kind {
        EnvironmentKind::System => "system".to_owned(),
        EnvironmentKind::User => {
            let home = prefix.rsplit('/').nth(1).unwrap_or(prefix);
            format!("user:{home}")
        }
        EnvironmentKind::Conda if prefix == CONDA => BASE.to_owned(),
        EnvironmentKind::Conda if !is_in_envs && conda.iter().any(|p| p.name == "conda") => BASE.to_owned(),
        EnvironmentKind::Conda | EnvironmentKind::Venv => last.to_owned(),
    }
}

/// The distribution that a metadata file is of, by the name of its directory: `click-8.1.7.dist-info`.
/// None if it is that of a copy which a package carries inside.
fn brought(file: &str) -> Option<PackageName> {
    if !place::is_site_metadata(file) {
        return None;
    }
    let path = format!("x/{file}");
    let dir = Site::of(&path)?.name.to_owned();
    let stem = dir.split(".dist-info").next()?.split(".egg-info").next()?;
    PackageName::new(stem.split('-').next()?)
}

#[cfg(test)]
#[path = "environments_tests.rs"]
mod tests;

//! Builds the inventory from an image's files as they pass by, in one pass.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::path::Path;

use common::engine::FileEntry;
use common::requirement::PackageName;

use super::conda_record::CondaRecord;
use super::distribution::{self, Identity};
use super::place::{self, Kind};
use super::{CondaPackage, Distribution, Installed, Inventory, Origin, Owner};

/// Headers come first and are short; what follows in a metadata file is a description. Bytes.
const METADATA_LIMIT: u64 = 256 << 10;
/// The records of the largest packages list tens of thousands of files. Bytes.
const RECORD_LIMIT: u64 = 64 << 20;

/// What a file told.
#[derive(Clone, Debug)]
enum Told {
    Record(CondaPackageRecord),
    Identity(Result<Identity, String>),
    Installer(String),
    Origin(Result<Origin, String>),
}

type CondaPackageRecord = Result<std::rc::Rc<CondaRecord>, String>;

/// Takes the files of an image one by one. Only what they told is kept.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// By path in the image.
    told: HashMap<String, Told>,
    /// Links that stand where such a file could be, with their targets.
    links: Vec<(String, String)>,
}

impl Collector {
    /// Takes one file.
    ///
    /// # Errors
    /// Its content cannot be read.
    pub(crate) fn take(&mut self, entry: &FileEntry<'_>, content: &mut dyn Read) -> io::Result<()> {
        let Some(path) = entry.path.to_str() else { return Ok(()) };
        let Some(kind) = place::kind(path) else { return Ok(()) };
        if let Some(target) = entry.link.and_then(Path::to_str) {
            self.links.push((path.to_owned(), target.to_owned()));
            return Ok(());
        }
        let limit = if kind == Kind::CondaRecord { RECORD_LIMIT } else { METADATA_LIMIT };
        let mut bytes = Vec::with_capacity(usize::try_from(entry.size.min(limit)).unwrap_or_default());
        content.take(limit).read_to_end(&mut bytes)?;
        self.told.insert(path.to_owned(), tell(kind, &bytes));
        Ok(())
    }

    /// The inventory of all that was taken; else what in it makes no sense, file by file.
    ///
    /// # Errors
    /// A file that says what is installed cannot be understood.
    pub(crate) fn finish(mut self) -> Result<Inventory, Vec<String>> {
        self.follow_links();
        let mut paths: Vec<&String> = self.told.keys().collect();
        paths.sort_unstable();
        let mut draft = Draft::default();
        for (path, target) in &self.links {
            draft.broken_link(path, target);
        }
        for path in &paths {
            draft.note(path, &self.told);
        }
        draft.finish()
    }

    /// A hard link has the content of its target, which may be in a cache elsewhere.
    fn follow_links(&mut self) {
        // A link can lead to another; each round follows one step.
        for _ in 0..4 {
            let told = &mut self.told;
            self.links.retain(|(path, target)| {
                let found = candidates(path, target).into_iter().find_map(|c| told.get(&c).cloned());
                found.is_none_or(|content| {
                    told.insert(path.clone(), content);
                    false
                })
            });
        }
    }
}

fn tell(kind: Kind, bytes: &[u8]) -> Told {
    match kind {
        Kind::CondaRecord => Told::Record(CondaRecord::parse(bytes).map(std::rc::Rc::new)),
        Kind::Metadata => Told::Identity(Identity::parse(bytes)),
        Kind::Installer => Told::Installer(String::from_utf8_lossy(bytes).trim().to_owned()),
        Kind::DirectUrl => Told::Origin(distribution::origin(bytes)),
    }
}

/// The paths that the target of a link can mean: from the root, or beside the link.
fn candidates(path: &str, target: &str) -> [String; 2] {
    let from_root = target.trim_start_matches("./").trim_start_matches('/').to_owned();
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    [from_root, parts.join("/")]
}

/// The inventory in the making.
#[derive(Debug, Default)]
struct Draft<'a> {
    records: BTreeMap<&'a str, Vec<&'a CondaRecord>>,
    found: BTreeMap<&'a str, Vec<Found<'a>>>,
    flaws: Vec<String>,
}

/// A distribution, before it is known who installed it.
#[derive(Debug)]
struct Found<'a> {
    /// Its metadata file, below the environment.
    file: &'a str,
    identity: &'a Identity,
    by_conda: bool,
    origin: Option<Origin>,
}

impl<'a> Draft<'a> {
    fn note(&mut self, path: &'a str, told: &'a HashMap<String, Told>) {
        let Some((environment, below)) = place::environment(path) else { return };
        match &told[path] {
            Told::Record(_) if !place::is_record(below) => {}
            Told::Record(Ok(record)) => self.records.entry(environment).or_default().push(record),
            Told::Identity(identity) => {
                if let Some(dir) = place::distribution(below) {
                    let dir = &path[..path.len() - below.len() + dir.len()];
                    self.distribution(environment, (path, below), identity, &|file| {
                        told.get(&format!("{dir}/{file}"))
                    });
                }
            }
            Told::Record(Err(reason)) => self.flaws.push(format!("{path}: {reason}")),
            Told::Installer(_) | Told::Origin(_) => {}
        }
    }

    /// A link that leads nowhere, where something would have told what is installed.
    fn broken_link(&mut self, path: &str, target: &str) {
        let matters = |below| place::is_record(below) || place::distribution(below).is_some();
        if place::environment(path).is_some_and(|(_, below)| matters(below)) {
            self.flaws.push(format!("{path}: a link to {target}, which is not there"));
        }
    }

    fn distribution(
        &mut self,
        environment: &'a str,
        (path, below): (&str, &'a str),
        identity: &'a Result<Identity, String>,
        beside: &dyn Fn(&str) -> Option<&'a Told>,
    ) {
        let identity = match identity {
            Ok(identity) => identity,
            Err(reason) => return self.flaws.push(format!("{path}: {reason}")),
        };
        let origin = match beside("direct_url.json") {
            Some(Told::Origin(Ok(origin))) => Some(origin.clone()),
            Some(Told::Origin(Err(reason))) => return self.flaws.push(format!("{path}: {reason}")),
            _ => None,
        };
        let by_conda = matches!(beside("INSTALLER"), Some(Told::Installer(name)) if name == "conda");
        self.found.entry(environment).or_default().push(Found { file: below, identity, by_conda, origin });
    }

    fn finish(mut self) -> Result<Inventory, Vec<String>> {
        if !self.flaws.is_empty() {
            return Err(self.flaws);
        }
        let mut environments = BTreeMap::new();
        let names: Vec<&str> = self.records.keys().chain(self.found.keys()).copied().collect();
        for name in names {
            let records = self.records.remove(name).unwrap_or_default();
            let found = self.found.remove(name).unwrap_or_default();
            if !(records.is_empty() && found.is_empty()) {
                environments.insert(name.to_owned(), installed(&records, found));
            }
        }
        Ok(Inventory { environments })
    }
}

fn installed(records: &[&CondaRecord], found: Vec<Found<'_>>) -> Installed {
    let present: HashSet<&str> = found.iter().map(|f| f.file).collect();
    let listed: HashSet<&str> = records.iter().flat_map(|r| r.files.iter().map(String::as_str)).collect();
    let mut installed = Installed::default();
    for record in records {
        let own = record.files.iter().map(String::as_str).filter(|file| !present.contains(file));
        let package = CondaPackage {
            version: record.version.clone(),
            build: record.build.clone(),
            ousted: own.filter_map(brought).collect(),
        };
        installed.conda.entry(record.name.to_ascii_lowercase()).or_default().push(package);
    }
    for Found { file, identity, by_conda, origin } in found {
        let owner = if by_conda || listed.contains(file) { Owner::Conda } else { Owner::Pip };
        let distribution = Distribution { version: identity.version.clone(), owner, origin };
        let same_name = installed.python.entry(identity.name.clone()).or_default();
        if !same_name.iter().any(|other| other.version == distribution.version) {
            same_name.push(distribution);
        }
    }
    installed
}

/// The distribution that a metadata file is of, by the name of its directory: `click-8.1.7.dist-info`.
/// None if it is that of a copy which a package carries inside.
fn brought(file: &str) -> Option<PackageName> {
    let dir = place::distribution(file)?.rsplit('/').next()?;
    let stem = dir.split(".dist-info").next()?.split(".egg-info").next()?;
    PackageName::new(stem.split('-').next()?)
}

#[cfg(test)]
#[path = "collector_tests.rs"]
mod tests;

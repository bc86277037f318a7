//! conda's channels: what they list, where they can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::clock;
use common::digest::Digest;
use common::report::RotClass;
use common::requirement::{CondaConstraint, CondaSpec};
use common::settings::{Platform, Settings};
use common::state_file;
use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::direct::told;
use super::judge::Answer;
use crate::index::{Freshness, Http};

/// What the channels of a lock list, or why that is not known.
#[derive(Debug)]
pub(crate) struct Channels(Result<BTreeSet<String>, String>);

/// What asks: over what, whether at all, and where answers are kept.
pub(super) type Means<'a> = (&'a Http, Freshness, &'a Path);

/// A listing as kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    asked: Timestamp,
    etag: Option<String>,
    builds: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    packages: BTreeMap<String, Record>,
    #[serde(default, rename = "packages.conda")]
    conda: BTreeMap<String, Record>,
}

#[derive(Deserialize)]
struct Record {
    name: String,
    version: String,
    build: String,
}

impl Channels {
    /// Asks each of `names` for what it lists for the platform and for all platforms.
    pub(super) fn read(names: &[String], settings: &Settings, means: Means<'_>) -> Self {
        if names.is_empty() {
            return Self(Err("the file names no channel".to_owned()));
        }
        let alias = alias(settings);
        let mut builds = BTreeSet::new();
        for name in names {
            for part in [subdirectory(settings.platform), "noarch"] {
                match address(name, part, alias.as_deref()).and_then(|url| listing(&url, means)) {
                    Ok(found) => builds.extend(found),
                    Err(reason) => return Self(Err(format!("the channel {name} cannot be asked: {reason}"))),
                }
            }
        }
        Self(Ok(builds))
    }

    /// Version and build of each package `name` that they list; nothing where they are not known.
    pub(crate) fn builds(&self, name: &str) -> Vec<(&str, &str)> {
        let start = format!("{name}=");
        let Ok(builds) = &self.0 else { return Vec::new() };
        let ours = builds.range(start.clone()..).map_while(|one| one.strip_prefix(&start));
        ours.filter_map(|rest| rest.split_once('=')).collect()
    }

    /// What is wrong with `spec`.
    pub(super) fn judge(&self, spec: &CondaSpec) -> Answer {
        let CondaConstraint::Exact { version, build, .. } = &spec.constraint else { return None };
        let builds = match &self.0 {
            Ok(builds) => builds,
            Err(reason) => return Some((RotClass::Unknown, Some(reason.clone()))),
        };
        let wanted = format!("{}={version}={}", spec.name, build.as_deref().unwrap_or_default());
        let mut from = builds.range(wanted.clone()..);
        let there = match build {
            Some(_) => builds.contains(&wanted),
            None => from.next().is_some_and(|next| next.starts_with(&wanted)),
        };
        let reason = || Some("no channel of the file lists it".to_owned());
        (!there).then(|| (RotClass::Gone, reason()))
    }
}

const fn subdirectory(platform: Platform) -> &'static str {
    match platform {
        Platform::Amd64 => "linux-64",
        Platform::Aarch64 => "linux-aarch64",
    }
}

/// Where channels that are no addresses are, if anything here says so.
fn alias(settings: &Settings) -> Option<String> {
    let variable = std::env::var("CONDA_CHANNEL_ALIAS").ok().filter(|value| !value.is_empty());
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".condarc"));
    let files = [Some(settings.root.join("deployments/common/condarc")), home];
    let in_file = |path: &Path| {
        let text = std::fs::read_to_string(path).ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix("channel_alias:"))?;
        Some(value.trim().trim_matches(['"', '\'']).to_owned())
    };
    variable.or_else(|| files.iter().flatten().find_map(|path| in_file(path)))
}

/// Where the channels called `names` are, as far as anything here says so; else their names.
pub(crate) fn places(names: &[String], settings: &Settings) -> Vec<String> {
    let alias = alias(settings);
    names.iter().map(|name| place(name, alias.as_deref()).unwrap_or_else(|| name.clone())).collect()
}

fn place(name: &str, alias: Option<&str>) -> Option<String> {
    let base = match alias {
        _ if name.contains("://") => name.to_owned(),
        alias => format!("{}/{name}", alias?.trim_end_matches('/')),
    };
    Some(base.trim_end_matches('/').to_owned())
}

fn address(name: &str, part: &str, alias: Option<&str>) -> Result<Url, String> {
    let base = place(name, alias);
    let base = base.ok_or("nothing here says where it is (channel_alias in a condarc)")?;
    let text = format!("{base}/{part}/repodata.json");
    Url::parse(&text).map_err(|_| "no address".to_owned())
}

fn listing(url: &Url, (http, freshness, memory): Means<'_>) -> Result<BTreeSet<String>, String> {
    if let Ok(path) = url.to_file_path() {
        let content = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        return parsed(&content);
    }
    let dir = memory.join("conda");
    let path = dir.join(format!("{}.json", &Digest::of(url.as_str().as_bytes()).hex()[..16]));
    let kept: Option<Kept> =
        std::fs::read(&path).ok().and_then(|content| serde_json::from_slice(&content).ok());
    if freshness == Freshness::Offline {
        return kept
            .map(|kept| kept.builds)
            .ok_or_else(|| "it was never asked, and --offline asks nobody".to_owned());
    }
    let etag = kept.as_ref().and_then(|kept| kept.etag.as_deref());
    let answer = http.get(url, "application/json", etag).map_err(|error| told(&error))?;
    let new = match (answer, kept) {
        (crate::index::HttpAnswer::Same(_), Some(kept)) => return Ok(kept.builds),
        (crate::index::HttpAnswer::Page(page), _) => {
            Kept { asked: clock::wall(), etag: page.etag, builds: parsed(&page.body)? }
        }
        _ => return Err("it has no repodata.json".to_owned()),
    };
    let content = serde_json::to_vec(&new).map_err(|error| error.to_string())?;
    state_file::make_dir(&dir).map_err(|error| error.to_string())?;
    state_file::replace(&path, &content, 0o644).map_err(|error| error.to_string())?;
    Ok(new.builds)
}

fn parsed(content: &[u8]) -> Result<BTreeSet<String>, String> {
    let listing: Listing =
        serde_json::from_slice(content).map_err(|error| format!("its repodata.json: {error}"))?;
    let records = listing.packages.into_values().chain(listing.conda.into_values());
    Ok(records.map(|record| format!("{}={}={}", record.name, record.version, record.build)).collect())
}

#[cfg(test)]
mod tests {
    use common::requirement::CondaFile;

    use super::*;

    #[test]
    fn what_a_channel_lists_is_there_by_name_version_and_build() {
        let content =
            br#"{"packages": {"x-1.2-h0_0.tar.bz2": {"name": "x", "version": "1.2", "build": "h0_0"}},
            "packages.conda": {"y-1-0.conda": {"name": "y", "version": "1", "build": "0"}}}"#;
        let channels = Channels(parsed(content));
        let class = |line: &str| {
            let text = format!("dependencies:\n  - {line}\n");
            let file = CondaFile::parse(text.as_bytes(), "r.yml").unwrap();
            channels.judge(&file.conda[0]).map(|(class, _)| class)
        };
        for there in ["x=1.2", "x=1.2=h0_0", "y=1", "x>=1"] {
            assert_eq!(class(there), None, "{there}");
        }
        assert_eq!(channels.builds("x"), [("1.2", "h0_0")]);
        assert_eq!(channels.builds("no"), []);
        for gone in ["x=1", "x=1.2=h0_1", "z=1", "y=1.0"] {
            assert_eq!(class(gone), Some(RotClass::Gone), "{gone}");
        }
    }

    #[test]
    fn a_channel_that_nobody_knows_is_no_verdict() {
        assert!(address("conda-forge", "noarch", None).unwrap_err().contains("channel_alias"));
        let url = address("conda-forge", "noarch", Some("https://c/")).unwrap();
        assert_eq!(url.as_str(), "https://c/conda-forge/noarch/repodata.json");
    }
}

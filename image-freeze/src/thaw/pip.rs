//! pip's half: a solution with some of its pins relaxed, through uv.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use common::console::Console;
use common::frozen::PIP_FILE;
use common::report::EnvironmentRot;
use common::requirement::{PackageName, PipFile, PipItem, PipRequirement, PipSource};
use pep440_rs::{Version, VersionSpecifiers};

use super::half::Known;
use super::least::{Attempt, Pins, Searcher};
use crate::error::Error;
use crate::index::{FileKind, FileName, Freshness, Index, Origins, Project};
use crate::lock::Lock;
use crate::rot::findings;
use crate::specs::Specs;
use crate::target::Target;
use crate::uv::{Found, Uv};

/// The requirements of a lock that are versions and count for its target, in order.
pub(super) fn pins(lock: &Lock) -> Vec<&PipRequirement> {
    let requirements = lock.specs.pip.iter().flat_map(PipFile::requirements);
    let counts =
        |one: &&PipRequirement| one.marker.as_ref().is_none_or(|marker| marker.holds(&lock.target.markers));
    requirements.filter(counts).filter(|one| one.pin().is_some()).collect()
}

/// What is known of `pins`, as `rot` says.
pub(super) fn known<'a>(lock: &Lock, pins: &[&'a PipRequirement], rot: &'a EnvironmentRot) -> Known<'a> {
    let file = lock.shown(PIP_FILE);
    let lost = |pin: &PipRequirement| {
        findings(rot).find(|finding| finding.file == file && finding.line as usize == pin.line)
    };
    Known {
        names: pins.iter().map(|pin| pin.name.as_str()).collect(),
        lost: pins.iter().enumerate().filter_map(|(at, pin)| Some((at, lost(pin)?))).collect(),
    }
}

/// What a relaxed pin may become.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Room {
    /// As near as possible: the lowest of these is taken.
    near: String,
    /// Anything that is allowed at all.
    wide: String,
}

/// uv, asked about one lock.
pub(super) struct LockSearcher<'a> {
    lock: &'a Lock,
    pins: &'a [&'a PipRequirement],
    rooms: Vec<Room>,
    uv: Uv,
    console: &'a Console,
    /// How many searches there were.
    pub calls: u32,
    /// What uv said when it last found nothing.
    pub last_words: String,
}

impl<'a> LockSearcher<'a> {
    /// Searches for `lock`, of whose `pins` some are lost as is `known`, within what `specs` allow.
    ///
    /// # Errors
    /// The index cannot be asked, or uv does not know a switch.
    pub(super) fn new(
        lock: &'a Lock,
        (pins, known): (&'a [&'a PipRequirement], &Known<'_>),
        specs: &Specs,
        (index, origins, console): (&Index, &Origins, &'a Console),
    ) -> Result<Self, Error> {
        let mut rooms = Vec::new();
        for (at, pin) in pins.iter().enumerate() {
            let project = if known.lost.contains_key(&at) { Some(index.project(&pin.name)?) } else { None };
            rooms.push(room(pin, project.as_ref(), &lock.target, specs));
        }
        let mut uv =
            Uv::new(&lock.target, origins)?.args(["--no-header", "--no-annotate", "--no-strip-extras"]);
        if index.freshness() == Freshness::Offline {
            uv = uv.args(["--offline"]);
        }
        Ok(Self { lock, pins, rooms, uv, console, calls: 0, last_words: String::new() })
    }

    /// The lock as uv gets it, with the pins in `relaxed` as wide as `wide` says.
    fn input(&self, relaxed: &Pins, wide: bool) -> String {
        let mut text = String::new();
        for item in self.lock.specs.pip.iter().flat_map(|file| &file.items) {
            // Switches are told apart; a path means nothing outside of the image.
            let PipItem::Requirement(requirement) = item else { continue };
            let asked = match &requirement.source {
                PipSource::Any => String::new(),
                PipSource::Specifiers(specifiers) => specifiers.to_string(),
                PipSource::Direct(reference) => format!(" @ {}", reference.url()),
            };
            let at = self.pins.iter().position(|pin| pin.line == requirement.line);
            let asked = match at.filter(|at| relaxed.contains(at)).map(|at| &self.rooms[at]) {
                Some(room) if wide => room.wide.clone(),
                Some(room) => room.near.clone(),
                None => asked,
            };
            text.push_str(&line(requirement, &asked));
        }
        text
    }

    fn ask(&mut self, relaxed: &Pins, wide: bool) -> Result<Option<String>, Error> {
        self.calls += 1;
        let resolution = if wide { "highest" } else { "lowest-direct" };
        let call = self.uv.args(["--resolution", resolution]).given(self.input(relaxed, wide));
        match call.search(self.console)? {
            Found::Solution(text) => Ok(Some(text)),
            Found::Conflict(words) => {
                self.last_words = words;
                Ok(None)
            }
        }
    }

    /// The pins that uv's words name.
    fn suspects(&self) -> Pins {
        let named = named_in(&self.last_words);
        (0..self.pins.len()).filter(|at| named.contains_key(&self.pins[*at].name)).collect()
    }
}

impl Searcher for LockSearcher<'_> {
    type Solution = BTreeMap<PackageName, Version>;
    type Error = Error;

    fn search(&mut self, relaxed: &Pins) -> Result<Attempt<Self::Solution>, Error> {
        let mut text = self.ask(relaxed, false)?;
        if text.is_none() && !relaxed.is_empty() {
            text = self.ask(relaxed, true)?;
        }
        let Some(text) = text else { return Ok(Attempt::Conflict(self.suspects())) };
        let file = PipFile::parse(text.as_bytes(), "what uv printed")?;
        let pinned = file.requirements().filter_map(|one| Some((one.name.clone(), one.pin()?.clone())));
        Ok(Attempt::Solved(pinned.collect()))
    }

    fn solves(&mut self, relaxed: &Pins) -> Result<bool, Error> {
        Ok(self.ask(relaxed, true)?.is_some())
    }
}

fn line(requirement: &PipRequirement, asked: &str) -> String {
    let extras = requirement.extras.join(",");
    let extras = if extras.is_empty() { extras } else { format!("[{extras}]") };
    let marker = requirement.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
    format!("{}{extras}{asked}{marker}\n", requirement.name)
}

/// The names of packages among the words of a text, and how often.
pub(crate) fn named_in(text: &str) -> BTreeMap<PackageName, usize> {
    let mut names = BTreeMap::new();
    for word in text.split_ascii_whitespace() {
        let end =
            word.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(word.len());
        if let Some(name) = PackageName::new(word[..end].trim_end_matches('.')) {
            *names.entry(name).or_insert(0) += 1;
        }
    }
    names
}

/// What `pin` may become: what the floating specs allow, as far as what is frozen obeyed it.
fn room(pin: &PipRequirement, project: Option<&Project>, target: &Target, specs: &Specs) -> Room {
    let Some(frozen) = pin.pin() else { return Room { near: String::new(), wide: String::new() } };
    let allowed = specs.asking_for(&pin.name).filter_map(|(_, asked)| match &asked.source {
        PipSource::Specifiers(asked_for) if asked.pin().is_none() && asked_for.contains(frozen) => {
            Some(asked_for.to_string())
        }
        _ => None,
    });
    let allowed: Vec<String> = allowed.collect();
    let bounds = VersionSpecifiers::from_str(&allowed.join(",")).ok();
    let join = |mine: String| {
        let all = std::iter::once(mine).filter(|text| !text.is_empty()).chain(allowed.iter().cloned());
        all.collect::<Vec<_>>().join(",")
    };
    let Some(project) = project else {
        return Room { near: join(format!(">={}", public(frozen))), wide: join(String::new()) };
    };
    let near = nearest(frozen, &pin.name, (project, target), bounds.as_ref());
    let near = match near {
        Some(version) if version > *frozen => format!(">={}", public(&version)),
        Some(version) => format!(">={},<{}", public(&version), public(frozen)),
        None => format!("!={frozen}"),
    };
    Room { near: join(near), wide: join(format!("!={frozen}")) }
}

/// A version without what names a build of it: bounds take no such thing.
fn public(version: &Version) -> String {
    version.to_string().split('+').next().unwrap_or_default().to_owned()
}

/// The release nearest to `frozen` that can be had for the target: a later one before an earlier one,
/// one with a wheel before one to build.
fn nearest(
    frozen: &Version,
    name: &PackageName,
    (project, target): (&Project, &Target),
    bounds: Option<&VersionSpecifiers>,
) -> Option<Version> {
    let mut usable: Vec<(bool, Version)> = Vec::new();
    for file in project.files.iter().filter(|file| file.yanked.is_none()) {
        let Some(FileName { version, kind }) = FileName::read(&file.name, name) else { continue };
        let is_wheel = match kind {
            FileKind::Wheel(tags) if target.runs(&tags) => true,
            FileKind::Wheel(_) => continue,
            FileKind::Source => false,
        };
        let fits = target.allows(file.requires_python.as_deref())
            && (version.is_stable() || !frozen.is_stable())
            && bounds.is_none_or(|bounds| bounds.contains(&version));
        if fits && version != *frozen {
            usable.push((is_wheel, version));
        }
    }
    let of = |wheel: bool| {
        usable.iter().filter(move |(is_wheel, _)| *is_wheel || !wheel).map(|(_, version)| version)
    };
    let later = |wheel| of(wheel).filter(|version| *version > frozen).min();
    let earlier = |wheel| of(wheel).filter(|version| *version < frozen).max();
    later(true).or_else(|| later(false)).or_else(|| earlier(true)).or_else(|| earlier(false)).cloned()
}

#[cfg(test)]
mod tests {
    use common::settings::Platform;

    use super::*;
    use crate::index::IndexFile;
    use crate::target::Glibc;

    fn near(frozen: &str, files: &[&str], bounds: &str) -> Option<String> {
        let files = files.iter().map(|name| IndexFile { name: (*name).to_owned(), ..IndexFile::default() });
        let project = Project { known: true, files: files.collect() };
        let target = Target::new("3.11", Platform::Amd64, Glibc(2, 31)).unwrap();
        let bounds = VersionSpecifiers::from_str(bounds).unwrap();
        let (frozen, name) = (Version::from_str(frozen).unwrap(), PackageName::new("a").unwrap());
        nearest(&frozen, &name, (&project, &target), Some(&bounds)).map(|version| version.to_string())
    }

    #[test]
    fn the_nearest_release_is_the_next_later_one_that_can_be_installed() {
        let files = [
            "a-1.0-py3-none-any.whl",
            "a-1.3.tar.gz",
            "a-1.4-cp312-cp312-win32.whl",
            "a-1.5-py3-none-any.whl",
        ];
        assert_eq!(near("1.2", &files, "").as_deref(), Some("1.5"));
        assert_eq!(near("1.2", &files, "<1.5").as_deref(), Some("1.3"));
        assert_eq!(near("1.2", &files, "<1.3").as_deref(), Some("1.0"));
        assert_eq!(near("1.2", &["a-1.3rc1-py3-none-any.whl"], ""), None);
    }

    #[test]
    fn names_are_found_in_what_a_solver_says() {
        let words =
            "Because ruamel.yaml==0.18.6 depends on Foo-Bar<3 and you require foo_bar>=4, we can conclude.";
        let names = named_in(words);
        for name in ["ruamel-yaml", "foo-bar"] {
            assert!(names.contains_key(&PackageName::new(name).unwrap()), "{names:?}");
        }
    }
}

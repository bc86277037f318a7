//! conda's half: a solution with some of its pins relaxed, through whichever solver is in reach.

use std::collections::BTreeMap;

use common::console::Console;
use common::frozen::{CONDA_FILE, EXPLICIT_FILE};
use common::report::{EnvironmentRot, PackageKind};
use common::requirement::{CondaConstraint, CondaSpec, ExplicitPackage};

use super::conda_room::{Room, Rooms};
use super::half::Known;
use super::least::{Attempt, Pins, Searcher};
use crate::conda_solver::{Found, Package, Question, Solver, as_written};
use crate::error::Error;
use crate::lock::Lock;
use crate::rot::findings;

/// A conda package that a lock holds at one version.
#[derive(Clone, Copy, Debug)]
pub(super) struct CondaPin<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its build, where the lock tells it.
    pub build: Option<&'a str>,
    /// Where conda's file says so.
    pub spec: Option<&'a CondaSpec>,
    /// Where the list of packages by address does.
    pub listed: Option<&'a ExplicitPackage>,
}

impl CondaPin<'_> {
    /// Version and build, as far as the lock tells them.
    pub(super) fn text(&self) -> String {
        self.build.map_or_else(|| self.version.to_owned(), |build| format!("{} {build}", self.version))
    }
}

/// conda's packages that `lock` holds at one version: those of its file, then what only the list has.
pub(super) fn pins(lock: &Lock) -> Vec<CondaPin<'_>> {
    let listed = lock.specs.explicit.iter().flat_map(|file| &file.packages);
    let mut listed: BTreeMap<&str, &ExplicitPackage> = listed.map(|one| (one.name.as_str(), one)).collect();
    let mut pins = Vec::new();
    for spec in lock.specs.conda.iter().flat_map(|file| &file.conda) {
        let CondaConstraint::Exact { version, build, .. } = &spec.constraint else { continue };
        let listed = listed.remove(spec.name.as_str());
        let told = listed.filter(|listed| listed.version == *version).map(|listed| listed.build.as_str());
        let build = build.as_deref().or(told);
        pins.push(CondaPin { name: &spec.name, version, build, spec: Some(spec), listed });
    }
    pins.extend(listed.into_values().map(|one| CondaPin {
        name: &one.name,
        version: &one.version,
        build: Some(&one.build),
        spec: None,
        listed: Some(one),
    }));
    pins
}

/// What is known of `pins`, as `rot` says.
pub(super) fn known<'a>(lock: &Lock, pins: &[CondaPin<'a>], rot: &'a EnvironmentRot) -> Known<'a> {
    let (file, explicit) = (lock.shown(CONDA_FILE), lock.shown(EXPLICIT_FILE));
    let lost = |pin: &CondaPin<'_>| {
        let at = [(&file, pin.spec.map(|spec| spec.line)), (&explicit, pin.listed.map(|listed| listed.line))];
        let conda = findings(rot).filter(|finding| finding.kind == PackageKind::Conda);
        conda.into_iter().find(|finding| {
            at.iter().any(|(file, line)| finding.file == **file && Some(finding.line as usize) == *line)
        })
    };
    Known {
        names: pins.iter().map(|pin| pin.name).collect(),
        lost: pins.iter().enumerate().filter_map(|(at, pin)| Some((at, lost(pin)?))).collect(),
    }
}

/// A solver of conda's, asked about one lock.
pub(super) struct CondaSearcher<'a> {
    pins: &'a [CondaPin<'a>],
    rooms: Vec<Room>,
    solver: &'a Solver,
    /// What is asked besides the pins.
    question: Question,
    /// Where packages of a channel that a spec names itself are.
    places: BTreeMap<String, String>,
    console: &'a Console,
    /// How many searches there were.
    pub calls: u32,
    /// What the solver said when it last found nothing.
    pub last_words: String,
}

impl<'a> CondaSearcher<'a> {
    /// Searches for `lock` with `pins` in `channels`, each with its room in `rooms`.
    pub(super) fn new(
        lock: &Lock,
        (pins, rooms): (&'a [CondaPin<'a>], Rooms),
        (channels, offline): (Vec<String>, bool),
        (solver, console): (&'a Solver, &'a Console),
    ) -> Self {
        let file = lock.specs.conda.iter();
        let names = file.clone().flat_map(|file| &file.channels).cloned();
        let places = names.zip(channels.iter().cloned()).collect();
        let others = file.flat_map(|file| &file.conda).filter(|spec| spec.pin().is_none());
        let question = Question {
            channels,
            specs: others.filter_map(|spec| as_written(spec, &lock.conda_text)).collect(),
            platform: rooms.platform,
            glibc: lock.target.glibc,
            lowest: false,
            offline,
        };
        let rooms = rooms.all;
        Self { pins, rooms, solver, question, places, console, calls: 0, last_words: String::new() }
    }

    /// What is asked of pin `at`.
    fn spec(&self, at: usize, relaxed: &Pins, wide: bool) -> String {
        let (pin, room) = (&self.pins[at], &self.rooms[at]);
        let channel = pin.spec.and_then(|spec| spec.channel.as_ref());
        let channel = channel.map(|name| self.places.get(name).unwrap_or(name));
        let channel = channel.map(|channel| format!("{channel}::")).unwrap_or_default();
        let asked = match (relaxed.contains(&at), wide) {
            (false, _) => match pin.build {
                Some(build) => format!("=={}={build}", pin.version),
                None => format!("=={}", pin.version),
            },
            (true, true) => bracketed(&room.wide),
            (true, false) => bracketed(&room.near),
        };
        format!("{channel}{}{asked}", pin.name)
    }

    fn ask(&mut self, relaxed: &Pins, wide: bool) -> Result<Option<Vec<Package>>, Error> {
        self.calls += 1;
        let mut question = self.question.clone();
        question.lowest = !wide && self.solver.takes_lowest();
        question.specs.extend((0..self.pins.len()).map(|at| self.spec(at, relaxed, wide)));
        match self.solver.solve(&question, self.console)? {
            Found::Solution(packages) => Ok(Some(packages)),
            Found::Conflict(words) => {
                self.last_words = words;
                Ok(None)
            }
        }
    }

    /// The pins that the solver's words name.
    fn suspects(&self) -> Pins {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let words: Vec<&str> = self.last_words.split(|c| !is_name(c)).collect();
        (0..self.pins.len()).filter(|at| words.contains(&self.pins[*at].name)).collect()
    }
}

fn bracketed(constraint: &str) -> String {
    if constraint.is_empty() { String::new() } else { format!("[version='{constraint}']") }
}

impl Searcher for CondaSearcher<'_> {
    type Solution = BTreeMap<String, Package>;
    type Error = Error;

    fn search(&mut self, relaxed: &Pins) -> Result<Attempt<Self::Solution>, Error> {
        let mut packages = self.ask(relaxed, false)?;
        if packages.is_none() && !relaxed.is_empty() {
            packages = self.ask(relaxed, true)?;
        }
        let Some(packages) = packages else { return Ok(Attempt::Conflict(self.suspects())) };
        Ok(Attempt::Solved(packages.into_iter().map(|one| (one.name.clone(), one)).collect()))
    }

    fn solves(&mut self, relaxed: &Pins) -> Result<bool, Error> {
        Ok(self.ask(relaxed, true)?.is_some())
    }
}

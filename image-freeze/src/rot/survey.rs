//! Asking about everything in a lock.

use std::collections::BTreeSet;
use std::path::PathBuf;

use common::console::Console;
use common::frozen::EXPLICIT_FILE;
use common::process;
use common::report::{EnvironmentRot, PackageKind, RotClass, RotFinding};
use common::requirement::{PackageName, PipItem, PipRequirement, PipSource};
use common::settings::Settings;

use super::conda::Channels;
use super::direct::{self, Asked};
use super::judge::{Answer, judge};
use super::memory;
use crate::args::AskingArgs;
use crate::error::Error;
use crate::index::{Address, Freshness, Index, IndexError, Origins};
use crate::lock::{Lock, conda_file};

/// Who asks, and whom.
#[derive(Debug)]
pub(crate) struct Surveyor<'a> {
    asking: &'a AskingArgs,
    settings: &'a Settings,
    console: &'a Console,
    memory: PathBuf,
    /// The indexes that were opened: nearly always one.
    opened: Vec<(Address, Index)>,
}

/// What stands in a pip file and can be asked about.
struct PipPin<'a> {
    name: String,
    line: usize,
    file: &'static str,
    what: What<'a>,
}

enum What<'a> {
    Version(&'a PipRequirement),
    Reference(&'a common::requirement::DirectReference),
}

impl<'a> Surveyor<'a> {
    /// Asks as `asking` and `settings` say.
    ///
    /// # Errors
    /// There is no place to keep answers.
    pub(crate) fn new(
        asking: &'a AskingArgs,
        settings: &'a Settings,
        console: &'a Console,
    ) -> Result<Self, Error> {
        Ok(Self { asking, settings, console, memory: memory(settings)?, opened: Vec::new() })
    }

    /// The indexes that were asked, without credentials.
    pub(crate) fn indexes(&self) -> Vec<String> {
        self.opened.iter().flat_map(|(_, index)| index.shown()).collect()
    }

    /// How many seconds ago the oldest answer was given.
    pub(crate) fn age(&self) -> Option<u64> {
        self.opened.iter().filter_map(|(_, index)| index.age()).max()
    }

    /// What names the index of `lock`.
    pub(crate) fn origins(&self, lock: &Lock) -> Origins {
        let mut origins = Origins::new(self.asking.index.as_deref(), &self.settings.pip_switches);
        // The last one counts, and the lock knows best.
        origins.switches.extend(lock.switches());
        origins
    }

    /// The indexes of `lock`.
    ///
    /// # Errors
    /// None is known.
    pub(crate) fn index(&mut self, lock: &Lock) -> Result<&Index, Error> {
        let address = self.origins(lock).address(&self.memory, self.console)?;
        let known = self.opened.iter().position(|(known, _)| *known == address);
        let at = known.unwrap_or(self.opened.len());
        if known.is_none() {
            let freshness = if self.asking.offline { Freshness::Offline } else { Freshness::Online };
            let index = Index::open(&address, &self.memory, freshness)?;
            self.opened.push((address, index));
        }
        Ok(&self.opened[at].1)
    }

    /// What the channels of `lock` list.
    ///
    /// # Errors
    /// No index is known: what asks it also asks channels.
    pub(crate) fn channels(&mut self, lock: &Lock) -> Result<Channels, Error> {
        let (memory, settings) = (self.memory.clone(), self.settings);
        let names = lock.specs.conda.as_ref().map_or(&[][..], |file| &file.channels);
        let index = self.index(lock)?;
        Ok(Channels::read(names, settings, (index.http(), index.freshness(), &memory)))
    }

    /// Where those channels are.
    pub(crate) fn places(&self, lock: &Lock) -> Vec<String> {
        let names = lock.specs.conda.as_ref().map_or(&[][..], |file| &file.channels);
        super::conda::places(names, self.settings)
    }

    /// Whether nobody is asked.
    pub(crate) const fn is_offline(&self) -> bool {
        self.asking.offline
    }

    /// Asks about all of `lock`.
    ///
    /// # Errors
    /// No index is known, or it turns everybody away.
    pub(crate) fn survey(&mut self, lock: &Lock) -> Result<EnvironmentRot, Error> {
        let console = self.console;
        console.status(format_args!(
            "asking about what {} of {} needs",
            lock.name,
            lock.deployment.mission()
        ));
        let (memory, settings) = (self.memory.clone(), self.settings);
        let index = self.index(lock)?;
        let (pip_pins, mut findings) = pip(lock, index, console)?;
        let (conda_pins, of_conda) = conda(lock, (index, &memory), settings, console);
        findings.extend(of_conda);
        Ok(EnvironmentRot {
            mission: lock.deployment.mission().clone(),
            name: lock.name.clone(),
            python: lock.target.python.clone(),
            pip_pins: count(pip_pins),
            conda_pins: count(conda_pins),
            findings,
        })
    }
}

/// What of `environment` a frozen build would fail by.
pub(crate) fn findings(environment: &EnvironmentRot) -> impl Iterator<Item = &RotFinding> {
    environment.findings.iter().filter(|finding| finding.class.is_lost())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The pins of the pip file, and those of conda's pip block that it does not have.
fn pip_pins(lock: &Lock) -> Vec<PipPin<'_>> {
    let in_file =
        lock.specs.pip.iter().flat_map(|file| &file.items).map(|item| (common::frozen::PIP_FILE, item));
    let in_block = lock.specs.conda.iter().flat_map(|file| &file.pip).map(|item| (conda_file(), item));
    let mut seen = BTreeSet::new();
    let mut pins = Vec::new();
    for (file, item) in in_file.chain(in_block) {
        let pin = match item {
            PipItem::Requirement(one)
                if one.marker.as_ref().is_some_and(|m| !m.holds(&lock.target.markers)) =>
            {
                continue;
            }
            PipItem::Requirement(one) => {
                let what = match &one.source {
                    PipSource::Direct(reference) => What::Reference(reference),
                    PipSource::Any | PipSource::Specifiers(_) => What::Version(one),
                };
                PipPin { name: one.name.to_string(), line: one.line, file, what }
            }
            PipItem::Unnamed { line, reference } => {
                let name = reference.url().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                PipPin { name: name.to_owned(), line: *line, file, what: What::Reference(reference) }
            }
            PipItem::Option { .. } => continue,
        };
        if seen.insert((pin.name.clone(), pin_text(&pin.what))) {
            pins.push(pin);
        }
    }
    pins
}

fn pin_text(what: &What<'_>) -> String {
    match what {
        What::Version(requirement) => match (&requirement.source, requirement.pin()) {
            (_, Some(version)) => version.to_string(),
            (PipSource::Specifiers(specifiers), None) => specifiers.to_string(),
            _ => "any".to_owned(),
        },
        What::Reference(reference) => reference.url().to_owned(),
    }
}

fn pip(lock: &Lock, index: &Index, console: &Console) -> Result<(usize, Vec<RotFinding>), Error> {
    let pins = pip_pins(lock);
    let names: BTreeSet<PackageName> = pins
        .iter()
        .filter_map(|pin| match pin.what {
            What::Version(requirement) => Some(requirement.name.clone()),
            What::Reference(_) => None,
        })
        .collect();
    let mut projects = index.projects(&names);
    process::check_interrupted().map_err(IndexError::from)?;
    // An index that knows none of many is not the right one, and would have everything be gone.
    let known = projects.values().filter(|project| !matches!(project, Ok(project) if !project.known)).count();
    if known == 0 && names.len() > 1 {
        return Err(Error::WrongIndex { indexes: index.shown() });
    }
    let references: Vec<_> = pins
        .iter()
        .filter_map(|pin| match pin.what {
            What::Reference(reference) => Some(reference),
            What::Version(_) => None,
        })
        .collect();
    let mut asked = Asked::of(&references, (index.http(), index.freshness()), console);
    let mut found = Vec::new();
    for pin in &pins {
        let answer: Answer = match pin.what {
            What::Version(requirement) => match projects.get_mut(&requirement.name) {
                Some(Ok(project)) => judge(requirement, project, &lock.target),
                Some(Err(error)) => Some((RotClass::Unknown, Some(direct::told(error)))),
                None => None,
            },
            What::Reference(reference) => asked.take(reference),
        };
        if let Some((class, reason)) = answer {
            found.push(RotFinding {
                kind: PackageKind::Pip,
                name: pin.name.clone(),
                pin: pin_text(&pin.what),
                file: lock.shown(pin.file),
                line: count(pin.line),
                class,
                reason,
            });
        }
    }
    Ok((pins.len(), found))
}

/// By address where those are kept, else by what the channels list.
fn conda(
    lock: &Lock,
    (index, memory): (&Index, &std::path::Path),
    settings: &Settings,
    console: &Console,
) -> (usize, Vec<RotFinding>) {
    let finding = |name: &str, pin: String, (file, line): (&str, usize), (class, reason)| RotFinding {
        kind: PackageKind::Conda,
        name: name.to_owned(),
        pin,
        file: lock.shown(file),
        line: count(line),
        class,
        reason,
    };
    if let Some(explicit) = &lock.specs.explicit {
        let references: Vec<_> = explicit
            .packages
            .iter()
            .map(|package| common::requirement::DirectReference::new(&package.url))
            .collect();
        let all: Vec<_> = references.iter().collect();
        let mut asked = Asked::of(&all, (index.http(), index.freshness()), console);
        let answers = explicit.packages.iter().zip(&references).filter_map(|(package, reference)| {
            let answer = asked.take(reference)?;
            Some(finding(&package.name, package.url.clone(), (EXPLICIT_FILE, package.line), answer))
        });
        return (explicit.packages.len(), answers.collect());
    }
    let Some(file) = &lock.specs.conda else { return (0, Vec::new()) };
    let pins: Vec<_> = file.conda.iter().filter(|spec| spec.pin().is_some()).collect();
    let channels = Channels::read(&file.channels, settings, (index.http(), index.freshness(), memory));
    let answers = pins.iter().filter_map(|spec| {
        let answer = channels.judge(spec)?;
        Some(finding(
            &spec.name,
            spec.pin().unwrap_or_default().to_owned(),
            (conda_file(), spec.line),
            answer,
        ))
    });
    (pins.len(), answers.collect())
}

//! What a relaxed pin of conda's may become.

use common::conda_version::{CondaVersion, allows};
use common::requirement::{CondaConstraint, CondaFile};
use common::settings::Platform;

use super::conda::CondaPin;
use super::half::Known;
use crate::rot::Channels;

/// What one relaxed pin may become, as constraints that conda understands; an empty one allows all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// As near as possible.
    pub near: String,
    /// Anything that is allowed at all.
    pub wide: String,
}

/// What each relaxed pin of a lock may become.
#[derive(Debug)]
pub(super) struct Rooms {
    /// One for each pin.
    pub all: Vec<Room>,
    /// For which machine.
    pub platform: Platform,
}

/// What decides how much room there is.
pub(super) struct Bounds<'a> {
    /// What the channels list.
    pub channels: &'a Channels,
    /// The floating specs.
    pub floating: Option<&'a CondaFile>,
    /// Whether the solver can be asked for the lowest version.
    pub lowest: bool,
    /// For which machine.
    pub platform: Platform,
}

impl Bounds<'_> {
    /// The room of each of `pins`.
    pub(super) fn rooms(&self, pins: &[CondaPin<'_>], known: &Known<'_>) -> Rooms {
        let each = pins.iter().enumerate();
        let all = each.map(|(at, pin)| self.room(pin, known.lost.contains_key(&at))).collect();
        Rooms { all, platform: self.platform }
    }

    fn room(&self, pin: &CondaPin<'_>, is_lost: bool) -> Room {
        let allowed = self.allowed(pin);
        let join = |mine: &str| {
            let all = std::iter::once(mine).chain(allowed.iter().map(String::as_str));
            all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(",")
        };
        if !is_lost {
            return Room { near: join(&format!(">={}", pin.version)), wide: join("") };
        }
        let near = match self.nearest(pin, &allowed) {
            Some(version) if !self.lowest => format!("=={version}"),
            Some(version) if CondaVersion::new(&version) < CondaVersion::new(pin.version) => {
                format!(">={version},<{}", pin.version)
            }
            Some(version) => format!(">={version}"),
            None => String::new(),
        };
        Room { near: join(&near), wide: join("") }
    }

    /// What a relaxed pin must obey: the floating specs, as far as what is frozen obeyed them; and
    /// Python stays the one that everything else was solved for.
    fn allowed(&self, pin: &CondaPin<'_>) -> Vec<String> {
        let frozen = CondaVersion::new(pin.version);
        let asked = self.floating.iter().flat_map(|file| &file.conda).filter(|spec| spec.name == pin.name);
        let mut allowed: Vec<String> = asked
            .filter_map(|spec| match &spec.constraint {
                // In a file that people write, one `=` asks for a series.
                CondaConstraint::Exact { version, build: None, operator } if operator.len() == 1 => {
                    Some(format!("{version}.*")).filter(|_| CondaVersion::new(version) != frozen)
                }
                CondaConstraint::Any | CondaConstraint::Exact { .. } => None,
                CondaConstraint::Other(text) => Some(text.clone()),
            })
            .filter(|text| !text.contains(['[', ' ', '\'']) && allows(text, &frozen) != Some(false))
            .map(|text| if text.contains('|') { format!("({text})") } else { text })
            .collect();
        if pin.name == "python" {
            let series: Vec<&str> = pin.version.split('.').take(2).collect();
            allowed.push(format!("{}.*", series.join(".")));
        }
        allowed
    }

    /// The version nearest to the one that is lost: the same in another build, else a later one, else
    /// an earlier one.
    fn nearest(&self, pin: &CondaPin<'_>, allowed: &[String]) -> Option<String> {
        let frozen = CondaVersion::new(pin.version);
        let listed = self
            .channels
            .builds(pin.name)
            .into_iter()
            .filter(|(version, build)| (*version, Some(*build)) != (pin.version, pin.build));
        let versions = listed.map(|(version, _)| (CondaVersion::new(version), version));
        let fit: Vec<(CondaVersion, &str)> = versions
            .filter(|(version, _)| frozen.is_early() || !version.is_early())
            .filter(|(version, _)| {
                allowed.iter().all(|text| allows(text.trim_matches(['(', ')']), version) != Some(false))
            })
            .collect();
        let later = fit.iter().filter(|(version, _)| *version >= frozen).min();
        let earlier = || fit.iter().filter(|(version, _)| *version < frozen).max();
        later.or_else(earlier).map(|(_, text)| (*text).to_owned())
    }
}

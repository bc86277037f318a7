//! All waivers of a mission, by what they are about.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Red, Waived, Waiver, WaiverError, WaiverUse, Waivers};
use crate::context;
use crate::deployment::Deployment;
use crate::frozen::{BASE, IMAGE};

/// What belongs to no environment of the repository, and is waived by the mission's own file.
const OF_NO_ENVIRONMENT: [&str; 2] = [BASE, IMAGE];

/// Under what name the mission's own waivers are told of where nothing is red.
const MISSION: &str = "the mission";

/// The waivers of each environment, and of what belongs to none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissionWaivers {
    /// By environment.
    pub environments: BTreeMap<String, Waivers>,
    /// Of the base environment and of the image as a whole.
    pub mission: Waivers,
}

impl MissionWaivers {
    /// Those of `deployment`, as they are in the tree.
    ///
    /// # Errors
    /// A file cannot be read or makes no sense, or the environments cannot be listed.
    pub fn read(deployment: &Deployment) -> Result<Self, WaiverError> {
        let read = |name: String| {
            let waivers = Waivers::read(&deployment.environment_dir(&name))?;
            Ok((name, waivers))
        };
        // Where there are no environments there is nothing to waive in them; others tell of that.
        let is_there = deployment.environments_dir().is_dir();
        let names = if is_there { deployment.environments()? } else { Vec::new() };
        let environments = names.into_iter().map(read);
        let mission = Waivers::read_file(&deployment.dir().join(context::MISSION_WAIVERS));
        Ok(Self { environments: environments.collect::<Result<_, WaiverError>>()?, mission: mission? })
    }

    /// The waiver of `what` in `environment`: one that holds at `now`, else one that has ended.
    fn of(&self, (environment, what): (&str, &str), now: Timestamp) -> Option<&Waiver> {
        let mission = Some(&self.mission).filter(|_| OF_NO_ENVIRONMENT.contains(&environment));
        let files = self.environments.get(environment).into_iter().chain(mission);
        let found: Vec<&Waiver> = files.filter_map(|waivers| waivers.of(what, now)).collect();
        found.iter().find(|waiver| waiver.holds(now)).or_else(|| found.first()).copied()
    }

    /// What they make of all that is `red` at `now`: each waiver once, sorted.
    #[must_use]
    pub fn judge(&self, red: &[Red], now: Timestamp) -> WaiverUse {
        let mut judged = WaiverUse::default();
        for (environment, what) in red {
            let Some(found) = self.of((environment, what), now) else { continue };
            let waived = Waived { environment: environment.clone(), waiver: found.clone() };
            if found.holds(now) { judged.excused.push(waived) } else { judged.expired.push(waived) }
        }
        for list in [&mut judged.excused, &mut judged.expired] {
            list.sort();
            list.dedup();
        }
        judged
    }

    /// Those that have ended at `now`.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Vec<Waived> {
        self.all().into_iter().filter(|waived| !waived.waiver.holds(now)).collect()
    }

    /// Those about things of these `kinds` of which nothing is `red`.
    #[must_use]
    pub fn needless(&self, red: &[Red], kinds: &[&str]) -> Vec<Waived> {
        let of_kind = |what: &str| what.split_once(' ').is_some_and(|(kind, _)| kinds.contains(&kind));
        let is_there = |name: &str, place: &str| match name {
            MISSION => OF_NO_ENVIRONMENT.contains(&place),
            name => name == place,
        };
        let needed = |waived: &Waived| {
            let Waived { environment, waiver } = waived;
            red.iter().any(|(place, what)| is_there(environment, place) && *what == waiver.what)
        };
        self.all().into_iter().filter(|waived| of_kind(&waived.waiver.what) && !needed(waived)).collect()
    }

    fn all(&self) -> Vec<Waived> {
        let named = self.environments.iter().map(|(name, waivers)| (name.as_str(), waivers));
        let all = named.chain([(MISSION, &self.mission)]);
        let of = |(name, waivers): (&str, &Waivers)| {
            let with = |waiver: &Waiver| Waived { environment: name.to_owned(), waiver: waiver.clone() };
            waivers.waivers.iter().map(with).collect::<Vec<_>>()
        };
        all.flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Repository;

    const NOW: &str = "2024-08-05T12:00:00Z";

    fn file(waivers: &[(&str, &str)]) -> String {
        let one = |(what, expires): &(&str, &str)| {
            format!(r#"{{"what": "{what}", "owner": "ada", "reason": "known", "expires": "{expires}"}}"#)
        };
        let all: Vec<String> = waivers.iter().map(one).collect();
        format!(r#"{{"waivers": [{}]}}"#, all.join(", "))
    }

    fn reds(all: &[(&str, &str)]) -> Vec<Red> {
        all.iter().map(|(place, what)| ((*place).to_owned(), (*what).to_owned())).collect()
    }

    fn whats(all: &[Waived]) -> Vec<(&str, &str)> {
        all.iter().map(|waived| (waived.environment.as_str(), waived.waiver.what.as_str())).collect()
    }

    fn waivers() -> MissionWaivers {
        let repository = Repository::new();
        let own =
            [("import numpy", "2024-08-05"), ("drift asdf", "2024-08-04"), ("script test", "2025-01-01")];
        repository.write("deployments/roman/environments/roman-cal/tests/waivers.json", &file(&own));
        let mission = [("drift conda", "2025-01-01"), ("drift base", "2024-01-01")];
        repository.write("deployments/roman/waivers.json", &file(&mission));
        MissionWaivers::read(&repository.settings().deployment()).unwrap()
    }

    #[test]
    fn what_is_red_is_excused_or_its_waiver_has_ended_or_there_is_none() {
        let red = reds(&[
            ("roman-cal", "import numpy"),
            ("roman-cal", "import numpy"),
            ("roman-cal", "import scipy"),
            ("roman-cal", "drift asdf"),
            ("other", "import numpy"),
        ]);
        let judged = waivers().judge(&red, NOW.parse().unwrap());
        assert_eq!(whats(&judged.excused), [("roman-cal", "import numpy")]);
        assert_eq!(whats(&judged.expired), [("roman-cal", "drift asdf")]);
        assert!(judged.excuse("roman-cal", "import numpy").is_some());
        assert!(judged.excuse("other", "import numpy").is_none());
        let ended = judged.ended("roman-cal", "drift asdf").unwrap().ended();
        assert_eq!(ended, "roman-cal: the waiver of drift asdf ended on 2024-08-04 (ada)");
    }

    #[test]
    fn what_belongs_to_no_environment_is_waived_by_the_mission_and_nothing_else_is() {
        let red = reds(&[(BASE, "drift conda"), (IMAGE, "drift base"), ("roman-cal", "drift conda")]);
        let judged = waivers().judge(&red, NOW.parse().unwrap());
        assert_eq!(whats(&judged.excused), [(BASE, "drift conda")]);
        assert_eq!(whats(&judged.expired), [(IMAGE, "drift base")]);
    }

    #[test]
    fn what_nothing_needs_and_what_has_ended_is_told_once() {
        let (all, now) = (waivers(), NOW.parse().unwrap());
        let tests = ["import", "notebook", "script"];
        let needless = all.needless(&reds(&[("roman-cal", "import numpy")]), &tests);
        assert_eq!(whats(&needless), [("roman-cal", "script test")]);
        let needless = all.needless(&reds(&[(BASE, "drift conda")]), &["drift"]);
        assert_eq!(whats(&needless), [("roman-cal", "drift asdf"), (MISSION, "drift base")]);
        assert_eq!(whats(&all.ended(now)), [("roman-cal", "drift asdf"), (MISSION, "drift base")]);
    }
}

//! Rules about the files in the work tree.

use common::settings::CalVersion;
use common::waiver::Waived;

use super::facts::{Environment, Facts};
use super::rules::Ruling;

/// RT001
pub fn versions(facts: &Facts) -> Ruling {
    match &facts.tree.release {
        Ok(_) => Ruling::Passed,
        Err(reason) => Ruling::Failed(reason.clone()),
    }
}

/// RT020
pub fn calibration(facts: &Facts) -> Ruling {
    let released = |version: &str| matches!(version.parse(), Ok(CalVersion::Release(_)));
    each_environment(facts, |environment| {
        let name = &environment.name;
        // The receipt tells of what was delivered, also where no CAL_VERSION repeats it.
        let asked = environment.receipt.as_ref().and_then(|receipt| receipt.version.as_deref());
        let said = [(environment.cal_version.as_deref(), "CAL_VERSION"), (asked, "sources.lock.json")];
        let flaw = |(version, file): (Option<&str>, &str)| {
            let version = version.filter(|version| !released(version))?;
            Some(format!("{name}/{file} says {version}"))
        };
        said.into_iter().find_map(flaw)
    })
}

/// RT021
pub fn kernel_names(facts: &Facts) -> Ruling {
    each_environment(facts, |environment| {
        let name = environment.kernel_name.as_deref().unwrap_or_default();
        let words = || name.split(|c: char| c.is_whitespace() || "()[],".contains(c));
        let Some(version) = environment.cal_version.as_deref() else {
            let latest = words().any(|word| word.eq_ignore_ascii_case("latest"));
            return latest.then(|| format!("{}/kernel.name is {name:?}", environment.name));
        };
        // People write v0.13.0 for 0.13.0.
        let told = |word: &str| word == version || word.strip_prefix(['v', 'V']) == Some(version);
        let flaw = || format!("{}/kernel.name is {name:?} and CAL_VERSION {version}", environment.name);
        (!words().any(told)).then(flaw)
    })
}

/// RT023
pub fn receipts(facts: &Facts) -> Ruling {
    each_environment(facts, |environment| {
        let (name, receipt) = (&environment.name, environment.receipt.as_ref()?);
        let asked = receipt.version.as_deref()?;
        match environment.cal_version.as_deref() {
            Some(says) if asked != says => {
                Some(format!("{name}/sources.lock.json tells of {asked}, CAL_VERSION says {says}"))
            }
            // A delivery writes both; a script may not know of CAL_VERSION.
            None if receipt.delivered => {
                Some(format!("{name}/sources.lock.json tells of {asked}, and there is no CAL_VERSION"))
            }
            _ => None,
        }
    })
}

/// RT054
pub fn waivers(facts: &Facts) -> Ruling {
    match &facts.tree.waivers {
        Ok(waivers) => {
            let ended: Vec<String> = waivers.ended(facts.now).iter().map(Waived::ended).collect();
            Ruling::none_of(&ended)
        }
        Err(reason) => Ruling::Failed(reason.clone()),
    }
}

/// RT030
pub fn frozen(facts: &Facts) -> Ruling {
    match &facts.tree.frozen {
        Ok(frozen) => {
            let missing: Vec<String> =
                frozen.missing.iter().map(|file| format!("{file} is missing")).collect();
            Ruling::none_of(&missing)
        }
        Err(reason) => Ruling::Failed(reason.clone()),
    }
}

/// RT031 (D50)
pub fn commits(facts: &Facts) -> Ruling {
    match &facts.tree.frozen {
        Ok(frozen) => Ruling::none_of(&frozen.moving),
        Err(_) => Ruling::Skipped("RT030 is broken".to_owned()),
    }
}

fn each_environment(facts: &Facts, flaw: impl Fn(&Environment) -> Option<String>) -> Ruling {
    match &facts.tree.environments {
        Ok(environments) => Ruling::none_of(&environments.iter().filter_map(flaw).collect::<Vec<_>>()),
        Err(reason) => Ruling::Failed(reason.clone()),
    }
}

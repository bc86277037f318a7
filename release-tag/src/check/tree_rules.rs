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
    each_environment(facts, |environment| {
        let version = environment.cal_version.as_deref()?;
        let released = matches!(version.parse(), Ok(CalVersion::Release(_)));
        (!released).then(|| format!("{}/CAL_VERSION says {version}", environment.name))
    })
}

/// RT021
pub fn kernel_names(facts: &Facts) -> Ruling {
    each_environment(facts, |environment| {
        let version = environment.cal_version.as_deref()?;
        let name = environment.kernel_name.as_deref().unwrap_or_default();
        let told = name.split(|c: char| c.is_whitespace() || "()[],".contains(c)).any(|word| word == version);
        (!told).then(|| format!("{}/kernel.name is {name:?} and CAL_VERSION {version}", environment.name))
    })
}

/// RT023
pub fn receipts(facts: &Facts) -> Ruling {
    each_environment(facts, |environment| {
        let (asked, says) =
            (environment.receipt.as_ref()?.version.as_deref()?, environment.cal_version.as_deref()?);
        let name = &environment.name;
        (asked != says).then(|| format!("{name}/sources.lock.json tells of {asked}, CAL_VERSION says {says}"))
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

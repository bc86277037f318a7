//! Rules about the image and the evidence about it. Evidence is kept by image id, so none of it can
//! speak for another image.

use common::evidence::{Built, Tested};
use common::report::{ImageIdentity, Verdict};
use common::settings::UseFrozen;
use common::waiver;

use super::facts::{Facts, Found};
use super::rules::Ruling;
use crate::record;

/// RT040
pub fn built(facts: &Facts) -> Ruling {
    let Some(image) = &facts.image.identity else {
        return Ruling::Failed("no image was built for this mission".to_owned());
    };
    match &facts.image.built {
        Ok(Some(built)) if built.image.id == image.id && built.origin.is_built() => Ruling::Passed,
        Ok(Some(built)) if built.image.id == image.id => Ruling::Failed(format!(
            "{} was not built here, or stands upon a shared image that was not: a label was believed; build it: \
             image-build --force",
            named_id(image)
        )),
        Ok(Some(built)) => Ruling::Failed(format!("the evidence is about {}", built.image.id)),
        Ok(None) => Ruling::Failed(format!("there is no evidence of how {} was built", named_id(image))),
        Err(reason) => Ruling::Failed(reason.clone()),
    }
}

/// RT041
pub fn frozen(facts: &Facts) -> Ruling {
    with_built(facts, |built| match built.use_frozen {
        UseFrozen::Frozen => Ruling::Passed,
        mode => Ruling::Failed(format!("{} is a {mode} build", named_id(&built.image))),
    })
}

/// RT042
pub fn contexts(facts: &Facts) -> Ruling {
    with_built(facts, |built| {
        let (common, mission) = match &facts.tree.contexts {
            Ok(contexts) => contexts,
            Err(reason) => return Ruling::Failed(reason.clone()),
        };
        let mut changed = Vec::new();
        if *common != built.common_context {
            changed.push("deployments/common has changed since".to_owned());
        }
        if *mission != built.mission_context {
            changed.push("the mission's directory has changed since".to_owned());
        }
        changed.extend(uncommitted(built, facts));
        Ruling::none_of(&changed)
    })
}

/// What the commit holds other than what was built: the work tree may hide it from `git status`.
fn uncommitted(built: &Built, facts: &Facts) -> Vec<String> {
    let contexts = match &facts.git.contexts {
        Some(Ok(contexts)) => contexts,
        Some(Err(reason)) => return vec![format!("the commit: {reason}")],
        None => return Vec::new(),
    };
    let pairs = [
        ("deployments/common", &contexts.common, &built.common_context),
        ("the mission's directory", &contexts.mission, &built.mission_context),
    ];
    let other = pairs.iter().filter(|(_, committed, built)| committed != built);
    let mut told: Vec<String> =
        other.map(|(name, ..)| format!("the commit's {name} is not what was built")).collect();
    if !told.is_empty() {
        // What git does not tell of itself.
        let other = contexts.other.iter();
        told.extend(other.map(|file| format!("a checkout of the commit has another {file}")));
    }
    told
}

/// RT043
pub fn present(facts: &Facts) -> Ruling {
    with_image(facts, |image| match &facts.image.engine {
        Ok(presence) if presence.has_image => Ruling::Passed,
        Ok(presence) => Ruling::Failed(format!("{} has no {}", presence.engine, named_id(image))),
        Err(reason) => Ruling::Failed(reason.clone()),
    })
}

/// RT044
pub fn named(facts: &Facts) -> Ruling {
    with_image(facts, |image| match &facts.image.engine {
        Ok(presence) if presence.named.as_ref() == Some(&image.id) => Ruling::Passed,
        Ok(presence) => {
            let now = presence.named.as_ref().map_or("nothing", |id| id.as_str());
            Ruling::Failed(format!("{} means {now} now, not {}", image.name, image.id))
        }
        Err(_) => Ruling::Skipped("RT043 is broken".to_owned()),
    })
}

/// RT045
pub fn base(facts: &Facts) -> Ruling {
    with_built(facts, |built| match &facts.image.engine {
        Ok(presence) => match &presence.base {
            Some(now) if *now == built.base.id => Ruling::Passed,
            Some(now) => {
                Ruling::Failed(format!("{} means {now} now, not {}", built.base.name, built.base.id))
            }
            None => Ruling::Skipped(format!("{} has no {} any more", presence.engine, built.base.name)),
        },
        Err(_) => Ruling::Skipped("RT043 is broken".to_owned()),
    })
}

/// RT050
pub fn tested(facts: &Facts) -> Ruling {
    with_image(facts, |image| match &facts.image.tested {
        Ok(Some(tested)) if tested.image.id != image.id => {
            Ruling::Failed(format!("the evidence is about {}", tested.image.id))
        }
        Ok(Some(tested)) => Ruling::none_of(&flaws_of(tested, facts)),
        other => lacking(other, image, "image-test"),
    })
}

/// What stands against a run of the tests, but for what is excused.
fn flaws_of(tested: &Tested, facts: &Facts) -> Vec<String> {
    let (outcome, counts) = (&tested.outcome, tested.outcome.counts());
    let red = waiver::red(outcome);
    let mut flaws = record::unexcused(&red, &facts.tree.accepted(), facts.now);
    // A run may have been allowed to test nothing; a release may not.
    if counts.run() == 0 {
        flaws.push("nothing was tested".to_owned());
    }
    // The answer was no for something that is no test: it ended by a signal, or never came to its end.
    if tested.verdict == Verdict::No && (red.is_empty() || !outcome.is_explained()) {
        let said = outcome.reasons.first().map_or("the run's answer is no", String::as_str);
        flaws.push(said.to_owned());
    }
    flaws.iter().map(|flaw| format!("{}: {flaw}", named_id(&tested.image))).collect()
}

/// RT051
pub fn no_drift(facts: &Facts) -> Ruling {
    with_image(facts, |image| match &facts.image.compared {
        Ok(Some(compared)) if compared.image.id != image.id => {
            Ruling::Failed(format!("the evidence is about {}", compared.image.id))
        }
        Ok(Some(compared)) => {
            let drift = waiver::drift(&compared.outcome);
            let open = record::unexcused(&drift, &facts.tree.accepted(), facts.now);
            match compared.verdict {
                Verdict::No if drift.is_empty() => {
                    Ruling::Failed(format!("{}: it does not hold what the frozen specs say", named_id(image)))
                }
                _ => Ruling::none_of(&open),
            }
        }
        other => lacking(other, image, "image-freeze check"),
    })
}

/// RT052
pub fn compared_with_these(facts: &Facts) -> Ruling {
    match (&facts.image.compared, &facts.tree.specs) {
        (Ok(Some(compared)), Ok(now)) if compared.frozen == *now => Ruling::Passed,
        (Ok(Some(_)), Ok(_)) => Ruling::Failed("env-frozen has changed since".to_owned()),
        (Ok(Some(_)), Err(reason)) => Ruling::Failed(reason.clone()),
        _ => Ruling::Skipped("RT051 is broken".to_owned()),
    }
}

fn lacking<T>(evidence: &Found<Option<T>>, image: &ImageIdentity, tool: &str) -> Ruling {
    Ruling::Failed(match evidence {
        Err(reason) => reason.clone(),
        Ok(_) => format!("{tool} was not run on {}", named_id(image)),
    })
}

fn with_image(facts: &Facts, judge: impl Fn(&ImageIdentity) -> Ruling) -> Ruling {
    match &facts.image.identity {
        Some(image) => judge(image),
        None => Ruling::Skipped("RT040 is broken".to_owned()),
    }
}

fn with_built(facts: &Facts, judge: impl Fn(&Built) -> Ruling) -> Ruling {
    match &facts.image.built {
        Ok(Some(built)) => judge(built),
        _ => Ruling::Skipped("RT040 is broken".to_owned()),
    }
}

fn named_id(image: &ImageIdentity) -> String {
    format!("{} ({})", image.name, image.id.short())
}

//! Rules about the image and the evidence about it. Evidence is kept by image id, so none of it can
//! speak for another image.

use common::evidence::Built;
use common::report::{ImageIdentity, Verdict};
use common::settings::UseFrozen;

use super::facts::{Facts, Found};
use super::rules::Ruling;

/// RT040
pub fn built(facts: &Facts) -> Ruling {
    let Some(image) = &facts.image.identity else {
        return Ruling::Failed("no image was built for this mission".to_owned());
    };
    match &facts.image.built {
        Ok(Some(built)) if built.image.id == image.id => Ruling::Passed,
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
        Ruling::none_of(&changed)
    })
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

/// RT050
pub fn tested(facts: &Facts) -> Ruling {
    with_image(facts, |image| match &facts.image.tested {
        Ok(Some(tested)) => {
            // A run may have been allowed to test nothing, or less than was asked for; a release may not.
            let counts = tested.outcome.counts();
            let whole = counts.run() > 0 && counts.failed == 0 && counts.not_run == 0;
            let verdict_now = if whole { tested.verdict } else { Verdict::No };
            let (run, lost) = (counts.run(), counts.not_run);
            let why = format!("its tests failed: {run} run, {} failed, {lost} not run", counts.failed);
            verdict(image, &tested.image, verdict_now, &why)
        }
        other => lacking(other, image, "image-test"),
    })
}

/// RT051
pub fn no_drift(facts: &Facts) -> Ruling {
    with_image(facts, |image| match &facts.image.compared {
        Ok(Some(compared)) => {
            verdict(image, &compared.image, compared.verdict, "it does not hold what the frozen specs say")
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

fn verdict(image: &ImageIdentity, about: &ImageIdentity, verdict: Verdict, no: &str) -> Ruling {
    if about.id != image.id {
        return Ruling::Failed(format!("the evidence is about {}", about.id));
    }
    match verdict {
        Verdict::Yes => Ruling::Passed,
        Verdict::No => Ruling::Failed(format!("{}: {no}", named_id(image))),
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

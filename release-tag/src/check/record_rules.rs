//! Rules about the release's record: it is there, it is as it was written, and it tells of this very
//! release.

use common::digest::Digest;
use common::report::RuleStatus;

use super::facts::Facts;
use super::image_rules;
use super::rules::{self, Ruling};
use crate::record::Record;

/// RT070
pub fn present(facts: &Facts) -> Ruling {
    match parsed(facts) {
        Ok(_) => Ruling::Passed,
        Err(reason) => Ruling::Failed(reason),
    }
}

/// RT071
pub fn image(facts: &Facts) -> Ruling {
    compared(facts, |record, now| {
        let mut other = Vec::new();
        if record.image != now.image {
            other.push(format!("it tells of {}, and this is {}", record.image.id, now.image.id));
        }
        // An engine that cannot be asked is another rule's to tell.
        let size = now.size.is_some() && record.size != now.size;
        if record.base != now.base || record.contexts != now.contexts || size {
            other.push("it tells of another build of it".to_owned());
        }
        other
    })
}

/// RT072
pub fn versions(facts: &Facts) -> Ruling {
    compared(facts, |record, now| {
        let mut other = Vec::new();
        for (theirs, ours) in [(&record.mission, &now.mission), (&record.common, &now.common)] {
            if theirs != ours {
                other.push(format!("it says {theirs}, the files say {ours}"));
            }
        }
        if record.calibration != now.calibration {
            other.push("it tells other calibration versions".to_owned());
        }
        other
    })
}

/// RT073
pub fn specs(facts: &Facts) -> Ruling {
    compared(facts, |record, now| {
        let differing = |what: &str, theirs: &Digests, ours: &Digests| -> Vec<String> {
            let names = theirs.keys().chain(ours.keys().filter(|name| !theirs.contains_key(*name)));
            let other = names.filter(|name| theirs.get(*name) != ours.get(*name));
            other.map(|name| format!("the {what} {name} is not the one it tells of")).collect()
        };
        let mut other = differing("lock", &record.locks, &now.locks);
        other.extend(differing("receipt of", &record.receipts, &now.receipts));
        if record.sbom != now.sbom {
            other.push("the bill of materials is not the one it tells of".to_owned());
        }
        other
    })
}

type Digests = std::collections::BTreeMap<String, Digest>;

/// RT074
pub fn results(facts: &Facts) -> Ruling {
    for (code, rule) in [("RT050", image_rules::tested(facts)), ("RT051", image_rules::no_drift(facts))] {
        if matches!(rule, Ruling::Failed(_)) {
            return Ruling::Skipped(format!("{code} is broken"));
        }
    }
    compared(facts, |record, now| {
        let mut other = Vec::new();
        if record.tests != now.tests {
            other.push("it tells other test results or waivers".to_owned());
        }
        if record.drift != now.drift {
            other.push("it tells another drift".to_owned());
        }
        other
    })
}

fn parsed(facts: &Facts) -> Result<Record, String> {
    match &facts.tree.record {
        Ok(Some(bytes)) => Record::parse(bytes),
        Ok(None) => Err("there is no release.json".to_owned()),
        Err(reason) => Err(reason.clone()),
    }
}

/// Judges the record by what it should be now. A record that nothing can be held against is no yes.
fn compared(facts: &Facts, differences: impl Fn(&Record, &Record) -> Vec<String>) -> Ruling {
    let Ok(record) = parsed(facts) else { return Ruling::Skipped("RT070 is broken".to_owned()) };
    match Record::of(facts) {
        Ok(now) => Ruling::none_of(&differences(&record, &now)),
        Err(reason) => Ruling::Failed(format!("nothing to compare it with: {reason}")),
    }
}

/// The record that may be written of the release that `facts` tell of; else what stands against it.
///
/// # Errors
/// The image is not one that may be released; in words.
pub fn writable(facts: &Facts) -> Result<Record, Vec<String>> {
    let checked = rules::judge(facts, |rule| rule.for_record);
    let broken = checked.iter().filter(|rule| rule.status == RuleStatus::Failed);
    let told: Vec<String> = broken
        .map(|rule| format!("{}: {}: {}", rule.code, rule.demand, rule.detail.as_deref().unwrap_or_default()))
        .collect();
    if told.is_empty() { Record::of(facts).map_err(|reason| vec![reason]) } else { Err(told) }
}

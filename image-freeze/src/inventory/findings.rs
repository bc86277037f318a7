//! What is not as its installer left it: files that were edited, and packages that two installers claim.

use std::collections::{HashMap, HashSet};

use common::inventory::{Environment, Finding, FindingClass, Owner};

use super::claims::{self, Claims, Sum};
use super::fact::Fact;
use super::place;
use super::stack::{Seen, Stack};

/// Packages of which conda recorded a distribution where there is (also) one of pip's.
pub(super) fn claimed_twice(environment: &Environment) -> Vec<Finding> {
    let by_pip: HashMap<&str, &str> = environment
        .python
        .iter()
        .filter(|d| d.owner == Owner::Pip)
        .map(|d| (d.name.as_str(), d.version.as_str()))
        .collect();
    let finding = |name: &str, recorded: String| {
        let found = by_pip.get(name)?;
        Some(Finding {
            class: FindingClass::BothCondaAndPip,
            environment: environment.name.clone(),
            package: name.to_owned(),
            path: None,
            recorded,
            found: Some(format!("pip {found}")),
        })
    };
    let replaced = environment.conda.iter().flat_map(|package| {
        package.ousted.iter().filter_map(|name| finding(name, format!("conda {}", package.version)))
    });
    let beside = environment.python.iter().filter(|d| d.owner == Owner::Conda);
    let beside = beside.filter_map(|d| finding(&d.name, format!("conda {}", d.version)));
    let mut findings: Vec<Finding> = replaced.chain(beside).collect();
    findings.sort();
    findings.dedup_by(|a, b| a.package == b.package);
    findings
}

/// What one package says about its files.
struct Witness<'s> {
    package: &'s str,
    /// The directory that its names are below.
    dir: &'s str,
    claims: &'s Claims,
}

/// Files of `environment` whose content is not what any package that has them recorded.
pub(super) fn edited(environment: &Environment, seen: &Seen, stack: &Stack<'_>) -> Vec<Finding> {
    let witnesses = witnesses(environment, seen);
    let mut findings = Vec::new();
    let mut wrong: HashSet<String> = HashSet::new();
    for witness in &witnesses {
        for (name, sum) in witness.claims {
            let Some(path) = joined(witness.dir, name) else { continue };
            let found = stack.sum(&path);
            if found == Some(*sum) {
                continue;
            }
            findings.push(Finding {
                class: FindingClass::EditedFile,
                environment: environment.name.clone(),
                package: witness.package.to_owned(),
                path: Some(format!("/{path}")),
                recorded: claims::shown(*sum),
                found: found.map(claims::shown),
            });
            wrong.insert(path);
        }
    }
    // Where two packages have a file, the one that came last is right.
    let settled = settled(&witnesses, &wrong, stack);
    findings.retain(|finding| finding.path.as_ref().is_none_or(|path| !settled.contains(&path[1..])));
    findings.sort();
    findings
}

/// Those of the paths `wrong` of which some package does say what is there.
fn settled(witnesses: &[Witness<'_>], wrong: &HashSet<String>, stack: &Stack<'_>) -> HashSet<String> {
    let mut settled = HashSet::new();
    if wrong.is_empty() {
        return settled;
    }
    let sums: HashMap<&str, Option<Sum>> =
        wrong.iter().map(|path| (path.as_str(), stack.sum(path))).collect();
    for witness in witnesses {
        for (name, sum) in witness.claims {
            let path = joined(witness.dir, name);
            if let Some(path) = path.filter(|path| sums.get(path.as_str()) == Some(&Some(*sum))) {
                settled.insert(path);
            }
        }
    }
    settled
}

/// Who says something about the files of `environment`: conda about its packages, unless pip put others
/// in their place; installers of Python packages about theirs.
fn witnesses<'s>(environment: &Environment, seen: &'s Seen) -> Vec<Witness<'s>> {
    let prefixes = match environment.prefix.trim_start_matches('/') {
        "usr" => vec!["usr", "usr/local"],
        prefix => vec![prefix],
    };
    let ousted: HashSet<&str> =
        environment.conda.iter().filter(|p| !p.ousted.is_empty()).map(|p| p.name.as_str()).collect();
    let by_pip: HashSet<&str> =
        environment.python.iter().filter(|d| d.owner == Owner::Pip).map(|d| d.name.as_str()).collect();
    let mut witnesses = Vec::new();
    for prefix in prefixes {
        let dir = format!("{prefix}/");
        for (path, fact) in seen.facts.range(dir.clone()..).take_while(|(path, _)| path.starts_with(&dir)) {
            let witness = match fact {
                Fact::CondaRecord(Ok(record)) => of_conda(path, prefix.len(), record, &ousted),
                Fact::Record(_, claims) => of_pip(path, prefix, (seen, claims), &by_pip),
                _ => None,
            };
            witnesses.extend(witness);
        }
    }
    witnesses
}

fn of_conda<'s>(
    path: &'s str,
    prefix: usize,
    record: &'s super::conda_record::CondaRecord,
    ousted: &HashSet<&str>,
) -> Option<Witness<'s>> {
    let found = place::conda_prefix(path)?;
    let is_here = found.len() == prefix && !ousted.contains(record.name.to_ascii_lowercase().as_str());
    is_here.then_some(Witness { package: &record.name, dir: found, claims: &record.claims })
}

fn of_pip<'s>(
    path: &'s str,
    prefix: &str,
    (seen, claims): (&'s Seen, &'s Claims),
    by_pip: &HashSet<&str>,
) -> Option<Witness<'s>> {
    let site = place::Site::of(path).filter(|site| site.prefix == prefix)?;
    let metadata = path.strip_suffix("RECORD").map(|dir| format!("{dir}METADATA"))?;
    let Some(Fact::Identity(Ok(identity))) = seen.facts.get(&metadata) else { return None };
    let dir = &path[..site.prefix.len() + 1 + site.packages.len()];
    by_pip.contains(identity.name.as_str()).then_some(Witness {
        package: identity.name.as_str(),
        dir,
        claims,
    })
}

/// `name` as seen from `dir`, from the root; none if it leads out of that.
fn joined(dir: &str, name: &str) -> Option<String> {
    if let Some(from_root) = name.strip_prefix('/') {
        return Some(from_root.to_owned());
    }
    if !name.contains("..") && !name.contains("./") {
        return Some(format!("{dir}/{name}"));
    }
    let mut parts: Vec<&str> = dir.split('/').collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

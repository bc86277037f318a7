//! What one image holds against what another holds.

use std::collections::{BTreeMap, BTreeSet};

use common::frozen::IMAGE;
use common::inventory::{CondaPackage, Distribution, Environment, Finding, FindingClass, Inventory};
use common::report::{CheckOutcome, Difference, DriftClass, EnvironmentDrift, PackageKind};

use super::{edited, sorted};

/// Every difference between `a` and `b`.
pub(super) fn compare(a: &Inventory, b: &Inventory) -> CheckOutcome {
    let of = |inventory: &Inventory| {
        inventory.environments.iter().map(|e| (e.name.clone(), e.clone())).collect::<BTreeMap<_, _>>()
    };
    let (environments_a, environments_b) = (of(a), of(b));
    let names: BTreeSet<&String> = environments_a.keys().chain(environments_b.keys()).collect();
    let compared = names.into_iter().map(|name| {
        let sides = (environments_a.get(name), environments_b.get(name));
        let new = new_findings(name, a, b);
        environment(name, sides, (new, b))
    });
    let mut environments: Vec<EnvironmentDrift> = compared.collect();
    environments.push(image(a, b));
    CheckOutcome::of(environments)
}

/// What `b` was found to have in the environment `name` and `a` was not.
fn new_findings<'i>(name: &str, a: &Inventory, b: &'i Inventory) -> Vec<&'i Finding> {
    let here = b.findings.iter().filter(|finding| finding.environment == name);
    // What was not looked for cannot be missing.
    let comparable = |finding: &&Finding| finding.class != FindingClass::EditedFile || a.verified;
    here.filter(|finding| !a.findings.contains(finding)).filter(comparable).collect()
}

fn environment(
    name: &str,
    (a, b): (Option<&Environment>, Option<&Environment>),
    (findings, inventory): (Vec<&Finding>, &Inventory),
) -> EnvironmentDrift {
    let mut all = Differences::default();
    let conda = (conda(a), conda(b));
    all.both(PackageKind::Conda, (&conda.0, &conda.1), &conda_class);
    let python = (python(a), python(b));
    all.both(PackageKind::Pip, (&python.0, &python.1), &python_class);
    for finding in findings {
        all.differences.push(match finding.class {
            FindingClass::EditedFile => edited(finding, inventory),
            FindingClass::BothCondaAndPip => Difference {
                kind: PackageKind::Pip,
                class: DriftClass::BothCondaAndPip,
                name: finding.package.clone(),
                frozen: Some(finding.recorded.clone()),
                built: finding.found.clone(),
                path: None,
            },
        });
    }
    sorted(name, all.same, all.differences)
}

fn conda(side: Option<&Environment>) -> Named<'_, CondaPackage> {
    by_name(side.map(|e| e.conda.as_slice()), |package| &package.name)
}

fn python(side: Option<&Environment>) -> Named<'_, Distribution> {
    by_name(side.map(|e| e.python.as_slice()), |distribution| &distribution.name)
}

/// What belongs to no environment: the base image, and Debian's packages.
fn image(a: &Inventory, b: &Inventory) -> EnvironmentDrift {
    let mut all = Differences::default();
    let base = |inventory: &Inventory| inventory.image.base.as_ref().and_then(|base| base.digest.clone());
    match (base(a), base(b)) {
        (Some(a), Some(b)) if a != b => all.differences.push(Difference {
            kind: PackageKind::Image,
            class: DriftClass::BaseMoved,
            name: "base".to_owned(),
            frozen: Some(a),
            built: Some(b),
            path: None,
        }),
        (Some(_), Some(_)) => all.same += 1,
        _ => {}
    }
    let packages = |inventory: &Inventory| {
        let there = inventory.debian.iter().filter(|package| package.state.is_none());
        there
            .map(|p| (format!("{}:{}", p.name, p.architecture), p.version.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let (a, b) = (packages(a), packages(b));
    for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        let (frozen, built) = (a.get(name).cloned(), b.get(name).cloned());
        if frozen == built {
            all.same += 1;
        } else {
            let (kind, class) = (PackageKind::Debian, DriftClass::Apt);
            all.differences.push(Difference { kind, class, name: name.clone(), frozen, built, path: None });
        }
    }
    sorted(IMAGE, all.same, all.differences)
}

/// There is more than one of a name only if something went wrong; they are compared in order.
fn by_name<P>(side: Option<&[P]>, name: fn(&P) -> &String) -> Named<'_, P> {
    let mut packages = BTreeMap::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for package in side.unwrap_or_default() {
        let at = seen.entry(name(package)).or_default();
        packages.insert((name(package).as_str(), *at), package);
        *at += 1;
    }
    packages
}

/// How two packages of a name differ, with what is shown of each.
type Compare<'c, P> = &'c dyn Fn(&P, &P) -> Option<(DriftClass, String, String)>;
type Named<'p, P> = BTreeMap<(&'p str, usize), &'p P>;

#[derive(Debug, Default)]
struct Differences {
    same: u32,
    differences: Vec<Difference>,
}

impl Differences {
    fn both<P: Versioned>(
        &mut self,
        kind: PackageKind,
        (a, b): (&Named<'_, P>, &Named<'_, P>),
        compare: Compare<'_, P>,
    ) {
        for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
            let (class, frozen, built) = match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => {
                    let Some((class, a, b)) = compare(a, b) else {
                        self.same += 1;
                        continue;
                    };
                    (class, Some(a), Some(b))
                }
                (a, b) => {
                    let class = if b.is_some() { DriftClass::Extra } else { DriftClass::Missing };
                    (class, a.map(|p| p.version().to_owned()), b.map(|p| p.version().to_owned()))
                }
            };
            let name = key.0.to_owned();
            self.differences.push(Difference { kind, class, name, frozen, built, path: None });
        }
    }
}

trait Versioned {
    fn version(&self) -> &str;
}

impl Versioned for CondaPackage {
    fn version(&self) -> &str {
        &self.version
    }
}

impl Versioned for Distribution {
    fn version(&self) -> &str {
        &self.version
    }
}

fn conda_class(a: &CondaPackage, b: &CondaPackage) -> Option<(DriftClass, String, String)> {
    if a.version != b.version {
        return Some((DriftClass::Version, a.version.clone(), b.version.clone()));
    }
    if a.build != b.build {
        let shown = |p: &CondaPackage| format!("{} {}", p.version, p.build);
        return Some((DriftClass::Build, shown(a), shown(b)));
    }
    other("sha256", a.sha256.as_ref(), b.sha256.as_ref())
        .or_else(|| other("md5", a.md5.as_ref(), b.md5.as_ref()))
}

fn python_class(a: &Distribution, b: &Distribution) -> Option<(DriftClass, String, String)> {
    let commit = |d: &Distribution| d.origin.as_ref().and_then(|origin| origin.commit.clone());
    let (commit_a, commit_b) = (commit(a), commit(b));
    if commit_a != commit_b {
        let shown = |d: &Distribution, commit: Option<String>| {
            commit.map_or_else(|| d.version.clone(), |commit| format!("{} {commit}", d.version))
        };
        return Some((DriftClass::SourceCommit, shown(a, commit_a), shown(b, commit_b)));
    }
    if a.version != b.version {
        return Some((DriftClass::Version, a.version.clone(), b.version.clone()));
    }
    let sum = |d: &Distribution| d.origin.as_ref().and_then(|origin| origin.sha256.clone());
    let record = |d: &Distribution| d.record.as_ref().map(ToString::to_string);
    other("sha256", sum(a).as_ref(), sum(b).as_ref())
        .or_else(|| other("RECORD", record(a).as_ref(), record(b).as_ref()))
}

/// A digest that both sides tell and that is not the same.
fn other(what: &str, a: Option<&String>, b: Option<&String>) -> Option<(DriftClass, String, String)> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => {
            Some((DriftClass::Hash, format!("{what} {a}"), format!("{what} {b}")))
        }
        _ => None,
    }
}

//! `image-freeze diff`: two of anything that says or holds packages, against each other.

mod inventories;
mod side;
mod specs;

use std::io::Write as _;

use common::console::Console;
use common::fault::Status;
use common::inventory::{FindingClass, Inventory};
use common::report::{CheckOutcome, Difference, DriftClass, EnvironmentDrift, PackageKind, Verdict};
use serde_json::json;

use crate::args::DiffArgs;
use crate::check::{base, compare};
use crate::error::Error;
use crate::table::DriftTable;
use crate::{inventory, markdown, patch};
use side::{Side, What};

/// Compares A with B and prints what differs.
///
/// # Errors
/// One of them cannot be had or read, or a patch was asked for that there cannot be.
pub(crate) fn run(args: &DiffArgs, console: &Console) -> Result<Status, Error> {
    let (a, b) = (side::read(&args.a, args, console)?, side::read(&args.b, args, console)?);
    let outcome = compared(&a, &b);
    let clean = outcome.environments.iter().all(|environment| environment.differences.is_empty());
    let verdict = if clean { Verdict::Yes } else { Verdict::No };
    print(&text(args, (&a, &b), &outcome, console)?)?;
    Ok(status(verdict))
}

fn text(
    args: &DiffArgs,
    (a, b): (&Side, &Side),
    outcome: &CheckOutcome,
    console: &Console,
) -> Result<String, Error> {
    if args.json {
        let document = json!({"a": args.a, "b": args.b, "environments": outcome.environments});
        return Ok(format!("{document:#}\n"));
    }
    if args.style.markdown {
        return Ok(markdown::of(outcome, (&args.a, &args.b)));
    }
    if args.style.patch {
        let (What::Asked(_), Some((dir, root)), What::Held(held)) = (&a.what, &a.dir, &b.what) else {
            return Err(Error::NoPatch);
        };
        return patch::of(dir, root, (outcome, held), console);
    }
    Ok(DriftTable(outcome).to_string())
}

fn compared(a: &Side, b: &Side) -> CheckOutcome {
    match (&a.what, &b.what) {
        (What::Asked(asked), What::Held(held)) => against(asked, held),
        (What::Held(held), What::Asked(asked)) => turned(against(asked, held)),
        (What::Held(a), What::Held(b)) => inventories::compare(a, b),
        (What::Asked(a), What::Asked(b)) => specs::compare(a, b),
    }
}

fn against(asked: &common::frozen::FrozenTree, held: &Inventory) -> CheckOutcome {
    let platform = match held.image.architecture.as_deref() {
        Some("arm64" | "aarch64") => common::settings::Platform::Aarch64,
        _ => common::settings::Platform::Amd64,
    };
    let mut outcome = compare::all(asked, &inventory::environments(held), platform);
    if let Some(lock) = &asked.base {
        outcome.environments.extend(base::compare(base::locked(lock), base::labelled(lock, held)));
    }
    edited_files(&mut outcome, held);
    outcome
}

/// The same differences, seen from the other side.
fn turned(mut outcome: CheckOutcome) -> CheckOutcome {
    for difference in outcome.environments.iter_mut().flat_map(|e| &mut e.differences) {
        std::mem::swap(&mut difference.frozen, &mut difference.built);
        difference.class = match difference.class {
            DriftClass::Missing => DriftClass::Extra,
            DriftClass::Extra => DriftClass::Missing,
            class => class,
        };
    }
    outcome
}

/// Adds the files that are not what their packages recorded.
pub(crate) fn edited_files(outcome: &mut CheckOutcome, inventory: &Inventory) {
    for finding in inventory.findings.iter().filter(|f| f.class == FindingClass::EditedFile) {
        let environments = &mut outcome.environments;
        let Some(environment) = environments.iter_mut().find(|e| e.name == finding.environment) else {
            continue;
        };
        environment.differences.push(edited(finding, inventory));
    }
}

fn edited(finding: &common::inventory::Finding, inventory: &Inventory) -> Difference {
    let environment = inventory.environments.iter().find(|e| e.name == finding.environment);
    let by_pip = environment.is_some_and(|e| e.python.iter().any(|d| d.name == finding.package));
    Difference {
        kind: if by_pip { PackageKind::Pip } else { PackageKind::Conda },
        class: DriftClass::EditedFile,
        name: finding.package.clone(),
        frozen: Some(finding.recorded.clone()),
        built: finding.found.clone(),
        path: finding.path.clone(),
    }
}

/// One environment's drift, in the order in which it is told.
fn sorted(name: &str, same: u32, mut differences: Vec<Difference>) -> EnvironmentDrift {
    differences.sort_by(|a, b| (a.kind, &a.name, a.class, &a.path).cmp(&(b.kind, &b.name, b.class, &b.path)));
    EnvironmentDrift { name: name.to_owned(), same, differences }
}

/// Prints what was asked for.
///
/// # Errors
/// Standard output cannot be written to.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|source| Error::Print { source })
}

/// The status of an answer.
pub(crate) const fn status(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Yes => Status::Done,
        Verdict::No => Status::No,
    }
}

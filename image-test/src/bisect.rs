//! `--bisect`: which upgrades make tests fail that passed before.
//!
//! Environments of the locks before and after, and of mixtures of them, are made in the image and
//! tested by our own runner, until the smallest set of changes is known that makes tests fail.

mod change;
mod error;
mod search;
mod source;
mod table;
mod trial;

use std::collections::BTreeSet;

use common::ca_bundle;
use common::cli::WaiverArgs;
use common::console::Console;
use common::fault::Status;
use common::report::{
    BisectFinding, BisectOutcome, BisectedEnvironment, BisectedTest, Culprit, Outcome, Verdict,
};
use common::session::{Finding, Session};

pub(crate) use error::BisectError;

use crate::args::Args;
use crate::bench::Bench;
use crate::container;
use crate::error::Error;
use crate::native::{Limits, Planned};
use crate::plan::Plan;
use crate::specs::Spec;
use change::{Change, Lock, changes};
use search::Answer;
use source::Source;
use table::Table;
use trial::{Lab, Tested, Trial};

/// Two locks of one environment.
struct Locks {
    before: Lock,
    after: Lock,
    changes: Vec<Change>,
}

/// Looks for the culprits in every environment whose lock changed.
pub(crate) fn run(args: &Args, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-test --bisect", &args.shared, console)?;
    let waivers = WaiverArgs { no_waivers: true };
    let bench = Bench::set_up((args.image.as_deref(), waivers), &session.document, console)?;
    let [before, after] = [&args.bisect[0], &args.bisect[1]];
    let found = found_locks(&bench, args)?;
    let image = bench.image(args.image.as_deref(), &mut session)?;
    let plan = Plan::new(args, container::Plan::plain(&image, &bench.settings), image);
    let bundle = ca_bundle::find(&bench.settings.ca_bundle).map_err(BisectError::from)?;
    let mut environments = Vec::new();
    for (spec, locks) in found {
        let how = (args.jobs, Limits::new(args.timeout));
        let lab = Lab { bench: &bench, plan: &plan, spec, how, ca_bundle: bundle.clone(), uv: None };
        environments.push(bisect(lab, &locks, [before, after])?);
    }
    let outcome = BisectOutcome { before: before.clone(), after: after.clone(), environments };
    finish(session, plan, outcome, console)
}

fn finish(session: Session, plan: Plan, outcome: BisectOutcome, console: &Console) -> Result<Status, Error> {
    let any = |finding| outcome.environments.iter().any(|one| one.finding == finding);
    let status = if any(BisectFinding::Found) {
        Status::Done
    } else if any(BisectFinding::BeforeFails) {
        // Told apart from "nothing to find", for scripts.
        Status::Passed(2)
    } else {
        Status::No
    };
    let verdict = if status == Status::Done { Verdict::Yes } else { Verdict::No };
    let table = Table(&outcome).to_string();
    console.raw(format_args!("\n{table}"));
    let finding = Finding { verdict, image: Some(plan.image), outcome: Outcome::Bisect(outcome) };
    session.finish(finding, &table)?;
    Ok(status)
}

/// The locks of all environments that have tests and differ.
fn found_locks<'a>(bench: &'a Bench<'_>, args: &Args) -> Result<Vec<(&'a Spec, Locks)>, BisectError> {
    let deployment = bench.settings.deployment();
    let [before, after] = [&args.bisect[0], &args.bisect[1]];
    let source = |typed: &String| Source::find(typed, &deployment, bench.console);
    let sources = [source(before)?, source(after)?];
    let mut found = Vec::new();
    for spec in meant(&bench.specs, args, &sources)? {
        let lock = |source: &Source| source.lock(&spec.environment, &deployment, bench.console);
        if let (Some(before), Some(after)) = (lock(&sources[0])?, lock(&sources[1])?) {
            let changes = changes(&before, &after);
            if !changes.is_empty() {
                found.push((spec, Locks { before, after, changes }));
            }
        }
    }
    if found.is_empty() {
        return Err(BisectError::NothingDiffers { before: before.clone(), after: after.clone() });
    }
    Ok(found)
}

/// The environments to look at: the one that is named, else all with tests.
fn meant<'a>(specs: &'a [Spec], args: &Args, sources: &[Source; 2]) -> Result<Vec<&'a Spec>, BisectError> {
    let mut meant: Vec<&Spec> = specs.iter().filter(|spec| !spec.is_empty()).collect();
    if let Some(name) = &args.environment {
        meant.retain(|spec| spec.environment == *name);
        if meant.is_empty() {
            return Err(BisectError::NoEnvironment { name: name.clone() });
        }
    }
    if let Some(path) = sources.iter().find_map(Source::single)
        && meant.len() > 1
    {
        return Err(BisectError::WhichEnvironment { path: path.to_owned() });
    }
    Ok(meant)
}

/// Looks for the culprits in one environment.
fn bisect(mut lab: Lab<'_>, locks: &Locks, names: [&String; 2]) -> Result<BisectedEnvironment, Error> {
    let planned = Planned::all(std::slice::from_ref(lab.spec));
    let mut report = BisectedEnvironment {
        name: lab.spec.environment.clone(),
        changes: locks.changes.len(),
        runs: 0,
        uv: None,
        tests: Vec::new(),
        finding: BisectFinding::AfterPasses,
        culprits: Vec::new(),
    };
    let after = whole(&mut lab, &locks.after, &planned, names[1], &mut report)?;
    if after.failing.is_empty() {
        return Ok(report);
    }
    let before = whole(&mut lab, &locks.before, &after.failing, names[0], &mut report)?;
    let telling: Vec<Planned> =
        after.failing.into_iter().filter(|one| !before.failing.contains(one)).collect();
    report.tests =
        telling.iter().map(|one| BisectedTest { kind: one.kind, name: one.name.clone() }).collect();
    report.finding = BisectFinding::BeforeFails;
    if telling.is_empty() {
        return Ok(report);
    }
    let usual: BTreeSet<String> = before.complaints.into_iter().chain(after.complaints).collect();
    let found = search::smallest(locks.changes.len(), &mut |set| {
        report.runs += 1;
        ask(&mut lab, (locks, set), &telling, &usual)
    })?;
    report.finding = BisectFinding::Found;
    let culprit = |(place, proven): (usize, bool)| {
        let Change { package, before, after } = locks.changes[place].clone();
        Culprit { package: package.to_string(), before, after, proven }
    };
    report.culprits = found.culprits.into_iter().map(culprit).collect();
    Ok(report)
}

/// Tests a lock as it is: what cannot be made of it as a whole cannot be searched.
fn whole(
    lab: &mut Lab<'_>,
    lock: &Lock,
    planned: &[Planned],
    name: &str,
    report: &mut BisectedEnvironment,
) -> Result<Tested, Error> {
    lab.bench.console.status(format_args!("{}: testing all of {name}", lab.spec.environment));
    report.runs += 1;
    match lab.test(lock, planned)? {
        Trial::Tested(tested) => {
            report.uv = Some(tested.uv.clone());
            Ok(tested)
        }
        Trial::Untestable(why) => Err(BisectError::Unprepared { which: name.to_owned(), why }.into()),
    }
}

/// Whether the tests pass with those of the changes made that are in `set`. A mixture whose parts do
/// not fit together, where those of both locks do, would fail for that reason alone.
fn ask(
    lab: &mut Lab<'_>,
    (locks, set): (&Locks, &[usize]),
    telling: &[Planned],
    usual: &BTreeSet<String>,
) -> Result<Answer, Error> {
    let lock = locks.before.with(set.iter().map(|place| &locks.changes[*place]));
    let count = format!("{} of {} changes", set.len(), locks.changes.len());
    let answer = match lab.test(&lock, telling)? {
        Trial::Tested(tested) if tested.complaints.iter().any(|one| !usual.contains(one)) => {
            Answer::Untestable
        }
        Trial::Tested(tested) if tested.failing.is_empty() => Answer::Passes,
        Trial::Tested(_) => Answer::Fails,
        Trial::Untestable(_) => Answer::Untestable,
    };
    let word = match answer {
        Answer::Passes => "passes",
        Answer::Fails => "fails",
        Answer::Untestable => "cannot be tested",
    };
    lab.bench.console.status(format_args!("{}: {count}: {word}", lab.spec.environment));
    Ok(answer)
}

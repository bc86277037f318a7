//! `image-freeze chill`: `env-chilly` from `env-frozen`.

mod compat;
mod loosen;
mod plan;
mod rule;

use common::console::Console;
use common::fault::Status;
use common::report::{ChillOutcome, Outcome, Verdict};
use common::session::{Finding, Session};

use crate::args::ChillArgs;
use crate::error::Error;
use crate::overlay::Standing;
use crate::table::ChillTable;
use crate::workplace::Workplace;

pub(crate) use plan::Rules;

/// Loosens the frozen specs.
///
/// # Errors
/// There are none, or they or the tree are not good; `env-chilly` is then as it was.
pub(crate) fn run(args: &ChillArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-freeze chill", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let (_lock, stage) = workplace.begin(console)?;
    let target = workplace.deployment.chilly_dir();
    let standing = Standing::read(&target)?;
    let rules = if args.compat { Rules::Compat } else { Rules::Correct };
    let plan = plan::make(&workplace.deployment, &standing, rules)?;
    for notice in &plan.notices {
        console.notice(notice);
        session.note(notice.as_str());
    }
    let tree = standing.replace(&plan.files, &target, &stage)?;
    let outcome = ChillOutcome { tree, environments: plan.environments };
    let table = ChillTable(outcome.clone(), target);
    let finding = Finding { verdict: Verdict::Yes, image: None, outcome: Outcome::Chill(outcome) };
    Ok(session.finish(finding, &table)?)
}

#[cfg(test)]
#[path = "chill/table_tests.rs"]
mod table_tests;

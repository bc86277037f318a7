//! `image-freeze`: the specs that a build solved, out of the image and into the tree.

mod capture;
mod plan;

use common::console::Console;
use common::engine;
use common::fault::Status;
use common::report::{FreezeOutcome, Outcome, Verdict};
use common::session::{Finding, Session};

use crate::args::ImageArgs;
use crate::error::Error;
use crate::image;
use crate::overlay::Standing;
use crate::table::FreezeTable;
use crate::workplace::Workplace;

/// Takes the frozen specs out of the image.
///
/// # Errors
/// The image, its specs or the tree are not good; the tree is then as it was.
pub(crate) fn run(args: &ImageArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-freeze", &args.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let (_lock, stage) = workplace.begin(console)?;
    let engine = engine::choose(session.document.settings.engine, console)?;
    engine.sweep_containers(console)?;
    let image = image::find(args.image.as_deref(), &session, &workplace.evidence(), (&engine, console))?;
    console.status(format_args!("taking the frozen specs out of {} ({})", image.name, image.id.short()));
    let files = capture::read(&engine, &image, console)?;

    let target = workplace.deployment.frozen_dir();
    let standing = Standing::read(&target)?;
    let plan = plan::make(&image, files, &standing, &workplace.deployment)?;
    for notice in &plan.notices {
        console.notice(notice);
        session.note(notice.as_str());
    }
    let tree = standing.replace(&plan.files, &target, &stage)?;
    let outcome = FreezeOutcome { tree, environments: plan.environments, kept: plan.kept };
    let table = FreezeTable(outcome.clone(), target);
    let finding = Finding { verdict: Verdict::Yes, image: Some(image), outcome: Outcome::Freeze(outcome) };
    Ok(session.finish(finding, &table)?)
}

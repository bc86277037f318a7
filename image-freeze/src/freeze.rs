//! `image-freeze`: the specs that a build solved, out of the image and into the tree.

mod base;
mod capture;
mod commits;
mod digests;
mod explicit;
mod pinned;
mod plan;
mod said;

use common::base_lock;
use common::console::Console;
use common::digest;
use common::engine::Engine;
use common::evidence::{Built, Frozen};
use common::fault::Status;
use common::frozen::BASE;
use common::report::{FreezeOutcome, ImageIdentity, Outcome, Verdict};
use common::session::{Finding, Session};
use common::settings::Generation;
use common::sibling;

use crate::args::FreezeArgs;
use crate::error::Error;
use crate::image;
use crate::overlay::{Content, Standing};
use crate::table::FreezeTable;
use crate::workplace::Workplace;

/// Takes the frozen specs out of the image.
///
/// # Errors
/// The image, its specs or the tree are not good; the tree is then as it was.
pub(crate) fn run(args: &FreezeArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-freeze", &args.image.shared, console)?;
    let workplace = Workplace::of(&session)?;
    let (_lock, stage) = workplace.begin(console)?;
    let engine = image::engine(args.image.image.as_deref(), &session, console)?;
    engine.sweep_containers(console)?;
    let image =
        image::find(args.image.image.as_deref(), &session, &workplace.evidence(), (&engine, console))?;
    console.status(format_args!("taking the frozen specs out of {} ({})", image.name, image.id.short()));
    let mut files = capture::read(&engine, &image, console)?;
    for notice in pinned::pin(&mut files, &workplace.deployment, &image, (&engine, console))? {
        console.notice(&notice);
        session.note(notice);
    }

    let target = workplace.deployment.frozen_dir();
    let standing = Standing::read(&target)?;
    let mut plan = plan::make(&image, files, &standing, &workplace.deployment)?;
    let facts = engine.inspect(image.id.as_str(), console)?;
    let built = workplace.evidence().read::<Built>(&image.id)?;
    said::say(&mut plan.files, &workplace.deployment, (facts.as_ref(), built.as_ref()))?;
    lock_base(&mut plan, &session, (&image, &standing), (&engine, console))?;
    if args.with_hashes
        || session.document.settings.exports.get(WITH_HASHES).is_some_and(|value| value == "1")
    {
        lock_files(&mut plan, &session, &image, (args, &engine, console))?;
    }
    plan.keep(&standing);
    for notice in &plan.notices {
        console.notice(notice);
        session.note(notice.as_str());
    }
    let tree = standing.replace(&plan.files, &target, &stage)?;
    let specs = digest::of_tree(&target, &|_| false)
        .map_err(|source| Error::Read { path: target.clone(), source })?;
    let fact = Frozen { image: image.clone(), at: session.started(), specs, inventory: None, sbom: None };
    let known = workplace.evidence().read::<Frozen>(&image.id).ok().flatten();
    let fact = known.map_or(fact.clone(), |known| Frozen { at: fact.at, specs: fact.specs, ..known });
    workplace.evidence().write(&image.id, &fact)?;
    if session.document.settings.generation == Generation::Newest {
        // Its freeze also says which commit it was made from, and fails as a whole (D58).
        let noted = sibling::run("release-tag", &["hashes"], &session.document, console);
        session.document = noted.map_err(Error::Hashes)?;
    }
    let outcome = FreezeOutcome { tree, environments: plan.environments, kept: plan.kept };
    let table = FreezeTable(outcome.clone(), target);
    let finding = Finding { verdict: Verdict::Yes, image: Some(image), outcome: Outcome::Freeze(outcome) };
    Ok(session.finish(finding, &table)?)
}

/// The variable of the settings that has every freeze add digests, if it is 1.
const WITH_HASHES: &str = "FREEZE_WITH_HASHES";

/// Writes down which base the image was built upon.
fn lock_base(
    plan: &mut plan::Plan,
    session: &Session,
    (image, standing): (&ImageIdentity, &Standing),
    means: (&Engine, &Console),
) -> Result<(), Error> {
    match base::find(session, image, standing, means)? {
        Some(Ok(lock)) => {
            let content = Content::plain(lock.to_json());
            plan.files.insert(base_lock::FILE_NAME.into(), content);
        }
        // An older lock would name a base that these specs were not solved upon.
        Some(Err(why)) if standing.text(base_lock::FILE_NAME).is_some() => {
            let file = base_lock::FILE_NAME;
            plan.notices.push(format!("env-frozen/{file} may be of another base: {why}"));
        }
        Some(Err(_)) | None => {}
    }
    Ok(())
}

/// Adds digests for pip, and conda's packages by address.
fn lock_files(
    plan: &mut plan::Plan,
    session: &Session,
    image: &ImageIdentity,
    (args, engine, console): (&FreezeArgs, &Engine, &Console),
) -> Result<(), Error> {
    let settings = &session.document.settings;
    console.status("adding a digest for every file of each pin");
    let added = digests::add(&mut plan.files, settings, args.index.as_deref(), console)?;
    plan.notices.extend(added);
    for name in plan.environments.iter().filter(|name| *name != BASE) {
        let prefix = plan.prefix(name).unwrap_or_else(|| format!("/opt/conda/envs/{name}"));
        match explicit::list(engine, image, &prefix, console)? {
            Some(text) => {
                plan.files.insert(digests::explicit_path(name), Content::plain(text));
            }
            None => {
                plan.notices.push(format!("conda did not record in {prefix} where its packages came from"));
            }
        }
    }
    Ok(())
}

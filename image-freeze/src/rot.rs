//! `image-freeze rot`: whether everything that is frozen can still be had.

mod conda;
mod direct;
mod judge;
mod survey;
mod table;

use std::collections::BTreeSet;

use common::console::Console;
use common::deployment::{self, Deployment, Mission};
use common::fault::Status;
use common::report::{Outcome, RotClass, RotOutcome, Verdict};
use common::session::{Finding, Session};
use common::settings::Settings;
use common::state_dir::StateDir;
use common::state_file;

use crate::args::RotArgs;
use crate::error::Error;
use crate::lock::Lock;

pub(crate) use conda::{Channels, places};
pub(crate) use survey::{Surveyor, findings};
use table::{Markdown, RotTable};

/// Asks for every pin, digest and address of the frozen specs.
///
/// # Errors
/// Nothing is frozen, no index is known, or nothing at all could be learned.
pub(crate) fn run(args: &RotArgs, console: &Console) -> Result<Status, Error> {
    let mut session = Session::open("image-freeze rot", &args.shared, console)?;
    let settings = session.document.settings.clone();
    let mut surveyor = Surveyor::new(&args.asking, &settings, console)?;
    let mut environments = Vec::new();
    for mission in missions(args, &settings)? {
        let deployment = Deployment::new(&settings.root, &mission);
        let locks = match Lock::all(&deployment, &settings, &args.asking.overrides()) {
            // Among all missions there may be one that was never built.
            Err(Error::NothingFrozen { .. }) if args.all => {
                let notice = format!("{mission} has nothing frozen");
                console.notice(&notice);
                session.note(notice);
                continue;
            }
            locks => locks?,
        };
        for lock in locks {
            environments.push(surveyor.survey(&lock)?);
        }
    }
    if environments.is_empty() {
        return Err(Error::NothingFrozen { dir: settings.root.join("deployments") });
    }
    let outcome = RotOutcome { indexes: surveyor.indexes(), age: surveyor.age(), environments };
    let verdict = verdict(&outcome)?;
    if let Some(path) = &args.markdown {
        state_file::replace(path, Markdown(&outcome).to_string().as_bytes(), 0o644)?;
    }
    let table = RotTable(outcome.clone(), args.asking.offline);
    Ok(session.finish(Finding { verdict, image: None, outcome: Outcome::Rot(outcome) }, &table)?)
}

/// The missions that are looked at.
fn missions(args: &RotArgs, settings: &Settings) -> Result<Vec<Mission>, Error> {
    if args.all {
        return Ok(deployment::missions(&settings.root)?);
    }
    let name = args.mission.as_deref().unwrap_or_else(|| settings.deployment.as_str());
    Ok(vec![deployment::mission(&settings.root, name)?])
}

/// No, if anything is lost. Where nothing was learned there is no answer.
fn verdict(outcome: &RotOutcome) -> Result<Verdict, Error> {
    let findings = || outcome.environments.iter().flat_map(|environment| &environment.findings);
    let asked: u32 = outcome.environments.iter().map(|e| e.pip_pins + e.conda_pins).sum();
    let unknown: Vec<_> = findings().filter(|finding| finding.class == RotClass::Unknown).collect();
    if asked > 0 && u32::try_from(unknown.len()) == Ok(asked) {
        let reasons: BTreeSet<&str> = unknown.iter().filter_map(|f| f.reason.as_deref()).collect();
        return Err(Error::Untold { reasons: reasons.into_iter().take(3).map(str::to_owned).collect() });
    }
    let lost = findings().any(|finding| finding.class.is_lost());
    Ok(if lost { Verdict::No } else { Verdict::Yes })
}

/// Where what was learned is kept.
pub(crate) fn memory(settings: &Settings) -> Result<std::path::PathBuf, Error> {
    Ok(StateDir::open(&settings.root)?.dir("index")?)
}

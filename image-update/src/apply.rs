//! Running the scripts and writing the Dockerfile.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use common::console::Console;
use common::digest::Digest;
use common::lock::Lock;
use common::process::{self, Exit};
use common::report::{UpdateOutcome, UpdatedEnvironment, Written};
use common::settings::Settings;
use common::state_dir::StateDir;
use common::state_file;

use crate::dockerfile::Generated;
use crate::error::Error;
use crate::plan::{Environment, Plan};
use crate::specs::Specs;

/// How long another update of the same clone may take before we give up on it.
const PATIENCE: Duration = Duration::from_mins(10);

/// Carries out `plan`.
pub fn apply(plan: &Plan, settings: &Settings, console: &Console) -> Result<UpdateOutcome, Error> {
    let state = StateDir::open(&settings.root)?;
    let _lock = Lock::take(&state.dir("locks")?.join("update"), PATIENCE, console)?;
    let version = settings.cal_version.to_string();
    let environments =
        plan.environments.iter().map(|e| update(e, &version, console)).collect::<Result<_, _>>()?;
    let dockerfile = match &plan.dockerfile {
        Some(generated) => Some(write(generated, settings, &state, console)?),
        None => None,
    };
    Ok(UpdateOutcome { environments, dockerfile })
}

fn update(environment: &Environment, version: &str, console: &Console) -> Result<UpdatedEnvironment, Error> {
    let name = environment.name.clone();
    let Some(script) = &environment.script else {
        return Ok(UpdatedEnvironment { name, ran: false, changed: Vec::new() });
    };
    console.status(format_args!("updating the requirements of {name} for {version}"));
    let before = Specs::of(&environment.dir)?;
    let exit = process::stream(script, console, &mut |line| console.child_line(line))
        .map_err(|source| Error::Run { environment: name.clone(), source })?;
    if exit != Exit::Code(0) {
        let dir = environment.dir.clone();
        return Err(Error::Script { environment: name, version: version.to_owned(), exit, dir });
    }
    let changed = before.changed(&Specs::of(&environment.dir)?);
    Ok(UpdatedEnvironment { name, ran: true, changed })
}

/// Writes the Dockerfile if it is not as it must be. One that we did not generate is kept aside.
fn write(
    generated: &Generated,
    settings: &Settings,
    state: &StateDir,
    console: &Console,
) -> Result<Written, Error> {
    let record = state.dir("generated")?.join(format!("{}-Dockerfile", settings.deployment));
    let digest = Digest::of(&generated.content);
    if let Ok(old) = fs::read(&generated.path)
        && old != generated.content
    {
        let ours = fs::read_to_string(&record).is_ok_and(|known| known == Digest::of(&old).as_str());
        if !ours {
            let kept = state.keep(&format!("{}-Dockerfile", settings.deployment), &old)?;
            console.notice(format_args!(
                "{} differed from Dockerfile.custom + Dockerfile.trailer; it is kept as {}",
                generated.path.display(),
                kept.display()
            ));
        }
    }
    let change = state_file::replace(&generated.path, &generated.content, 0o644)?;
    state_file::replace(&record, digest.as_str().as_bytes(), 0o644)?;
    Ok(change.into())
}

/// What a person sees at the end.
pub fn table(outcome: &UpdateOutcome) -> String {
    let mut text = String::new();
    for environment in &outcome.environments {
        let what = match (environment.ran, &environment.changed[..]) {
            (false, _) => "not asked for".to_owned(),
            (true, []) => "unchanged".to_owned(),
            (true, changed) => changed.join(", "),
        };
        // Writing to a String cannot fail.
        _ = writeln!(text, "{:<24} {what}", environment.name);
    }
    if let Some(dockerfile) = outcome.dockerfile {
        let what = if dockerfile == Written::Written { "written" } else { "unchanged" };
        _ = writeln!(text, "{:<24} {what}", "Dockerfile");
    }
    text
}

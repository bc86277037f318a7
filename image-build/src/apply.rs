//! Doing what the plan says.

mod base;
mod chain;
mod form;
mod ground;
mod handed;
mod idle;
mod images;
mod planned;
mod published;
mod repack_step;
mod result;
mod room;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum as _;

use common::ca_bundle;
use common::console::Console;
use common::engine::{self, Dating, Engine, Kind};
use common::fault::Status;
use common::lock::Lock;
use common::missions;
use common::report::Report;
use common::session::Session;
use common::settings::{CaBundle, CalVersion, EngineChoice, Settings, UseFrozen};
use common::state_dir::StateDir;

use crate::args::{Args, IndexCutoff};
use crate::error::Error;
use crate::key::{Step, Steps};
use crate::made_at::MadeAt;
use crate::plan::{Choices, Plan};
use crate::{preflight, remembered, repack, stage};

use chain::Build;
use idle::Idle;

pub(crate) use handed::HandedError;
pub(crate) use planned::planned;
pub(crate) use room::{Rebuilt, Way, in_room};

/// How long a build waits for another one of the same clone.
const PATIENCE: Duration = Duration::from_hours(1);

/// Where the docker-stacks source is, unless `DOCKER_STACKS_URL` says otherwise.
const DOCKER_STACKS_URL: &str = "https://github.com/jupyter/docker-stacks.git";

/// The text of `--engine-info`: every engine that is there, and the one that would be used.
pub(crate) fn engine_info(args: &Args, console: &Console) -> Result<String, Error> {
    let mut lines = engine::report(console)?;
    let choice = args.place.engine.unwrap_or(EngineChoice::Auto);
    let engine = engine::choose(choice, console)?;
    lines.push(format!("used: {engine}"));
    Ok(lines.join("\n") + "\n")
}

/// Missions that have nothing to do, with the report of that, and those that have.
pub(crate) struct Sifted {
    /// Nothing to do.
    pub(crate) idle: Vec<(Settings, Report)>,
    /// Something to do, or perhaps.
    pub(crate) busy: Vec<Settings>,
}

/// Tells the missions apart by one question to the engine for all of them.
pub(crate) fn sift(
    args: &Args,
    session: &Session,
    missions: Vec<Settings>,
    console: &Console,
) -> Result<Sifted, Error> {
    let choices = choices(args, session, console)?;
    let settings = &session.document.settings;
    let mut sifted = Sifted { idle: Vec::new(), busy: Vec::new() };
    let mut found = Vec::new();
    for mission in missions {
        // Elsewhere, other machines would have to be asked.
        let idle =
            Idle::find(&mission, &choices, asked(args, &mission)).filter(|_| args.many.hosts.is_empty());
        match idle {
            Some(idle) => found.push((mission, idle)),
            None => sifted.busy.push(mission),
        }
    }
    let engine = remembered::recall(&settings.state_dir(), settings.engine).filter(|_| !found.is_empty());
    let Some(engine) = engine else {
        sifted.busy.extend(found.into_iter().map(|(mission, _)| mission));
        return Ok(sifted);
    };
    let all: Vec<&Idle> = found.iter().map(|(_, idle)| idle).collect();
    let confirmed = idle::confirmed(&all, &engine, console);
    for ((mission, idle), confirmed) in found.into_iter().zip(confirmed) {
        if confirmed {
            if let Some(path) = &args.timings {
                idle.write_timings(&missions::file_of_mission(path, mission.deployment.as_str()))?;
            }
            let report = idle.report(mission.clone(), &engine)?;
            sifted.idle.push((mission, report));
        } else {
            sifted.busy.push(mission);
        }
    }
    Ok(sifted)
}

/// What of the command line is also for the runs that build one of several missions.
pub(crate) fn passed_on(args: &Args, session: &Session) -> Vec<String> {
    let mut words = Vec::new();
    let mut flag = |name: &str, is_set: bool| words.extend(is_set.then(|| name.to_owned()));
    flag("--no-update", args.no_update);
    flag("--force", args.again.force);
    flag("--refresh-base", args.inputs.refresh_base);
    words.extend(
        args.again
            .from
            .and_then(|step| step.to_possible_value())
            .map(|step| format!("--from={}", step.get_name())),
    );
    if session.document.settings.use_frozen != UseFrozen::Frozen {
        let cutoff = args.inputs.index_cutoff.unwrap_or(IndexCutoff::Day).moment(session.started());
        words.push(format!("--index-cutoff={cutoff}"));
    }
    // Each works in the same clone, so without a number it comes to the same.
    words.extend(args.inputs.reproducible.map(|made| match made {
        MadeAt::Seconds(seconds) => format!("--reproducible={seconds}"),
        MadeAt::Commit => "--reproducible".to_owned(),
    }));
    words
}

/// Builds, notes what was built, and passes the document on.
pub(crate) fn build(args: &Args, session: Session, console: &Console) -> Result<Status, Error> {
    let mut choices = choices(args, &session, console)?;
    let settings = &session.document.settings;
    let lower_only = args.part.base_only || args.part.common_only;
    if !lower_only
        && let Some(idle) = Idle::find(settings, &choices, asked(args, settings))
        && let Some(engine) = remembered::recall(&settings.state_dir(), settings.engine)
        && idle::confirmed(&[&idle], &engine, console) == [true]
    {
        return idle.end(session, args, (&engine, console));
    }
    let state = StateDir::open(&settings.root)?;
    // The tools that are called from here take locks of their own, never this one.
    let name = if lower_only { "build-lower".to_owned() } else { format!("build-{}", settings.deployment) };
    let _lock = Lock::take(&state.dir("locks")?.join(&name), PATIENCE, console)?;
    let stage_dir = state.dir("stage")?.join(name);
    stage::sweep(&stage_dir);
    if !lower_only {
        look(settings, choices.update && settings.cal_version != CalVersion::None, console)?;
        if let Some(edited) = preflight::edited_dockerfile(&settings.deployment()).filter(|_| !choices.update)
        {
            console.notice(edited);
        }
    }
    let engine = engine::choose(settings.engine, console)?;
    warn_of_lacks(&engine, &choices, console);
    if args.timings.is_some() && engine.has_raw_progress(console) {
        // The last one of several counts.
        choices.place_words.push("--progress=rawjson".to_owned());
    }
    let mut plan = Plan::new(settings, &trusting(&choices, settings), &engine);
    let dating = choices.epoch.map_or(Dating::Always, |_| engine.dating(console));
    date(&mut plan, dating, &stage_dir);
    let has_bundle = plan.mission.edits.as_ref().is_some_and(|edits| edits.ca);
    let builder = args.inputs.builder().filter(|_| engine.kind == Kind::Docker && !engine.is_legacy());
    let is_apart = match builder {
        Some(name) => engine.has_own_images(&name, console)?,
        None => false,
    };
    remembered::keep(state.path(), settings.engine, &engine);
    let asked = asked(args, settings);
    let mut build = Build::new(session, console, (engine, plan, asked), (state, stage_dir))?;
    build.timings.clone_from(&args.timings);
    build.context.clone_from(&args.many.host);
    build.is_apart = is_apart;
    if !dating.is_possible() {
        build.note(format!(
            "{} dates files by its own clock: built again, the content is the same, and the id is another",
            build.engine
        ));
    } else if choices.epoch.is_some() && !has_bundle {
        build.note(
            "built from a capsule, the id is another: steps get a bundle of certificates there".to_owned(),
        );
    }
    match (args.part.base_only, args.part.common_only) {
        (true, _) => build.run_base(),
        (_, true) => build.run_common(&choices),
        _ => build.run(&choices),
    }
}

/// The steps that are to run in any case. Switches that make the engine forget what it has are a
/// wish for that too.
fn asked(args: &Args, settings: &Settings) -> Steps {
    let forgets = |word: &String| matches!(word.as_str(), "--no-cache" | "--pull" | "--pull=always");
    if settings.build_words().iter().any(forgets) {
        return Steps { from: Some(Step::Base), base: true, follow_ups: true };
    }
    Steps { base: args.inputs.refresh_base, ..args.again.steps() }
}

/// What the flags, the settings and the machine add up to.
fn choices(args: &Args, session: &Session, console: &Console) -> Result<Choices, Error> {
    let settings = &session.document.settings;
    let frozen = settings.use_frozen == UseFrozen::Frozen;
    // As a variable it is for every build, and says nothing of a frozen one.
    if args.inputs.index_cutoff.is_some() && frozen && env::var_os("INDEX_CUTOFF").is_none() {
        return Err(Error::FrozenClock);
    }
    settings.check()?;
    if let Some(path) = &args.timings {
        has_place(path)?;
    }
    let epoch = args.inputs.reproducible.map(|made| made.epoch(&settings.root, console)).transpose()?;
    Ok(Choices {
        update: !args.no_update,
        cutoff: args.inputs.index_cutoff.unwrap_or(IndexCutoff::Day).moment(session.started()),
        refresh_base: args.inputs.refresh_base,
        ca_bundle: ca_bundle::find(&settings.ca_bundle)?,
        docker_stacks_url: docker_stacks_url(settings),
        docker_stacks_clone: env::var_os("HOME")
            .map(|home| PathBuf::from(home).join("docker-stacks"))
            .filter(|dir| dir.is_dir()),
        epoch,
        place_words: args.inputs.place_words(),
        on_github: repack::is_on_github(),
    })
}

/// `choices` by which images are built. One that is to be made again elsewhere always gets a bundle of
/// certificates, the host's if there is no other: the steps of a capsule's build get one, and the arguments that
/// name it are in the image's history. No key is of it, so what is built again without need stays.
fn trusting(choices: &Choices, settings: &Settings) -> Choices {
    let mut choices = choices.clone();
    if choices.epoch.is_some() && settings.ca_bundle != CaBundle::None {
        choices.ca_bundle = choices.ca_bundle.or_else(ca_bundle::of_host);
    }
    choices
}

/// Has the images of `plan` get one time for all files, by the way that their engine has for that. An archive goes
/// through `dir`.
fn date(plan: &mut Plan, dating: Dating, dir: &Path) {
    for request in [&mut plan.common, &mut plan.mission, &mut plan.caches].map(|image| &mut image.request) {
        match dating {
            Dating::Always | Dating::Never => continue,
            Dating::Output => request.words.push("--output=type=docker,rewrite-timestamp=true".to_owned()),
            Dating::Archive => request.archive_in = Some(dir.to_owned()),
        }
        // A statement of how it was built has times of its own, and in containerd's store the id is of both.
        if !request.words.iter().any(|word| word.starts_with("--provenance") || word.starts_with("--attest"))
        {
            request.words.push("--provenance=false".to_owned());
        }
    }
}

/// What can be written only when all is done must have a place from the beginning.
fn has_place(path: &Path) -> Result<(), Error> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if dir.is_dir() && !path.is_dir() {
        return Ok(());
    }
    Err(Error::NoPlace { path: path.to_owned(), dir: dir.to_owned() })
}

fn docker_stacks_url(settings: &Settings) -> String {
    let name = "DOCKER_STACKS_URL";
    let given = env::var(name).ok().filter(|url| !url.is_empty());
    given.or_else(|| settings.exports.get(name).cloned()).unwrap_or_else(|| DOCKER_STACKS_URL.to_owned())
}

fn look(settings: &Settings, specs_move: bool, console: &Console) -> Result<(), Error> {
    for oddity in preflight::check(settings, specs_move)? {
        console.notice(oddity);
    }
    Ok(())
}

fn warn_of_lacks(engine: &Engine, choices: &Choices, console: &Console) {
    if let Some(bundle) = choices.ca_bundle.as_ref().filter(|_| !engine.capabilities.secrets) {
        console.warn(format_args!(
            "{engine} has no build secrets, so build steps do not get {}",
            bundle.display()
        ));
    }
}

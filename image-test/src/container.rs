//! The commands that people run in an image: `exec`, `shell`, `lab`. Nothing is recorded of them, and
//! their standard output is the container's.

pub(crate) mod args;
mod caller;
mod dev_pars;
mod plan;

use std::fs;
use std::path::{Path, PathBuf};

use common::console::Console;
use common::document::Document;
use common::engine::{self, Engine, RunRequest};
use common::evidence::Store;
use common::fault::Status;
use common::report::ImageIdentity;
use common::session::{self, Session};
use common::settings::Settings;
use common::subject;

use crate::error::Error;
use args::{Command, DevParsArgs};
pub(crate) use caller::Caller;
use dev_pars::DevPars;
pub(crate) use plan::Plan;
use plan::Wish;

/// Does what `command` asks for; the status is the container's own.
pub(crate) fn run(command: &Command, console: &Console) -> Result<Status, Error> {
    let session = Session::open("image-test", &command.place().shared(), console)?;
    let settings = &session.document.settings;
    let caller = Caller::ours();
    if let Command::Lab(args) = command
        && !args.ignored.is_empty()
    {
        console.warn(format_args!("ignored: {}", args.ignored.join(" ")));
    }
    match command {
        Command::DevPars(args) => print_dev_pars(args, settings, &caller, console),
        Command::Exec(_) | Command::Shell(_) | Command::Lab(_) => {
            start(&command.wish(), &session.document, &caller, console)
        }
    }
}

fn start(wish: &Wish, document: &Document, caller: &Caller, console: &Console) -> Result<Status, Error> {
    let settings = &document.settings;
    let typed = wish.image.as_deref().or(caller.image.as_deref());
    let context = subject::context(typed, document, &Store::in_state(&settings.state_dir()))?;
    let engine = engine::choose_in(context.as_deref(), settings.engine, console)?;
    engine.sweep_containers(console)?;
    let image = plan::image(wish, settings, caller);
    // An engine that has no such image would look for it in a public registry.
    if engine.inspect(&image, console)?.is_none() {
        return Err(Error::NotThere { image, engine: engine.to_string() });
    }
    let plan = ready(wish, settings, caller, console)?;
    carry_out(&plan, wish.is_interactive, &engine, console)
}

/// A run of `image` without a command yet, with all that people put around one: the caller's switches,
/// `SP_HOME`, `SP_USER`, `SP_HUB_INIT`, and with `dev` the clone's own directories.
pub(crate) fn around(
    image: &ImageIdentity,
    dev: bool,
    (settings, caller): (&Settings, &Caller),
    console: &Console,
) -> Result<Plan, Error> {
    let wish = Wish { image: Some(image.id.to_string()), dev, ..Wish::default() };
    ready(&wish, settings, caller, console)
}

/// The plan for `wish`, with the directories that it mounts.
fn ready(wish: &Wish, settings: &Settings, caller: &Caller, console: &Console) -> Result<Plan, Error> {
    let dev = if wish.is_plain { DevPars::default() } else { dev_pars(wish.dev, settings, caller, console)? };
    let home = caller.home.as_deref().map(|home| made(home, &caller.dir)).transpose()?;
    if let Some(words) = caller.other_words(settings) {
        console.notice(format_args!("IMAGE_RUN_PARS of the shell is taken: {words}"));
    }
    Plan::new(wish, settings, caller, (&dev, home.as_deref()))
}

fn carry_out(plan: &Plan, interactive: bool, engine: &Engine, console: &Console) -> Result<Status, Error> {
    begin(plan, engine, console)?;
    let exit = if interactive {
        engine.run_attached(&plan.request, console)?
    } else {
        engine.run_through(&plan.request, console)?
    };
    Ok(exit.status())
}

/// Says what is special about a run, and runs the hook that comes first.
pub(crate) fn begin(plan: &Plan, engine: &Engine, console: &Console) -> Result<(), Error> {
    for line in &plan.announcements {
        console.status(line);
    }
    plan.hook.as_ref().map_or(Ok(()), |hook| run_hook(hook, engine, console))
}

/// What the hook prints is no part of what the command prints.
fn run_hook(hook: &RunRequest, engine: &Engine, console: &Console) -> Result<(), Error> {
    let exit = engine.run(hook, console, &mut |line| console.child_line(line))?;
    if exit.is_success() { Ok(()) } else { Err(Error::Hook { exit }) }
}

/// The directory `path`, seen from `dir`, made if it is not there, by its real name.
fn made(path: &Path, dir: &Path) -> Result<PathBuf, Error> {
    let path = dir.join(path);
    let made = fs::create_dir_all(&path).and_then(|()| path.canonicalize());
    made.map_err(|source| Error::Directory { path, source })
}

/// What a run of `settings` mounts, with `dev` the clone's own directories too. What must be there is made.
fn dev_pars(dev: bool, settings: &Settings, caller: &Caller, console: &Console) -> Result<DevPars, Error> {
    let pars = dev_pars::plan(dev, settings, caller, &|dir| dir.is_dir())?;
    for dir in &pars.missing {
        console.notice(format_args!("{} is not there, and not mounted", dir.display()));
    }
    for dir in &pars.create {
        made(dir, &caller.dir)?;
    }
    Ok(pars)
}

fn print_dev_pars(
    args: &DevParsArgs,
    settings: &Settings,
    caller: &Caller,
    console: &Console,
) -> Result<Status, Error> {
    let pars = dev_pars(args.dev, settings, caller, console)?;
    let all = pars.exported(caller.words(settings))?;
    session::print(&if args.shell { pars.as_shell(&all) } else { format!("{all}\n") })?;
    Ok(Status::Done)
}

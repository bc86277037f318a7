//! Removes a mission's images by their exact names, so that the next build begins anew.

use common::console::Console;
use common::deployment::Mission;
use common::engine;
use common::fault::Status;
use common::settings::EngineChoice;

use crate::error::Error;

/// Removes what is there of the images that a build of `mission` makes, whose names begin with `prefix`. Only with
/// `system` is what else the engine holds and nobody uses removed too: that may be somebody else's.
///
/// # Errors
/// There is no engine, or it does not remove an image.
pub(crate) fn run(
    (mission, prefix): (&Mission, &str),
    system: bool,
    choice: EngineChoice,
    console: &Console,
) -> Result<Status, Error> {
    let engine = engine::choose(choice, console)?;
    for name in names(mission, prefix) {
        // An exact name: `roman` must not remove what `roman-dev` needs.
        if engine.inspect(&name, console)?.is_some() {
            console.status(format_args!("removing {name}"));
            engine.remove_image(&name, console)?;
        } else {
            console.status(format_args!("there is no {name}"));
        }
    }
    if system {
        engine.prune_system(console)?;
    }
    Ok(Status::Done)
}

fn names(mission: &Mission, prefix: &str) -> Vec<String> {
    let stack = ["minimal-notebook", "base-notebook", "docker-stacks-foundation"];
    let ours = [format!("{prefix}-common:latest"), format!("{prefix}-{mission}:latest")];
    ours.into_iter().chain(stack.map(|name| format!("spacetelescope/{name}:latest"))).collect()
}

//! No network: the whole of a build in a name space that has nothing but its own loopback address. Only where
//! the engine has no daemon, which would be outside of it.

use common::console::Console;
use common::document::Document;
use common::engine::{Engine, Kind};
use common::fault::Status;
use common::process::{self, Input, Invocation};

use super::CapsuleError;
use crate::args::Args;
use crate::error::Error;

/// Whether a build by `engine` can have its network taken away here: asked by trying.
pub(super) fn is_for(engine: &Engine, console: &Console) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    let works = || process::capture(&inside(&loopback()), console).is_ok_and(|tried| tried.exit.is_success());
    engine.kind == Kind::Buildah && is_root && works()
}

/// Brings up the address that a fresh name space has and that is not up.
fn loopback() -> Invocation {
    Invocation::new("ip").args(["link", "set", "lo", "up"])
}

/// `call` without a network.
fn inside(call: &Invocation) -> Invocation {
    let wrapped = Invocation::new("unshare").args(["--net", "--"]).arg(call.program());
    wrapped.args(call.arguments().iter().cloned())
}

/// Does the same once more, inside: the build of the capsule at `path` for `document`.
pub(super) fn enter(
    path: &std::path::Path,
    document: &Document,
    args: &Args,
    console: &Console,
) -> Result<Status, Error> {
    let program = std::env::current_exe().map_err(|source| CapsuleError::File {
        verb: "find",
        path: "image-build".into(),
        source,
    })?;
    let call =
        Invocation::new(program).arg("--isolated").arg("--from-capsule").arg(path).args(["--settings", "-"]);
    let voice = args.place.voice;
    let flags = [(args.json, "--json"), (voice.quiet, "--quiet"), (voice.verbose, "--verbose")];
    let call = call.args(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| *flag));
    let call = inside(&call).input(Input::Bytes(document.to_json().into_bytes()));
    Ok(process::pass(&call, console).map_err(CapsuleError::from)?.status())
}

/// Makes the proxy reachable, once inside.
pub(super) fn settle(console: &Console) -> Result<(), Error> {
    process::text(&loopback(), console).map_err(CapsuleError::from)?;
    Ok(())
}

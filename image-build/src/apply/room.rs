//! A build in a room of its own: a fresh copy of a context, whose steps see the network through a proxy.

use std::path::{Path, PathBuf};

use common::clock;
use common::console::Console;
use common::engine::{Engine, Kind, Secret};
use common::report::{BuildStep, BuiltImage, ImageIdentity};
use common::session::Session;
use common::settings::Settings;
use common::state_dir::StateDir;

use super::chain::Build;
use crate::dockerfile::{CA_TARGET, CA_VARIABLES};
use crate::error::Error;
use crate::key::{Step, Steps};
use crate::plan::{BasePlan, Choices, ImagePlan, Plan, Wanted};
use crate::progress::Logs;

/// How steps get at what they fetch.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// The proxy: `http://127.0.0.1:PORT`.
    pub(crate) proxy: String,
    /// The certificate that it is trusted by, as a file.
    pub(crate) certificate: PathBuf,
    /// A fresh directory for what the engine keeps besides layers.
    pub(crate) scratch: PathBuf,
    /// What tells this build's caches from those of others.
    pub(crate) cache_id: String,
    /// The moment that stands for all clocks of the build, in seconds since 1970, where one does.
    pub(crate) epoch: Option<i64>,
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Rebuilt {
    /// The image.
    pub(crate) image: ImageIdentity,
    /// Those of its chain, base first.
    pub(crate) images: Vec<BuiltImage>,
    /// The steps.
    pub(crate) steps: Vec<BuildStep>,
}

/// Builds what `settings` say, whose root is the room, by `engine`, without any layer that is there, and keeps
/// the logs in `outer`.
pub(crate) fn in_room(
    settings: &Settings,
    way: &Way,
    (engine, outer): (&Engine, &StateDir),
    console: &Console,
) -> Result<Rebuilt, Error> {
    let state = StateDir::open(&settings.root)?;
    let stage_dir = state.dir("stage")?;
    let session = Session::around("image-build", common::document::Document::new(settings.clone()), false);
    let choices = choices(way, session.started());
    let plan = Plan::new(settings, &choices, engine);
    let mut plan = through(plan, &settings.base_reference(), way, engine.kind);
    if way.epoch.is_some() {
        super::date(&mut plan, engine.dating(console), &stage_dir);
    }
    let asked = Steps { from: Some(Step::Base), base: false, follow_ups: false };
    let mut build = Build::new(session, console, (engine.clone(), plan, asked), (state, stage_dir))?;
    let name = format!("{}-{}-capsule", clock::compact(clock::wall()), settings.deployment);
    build.logs = Logs::new(&outer.dir("logs")?, &name)?;
    let chained = build.images(&choices)?;
    let root = outer.path().parent().unwrap_or_else(|| Path::new("/"));
    let mut steps = std::mem::take(&mut build.steps);
    for log in steps.iter_mut().filter_map(|step| step.log.as_mut()) {
        *log = Path::new(log).strip_prefix(root).unwrap_or(Path::new(log)).display().to_string();
    }
    Ok(Rebuilt { image: chained.image, images: chained.images, steps })
}

/// Those by which keys are made: what only this build does is no input of the image.
fn choices(way: &Way, started: jiff::Timestamp) -> Choices {
    Choices {
        update: false,
        cutoff: clock::midnight(started),
        refresh_base: false,
        ca_bundle: Some(way.certificate.clone()),
        docker_stacks_url: String::new(),
        docker_stacks_clone: None,
        epoch: way.epoch,
        place_words: Vec::new(),
        on_github: false,
    }
}

/// `plan` with every step behind the proxy, and nothing taken from an earlier build.
fn through(mut plan: Plan, base: &str, way: &Way, kind: Kind) -> Plan {
    plan.base = BasePlan::Pull { reference: base.to_owned(), wanted: Wanted::Given };
    for image in [&mut plan.common, &mut plan.mission, &mut plan.caches] {
        behind(image, way, kind);
    }
    plan.follow_ups.clear();
    plan.removes_dirty = true;
    plan
}

fn behind(image: &mut ImagePlan, way: &Way, kind: Kind) {
    let request = &mut image.request;
    request.words.push("--no-cache".to_owned());
    // The proxy is on this machine's own address.
    request.network = Some("host".to_owned());
    let proxy = |name: &str| (name.to_owned(), way.proxy.clone());
    let none = |name: &str| (name.to_owned(), String::new());
    let variables = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(proxy);
    let variables = variables.into_iter().chain(["NO_PROXY", "no_proxy"].map(none));
    match kind {
        // Its builder knows these arguments without a declaration, and leaves them out of the image's history.
        Kind::Docker => request.arguments.extend(variables),
        // These name every argument in the history of each ARG, and pass on what they find in their environment.
        Kind::Podman | Kind::Buildah => request.environment.extend(variables),
    }
    // Empty caches: docker tells them apart by a name. The others would put that name into the history of the
    // image, and keep their caches in this directory anyhow.
    match (&mut image.edits, kind) {
        (Some(edits), Kind::Docker) => edits.cache_id = Some(way.cache_id.clone()),
        _ => request.environment.push(("TMPDIR".to_owned(), way.scratch.display().to_string())),
    }
    debug_assert!(
        image.edits.is_none() || request.secrets.iter().any(|Secret { id, .. }| id == "ca"),
        "{CA_TARGET} is named by {CA_VARIABLES:?}"
    );
}

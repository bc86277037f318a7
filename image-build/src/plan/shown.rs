//! A plan for people and scripts.

use std::fmt;

use serde::Serialize;

use common::engine::{Capabilities, Engine, Kind};
use common::process::Invocation;
use common::settings::{EngineChoice, Settings};

use super::{BasePlan, ImagePlan, Plan, Wanted};

/// What would be run, in order.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ShownPlan {
    /// The image that comes out.
    image: String,
    /// The engine that was assumed: none was asked.
    engine: String,
    steps: Vec<ShownStep>,
}

/// One step.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct ShownStep {
    step: String,
    /// The call, or what is done where the calls depend on what is found.
    runs: String,
    /// Where, relative to the repository; a staged copy of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

/// The engine that `choice` would most likely come to, with what such engines usually can do.
pub(crate) fn assumed_engine(choice: EngineChoice) -> Engine {
    let (kind, modern) = match choice {
        EngineChoice::Auto | EngineChoice::Docker => (Kind::Docker, true),
        EngineChoice::DockerLegacy => (Kind::Docker, false),
        EngineChoice::Podman => (Kind::Podman, true),
        EngineChoice::Buildah => (Kind::Buildah, true),
    };
    let capabilities = Capabilities { cache_mounts: modern, secrets: modern, empty_copy: false };
    Engine { kind, program: kind.name().into(), version: String::new(), capabilities, context: None }
}

impl ShownPlan {
    /// `plan` as `engine` would carry it out.
    pub(crate) fn new(plan: &Plan, settings: &Settings, engine: &Engine) -> Self {
        let program = engine.program.display();
        let mut steps = Vec::new();
        let mut add = |step: &str, runs: String, context: Option<String>| {
            steps.push(ShownStep { step: step.to_owned(), runs, context });
        };
        if plan.update {
            add("update", "image-update".to_owned(), None);
        }
        add("base", base(&plan.base, engine), None);
        let below = match &plan.base {
            BasePlan::Bootstrap { .. } => None,
            BasePlan::Pull { .. } | BasePlan::Source(_) => Some(settings.base_reference()),
        };
        let dirty = plan.removes_dirty.then(|| plan.mission.request.tag.clone());
        let repacked = |image: &ImagePlan| plan.repacks.then(|| image.request.tag.clone());
        for (step, image, unneeded, repack) in [
            ("common", &plan.common, below.filter(|_| plan.repacks), repacked(&plan.common)),
            ("mission", &plan.mission, repacked(&plan.common), None),
            ("caches", &plan.caches, dirty, repacked(&plan.caches)),
        ] {
            let context =
                image.request.context.strip_prefix(&settings.root).unwrap_or(&image.request.context);
            add(step, engine.build_call(&image.request).to_string(), Some(context.display().to_string()));
            if let Some(name) = unneeded {
                add("tidy", format!("{program} rmi {name}"), None);
            }
            if let Some(name) = repack {
                add("repack", format!("image-repack {name} {name}-slim --delete-source"), None);
            }
        }
        for follow_up in &plan.follow_ups {
            let call = Invocation::new("image-freeze").args(follow_up.arguments().iter().copied());
            add(follow_up.name(), call.to_string(), None);
        }
        let asked =
            if settings.engine == EngineChoice::Auto { " (assumed: not asked)" } else { " (not asked)" };
        Self { image: plan.caches.request.tag.clone(), engine: format!("{program}{asked}"), steps }
    }
}

fn base(plan: &BasePlan, engine: &Engine) -> String {
    let program = engine.program.display();
    match plan {
        BasePlan::Pull { reference, wanted: Wanted::Newer | Wanted::Newest } => {
            format!("{program} pull {reference}")
        }
        BasePlan::Pull { reference, wanted: Wanted::Here | Wanted::Given } => {
            format!("{program} pull {reference} (if it is not there)")
        }
        BasePlan::Bootstrap { tag, refresh: true } => format!("mmdebstrap, imported as {tag}"),
        BasePlan::Bootstrap { tag, refresh: false } => {
            format!("mmdebstrap, imported as {tag} (if its recipe changed)")
        }
        BasePlan::Source(source) => {
            let commit = match &source.commit {
                super::Commit::Main => "main".to_owned(),
                super::Commit::Recorded(file) => format!("the commit in {}", file.display()),
            };
            let tags: Vec<&str> = source.images.iter().map(|image| image.tag.as_str()).collect();
            format!("{program} build of {} from {} at {commit}", tags.join(", "), source.url)
        }
    }
}

impl fmt::Display for ShownPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} by {}", self.image, self.engine)?;
        self.steps.iter().try_for_each(|step| {
            let context = step.context.as_ref().map(|c| format!("  # in a copy of {c}")).unwrap_or_default();
            writeln!(f, "{:<8} {}{context}", step.step, step.runs)
        })
    }
}

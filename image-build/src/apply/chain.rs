//! The steps of a build in their order: update, base, common, mission, caches.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::clock;
use common::console::Console;
use common::context::context_digest;
use common::digest::Digest;
use common::engine::{BuildRequest, Engine, EngineError};
use common::fault::Status;
use common::process::Exit;
use common::report::{BuildStep, BuiltImage, ImageIdentity, StepStatus, Verdict};
use common::session::Session;
use common::settings::Settings;
use common::sibling;
use common::state_dir::StateDir;

use crate::error::Error;
use crate::plan::{Choices, ImagePlan, Plan};
use crate::preflight;
use crate::progress::{self, Elapsed, Logs};
use crate::stage::Stage;

/// A build under way.
pub(super) struct Build<'a> {
    pub(super) session: Session,
    pub(super) console: &'a Console,
    pub(super) engine: Engine,
    pub(super) plan: Plan,
    pub(super) state: StateDir,
    pub(super) stage_dir: PathBuf,
    pub(super) logs: Logs,
    pub(super) steps: Vec<BuildStep>,
    /// The commit of the source that the base was built from, and where it belongs.
    pub(super) source_commit: Option<(PathBuf, String)>,
}

/// An image that came out, and the content it was made from.
pub(super) struct Made {
    pub(super) image: ImageIdentity,
    pub(super) context: Digest,
}

impl<'a> Build<'a> {
    pub(super) fn new(
        session: Session,
        console: &'a Console,
        (engine, plan): (Engine, Plan),
        (state, stage_dir): (StateDir, PathBuf),
    ) -> Result<Self, Error> {
        let settings = &session.document.settings;
        let name = format!("{}-{}", clock::compact(clock::wall()), settings.deployment);
        let logs = Logs::new(&state.dir("logs")?, &name)?;
        let (steps, source_commit) = (Vec::new(), None);
        Ok(Self { session, console, engine, plan, state, stage_dir, logs, steps, source_commit })
    }

    /// The whole build.
    pub(super) fn run(mut self, choices: &Choices) -> Result<Status, Error> {
        self.update()?;
        let base = self.base()?;
        if self.plan.common.edits.as_ref().is_some_and(|edits| edits.cutoff) {
            self.note(format!(
                "solved against the index of {0}; to repeat: --index-cutoff={0}",
                choices.cutoff
            ));
        }
        let (common, stage) = self.common()?;
        let mission = self.mission()?;
        let image = self.caches(&stage)?;
        drop(stage);
        let made = Made { image, context: mission };
        self.keep(&base, &common, &made)?;
        self.follow_up()?;
        self.end(base, common, made)
    }

    /// The base alone. Which commit it was built from is kept at once: nothing comes after it.
    pub(super) fn run_base(mut self) -> Result<Status, Error> {
        let base = self.base()?;
        self.keep_source()?;
        self.end_with(base.clone(), vec![BuiltImage { image: base, context: None }])
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.session.document.settings
    }

    /// Says it, and puts it into the report.
    pub(super) fn note(&mut self, notice: String) {
        self.console.notice(&notice);
        self.session.note(notice);
    }

    /// image-update replaces floating specs, so only now can they be judged.
    fn update(&mut self) -> Result<(), Error> {
        if self.plan.update {
            self.sibling("update", "image-update", &[])?;
        }
        preflight::check(self.settings(), false)?;
        Ok(())
    }

    fn common(&mut self) -> Result<(Made, Stage), Error> {
        let plan = self.plan.common.clone();
        let stage = Stage::copy(&plan.request.context, &self.stage_dir)?;
        // Of the copy, which is what is built: the tree may be edited meanwhile.
        let context = digest(&stage.path())?;
        self.image("common", &plan, &stage)?;
        stage.drop_edited()?;
        let image = self.as_set(&plan.request.tag)?;
        Ok((Made { image, context }, stage))
    }

    fn mission(&mut self) -> Result<Digest, Error> {
        let plan = self.plan.mission.clone();
        let stage = Stage::copy(&plan.request.context, &self.stage_dir)?;
        let context = digest(&stage.path())?;
        stage.add_directories(&self.expected_directories()?)?;
        self.image("mission", &plan, &stage)?;
        Ok(context)
    }

    /// Mission Dockerfiles copy these, also before the first freeze has made them.
    fn expected_directories(&self) -> Result<Vec<PathBuf>, Error> {
        let environments = preflight::environments(&self.settings().deployment())?;
        let (frozen, chilly) = (Path::new("env-frozen"), Path::new("env-chilly"));
        let each = environments.iter().flat_map(|e| [frozen.join(e), chilly.join(e)]);
        Ok(each.chain([frozen.join("base")]).collect())
    }

    fn caches(&mut self, stage: &Stage) -> Result<ImageIdentity, Error> {
        let plan = self.plan.caches.clone();
        let dirty = self.plan.mission.request.tag.clone();
        self.image("caches", &plan, stage).inspect_err(|_| {
            // The name would only be in the way. Why it failed is what matters.
            _ = self.engine.remove_image(&dirty, self.console);
        })?;
        if self.plan.removes_dirty {
            // That it is gone already, by somebody else's doing, is what is wanted.
            match self.engine.remove_image(&dirty, self.console) {
                Ok(()) | Err(EngineError::NoImage { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.as_set(&plan.request.tag)
    }

    fn image(&mut self, step: &str, plan: &ImagePlan, stage: &Stage) -> Result<(), Error> {
        self.console.status(&plan.title);
        if let Some(edits) = &plan.edits {
            stage.add_edited(edits)?;
        }
        let request = BuildRequest { context: stage.path(), ..plan.request.clone() };
        self.engine_step(step, |engine, console, sink| engine.build(&request, console, sink))
    }

    /// The identity of `image`, which must say that it was built as the settings ask: buildah has
    /// been seen to take a cached layer in spite of another build argument.
    fn as_set(&self, image: &str) -> Result<ImageIdentity, Error> {
        let no_image = || EngineError::NoImage { image: image.to_owned(), engine: self.engine.to_string() };
        let facts = self.engine.inspect(image, self.console)?.ok_or_else(no_image)?;
        let (wanted, found) = (self.plan.use_frozen.number(), facts.variable("USE_FROZEN"));
        if found != Some(wanted) {
            let (image, found) = (image.to_owned(), found.map(str::to_owned));
            return Err(Error::NotAsSet { image, wanted, found });
        }
        Ok(ImageIdentity { name: image.to_owned(), id: facts.id })
    }

    /// A step that the engine does; its status is the step's.
    pub(super) fn engine_step(
        &mut self,
        step: &str,
        work: impl FnOnce(&Engine, &Console, &mut dyn FnMut(&[u8])) -> Result<Exit, EngineError>,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let (engine, console) = (&self.engine, self.console);
        let heard = progress::watch(&mut self.logs, step, console, |sink| work(engine, console, sink));
        let (exit, output) = heard?;
        let exit = exit?;
        if !exit.is_success() {
            return Err(Error::Step { step: step.to_owned(), exit, output });
        }
        self.done(step, start.elapsed(), Some(&output.log));
        Ok(())
    }

    /// A step that another of our tools does; its report becomes part of the document. The answer.
    pub(super) fn sibling(
        &mut self,
        step: &'static str,
        tool: &str,
        arguments: &[&str],
    ) -> Result<Verdict, Error> {
        let start = Instant::now();
        let document = sibling::run(tool, arguments, &self.session.document, self.console)
            .map_err(|source| Error::Sibling { step, source })?;
        let verdict = document.reports.last().map_or(Verdict::Yes, |report| report.verdict);
        self.session.document = document;
        if verdict == Verdict::No && step != "check" {
            return Err(Error::SiblingNo { step });
        }
        self.done(step, start.elapsed(), None);
        Ok(verdict)
    }

    pub(super) fn done(&mut self, step: &str, took: Duration, log: Option<&Path>) {
        self.console.status(format_args!("{step}: done in {}", Elapsed(took)));
        self.push(step, StepStatus::Done, took, log);
    }

    pub(super) fn push(&mut self, step: &str, status: StepStatus, took: Duration, log: Option<&Path>) {
        let root = &self.session.document.settings.root;
        let log = log.map(|path| path.strip_prefix(root).unwrap_or(path).display().to_string());
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        self.steps.push(BuildStep { name: step.to_owned(), status, seconds, log });
    }
}

fn digest(context: &Path) -> Result<Digest, Error> {
    let failed = |source| Error::Context { context: context.display().to_string(), source };
    context_digest(context).map_err(failed)
}

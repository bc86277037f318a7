//! The base image, wherever it comes from.

use std::time::{Duration, Instant};

use common::engine::EngineError;
use common::report::{ImageIdentity, StepStatus};

use super::chain::Build;
use crate::base::bootstrap::{self, Made};
use crate::base::source::{self, Clone};
use crate::dockerfile::Edits;
use crate::error::Error;
use crate::plan::{BasePlan, SourcePlan};
use crate::progress;
use common::settings::UseFrozen;

use crate::stage::{self, Stage};

impl Build<'_> {
    /// Sees that there is a base image, and says which.
    pub(super) fn base(&mut self) -> Result<ImageIdentity, Error> {
        match self.plan.base.clone() {
            BasePlan::Pull { reference, fresh } => self.pull(&reference, fresh)?,
            BasePlan::Source(plan) => self.source(&plan)?,
            BasePlan::Bootstrap { tag, refresh } => self.bootstrap(&tag, refresh)?,
        }
        let name = self.settings().base_reference();
        let no_image = || EngineError::NoImage { image: name.clone(), engine: self.engine.to_string() };
        let facts = self.engine.inspect(&name, self.console)?.ok_or_else(no_image)?;
        Ok(ImageIdentity { name, id: facts.id })
    }

    /// A pull that fails is no reason to stop while the image is there, but the base may be old then.
    fn pull(&mut self, reference: &str, fresh: bool) -> Result<(), Error> {
        if !fresh && self.engine.inspect(reference, self.console)?.is_some() {
            self.console.status(format_args!("base: {reference} is here"));
            self.tell_of_moving(reference);
            self.push("base", StepStatus::Skipped, Duration::ZERO, None);
            return Ok(());
        }
        let start = Instant::now();
        let pulled = self.engine_step("base", |engine, console, sink| engine.pull(reference, console, sink));
        let Err(Error::Step { exit, output, .. }) = pulled else {
            self.tell_of_moving(reference);
            return pulled;
        };
        if self.engine.inspect(reference, self.console)?.is_none() {
            return Err(Error::Step { step: "base".to_owned(), exit, output });
        }
        let notice = format!("{reference} cannot be pulled ({exit}); the one that is here is built upon");
        self.console.warn(&notice);
        self.session.note(notice);
        self.push("base", StepStatus::Skipped, start.elapsed(), Some(&output.log));
        Ok(())
    }

    /// D15: a frozen build upon a name that moves is frozen above its base only.
    fn tell_of_moving(&mut self, reference: &str) {
        if self.settings().use_frozen == UseFrozen::Frozen && !reference.contains("@sha256:") {
            let notice = format!(
                "the base {reference} is a name that may move; for a base that stays: --base-image NAME@sha256:DIGEST"
            );
            self.console.notice(&notice);
            self.session.note(notice);
        }
    }

    fn bootstrap(&mut self, tag: &str, refresh: bool) -> Result<(), Error> {
        let start = Instant::now();
        let dir = self.state.dir("bootstrap")?;
        match bootstrap::ensure(&self.engine, tag, (&dir, refresh), self.console)? {
            Made::Now => self.done("base", start.elapsed(), None),
            Made::Reused => {
                self.console.status(format_args!("base: {tag} is here, made by the same recipe"));
                self.push("base", StepStatus::Skipped, start.elapsed(), None);
            }
        }
        Ok(())
    }

    fn source(&mut self, plan: &SourcePlan) -> Result<(), Error> {
        self.console.status("Building Base Image");
        let start = Instant::now();
        let clone = Clone::at(self.state.path().join("docker-stacks"), plan, self.console);
        let (commit, output) =
            progress::watch(&mut self.logs, "source", self.console, |sink| clone.commit(sink))?;
        let commit = commit?;
        self.done("source", start.elapsed(), Some(&output.log));
        self.note(format!("the base is docker-stacks at {commit}"));
        let stage = Stage::empty(&self.stage_dir)?;
        clone.export(&commit, &stage.path())?;
        for request in source::requests(plan, &stage.path())? {
            if plan.edits != Edits::default() {
                stage::add_edited(&request.context, &plan.edits)?;
            }
            let name = request.context.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.engine_step(&name, |engine, console, sink| engine.build(&request, console, sink))?;
        }
        self.source_commit = plan.record.clone().map(|path| (path, commit));
        Ok(())
    }
}

//! The base image, wherever it comes from.

use std::time::Instant;

use common::base_lock::BaseLock;
use common::engine::EngineError;
use common::report::{ImageIdentity, StepStatus};

use super::chain::Build;
use crate::base::bootstrap::{self, Made};
use crate::base::source::{self, Clone};
use crate::dockerfile::Edits;
use crate::error::Error;
use crate::key::Outlook;
use crate::plan::{BasePlan, SourcePlan, Wanted};
use crate::progress;
use common::settings::UseFrozen;

use crate::stage::{self, Stage};

impl Build<'_> {
    /// Sees that there is a base image, and says which. If the one of `outlook` stands, it is that.
    pub(super) fn base(&mut self, outlook: Option<&Outlook>) -> Result<ImageIdentity, Error> {
        if let Some(outlook) = outlook
            && let Some(standing) = self.standing(outlook)?
        {
            self.console.status(format_args!("base: {} is up to date", outlook.image));
            self.base_stands(outlook);
            return Ok(standing.image);
        }
        let is_wanted = match self.plan.base.clone() {
            BasePlan::Pull { reference, wanted } => self.pull_or_pinned(&reference, wanted)?,
            BasePlan::Source(plan) => self.source(&plan)?,
            BasePlan::Bootstrap { tag, refresh } => self.bootstrap(&tag, refresh)?,
        };
        let name = self.settings().base_reference();
        let no_image = || EngineError::NoImage { image: name.clone(), engine: self.engine.to_string() };
        let facts = self.engine.inspect(&name, self.console)?.ok_or_else(no_image)?;
        if let Some(outlook) = outlook {
            let older = (!is_wanted).then(|| outlook.of_older());
            self.remember(older.as_ref().unwrap_or(outlook), Some((&facts.id, false)), Vec::new())?;
        }
        Ok(ImageIdentity { name, id: facts.id })
    }

    /// The image `reference`, or the very one that a frozen build was frozen upon, under the same name.
    fn pull_or_pinned(&mut self, reference: &str, wanted: Wanted) -> Result<bool, Error> {
        let Some(pinned) = self.locked(reference, wanted)? else { return self.pull(reference, wanted) };
        let is_wanted = self.pull(&pinned, Wanted::Here)?;
        self.engine.tag(&pinned, reference, self.console)?;
        Ok(is_wanted)
    }

    /// The very image that a frozen build was frozen upon, unless a newer one is asked for.
    fn locked(&self, reference: &str, wanted: Wanted) -> Result<Option<String>, Error> {
        if self.settings().use_frozen != UseFrozen::Frozen || wanted != Wanted::Here {
            return Ok(None);
        }
        let lock = BaseLock::read(&BaseLock::path(&self.settings().deployment()))?;
        Ok(lock.and_then(|lock| lock.pinned(reference)))
    }

    /// The base of `outlook` is what it should be; what it was built from is still worth keeping.
    pub(super) fn base_stands(&mut self, outlook: &Outlook) {
        self.skip("base");
        self.source_commit = outlook.record.as_ref().and_then(|record| record.commit.clone());
    }

    /// A pull that fails is no reason to stop while the image is there, but the base may be old then:
    /// who does not want that refreshes the base. Whether the base is what was wanted, and not only what was there.
    fn pull(&mut self, reference: &str, wanted: Wanted) -> Result<bool, Error> {
        if [Wanted::Here, Wanted::Given].contains(&wanted)
            && self.engine.inspect(reference, self.console)?.is_some()
        {
            self.console.status(format_args!("base: {reference} is here"));
            if wanted == Wanted::Here {
                self.tell_of_moving(reference);
            }
            self.skip("base");
            return Ok(true);
        }
        let start = Instant::now();
        let pulled = self.engine_step("base", |engine, console, sink| engine.pull(reference, console, sink));
        let Err(Error::Step { exit, output, .. }) = pulled else {
            self.brought_base = pulled.is_ok();
            self.tell_of_moving(reference);
            return pulled.map(|()| true);
        };
        if wanted == Wanted::Newest || self.engine.inspect(reference, self.console)?.is_none() {
            return Err(Error::Step { step: "base".to_owned(), exit, output });
        }
        let notice = format!("{reference} cannot be pulled ({exit}); the one that is here is built upon");
        self.console.warn(&notice);
        self.session.note(notice);
        self.push("base", StepStatus::Skipped, start.elapsed(), Some(&output.log));
        Ok(false)
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

    fn bootstrap(&mut self, tag: &str, refresh: bool) -> Result<bool, Error> {
        let start = Instant::now();
        let dir = self.state.dir("bootstrap")?;
        match bootstrap::ensure(&self.engine, tag, (&dir, refresh), self.console)? {
            Made::Now => self.done("base", start.elapsed(), None),
            Made::Reused => {
                self.console.status(format_args!("base: {tag} is here, made by the same recipe"));
                self.push("base", StepStatus::Skipped, start.elapsed(), None);
            }
        }
        Ok(true)
    }

    fn source(&mut self, plan: &SourcePlan) -> Result<bool, Error> {
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
        let mut below: Option<String> = None;
        for request in source::requests(plan, &stage.path())? {
            if plan.edits != Edits::default() {
                stage::add_edited(&request.context, &plan.edits)?;
            }
            let name = request.context.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.engine_step(&name, |engine, console, sink| engine.build(&request, console, sink))?;
            if let Some(below) = below.replace(request.tag).filter(|_| plan.removes_lower) {
                self.remove(&below)?;
            }
        }
        if plan.prunes
            && let Err(error) = self.engine.prune_system(self.console)
        {
            self.console.warn(error);
        }
        self.brought_base = true;
        self.source_commit = Some(commit);
        Ok(true)
    }
}

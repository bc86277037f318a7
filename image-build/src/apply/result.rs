//! What is kept of a build, and what is done with the image.

use std::fmt;
use std::time::Duration;

use common::evidence::{Built, Materials, Origin, Store};
use common::fault::Status;
use common::report::{BuildOutcome, BuildStep, BuiltImage, ImageIdentity, Outcome, StepStatus, Verdict};
use common::session::Finding;
use common::settings::{Settings, UseFrozen};
use common::state_file;
use jiff::Timestamp;

use super::chain::Build;
use super::images::Chained;
use crate::error::Error;
use crate::key::{Cached, Followed, Outputs, Record};
use crate::plan::{BasePlan, FollowUp};
use crate::progress::Elapsed;

impl Build<'_> {
    /// Notes how the image was built, that it is the mission's last one, and what its base was built
    /// from: all only now that there is an image to say it of.
    pub(super) fn keep(&self, built: &Chained) -> Result<(), Error> {
        let settings = self.settings();
        let store = Store::in_state(self.state.path());
        let known = store.read::<Built>(&built.image.id)?;
        let is_of = |known: &Built| {
            [&known.common_context, &known.mission_context] == [&built.contexts[0], &built.contexts[1]]
        };
        // What no image takes may have changed: a release asks for the contexts as they are now.
        let is_old =
            known.as_ref().is_none_or(|known| settings.use_frozen == UseFrozen::Frozen && !is_of(known));
        if built.is_new || is_old {
            // What is known to have been built here was, whatever its label says.
            let known = known.map(|known| known.origin).filter(|_| !built.is_new);
            let origin = known.unwrap_or(if built.adopted { Origin::Adopted } else { Origin::Built });
            let made = (origin, self.session.started(), self.engine.to_string());
            evidence(&store, settings, built, (made, self.plan.mission.cutoff()))?;
        }
        if built.adopted && settings.use_frozen == UseFrozen::Frozen {
            self.console.notice(format_args!(
                "{} was not built here, nor all that it is built upon: its label was believed. No release is made of such an image; \
                 image-build --force builds it",
                built.image.name
            ));
        }
        store.set_last_built_in(self.context.as_deref(), &settings.deployment, &built.image)?;
        self.keep_source()
    }

    /// Notes which commit of the source the base was built from, where that is to be recorded.
    pub(super) fn keep_source(&self) -> Result<(), Error> {
        let record =
            if let BasePlan::Source(source) = &self.plan.base { source.record.as_ref() } else { None };
        if let (Some(path), Some(commit)) = (record, &self.source_commit) {
            state_file::make_dir(&self.settings().deployment().frozen_dir())?;
            state_file::replace(path, format!("{commit}\n").as_bytes(), 0o644)?;
        }
        Ok(())
    }

    /// Freezes, chills, compares. That a frozen build drifted is told, and is no failure to build.
    /// What was done with this very image is not done again, unless what it wrote is gone.
    pub(super) fn follow_up(&mut self, built: &Chained) -> Result<(), Error> {
        let wanted: Vec<&str> = self.plan.follow_ups.iter().map(|follow_up| follow_up.name()).collect();
        let mission = self.settings().deployment().dir();
        let failed = |source| Error::Context { context: mission.display().to_string(), source };
        let record = built.outlook.record.as_ref().filter(|_| !built.is_new && !self.asked.follow_ups);
        let outputs = Outputs::read(&mission).map_err(failed)?;
        if record.is_some_and(|record| record.has_followed(&wanted, &outputs)) {
            for step in wanted {
                self.skip(step);
            }
            return Ok(());
        }
        let mut drifted = false;
        let before = self.timeline.steps.len();
        for follow_up in self.plan.follow_ups.clone() {
            match follow_up {
                FollowUp::Freeze => self.console.status("Freezing Requirements"),
                FollowUp::Chill => self.console.status("Chilling Requirements"),
                FollowUp::Check => self.console.status("Comparing with the frozen requirements"),
            }
            let verdict = self.sibling(follow_up.name(), "image-freeze", follow_up.arguments())?;
            if verdict == Verdict::No {
                drifted = true;
                self.note(
                    "what was built is not what was frozen: see the report of image-freeze check".to_owned(),
                );
            }
        }
        // A drift is worth telling each time.
        let steps = wanted.into_iter().filter(|_| !drifted).map(str::to_owned).collect();
        let outputs = Outputs::read(&mission).map_err(failed)?;
        self.note_followed(&built.outlook.image, Followed { steps, outputs }, before)
    }

    /// Notes what followed, and how long each step did from the one at `first` on.
    fn note_followed(&self, image: &str, followed: Followed, first: usize) -> Result<(), Error> {
        let Some(mut record) = self.records.read(image) else { return Ok(()) };
        for timed in &self.timeline.steps[first..] {
            let times = record.follow_ups.entry(timed.step.clone()).or_default();
            *times = times.and(timed.seconds, Cached::Partly);
        }
        self.records.write(&Record { followed: Some(followed), ..record })?;
        Ok(())
    }

    /// Appends the report and passes the document on.
    pub(super) fn end(self, built: Chained) -> Result<Status, Error> {
        self.end_with(built.image, built.images)
    }

    /// The same for `images`, the last of which is `image`.
    pub(super) fn end_with(self, image: ImageIdentity, images: Vec<BuiltImage>) -> Result<Status, Error> {
        let table = Table { image: image.clone(), steps: self.steps.clone() };
        self.timeline.to_string().lines().for_each(|line| self.console.status(line));
        if let Some(path) = &self.timings {
            self.timeline.write(path, &image.name)?;
        }
        let (engine, steps) = (self.engine.to_string(), self.steps);
        let outcome = BuildOutcome { engine, steps, images, context: self.context, capsule: None };
        let finding = Finding { verdict: Verdict::Yes, image: Some(image), outcome: Outcome::Build(outcome) };
        Ok(self.session.finish(finding, &table)?)
    }
}

/// Notes how the image of `built` was made.
pub(super) fn evidence(
    store: &Store,
    settings: &Settings,
    built: &Chained,
    ((origin, at, engine), index_cutoff): ((Origin, Timestamp, String), Option<Timestamp>),
) -> Result<(), Error> {
    let [common, mission] = built.contexts.clone();
    let materials = Materials::of(settings).map_err(|source| {
        let context = settings.deployment().dir().display().to_string();
        Error::Context { context, source }
    })?;
    let fact = Built {
        image: built.image.clone(),
        origin,
        at,
        use_frozen: settings.use_frozen,
        cal_version: settings.cal_version.clone(),
        common_context: common,
        mission_context: mission,
        base: built.base.clone(),
        engine,
        materials,
        index_cutoff,
    };
    Ok(store.write(&built.image.id, &fact)?)
}

/// The steps for people.
pub(super) struct Table {
    pub(super) image: ImageIdentity,
    pub(super) steps: Vec<BuildStep>,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
        for step in &self.steps {
            let status = match step.status {
                StepStatus::Done => "done",
                StepStatus::Failed => "failed",
                StepStatus::Skipped => "skipped",
            };
            let took = Elapsed(Duration::from_secs_f64(step.seconds)).to_string();
            let log = step.log.as_deref().unwrap_or("");
            let line = format!("{:<width$}  {status:<7}  {took:>7}  {log}", step.name);
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "built {} {}", self.image.name, self.image.id.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::digest::Digest;

    #[test]
    fn the_table_is_aligned_and_ends_with_the_image() {
        let step = |name: &str, status, seconds, log: Option<&str>| BuildStep {
            name: name.to_owned(),
            status,
            seconds,
            log: log.map(str::to_owned),
        };
        let table = Table {
            image: ImageIdentity { name: "notebook-roman:latest".to_owned(), id: Digest::of(b"") },
            steps: vec![
                step("base", StepStatus::Skipped, 0.0, None),
                step("mission", StepStatus::Done, 72.0, Some(".image/logs/a/02-mission.log")),
            ],
        };
        assert_eq!(
            table.to_string(),
            "base     skipped     0.0s\n\
             mission  done       1m12s  .image/logs/a/02-mission.log\n\
             built notebook-roman:latest e3b0c44298fc\n"
        );
    }
}

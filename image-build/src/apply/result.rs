//! What is kept of a build, and what is done with the image.

use std::fmt;
use std::time::Duration;

use common::evidence::{Built, Store};
use common::fault::Status;
use common::report::{BuildOutcome, BuildStep, BuiltImage, ImageIdentity, Outcome, StepStatus, Verdict};
use common::session::Finding;
use common::state_file;

use super::chain::{Build, Made};
use crate::error::Error;
use crate::plan::FollowUp;
use crate::progress::Elapsed;

impl Build<'_> {
    /// Notes how the image was built, that it is the mission's last one, and what its base was built
    /// from: all only now that there is an image to say it of.
    pub(super) fn keep(&self, base: &ImageIdentity, common: &Made, made: &Made) -> Result<(), Error> {
        let settings = self.settings();
        let store = Store::in_state(self.state.path());
        let fact = Built {
            image: made.image.clone(),
            at: self.session.started(),
            use_frozen: settings.use_frozen,
            cal_version: settings.cal_version.clone(),
            common_context: common.context.clone(),
            mission_context: made.context.clone(),
            base: base.clone(),
            engine: self.engine.to_string(),
        };
        store.write(&made.image.id, &fact)?;
        store.set_last_built(&settings.deployment, &made.image)?;
        self.keep_source()
    }

    /// Notes which commit of the source the base was built from, where that is to be recorded.
    pub(super) fn keep_source(&self) -> Result<(), Error> {
        if let Some((path, commit)) = &self.source_commit {
            state_file::make_dir(&self.settings().deployment().frozen_dir())?;
            state_file::replace(path, format!("{commit}\n").as_bytes(), 0o644)?;
        }
        Ok(())
    }

    /// Freezes, chills, compares. That a frozen build drifted is told, and is no failure to build.
    pub(super) fn follow_up(&mut self) -> Result<(), Error> {
        for follow_up in self.plan.follow_ups.clone() {
            match follow_up {
                FollowUp::Freeze => self.console.status("Freezing Requirements"),
                FollowUp::Chill => self.console.status("Chilling Requirements"),
                FollowUp::Check => self.console.status("Comparing with the frozen requirements"),
            }
            let verdict = self.sibling(follow_up.name(), "image-freeze", follow_up.arguments())?;
            if verdict == Verdict::No {
                self.note(
                    "what was built is not what was frozen: see the report of image-freeze check".to_owned(),
                );
            }
        }
        Ok(())
    }

    /// Appends the report and passes the document on.
    pub(super) fn end(self, base: ImageIdentity, common: Made, made: Made) -> Result<Status, Error> {
        let image = made.image.clone();
        let of = |made: Made| BuiltImage { image: made.image, context: Some(made.context) };
        let images = vec![BuiltImage { image: base, context: None }, of(common), of(made)];
        self.end_with(image, images)
    }

    /// The same for `images`, the last of which is `image`.
    pub(super) fn end_with(self, image: ImageIdentity, images: Vec<BuiltImage>) -> Result<Status, Error> {
        let table = Table { image: image.clone(), steps: self.steps.clone() };
        let outcome = BuildOutcome { engine: self.engine.to_string(), steps: self.steps, images };
        let finding = Finding { verdict: Verdict::Yes, image: Some(image), outcome: Outcome::Build(outcome) };
        Ok(self.session.finish(finding, &table)?)
    }
}

/// The steps for people.
struct Table {
    image: ImageIdentity,
    steps: Vec<BuildStep>,
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

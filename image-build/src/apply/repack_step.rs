//! What only the newest generation does between the steps: less space at every point, and the mission's
//! wrangler spec in the context of the image that all share.

use std::time::Instant;

use super::chain::Build;
use crate::error::Error;
use crate::progress;
use crate::repack::{Repack, Workplace};
use crate::stage::Stage;

impl Build<'_> {
    /// Replaces `image` by itself in one layer, if that is asked for.
    pub(super) fn repack(&mut self, step: &str, image: &str) -> Result<(), Error> {
        if !self.plan.repacks {
            return Ok(());
        }
        self.console.status(format_args!("Repacking {image} to reduce its size"));
        let start = Instant::now();
        let slim = format!("{image}-slim");
        let repack = Repack { source: image.to_owned(), target: slim.clone(), deletes_source: true };
        let place = Workplace { engine: &self.engine, console: self.console, stage_dir: &self.stage_dir };
        let (made, output) =
            progress::watch(&mut self.logs, step, self.console, |sink| place.run(&repack, sink))?;
        made?;
        self.engine.tag(&slim, image, self.console)?;
        self.remove(&slim)?;
        self.done(step, start.elapsed(), Some(&output.log));
        Ok(())
    }

    /// Removes the base's name when the shared image is built upon it. One that was here before is not
    /// ours to remove: it may be had nowhere else.
    pub(super) fn drop_base(&mut self) -> Result<(), Error> {
        if !self.plan.repacks {
            return Ok(());
        }
        let base = self.settings().base_reference();
        if self.brought_base {
            return self.remove(&base);
        }
        self.note(format!("the base {base} was here before this build, so it stays"));
        Ok(())
    }

    /// Removes the shared image's name when the mission's image is built upon it.
    pub(super) fn drop_common(&self) -> Result<(), Error> {
        if self.plan.repacks { self.remove(&self.plan.common.request.tag) } else { Ok(()) }
    }

    /// Puts the mission's wrangler spec into the shared image's context. D51: a mission without one
    /// could not be built.
    pub(super) fn add_wrangler_spec(&mut self, stage: &Stage) -> Result<(), Error> {
        let Some(spec) = self.plan.wrangler_spec.clone() else { return Ok(()) };
        if spec.is_file() {
            stage.add_file(&spec)?;
            return Ok(());
        }
        let spec = spec.strip_prefix(&self.settings().root).unwrap_or(&spec).display().to_string();
        self.note(format!(
            "there is no {spec}: a Dockerfile in deployments/common that copies it cannot be built"
        ));
        Ok(())
    }
}

//! Images that somebody else built of the same and gave to a registry: where `--cache-from` names such a place,
//! what has the wanted key is pulled, and not built.

use std::collections::BTreeMap;

use common::engine::Published;
use common::report::BuiltImage;

use super::chain::Build;
use crate::error::Error;
use crate::key::{LABEL, Outlook, Reason, Step};
use crate::plan;

impl Build<'_> {
    /// Pulls the image of `outlook` if it would have to be built and a registry has it. Each place is asked once,
    /// and none where there is nothing to build. That one cannot be asked is no reason to stop.
    pub(super) fn bring(&mut self, outlook: &Outlook) -> Result<(), Error> {
        let is_unknown = matches!(outlook.reason, Some(Reason::Never | Reason::Changed(_)));
        let places = if is_unknown { self.places(outlook.step) } else { Vec::new() };
        if places.is_empty() || self.standing(outlook)?.is_some() {
            return Ok(());
        }
        for place in places {
            if !self.asked_places.insert(place.clone()) {
                continue;
            }
            let Some(found) = self.engine.published(&place, self.console)? else { continue };
            if !self.is_wanted(outlook, &found.labels, variable(&found, "USE_FROZEN")) {
                // A cache that a builder put there has none.
                if found.labels.contains_key(LABEL) {
                    self.console.status(format_args!("{place} was built of something else"));
                }
            } else if self.take(outlook, (&place, &found))? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Pulls what was `found` in `place`, by its digest, and gives it the name of `outlook`.
    fn take(&mut self, outlook: &Outlook, (place, found): (&str, &Published)) -> Result<bool, Error> {
        let step = format!("pull-{}", outlook.step.name());
        let pinned = &found.pinned;
        match self.engine_step(&step, |engine, console, sink| engine.pull(pinned, console, sink)) {
            Ok(()) => {}
            Err(Error::Step { exit, .. }) => {
                self.console.warn(format_args!("{pinned} cannot be pulled ({exit})"));
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        self.engine.tag(pinned, &outlook.image, self.console)?;
        let facts = self.facts(&outlook.image)?;
        // A label is no evidence: it was built by somebody else.
        self.remember(outlook, Some((&facts.id, true)), Vec::<BuiltImage>::new())?;
        self.note(format!("{} was built of the same and is taken as {}", place, outlook.image));
        Ok(true)
    }

    /// Where registries may have the image of `step`.
    fn places(&self, step: Step) -> Vec<String> {
        let plan = match step {
            Step::Base => return Vec::new(),
            Step::Common => &self.plan.common,
            Step::Mission => &self.plan.mission,
            Step::Caches => &self.plan.caches,
        };
        plan::cache_references(&plan.request.words)
    }

    /// Whether an image with these `labels` that was built with this `use_frozen` is that of `outlook`.
    pub(super) fn is_wanted(
        &self,
        outlook: &Outlook,
        labels: &BTreeMap<String, String>,
        use_frozen: Option<&str>,
    ) -> bool {
        outlook.is_labelled(labels) && use_frozen == Some(self.plan.use_frozen.number())
    }
}

fn variable<'a>(found: &'a Published, name: &str) -> Option<&'a str> {
    found.env.iter().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
